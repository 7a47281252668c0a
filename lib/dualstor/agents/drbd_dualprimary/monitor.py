# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on monitor: what the kernel's state means to the cluster, and the promotion score."""

from dualstor import fencepeer
from dualstor.action.steps import Do, Finish
from dualstor.agents.drbd_dualprimary import checks, deeds, frozen, published, seen
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step
    from dualstor.agents.drbd_dualprimary.seen import Case
    from dualstor.kernel.drbd import State

#: What is wrong with a StandAlone resource. How a person fixes it depends on the state of both
#: nodes when it is read, and loses data on the wrong one: status shows it, and the log (advise).
SPLIT_BRAIN = "StandAlone, as after a split brain: run `dualstor status`"


def advise(case: "Case") -> "Do | None":
    """The deed that writes into the log what a person does about a split brain; None when done."""
    return None if case.done(deeds.advise) else Do(deeds.advise)


def unconnected(case: "Case", state: "State") -> str:
    """What is wrong where the kernel has no connection at all, and what a person types."""
    return (f"has no connection to its peer in the kernel ({seen.words(state)}), as a refused "
            f"`down` leaves it: `drbdadm adjust {case.parameters.drbd_resource}` makes it")


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
        return case.refuse(ExitCode.NOT_RUNNING,
                             "not configured in the kernel of this node")
    return _resume(case, state) or publish(case, seen.score(state)) \
        or _verdict(case, state)


def _resume(case: "Case", state: "State") -> "Do | None":
    if not state.suspended or case.request.probe or not case.request.in_cluster:
        return None
    return frozen.resume(case)


def _verdict(case: "Case", state: "State") -> "Do | Finish":
    trouble = failure(case, state)
    step = advise(case) if trouble == SPLIT_BRAIN else None
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
        return case.refuse(ExitCode.RUNNING_PROMOTED, "Primary").but(well=well)
    return Finish(ExitCode.SUCCESS, well=well)


def failure(case: "Case", state: "State") -> "str | None":
    """Why the state counts as failed, None when it does not."""
    if state.standalone and case.parameters.split_brain == "failed":
        return SPLIT_BRAIN
    if seen.diskless(state) and not seen.served(state):
        return (f"no disk here ({seen.words(state)}) and no peer with good data: see the kernel's "
                f"log for the disk's error, then `drbdadm attach {case.parameters.drbd_resource}`")
    if state.primary and not state.up_to_date and not seen.served(state):
        return (f"Primary without good data ({seen.words(state)}): bring the peer back, or run "
                "`dualstor status`")
    return None


def _flaw(case: "Case", state: "State") -> "str | None":
    """Why the state counts as degraded, None when it is healthy."""
    name = case.parameters.drbd_resource
    if state.standalone:
        return SPLIT_BRAIN
    if state.suspended:
        return ("I/O is suspended until the peer is fenced: mend fencing, see `stonith_admin "
                "--history '*'` and `dualstor status`")
    if seen.diskless(state):
        return ("works on the peer's disk, the one here is detached: replace or repair it, then "
                f"`drbdadm attach {name}`")
    if not state.peers:
        return unconnected(case, state)
    if not state.connected:
        return (f"runs without its peer ({seen.words(state)}): bring the other node or the "
                "replication link back")
    if seen.resyncing(state):
        return f"resync runs ({seen.words(state)}): see `drbdadm status {name}`"
    if not state.up_to_date:
        return f"disk is not UpToDate ({seen.words(state)}): see `drbdadm status {name}`"
    return None


def _unfit(case: "Case", state: "State") -> "str | None":
    """Why a Primary is degraded whose fence-peer handler cannot work with its DRBD, else None.

    At level 0 not asked by a probe, nor where the kernel does not name the peer: that is DRBD 8.
    """
    if not (state.primary and case.parameters.require_fencing) or case.request.level == 0 and (
            case.request.probe or not any(peer.name for peer in state.peers)):
        return None
    if not fencepeer.unfit(case.fence_peer, case.generation):
        return None
    return checks.unfit(case.fence_peer)
