# SPDX-License-Identifier: GPL-2.0-or-later
"""What the fence-peer handler does next: a pure function of DRBD's call and what is known.

It answers that the peer was fenced only when the cluster has done it just now. Every other
answer leaves I/O frozen: the ones with which DRBD would continue while the peer may write (3 to 6)
are never given. Sources: conn_try_outdate_peer() of the module, 8.4 and 9: codes that it does
not know, 0 too, leave I/O as it is.
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

#: Seconds for the cluster to get quorum, and for it and DRBD to answer at all: a node that is very
#: busy may take long, DRBD asks once only, and I/O stands still anyway.
PATIENCE = 300.0

_PAUSE = 2.0


def decide(case: "Case") -> "Step":
    """The next step.

    :param case: ``request.resource`` is DRBD's, ``parameters`` the call.Call
    :raises Unseen: a facet has to be observed first
    """
    for done in case.done(deeds.fence):
        peer = done.args[0]
        if done.outcome.ok:
            return case.refuse(FENCED, reasons.FENCED, peer=peer)
        return case.refuse(FROZEN, reasons.NOT_FENCED, peer=peer, says=done.outcome.says)
    step: "Step | None" = _peer(case) or _cluster(case)
    if isinstance(step, Finish):
        return step
    if step is None:
        step = Do(deeds.fence, (case.peers[0], case.action))
    # DRBD is asked last, right before the peer is fenced
    return _drbd(case) or step


def _peer(case: "Case") -> "Finish | None":
    """A Finish when it is not known which node was lost, else None."""
    if len(case.peers) == 1:
        return None
    return case.refuse(FROZEN, reasons.NO_PEER, peers=" and ".join(case.peers) or "none")


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
