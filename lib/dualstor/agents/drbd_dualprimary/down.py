# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on demote and stop: the kernel first, and whoever holds the device is named."""

from dualstor.action.steps import Do, Finish
from dualstor.agents.drbd_dualprimary import deeds, reasons, seen
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step, Wait
    from dualstor.agents.drbd_dualprimary.deeds import Deed
    from dualstor.agents.drbd_dualprimary.seen import Case
    from dualstor.kernel.drbd import State
    from dualstor.ocf.reason import Reason

_PAUSE = 1.0  # seconds before a command is run again

#: Seconds for an LV to go from the device. The cluster stops LVs before it demotes; one that is
#: still there was refused, and nothing can be tried again with it during this action.
_STACKED_PATIENCE = 15.0


def again(case: "Case", deed: "Deed", why: "Reason", **values: object) -> "Do | Wait":
    """Do a deed again, but not at once."""
    return case.again(Do(deed), _PAUSE, case.wait(why, _PAUSE / 2, **values))


def _let_go(case: "Case", deed: "Deed") -> "Step":
    """The step while somebody has the device open: *deed* again, or a refusal that names who.

    DRBD 9's own words are the last to be asked: they may be of a program that has ended since.
    """
    refused = case.last(deed)
    named = case.holders or (refused.openers if refused is not None else ())
    if case.elapsed >= _STACKED_PATIENCE and case.stacked:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.IN_USE, holders=", ".join(case.stacked))
    return again(case, deed, reasons.IN_USE,
                 holders=", ".join(named) or "something that /proc does not show")


def secondary(case: "Case", state: "State") -> "Step | None":
    """The step to Secondary; None when the resource is Secondary."""
    if not state.primary:
        return None
    outcome = case.last(deeds.secondary)
    if outcome is None:
        return Do(deeds.secondary)
    if outcome.held_open:
        return _let_go(case, deeds.secondary)
    if outcome.transient or outcome.ok:
        return again(case, deeds.secondary, reasons.NOT_SECONDARY, says=outcome.says)
    return case.refuse(ExitCode.ERR_GENERIC, reasons.NOT_SECONDARY, says=outcome.says)


def demote(case: "Case") -> "Step":
    """The next step of demote.

    Pacemaker demotes after a failed start, too, and shows only the last failure of a resource: so
    that of start is reported again.
    """
    if case.state is None:
        if case.refusal:
            return Finish(ExitCode.ERR_GENERIC, case.refusal)
        return case.refuse(ExitCode.ERR_GENERIC, reasons.NOTHING_TO_DEMOTE)
    return secondary(case, case.state) or Finish(ExitCode.SUCCESS)


def stop(case: "Case") -> "Step":
    """The next step of stop: nothing in the kernel is success, whatever else is broken."""
    state = case.state
    if state is None:
        if case.published is not seen.NO_SCORE and not case.done(deeds.publish):
            return Do(deeds.publish, (seen.NO_SCORE,))
        return Finish(ExitCode.SUCCESS)
    step = secondary(case, state)
    if step:
        return step
    outcome = case.last(deeds.down)
    if outcome is None:
        return Do(deeds.down)
    if outcome.held_open or outcome.no_up_to_date:
        return _let_go(case, deeds.down)  # in 9 a Secondary can be read
    if outcome.transient or outcome.ok:
        return again(case, deeds.down, reasons.NOT_DOWN, says=outcome.says)
    direct = case.last(deeds.down_directly)
    if direct is None:
        return Do(deeds.down_directly)  # drbdadm's configuration may be broken; the kernel's is not
    return case.refuse(ExitCode.ERR_GENERIC, reasons.NOT_DOWN,
                       says=f"{outcome.says}; drbdsetup: {direct.says}")
