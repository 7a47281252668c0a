# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on demote and stop: the kernel first, and whoever holds the device is named."""

from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents.drbd_dualprimary import seen
from dualstor.ocf.codes import ExitCode

_PAUSE = 1.0  # seconds before a command is run again

#: Seconds for an LV to go from the device. The cluster stops LVs before it demotes; one that is
#: still there was refused, and nothing can be tried again with it while this action goes on.
_STACKED_PATIENCE = 15.0


def again(facts, deed, what, hint):
    """Do a deed again, but not at once."""
    if facts.elapsed - facts.done(deed)[-1].at >= _PAUSE:
        return Do(deed)
    return Wait(what, hint, _PAUSE / 2)


def _let_go(request, parameters, facts, deed):
    """The step while somebody has the device open: *deed* again, or a refusal that names who."""
    name = parameters.drbd_resource
    if facts.elapsed >= _STACKED_PATIENCE and facts.stacked:
        return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                           f"`drbdadm {deed} {name}` is refused while its device is in use by "
                           f"{', '.join(facts.stacked)}: stop that first, then `crm_resource "
                           "--cleanup`")
    holders = facts.holders
    who = ", ".join(holders) if holders else "something that does not show in /proc"
    return again(facts, deed, f"{who} to let go of the device of DRBD resource {name}",
                 "end that, then `crm_resource --cleanup`")


def secondary(request, parameters, facts):
    """The step to Secondary; None when the resource is Secondary."""
    if not facts.state.primary:
        return None
    outcome = facts.last("secondary")
    if outcome is None:
        return Do("secondary")
    name = parameters.drbd_resource
    if outcome.held_open:
        return _let_go(request, parameters, facts, "secondary")
    if outcome.transient or outcome.ok:
        return again(facts, "secondary", f"`drbdadm secondary {name}` ({outcome.says})",
                      f"see `drbdadm status {name}` and the kernel's log")
    return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                         f"`drbdadm secondary {name}` failed: {outcome.says}; see `drbdadm status "
                         f"{name}`")


def demote(request, parameters, facts):
    """The next step of demote.

    Pacemaker demotes after a failed start, too, and shows the last failure of a resource only: so
    that of start is told once more.
    """
    if facts.state is None:
        if facts.refusal:
            return Finish(ExitCode.ERR_GENERIC, facts.refusal)
        return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                             "it is not started on this node, so there is nothing to demote: see "
                             "the log for why its start failed, or start it")
    return secondary(request, parameters, facts) or Finish(ExitCode.SUCCESS)


def stop(request, parameters, facts):
    """The next step of stop: nothing in the kernel is success, whatever else is broken."""
    state = facts.state
    if state is None:
        if facts.published is not seen.NO_SCORE and not facts.done("publish"):
            return Do("publish", (seen.NO_SCORE,))
        return Finish(ExitCode.SUCCESS)
    step = secondary(request, parameters, facts)
    if step:
        return step
    name = parameters.drbd_resource
    outcome = facts.last("down")
    if outcome is None:
        return Do("down")
    if outcome.held_open or outcome.no_up_to_date:
        return _let_go(request, parameters, facts, "down")  # in 9 a Secondary can be read
    if outcome.transient or outcome.ok:
        return again(facts, "down", f"`drbdadm down {name}` ({outcome.says})",
                     f"see `drbdadm status {name}` and the kernel's log")
    direct = facts.last("down_directly")
    if direct is None:
        return Do("down_directly")  # drbdadm's configuration may be broken; the kernel's is not
    return seen.refuse(request, parameters, ExitCode.ERR_GENERIC,
                         f"`drbdadm down {name}` failed: {outcome.says}; `drbdsetup down {name}` "
                         f"too: {direct.says}")
