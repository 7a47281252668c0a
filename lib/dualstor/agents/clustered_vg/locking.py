# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether LVM's locks are granted now: the precondition of every command that takes one."""

from dualstor.action.steps import Wait
from dualstor.agents import heldback
from dualstor.agents.clustered_vg import reasons
from dualstor.kernel.locksocket import CLVMD, LVMLOCKD
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Finish
    from dualstor.agents.clustered_vg.seen import Case
    from dualstor.ocf.reason import Said
    from dualstor.tools.lvm import VolumeGroup


def obstacle(case: "Case") -> "Finish | Wait | None":
    """A Wait while LVM cannot be asked: it would not get its locks, or could not read.

    Checks the kernel first. A lock daemon that accepts no connection comes last: without quorum
    clvmd accepts none.

    :returns: a refusal where waiting does not help; None when LVM's commands will end
    """
    daemons = case.daemons
    if not daemons.accepting and not daemons.busy:
        if daemons.says:
            return case.refuse(ExitCode.ERR_GENERIC, reasons.DAEMON_REFUSES, says=daemons.says)
        return case.refuse(ExitCode.ERR_GENERIC, reasons.NO_DAEMON)
    if case.lockspaces.recovered is False:
        return case.wait(reasons.RECOVERING)
    return membership(case) or heldback.wait(case, reasons.HELD_BACK) or _busy(case)


def recovers(obstacle: "Finish | Wait | None") -> bool:
    """Whether an obstacle is that dlm recovers."""
    return isinstance(obstacle, Wait) and obstacle.why.reason is reasons.RECOVERING


def cause(obstacle: "Finish | Wait") -> str:
    """What an obstacle is, without the VG's name, to be quoted."""
    why: "Said | None" = obstacle.why if isinstance(obstacle, Wait) else obstacle.reason
    assert why is not None      # a refusal has its reason
    return why.trouble


def membership(case: "Case") -> "Finish | Wait | None":
    """The obstacle that a lack of quorum is, else None."""
    quorum = case.quorum
    if quorum.quorate is True:
        return None
    if quorum.running:
        return case.wait(reasons.NO_QUORUM, says=quorum.says)
    return case.refuse(ExitCode.ERR_GENERIC, reasons.NO_CLUSTER, says=quorum.says)


def _busy(case: "Case") -> "Wait | None":
    if case.daemons.accepting:
        return None
    return case.wait(reasons.DAEMON_BUSY, daemon=case.daemons.busy[0])


def kind(group: "VolumeGroup | None") -> "str | None":
    """Who locks a VolumeGroup: LVMLOCKD, CLVMD, or None."""
    if group is None:
        return None
    return LVMLOCKD if group.shared else CLVMD if group.clustered else None
