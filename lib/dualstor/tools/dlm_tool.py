# SPDX-License-Identifier: GPL-2.0-or-later
"""dlm_tool: lockspaces and nodes as dlm_controld sees them, and what it waits for.

Formats: dlm dlm_tool/main.c (do_list, show_ls, show_all_nodes), libdlmcontrol/main.c
(dlmc_print_status); ``ls`` is the same from cluster 3.1 to dlm 4.x but for the words
after "new status".
"""

from dualstor.errors import ParseError, ToolError, ToolFailed
from dualstor.host.deadline import QUERY
from dualstor.record import Record, whole
from dualstor.tools.keyed import numbers

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.host.host import Host

_LS = ("dlm_tool", "ls", "-n")
_STATUS = ("dlm_tool", "status")
_DOWN = "cannot connect to dlm_controld"
#: Keys of a lockspace, longest first as one begins another.
_KEYS = ("new change", "new status", "new members", "name", "id", "flags", "change", "members")
_FENCING, _QUORUM = "fencing", "quorum"
#: What ``check`` of a node says while fencing is waited for: dlm 4; dlm 3.
_CHECK_FENCING = ("fencing", "fence")
_STATES = ("M", "X", "U")
MEMBER, _GONE = "M", "X"


class LockspaceNode(Record):
    """A node as one lockspace sees it (``ls -n``)."""

    id: int
    member: bool
    failed: bool
    check: "str | None" = None  # what is still to be waited for: none, fencing, quorum, fs ...


class Lockspace(Record):
    """One lockspace. ``waits`` is what the change in progress waits for; None when none is."""

    name: str
    id: int
    flags: "tuple[str, ...]" = ()        # "kern_stop", "need_plock", "join", "leave", "fs_reg" ...
    members: "tuple[int, ...]" = ()      # ids
    new_members: "tuple[int, ...]" = ()  # ids, of the change in progress
    waits: "str | None" = None           # "fencing", "quorum", "ringid", "messages" ...
    nodes: "tuple[LockspaceNode, ...]" = ()
    rest: "tuple[str, ...]" = ()         # lines of other kinds

    @property
    def stopped(self) -> bool:
        """Whether locking is stopped while the lockspace recovers or is joined."""
        return "kern_stop" in self.flags or self.waits is not None


class Known(Record):
    """A node in ``dlm_tool status``; the numbers are seconds of dlm_controld's clock.

    ``state`` is M (member), X (gone) or U (not seen since dlm_controld started).
    """

    id: int
    state: str
    added_at: int = 0
    failed_at: int = 0
    fenced_at: int = 0

    @property
    def fenced(self) -> bool:
        """Whether it was fenced after it had failed, and has not come back since."""
        return self.state == _GONE and self.fenced_at >= self.failed_at > 0 \
            and self.fenced_at > self.added_at


class DlmStatus(Record):
    """What ``dlm_tool status`` says; ``now`` is dlm_controld's clock, CLOCK_MONOTONIC in s."""

    node_id: int
    quorate: bool
    now: int = 0
    fence_pid: int = 0                # of the fencing command that runs now, 0 when none does
    fencing_unknown: bool = False     # it has yet to learn whether others fence somebody
    unfenced: "tuple[int, ...]" = ()  # ids of the nodes that it still has to fence
    nodes: "tuple[Known, ...]" = ()
    rest: "tuple[str, ...]" = ()      # lines of other kinds


def _waits(words: "list[str]") -> str:
    """What ``wait fencing`` (4.x) or ``wait_messages 0 wait_condition 1 fencing`` (3.1) means."""
    for word in words:
        if word in (_FENCING, _QUORUM):
            return word
    for position, word in enumerate(words):
        if word in ("wait", "wait_condition") and position + 1 < len(words) \
                and whole(words[-1]) is None:
            return words[-1]
    return "messages"


def _ls_node(line: str) -> "LockspaceNode":
    """The one of ``nodeid 1 member 1 failed 0 start 1 seq_add 1 seq_rem 0 check none``."""
    words = line.split()
    if len(words) < 6 or words[2] != "member" or words[4] != "failed":
        raise ParseError("dlm_tool ls", line, "expected a node")
    allowed = "0" if words[3] == "-1" else words[3]  # -1: cman disallows it
    number, member, failed = numbers("dlm_tool ls", (words[1], allowed, words[5]), line)
    check = words[words.index("check") + 1:] if "check" in words else ()
    return LockspaceNode(id=number, member=bool(member), failed=bool(failed),
                check=" ".join(check) or None)


def _flags(words: "list[str]") -> "tuple[str, ...]":
    """Flag words after the hexadecimal number."""
    return tuple(flag for word in words[1:] for flag in word.split(",") if flag)


def _with(space: "Lockspace", key: str, line: str) -> "Lockspace":
    """*space* with what a line of that key says."""
    words = line[len(key):].split()
    if key == "id":
        number = whole((words or [""])[0], 16)
        if number is None:
            raise ParseError("dlm_tool ls", line, "expected a hexadecimal number")
        return space.but(id=number)
    if key == "flags":
        return space.but(flags=_flags(words))
    if key == "members":
        return space.but(members=numbers("dlm_tool ls", words, line))
    if key == "new members":
        return space.but(new_members=numbers("dlm_tool ls", words, line))
    if key == "new status":
        return space.but(waits=_waits(words))
    return space  # "change", "new change": counters


def parse_ls(text: str) -> "tuple[Lockspace, ...]":
    """The Lockspaces in the output of ``dlm_tool ls``, with or without ``-n``, as a tuple.

    :raises ParseError: it is cut off or something else
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and lines[0].strip() != "dlm lockspaces":
        raise ParseError("dlm_tool ls", lines[0], "expected \"dlm lockspaces\"")
    found: "list[Lockspace]" = []
    keys: "set[str]" = set()
    nodes: "dict[int, list[LockspaceNode]]" = {}  # by the lockspace's place, as the other lines
    rest: "dict[int, list[str]]" = {}
    for line in lines[1:]:
        key = next((k for k in _KEYS if (line + " ").startswith(k + " ")), None)
        if key == "name":
            _complete(found, keys, line)
            found.append(Lockspace(name=line[len(key):].strip(), id=0))
            keys = {key}
        elif not found:
            raise ParseError("dlm_tool ls", line, "expected \"name\"")
        elif key is not None:
            found[-1] = _with(found[-1], key, line)
            keys.add(key)
        elif line.startswith("nodeid "):
            nodes.setdefault(len(found) - 1, []).append(_ls_node(line))
        elif line.strip() != "all nodes":
            rest.setdefault(len(found) - 1, []).append(line)
    _complete(found, keys, lines[-1] if lines else "")
    return tuple(space.but(nodes=tuple(nodes.get(place, ())), rest=tuple(rest.get(place, ())))
                 for place, space in enumerate(found))


def _complete(found: "list[Lockspace]", keys: "set[str]", line: str) -> None:
    """Raise ParseError when the last lockspace of *found* is cut off."""
    if found and not keys >= {"id", "flags", "members"}:
        raise ParseError("dlm_tool ls", line, f"lockspace {found[-1].name} is cut off before")


def ls(host: "Host", timeout: float = QUERY) -> "tuple[Lockspace, ...] | None":
    """The Lockspaces of this node; None when dlm_controld does not run.

    dlm 3 may be silent with exit code 0 then too: () is sure only where ``kernel.dlm.ready``.

    :raises ToolMissing, ToolHung: as Host.run
    :raises ParseError: the output is not understood
    """
    completed = host.run(_LS, timeout)
    if not completed.ok and not completed.stdout.strip():
        return None
    return parse_ls(completed.stdout)


def _known(line: str) -> "Known":
    """The Known of ``node 2 X add 804 rem 872 fail 872 fence 875 at 1 1795494976``."""
    words = line.split()
    if len(words) < 3 or words[2] not in _STATES:
        raise ParseError("dlm_tool status", line, "expected a node")
    values = dict(zip(words[3::2], words[4::2]))
    number, added, failed, fenced = numbers("dlm_tool status", (
        words[1], *(values.get(key, "0") for key in ("add", "fail", "fence"))), line)
    return Known(id=number, state=words[2], added_at=added, failed_at=failed, fenced_at=fenced)


def parse_status(text: str) -> "DlmStatus | None":
    """The DlmStatus in the output of ``dlm_tool status``; None when dlm_controld does not run.

    :raises ParseError: it is cut off or something else
    """
    if _DOWN in text:
        return None
    cluster, daemon, nodes, rest = None, None, [], []
    unfenced: "list[int]" = []
    for line in text.splitlines():
        words = line.split()
        if words[:2] == ["cluster", "nodeid"]:
            cluster = dict(zip(words[1::2], words[2::2])), line
        elif words[:2] == ["daemon", "now"]:
            daemon = words, line
        elif words[:1] == ["node"]:
            nodes.append(_known(line))
        elif words[:1] == ["fence"]:  # there is one exactly for what it still has to fence
            unfenced.extend(numbers("dlm_tool status", words[1:2] or [""], line))
        elif words:
            rest.append(line)
    if cluster is None or daemon is None:
        raise ParseError("dlm_tool status", (text.splitlines() or [""])[-1],
                         "no line \"cluster nodeid\" and \"daemon now\", the last line is")
    number, quorate = numbers("dlm_tool status", (
        cluster[0].get("nodeid", ""), cluster[0].get("quorate", "")), cluster[1])
    words, line = daemon
    pid = words[words.index("fence_pid") + 1:][:1] if "fence_pid" in words else []
    return DlmStatus(node_id=number, quorate=bool(quorate),
                  now=numbers("dlm_tool status", words[2:3] or [""], line)[0],
                  fence_pid=numbers("dlm_tool status", pid or ["0"], line)[0],
                  fencing_unknown="fence_init" in words, unfenced=tuple(unfenced),
                  nodes=tuple(nodes), rest=tuple(rest))


def status(host: "Host", timeout: float = QUERY) -> "DlmStatus | None":
    """The DlmStatus now; None when dlm_controld does not run (the tool ends with 0 then too).

    :raises ToolMissing, ToolHung: as Host.run
    :raises ToolFailed: it failed in another way (cman's has no ``status``)
    :raises ParseError: the output is not understood
    """
    completed = host.run(_STATUS, timeout)
    if _DOWN in completed.stdout + completed.stderr:
        return None
    if not completed.ok:
        raise ToolFailed(completed)
    return parse_status(completed.stdout)


def _fencing_of(stopped: "list[Lockspace]", seen: "DlmStatus | None") -> str:
    """ "fencing of node 2", as far as it is known which nodes."""
    ids = set(seen.unfenced) if seen is not None else set()
    ids.update(n.id for space in stopped for n in space.nodes if n.check in _CHECK_FENCING)
    if not ids:  # those whom the change leaves out
        ids.update(number for space in stopped if space.waits == _FENCING
                   for number in space.members if number not in space.new_members)
    if not ids:
        return "fencing"
    return f"fencing of node {' and '.join(str(number) for number in sorted(ids))}"


def waiting(spaces: "Iterable[Lockspace] | None", seen: "DlmStatus | None" = None) -> "str | None":
    """What dlm waits for, as a short text; None when locking works.

    :param spaces: Lockspaces, None when dlm_controld does not run
    :param seen: DlmStatus, None when there is none
    """
    stopped = [space for space in spaces or () if space.stopped]
    reasons = [space.waits for space in stopped]
    if _QUORUM in reasons or (stopped and seen is not None and not seen.quorate):
        return _QUORUM
    if _FENCING in reasons or (seen is not None and (seen.unfenced or seen.fence_pid)):
        return _fencing_of(stopped, seen)
    if not stopped:
        return None
    for_what = "" if reasons[0] is None else f" (waits for {reasons[0]})"
    return f"kern_stop of {' and '.join(space.name for space in stopped)}{for_what}"


def pending(host: "Host") -> "str | None":
    """What dlm on this node waits for, as a short text for a reason; at most 10 s.

    :returns: "quorum", "fencing of node 2", "kern_stop of lvm_vg0 (waits for ringid)"; None
        when it waits for nothing, does not run or cannot be asked
    """
    try:
        spaces = ls(host)
    except (ToolError, ParseError):
        spaces = None
    try:
        seen = status(host)
    except (ToolError, ParseError):
        seen = None
    return waiting(spaces, seen)
