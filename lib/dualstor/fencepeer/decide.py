# SPDX-License-Identifier: GPL-2.0-or-later
"""What the fence-peer handler does next: a pure function of DRBD's call and what is known.

It answers that the peer was fenced only when that is proven: the cluster has done it at this
request, or a fencing succeeded after the connection was last established and the peer has not
been a member of the cluster since. Every other answer leaves I/O frozen: the ones with which DRBD
would continue while the peer may write (3 to 6) are never given. Sources:
conn_try_outdate_peer() of the module, 8.4 and 9: codes that it does not know, 0 too, leave I/O as
it is.

DRBD calls it once for each resource and loss, on both nodes if only the link between them is lost.
So it takes turns with the others of its node, of which the first asks for all; and while the peer
is a member, the node that is not to survive waits until the other one must have noticed: that with
the worse copies, else that whose fence device has the shorter delay, else the second by name.
"""

from dualstor.action.steps import Do, Finish
from dualstor.fencepeer import deeds, reasons
from dualstor.tools.quorum import CMAN

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step, Wait
    from dualstor.fencepeer.seen import Case
    from dualstor.kernel import drbd
    from dualstor.ocf.reason import Reason

#: Exit codes of a fence-peer handler: "the peer was fenced", and "the handler failed".
FENCED, FROZEN = 7, 1

#: Seconds for the cluster to get quorum, for it and DRBD to answer at all, and for fencing to
#: succeed: a very busy node may take long, DRBD asks only once, and I/O stands still anyway.
PATIENCE = 300.0

#: Seconds, at least, that a node with a copy that is not good leaves to the other one, which has a
#: good one: more than its detection, its device's delay and its fencing take together.
YIELDING = 60.0

#: Seconds for a peer that was reported as fenced to leave the membership: more than any token.
LEAVING = 60.0

_PAUSE = 2.0            # seconds between looks
_FENCING = 20.0         # seconds that a device's delay and its work take
_AGAIN = 10.0           # seconds between two requests
_DLM_PATIENCE = 60.0    # seconds for a fencing by dlm that a request of ours would not join
_PATIENCE_WITH_FENCED = 120.0   # and for one by fenced, which repeats it until it succeeds


def decide(case: "Case") -> "Step":
    """The next step.

    :param case: ``request.resource`` is DRBD's, ``parameters`` the call.Call
    :raises Unseen: a facet has to be observed first
    """
    done = case.done(deeds.fence)
    if done and done[-1].outcome.ok:
        took = done[-1].outcome.took
        return _reported(case, done[-1].args[0], case.elapsed - done[-1].at + took, took + LEAVING)
    step: "Step | None" = _peer(case) or _cluster(case)
    if isinstance(step, Finish):
        return step
    if step is None:
        step = _fencing(case)
    # DRBD is asked last, right before the peer is fenced
    return _drbd(case) or step


def _reported(case: "Case", peer: str, ago: float, patience: float) -> "Finish | Wait":
    """The step after a fence device has reported success.

    A device that cuts the power of another machine reports it, too: a peer that is still the same
    member of the cluster was not fenced. It is not asked for again.

    :param ago: seconds since the request began, at least
    :param patience: of that, how long the peer may take to leave
    """
    if peer not in case.quorum.members:
        return case.refuse(FENCED, reasons.FENCED, peer=peer)
    back = case.by_dlm.back
    if back is not None and back <= ago:
        return case.refuse(FENCED, reasons.FENCED, peer=peer)       # it has been away since
    again = connection(case.drbd.state, peer)
    if again is not None and again.connected:
        return case.refuse(FROZEN, reasons.CONNECTED, peer=peer, state=again.cstate)
    if ago < patience:
        return case.wait(reasons.STILL_THERE, _PAUSE / 4, peer=peer)
    return case.refuse(FROZEN, reasons.STILL_THERE, peer=peer)


def _peer(case: "Case") -> "Finish | None":
    """A Finish when it is not known which node was lost, else None."""
    if len(case.peers) == 1:
        return None
    return case.refuse(FROZEN, reasons.NO_PEER, peers=" and ".join(case.peers) or "none")


def _fencing(case: "Case") -> "Step":
    """The step to a proven fencing of the peer, in a cluster that could fence it."""
    peer = case.peers[0]
    if _proven(case):
        return case.refuse(FENCED, reasons.PROVEN, peer=peer)
    if case.quorum.members and peer in case.quorum.members:
        # the other one may notice later, and then wait as long as we would
        yields = max(YIELDING, 2 * case.notice + _FENCING) if case.behind else 0.0
        if case.elapsed < yields:
            return case.wait(reasons.YIELDS, _PAUSE, peer=peer, holders=", ".join(case.behind))
        if case.first == peer and case.elapsed < yields + case.notice:
            return case.wait(reasons.SECOND, _PAUSE / 2, peer=peer)
    if not case.turn:
        return case.wait(reasons.TURN, _PAUSE / 2, peer=peer)
    if peer in case.quorum.members and case.by_us is not None \
            and case.by_us <= _connected_for(case):
        return _reported(case, peer, case.by_us, PATIENCE)      # by another handler's request
    by_fenced = case.quorum.engine == CMAN and case.by_fenced.there
    if by_fenced and case.by_fenced.pending and case.elapsed < _PATIENCE_WITH_FENCED:
        return case.wait(reasons.BY_FENCED, _PAUSE / 2, peer=peer)
    if not by_fenced and case.action != deeds.BY_DLM and case.by_dlm.pending \
            and case.elapsed < _DLM_PATIENCE:
        return case.wait(reasons.BY_DLM, _PAUSE / 2, peer=peer)
    request = Do(deeds.fence, (peer, deeds.BY_FENCED if by_fenced else case.action))
    failed = case.last(deeds.fence)
    if failed is None:
        return request
    if case.elapsed >= PATIENCE:
        return case.refuse(FROZEN, reasons.NOT_FENCED, peer=peer, says=failed.says)
    return case.again(request, _AGAIN, case.wait(reasons.NOT_FENCED, _PAUSE, peer=peer,
                                                 says=failed.says))


def _proven(case: "Case") -> bool:
    """Whether the peer was fenced since the connection was last established, and stays away.

    All ages are of clocks that nobody sets. Where it is not known since when the connection was
    there, only what has happened since DRBD's call counts.
    """
    if not case.quorum.members or case.peers[0] in case.quorum.members:
        return False
    connected_for = _connected_for(case)
    if case.by_us is not None and case.by_us <= connected_for:
        return True
    # two programs are asked for it
    ago = case.by_fenced.ago if case.quorum.engine == CMAN else case.by_dlm.ago
    return ago is not None and ago <= connected_for


def _connected_for(case: "Case") -> float:
    """Seconds since the connection was last established, or fewer: what is newer came after it."""
    return (case.connected_for or 0.0) + case.elapsed


def connection(state: "drbd.State | None", name: str) -> "drbd.Peer | None":
    """The drbd.Peer that is the connection to node *name*; None when there is none.

    DRBD 8 does not name it, and has one only.
    """
    named = [peer for peer in state.peers if peer.name == name] if state else []
    if named:
        return named[0]
    return state.peers[0] if state and len(state.peers) == 1 else None


def _drbd(case: "Case") -> "Finish | Wait | None":
    """A Wait or a Finish when DRBD, asked again, needs or deserves no fencing, else None."""
    peer, state = case.peers[0], case.drbd.state
    if case.drbd.says:
        return _patiently(case, reasons.NO_STATE, says=case.drbd.says)
    link = connection(state, peer)
    if state is None or link is None:
        return case.refuse(FROZEN, reasons.GONE, peer=peer)
    if link.connected:
        return case.refuse(FROZEN, reasons.CONNECTED, peer=peer, state=link.cstate)
    if not state.up_to_date:
        dstates = "/".join(volume.dstate for volume in state.volumes) or "no volume"
        return case.refuse(FROZEN, reasons.NO_GOOD_COPY, peer=peer, state=dstates)
    return None


def _cluster(case: "Case") -> "Finish | Wait | None":
    """A Wait or a Finish when the cluster here must not or cannot fence the peer, else None."""
    peer, quorum = case.peers[0], case.quorum
    if quorum.engine is None:
        return case.refuse(FROZEN, reasons.NO_CLUSTER, peer=peer, says=quorum.says)
    if quorum.quorate is not True:
        return _patiently(case, reasons.NO_QUORUM, says=quorum.says)
    if case.nodes is None:
        return _patiently(case, reasons.NO_PACEMAKER)
    if peer == case.local:
        return case.refuse(FROZEN, reasons.ITSELF, peer=peer)
    if peer not in case.nodes:
        return case.refuse(FROZEN, reasons.NO_NODE, peer=peer,
                           peers=", ".join(case.nodes) or "none")
    return None


def _patiently(case: "Case", reason: "Reason", **values: object) -> "Finish | Wait":
    """Wait for a time, then leave it."""
    if case.elapsed < PATIENCE:
        return case.wait(reason, _PAUSE, **values)
    return case.refuse(FROZEN, case.say(reason, **values).after(case.elapsed))
