# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether LVM's locks are granted now: the precondition of every command that takes one."""

from dualstor.kernel.locksocket import CLVMD, LVMLOCKD
from dualstor.record import Record

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.agents.clustered_vg.seen import Case
    from dualstor.kernel.locksocket import Sockets
    from dualstor.tools.lvm import VolumeGroup
    from dualstor.tools.quorum import Quorum


class Obstacle(Record):
    """Why LVM cannot be asked: it would not get its locks, or could not read.

    ``what`` is what is missing, to stand after "waiting for"; ``why`` says the same as a
    sentence of its own; ``hint`` is the next step. ``passes``: waiting may help.
    """

    what: str
    why: str
    hint: str
    passes: bool = True
    recovery: bool = False


def obstacle(case: "Case") -> "Obstacle | None":
    """The Obstacle, None when LVM's commands will end. Checks the kernel first.

    A lock daemon that accepts no connection comes last: without quorum clvmd accepts none.
    """
    daemons = case.daemons
    if not daemons.accepting and not daemons.busy:
        says = f"the lock daemon ({daemons.says or 'none runs'})"
        return Obstacle(
            passes=False, what=says, why="there is no " + says.replace("the ", "", 1),
            hint="start the clvmd resource of this node and order it before this one")
    if case.lockspaces.recovered is False:
        return Obstacle(
            recovery=True, what="dlm to recover", why="dlm recovers",
            hint="`dlm_tool ls` shows what it waits for, mostly the fencing of the other node")
    return membership(case.quorum) or _standstill(case.held_back) or _busy(daemons)


def membership(quorum: "Quorum") -> "Obstacle | None":
    """The Obstacle that a lack of quorum is, else None."""
    if quorum.quorate is True:
        return None
    says = f"quorum ({quorum.says})"
    return Obstacle(
        passes=bool(quorum.running), what=says, why="there is no " + says,
        hint="start the other node, or look at the membership on this one" if quorum.running
        else "start the cluster on this node")


def _standstill(held_back: "tuple[str, ...]") -> "Obstacle | None":
    """LVM reads every device: a command could not be ended, and would hold this VG open."""
    if not held_back:
        return None
    names = " and ".join(held_back)
    return Obstacle(
        what=f"I/O of {names}, which DRBD holds back",
        why=f"DRBD holds the I/O of {names} back",
        hint="`drbdadm status` shows what it waits for, mostly the fencing of the other node")


def _busy(daemons: "Sockets") -> "Obstacle | None":
    if daemons.accepting:
        return None
    return Obstacle(
        what=f"{daemons.busy[0]} to take connections again",
        why=f"{daemons.busy[0]} takes no connection just now",
        hint="look at `dlm_tool ls` and the system log of this node")


def kind(group: "VolumeGroup | None") -> "str | None":
    """Who locks a VolumeGroup: LVMLOCKD, CLVMD, or None."""
    if group is None:
        return None
    return LVMLOCKD if group.shared else CLVMD if group.clustered else None
