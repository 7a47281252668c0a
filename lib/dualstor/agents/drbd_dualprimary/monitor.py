# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on monitor: what the kernel's state means to the cluster, and the promotion score."""

from dualstor import fencepeer
from dualstor.action.steps import Do, Finish
from dualstor.agents.drbd_dualprimary import checks, deeds, frozen, published, reasons, seen
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step
    from dualstor.agents.drbd_dualprimary.seen import Case
    from dualstor.kernel.drbd import State
    from dualstor.ocf.reason import Reason, Said


def advise(case: "Case") -> "Do | None":
    """The deed that writes into the log what a person does about a split brain; None when done."""
    return None if case.done(deeds.advise) else Do(deeds.advise)


def publish(case: "Case", score: "int | None") -> "Do | None":
    """The deed that brings the promotion score up to date; None when it is, or has been tried."""
    if not case.request.in_cluster or case.done(deeds.publish) or case.done(deeds.republish) \
            or case.published == score:
        return None
    lost = case.published is published.UNSURE and score is not seen.NO_SCORE
    return Do(deeds.republish if lost else deeds.publish, (score,))


def decide(case: "Case") -> "Step":
    """The next step of monitor."""
    state = case.state
    if state is None:
        return case.refuse(ExitCode.NOT_RUNNING, reasons.NOT_RUNNING)
    if case.hold:
        return _held(case, state)
    return _resume(case, state) or publish(case, seen.score(state)) \
        or _verdict(case, state)


def _held(case: "Case", state: "State") -> "Do | Finish":
    """The verdict while `dualstor recover` works on the resource: nothing is done.

    It disconnects a resource, so that counts as no failure meanwhile; all else does.
    """
    trouble = failure(case, state)
    if trouble and trouble.reason is not reasons.SPLIT_BRAIN:
        code = ExitCode.FAILED_PROMOTED if state.primary else ExitCode.ERR_GENERIC
        return case.refuse(code, trouble)
    held = checks.held(case)
    assert held is not None     # else nobody would have asked
    if case.request.degraded_known:
        return case.refuse(ExitCode.DEGRADED_PROMOTED if state.primary else ExitCode.DEGRADED,
                           held)
    if held.reason is reasons.HELD_DEAD and not case.done(deeds.warn_of_hold):
        return Do(deeds.warn_of_hold, (held,))
    if state.primary:
        return case.refuse(ExitCode.RUNNING_PROMOTED, reasons.PRIMARY)
    return Finish(ExitCode.SUCCESS)


def _resume(case: "Case", state: "State") -> "Do | None":
    if not state.suspended or case.request.probe or not case.request.in_cluster:
        return None
    return frozen.resume(case)


def _verdict(case: "Case", state: "State") -> "Do | Finish":
    trouble = failure(case, state)
    step = advise(case) if trouble and trouble.reason is reasons.SPLIT_BRAIN else None
    if step:
        return step
    if trouble:
        code = ExitCode.FAILED_PROMOTED if state.primary else ExitCode.ERR_GENERIC
        return case.refuse(code, trouble)
    flaw = _flaw(case, state) or _unfit(case, state)
    if flaw and case.request.degraded_known:
        code = ExitCode.DEGRADED_PROMOTED if state.primary else ExitCode.DEGRADED
        return case.refuse(code, flaw)
    well = None if flaw or case.history else ()
    if state.primary:
        return case.refuse(ExitCode.RUNNING_PROMOTED, reasons.PRIMARY).but(well=well)
    return Finish(ExitCode.SUCCESS, well=well)


def failure(case: "Case", state: "State") -> "Said | None":
    """Why the state counts as failed, None when it does not."""
    words = seen.words(state)
    if seen.half_up(state):
        return case.say(reasons.HALF_UP, state=words)
    if state.standalone and case.parameters.split_brain == "failed":
        return case.say(reasons.SPLIT_BRAIN)
    if not seen.served(state) and (seen.diskless(state) or state.primary and not state.up_to_date):
        if state.suspended and "no-data" in (case.suspension or ()):
            return case.say(reasons.SUSPENDED_NO_DATA, state=words)
        return case.say(reasons.NO_DISK_NO_PEER if seen.diskless(state)
                        else reasons.NO_GOOD_DATA, state=words)
    if state.primary and not state.quorate and not state.suspended:
        return case.say(reasons.WRITES_FAIL, state=words)
    return None


#: What to say of I/O that is suspended, by its cause; drbd.CAUSES is the order.
_SUSPENDED = {"fencing": reasons.SUSPENDED, "no-data": reasons.SUSPENDED_NO_DATA,
              "quorum": reasons.SUSPENDED_QUORUM, "user": reasons.SUSPENDED_USER}


def _suspended(case: "Case") -> "Reason":
    """What to say of I/O that is suspended: of several causes, the first to be dealt with."""
    causes = case.suspension or ("",)
    return _SUSPENDED.get(causes[0], reasons.SUSPENDED_UNKNOWN)


def _flaw(case: "Case", state: "State") -> "Said | None":
    """Why the state counts as degraded, None when it is healthy."""
    reason = reasons.SPLIT_BRAIN if state.standalone \
        else _suspended(case) if state.suspended \
        else reasons.DETACHED if seen.diskless(state) \
        else reasons.UNCONNECTED if not state.peers \
        else reasons.ALONE if not state.connected \
        else reasons.RESYNC if seen.resyncing(state) \
        else reasons.BOTH_CONSISTENT if seen.undecided(state) \
        else reasons.NO_QUORUM if not state.quorate \
        else reasons.DATED if not state.up_to_date else None
    return None if reason is None else case.say(reason, state=seen.words(state))


def _unfit(case: "Case", state: "State") -> "Said | None":
    """Why a Primary is degraded whose fence-peer handler cannot work with its DRBD, else None.

    At level 0 not asked by a probe, nor where the kernel does not name the peer: that is DRBD 8.
    """
    if not (state.primary and case.parameters.require_fencing) or case.request.level == 0 and (
            case.request.probe or not any(peer.name for peer in state.peers)):
        return None
    if not fencepeer.unfit(case.fence_peer, case.generation):
        return None
    return case.say(reasons.HANDLER_UNFIT)
