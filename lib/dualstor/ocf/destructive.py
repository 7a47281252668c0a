# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that must not be typed without knowing the state in which they are right.

An exit reason is read out of its context, on either node, and perhaps days later, so none holds
such a command: ``dualstor status``, the log and docs/operations.md have them, with their condition.
"""

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

_AROUND = "`'\",;:.()<>="      # what may be around a word


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
