# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on monitor: what the kernel's state means to the cluster, and the promotion score."""

from dualstor.action.steps import Do, Finish
from dualstor.agents.drbd_dualprimary import published, seen
from dualstor.ocf.codes import ExitCode

#: What is wrong with a StandAlone resource. How a person mends it depends on the state of both
#: nodes when it is read, and loses data on the wrong one: status tells it, and the log (advise).
SPLIT_BRAIN = "StandAlone, as after a split brain: run `dualstor status`"


def advise(facts):
    """The deed that writes into the log what a person does about a split brain; None when done."""
    return None if facts.done("advise") else Do("advise")


def unconnected(parameters, state):
    """What is wrong where the kernel has no connection at all, and what a person types."""
    return (f"has no connection to its peer in the kernel ({seen.words(state)}), as a refused "
            f"`down` leaves it: `drbdadm adjust {parameters.drbd_resource}` makes it")


def publish(request, facts, score):
    """The deed that brings the promotion score up to date; None when it is, or has been tried."""
    if not request.in_cluster or facts.done("publish") or facts.done("republish") \
            or facts.published == score:
        return None
    lost = facts.published is published.UNSURE and score is not seen.NO_SCORE
    return Do("republish" if lost else "publish", (score,))


def decide(request, parameters, facts):
    """The next step of monitor."""
    state = facts.state
    if state is None:
        return seen.refuse(request, parameters, ExitCode.NOT_RUNNING,
                             "not configured in the kernel of this node")
    return _resume(request, facts) or publish(request, facts, seen.score(state)) \
        or _verdict(request, parameters, facts)


def _resume(request, facts):
    if not facts.state.suspended or request.probe or not request.in_cluster:
        return None
    from dualstor.agents.drbd_dualprimary import frozen
    return frozen.resume(facts)


def _verdict(request, parameters, facts):
    state = facts.state
    trouble = failure(parameters, state)
    if trouble == SPLIT_BRAIN and advise(facts):
        return advise(facts)
    if trouble:
        code = ExitCode.FAILED_PROMOTED if state.primary else ExitCode.ERR_GENERIC
        return seen.refuse(request, parameters, code, trouble)
    flaw = _flaw(parameters, state) or _unfit(request, parameters, facts)
    if flaw and request.degraded_known:
        code = ExitCode.DEGRADED_PROMOTED if state.primary else ExitCode.DEGRADED
        return seen.refuse(request, parameters, code, flaw)
    well = None if flaw or facts.history else ()
    if state.primary:
        return seen.refuse(request, parameters, ExitCode.RUNNING_PROMOTED, "Primary") \
            .but(well=well)
    return Finish(ExitCode.SUCCESS, well=well)


def failure(parameters, state):
    """Why the state counts as failed, None when it does not."""
    if state.standalone and parameters.split_brain == "failed":
        return SPLIT_BRAIN
    if seen.diskless(state) and not seen.served(state):
        return (f"no disk here ({seen.words(state)}) and no peer with good data: see the kernel's "
                f"log for the disk's error, then `drbdadm attach {parameters.drbd_resource}`")
    if state.primary and not state.up_to_date and not seen.served(state):
        return (f"Primary without good data ({seen.words(state)}): bring the peer back, or run "
                "`dualstor status`")
    return None


def _flaw(parameters, state):
    """Why the state counts as degraded, None when all is well."""
    name = parameters.drbd_resource
    if state.standalone:
        return SPLIT_BRAIN
    if state.suspended:
        return ("I/O is suspended until the peer is fenced: mend fencing, see `stonith_admin "
                "--history '*'` and `dualstor status`")
    if seen.diskless(state):
        return ("works on the peer's disk, the one here is detached: replace or repair it, then "
                f"`drbdadm attach {name}`")
    if not state.peers:
        return unconnected(parameters, state)
    if not state.connected:
        return (f"runs without its peer ({seen.words(state)}): bring the other node or the "
                "replication link back")
    if seen.resyncing(state):
        return f"resync runs ({seen.words(state)}): see `drbdadm status {name}`"
    if not state.up_to_date:
        return f"disk is not UpToDate ({seen.words(state)}): see `drbdadm status {name}`"
    return None


def _unfit(request, parameters, facts):
    """Why a Primary is degraded whose fence-peer handler cannot work with its DRBD, else None.

    At level 0 not asked by a probe, nor where the kernel does not name the peer: that is DRBD 8.
    """
    state = facts.state
    if not (state.primary and parameters.require_fencing) or request.level == 0 and (
            request.probe or not any(peer.name for peer in state.peers)):
        return None
    from dualstor import fencepeer
    if not fencepeer.unfit(facts.fence_peer, facts.generation):
        return None
    from dualstor.agents.drbd_dualprimary import checks
    return checks.unfit(facts.fence_peer)
