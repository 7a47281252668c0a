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
is a member, the node that is not to survive waits until the other one must have noticed.
"""

from dualstor.action.steps import Do, Finish
from dualstor.fencepeer import deeds, reasons

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

#: Seconds that a node with a copy that is not good leaves to the other one, which has a good one:
#: more than its detection, its device's delay and its fencing take together.
YIELDING = 60.0

_PAUSE = 2.0            # seconds between looks
_AGAIN = 10.0           # seconds between two requests
_DLM_PATIENCE = 60.0    # seconds for a fencing by dlm that a request of ours would not join


def decide(case: "Case") -> "Step":
    """The next step.

    :param case: ``request.resource`` is DRBD's, ``parameters`` the call.Call
    :raises Unseen: a facet has to be observed first
    """
    done = case.done(deeds.fence)
    if done and done[-1].outcome.ok:
        return case.refuse(FENCED, reasons.FENCED, peer=done[-1].args[0])
    step: "Step | None" = _peer(case) or _cluster(case)
    if isinstance(step, Finish):
        return step
    if step is None:
        step = _fencing(case)
    # DRBD is asked last, right before the peer is fenced
    return _drbd(case) or step


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
        if case.behind and case.elapsed < YIELDING:
            return case.wait(reasons.YIELDS, _PAUSE, peer=peer, holders=", ".join(case.behind))
        if peer < case.local and case.elapsed < case.notice:
            return case.wait(reasons.SECOND, _PAUSE / 2, peer=peer)
    if not case.turn:
        return case.wait(reasons.TURN, _PAUSE / 2, peer=peer)
    if case.by_dlm.pending and case.action != deeds.BY_DLM and case.elapsed < _DLM_PATIENCE:
        return case.wait(reasons.BY_DLM, _PAUSE / 2, peer=peer)
    request = Do(deeds.fence, (peer, case.action))
    failed = case.last(deeds.fence)
    if failed is None:
        return request
    if case.elapsed >= PATIENCE:
        return case.refuse(FROZEN, reasons.NOT_FENCED, peer=peer, says=failed.says)
    return case.again(request, _AGAIN, case.wait(reasons.NOT_FENCED, _PAUSE, peer=peer,
                                                 says=failed.says))


def _proven(case: "Case") -> bool:
    """Whether the peer was fenced since the connection was last established, and stays away.

    Both ages are of clocks that nobody sets. Where it is not known since when the connection was
    there, nothing is proven.
    """
    if not case.quorum.members or case.peers[0] in case.quorum.members \
            or case.connected_for is None:
        return False
    connected_for = case.connected_for + case.elapsed
    if case.by_us is not None and case.by_us <= connected_for:
        return True
    ago = case.by_dlm.ago       # two programs are asked for it
    return ago is not None and ago <= connected_for


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
