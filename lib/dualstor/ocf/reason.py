# SPDX-License-Identifier: GPL-2.0-or-later
"""The exit reason as the cluster manager will show it: short, and safe to act upon.

A reason is read out of its context, on either node, and perhaps days later. So a command that
is right only under a condition is in it together with that condition or not at all, and one
that destroys something never: ``dualstor status``, the log and docs/operations.md have those.
"""

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Sequence

#: Characters that Pacemaker keeps; the rest is cut off without a mark
#: (daemons/execd/execd_commands.c, EXIT_REASON_MAX_LEN counts the closing NUL).
LIMIT = 127

#: Words of commands that lose data, let a second node write, or take away what others use,
#: unless their condition is met. No exit reason has one; anything else that prints them names
#: the condition first.
DESTRUCTIVE = (
    # a copy is given up, or declared authoritative
    "--discard-my-data", "--overwrite-data-of-peer", "--clear-bitmap", "new-current-uuid",
    "create-md", "wipe-md", "restore-md", "invalidate", "invalidate-remote",
    # whatever refuses has a reason
    "--force", "--yes", "--lockopt force", "--lock-opt force", "--lock-type none", "--systemid",
    "vgchange -cn",
    # a node is declared dead, or a wait for that is cut short
    "--confirm", "stonith confirm", "fence_ack_manual", "fence_ack", "quorum unblock", "clearstate",
    "resume-io", "cman_tool expected", "cman_tool kill", "cman_tool leave",
    "corosync-quorumtool -e",
    # locks of living users are dropped
    "dlm_tool leave", "lvmlockctl --kill", "lvmlockctl --drop", "vgchange -an", "lvchange -an",
    # disks, volumes and what is on them
    "wipefs", "blkdiscard", "pvcreate", "pvremove", "pvmove", "vgreduce", "vgremove",
    "vgcfgrestore", "vgsplit", "vgmerge", "lvremove", "lvreduce", "lvconvert", "dmsetup remove",
    "dmsetup clear", "dmsetup wipe_table",
    # whatever has that PID or name by now
    "killall", "pkill",
)

#: Further ones, also used in prose or otherwise: only as the first word of a command.
_PROGRAMS = ("kill", "dd", "rm", "mkfs", "mkfs.ext4", "mkfs.xfs", "mkfs.gfs2")
_SPARED = ("kill -CONT ",)

#: How commands begin that only read, or by which nothing is lost: they need no condition.
HARMLESS = (
    "dualstor status", "dualstor check", "drbdadm status", "drbdadm cstate", "drbdadm dstate",
    "drbdadm role", "drbdadm dump", "drbdadm -d", "dlm_tool ls", "dlm_tool status", "fence_tool ls",
    "lvmlockctl --info", "dmsetup info", "dmsetup ls", "dmsetup table", "lvs", "vgs", "pvs",
    "lvm version", "dmesg", "stonith_admin --history", "ccs_config_validate",
    "crm_resource --cleanup",
)

_AROUND = "`'\",;:.()<>="      # what may be around a word
_MARK = " ... "
_TAIL = 92                    # characters of the next step that are kept at most
_ELSEWHERE = "the system log has the rest"
_SEPARATORS = (": ", "; ", ", ", ". ")
_CONDITIONS = ("if ", "once ", "when ", "after ", "with ", "unless ", "while ", "until ", "only ")


def destructive(text: str) -> "str | None":
    """The entry of DESTRUCTIVE in a text, None when there is none."""
    words = f" {' '.join(word.strip(_AROUND) for word in text.split())} "
    for entry in DESTRUCTIVE:
        if f" {entry} " in words:
            return entry
    for command in commands(text):
        if command.partition(" ")[0] in _PROGRAMS and not command.startswith(_SPARED):
            return command.partition(" ")[0]
    return None


def commands(text: str) -> "tuple[str, ...]":
    """What is between backquotes in a text."""
    return tuple(text.split("`")[1::2])


def harmless(command: str) -> bool:
    """Whether a command may be typed whatever the state of the node."""
    return any((command + " ").startswith(beginning + " ") for beginning in HARMLESS)


def _boundaries(text: str, separators: "Sequence[str]") -> "list[int]":
    """The places after separators, outside of commands and parentheses, in order."""
    found: "list[int]" = []
    quoted, depth = False, 0
    for at, letter in enumerate(text):
        if letter == "`":
            quoted = not quoted
        elif letter in "()":
            depth = max(0, depth + (1 if letter == "(" else -1))
        elif letter == " " and not (quoted or depth) and text[at - 1:at + 1] in separators:
            found.append(at + 1)
    return found


def _step_begins(text: str) -> int:
    """Where the next step begins: after the last colon, or before "once that is done: ..."."""
    begins = _boundaries(text, (": ",))
    while begins[1:] and text[begins[-2]:begins[-1]].lower().startswith(_CONDITIONS):
        begins.pop()
    return begins[-1] if begins else 0


def _next_step(text: str) -> "tuple[int | None, str]":
    """(where it begins, the next step) of a text; (None, "") when none can stand alone.

    A step is kept whole, so that its commands keep their conditions; a part of one only if all
    its commands are harmless.
    """
    at = _step_begins(text)
    if at and len(text) - at <= _TAIL and not destructive(text[at:]):
        return at, text[at:]
    for at in _boundaries(text, ("; ",)):
        tail = text[at:]
        if len(tail) <= _TAIL and not destructive(tail) and all(map(harmless, commands(tail))):
            return at, tail
    return None, ""


def _shortened(text: str, room: int) -> str:
    """The beginning of a text, of at most *room* characters: no word and no command is cut."""
    if len(text) > room:
        cut = text[:room + 1]
        text = cut[:cut.rindex(" ")] if " " in cut.strip() else text[:room]
    if text.count("`") % 2:
        text = text[:text.rindex("`")]
    return text.rstrip(" (,;")


def _without_advice(text: str, whole: str) -> str:
    """A shortened text without the commands of an incomplete next step."""
    at = text.find("`", _step_begins(whole))
    while at >= 0:
        end = text.index("`", at + 1)
        if not harmless(text[at + 1:end]):
            return text[:([b for b in _boundaries(text, _SEPARATORS) if b <= at] or [at])[-1]]
        at = text.find("`", end + 1)
    return text


def fitted(text: str) -> str:
    """A reason that fits: what is wrong at its beginning, the next step at its end.

    Our reasons read "resource action: object: what is wrong: next step", so a long one is
    cut in the middle. A next step that is too long is left out; so is output of a program with
    a destructive command. The whole text belongs into the log.

    :param text: one line
    :returns: at most LIMIT characters
    """
    if len(text) <= LIMIT and not destructive(text):
        return text
    begins, tail = _next_step(text)
    head = _shortened(text[:begins].rstrip(), LIMIT - len(_MARK) - len(tail or _ELSEWHERE))
    if not tail:
        head = _without_advice(head, text)
    while destructive(head):
        ends = [end for end in _boundaries(head, _SEPARATORS) if end < len(head)]
        head = head[:max(ends[-1:] + [head.rfind(" (", 0, len(head) - 1), 0])]
    return _shortened(head, LIMIT) + _MARK + (tail or _ELSEWHERE)
