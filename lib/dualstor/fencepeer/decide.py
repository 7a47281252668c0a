# SPDX-License-Identifier: GPL-2.0-or-later
"""What the fence-peer handler does next: a pure function of DRBD's call and what is known.

It answers that the peer was fenced only when the cluster has done it just now. Every other
answer leaves I/O frozen: the ones with which DRBD would continue while the peer may write (3 to 6)
are never given. Sources: conn_try_outdate_peer() of the module, 8.4 and 9: codes that it does
not know, 0 too, leave I/O as it is.
"""

from dualstor.action.steps import Do, Finish, Wait
from dualstor.fencepeer import deeds

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step
    from dualstor.fencepeer.seen import Case, Fenced
    from dualstor.kernel import drbd

#: Exit codes of a fence-peer handler: "the peer was fenced", and "the handler failed".
FENCED, FROZEN = 7, 1

#: Seconds for the cluster to get quorum, and for it and DRBD to answer at all: a node that is very
#: busy may take long, DRBD asks once only, and I/O stands still anyway.
PATIENCE = 300.0

_PAUSE = 2.0


def _frozen(text: str) -> "Finish":
    return Finish(FROZEN, f"its I/O stays frozen: {text}")


def decide(case: "Case") -> "Step":
    """The next step.

    :param case: ``request.resource`` is DRBD's, ``parameters`` the call.Call
    :raises Unseen: a facet has to be observed first
    """
    fenced = case.last(deeds.fence)
    if fenced is not None:
        return _outcome(case.done(deeds.fence)[-1].args[0], fenced)
    step: "Step | None" = _peer(case) or _cluster(case)
    if isinstance(step, Finish):
        return step
    if step is None:
        step = Do(deeds.fence, (case.peers[0], case.action))
    # DRBD is asked last, right before the peer is fenced
    return _drbd(case) or step


def _outcome(peer: str, fenced: "Fenced") -> "Finish":
    if fenced.ok:
        return Finish(FENCED, f"{peer} is fenced: its I/O goes on")
    return _frozen(f"{peer} was not fenced: {fenced.says}; mend fencing. I/O goes on when the "
                   f"connection is back, or soon after the cluster knows that {peer} is down: if "
                   f"it is off for certain, `stonith_admin --confirm {peer}`")


def _peer(case: "Case") -> "Finish | None":
    """A Finish when it is not known which node was lost, else None."""
    if len(case.peers) == 1:
        return None
    return _frozen("DRBD does not tell which one node it has lost, but "
                   f"{' and '.join(case.peers) or 'none'}: see what `drbdadm dump` has as its "
                   "hosts")


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
    name, state = case.request.resource, case.drbd.state
    if case.drbd.says:
        return _patiently(case, f"DRBD to tell its state ({case.drbd.says})",
                          f"see `drbdadm status {name}`")
    link = connection(state, case.peers[0])
    if state is None or link is None:
        return _frozen(f"there is no connection to {case.peers[0]} any more: see `drbdadm status "
                       f"{name}`")
    if link.connected:
        return Finish(FROZEN, f"{case.peers[0]} is connected again ({link.cstate}): nobody is "
                              "fenced")
    if not state.up_to_date:
        return _frozen("the disk here is not UpToDate "
                       f"({'/'.join(v.dstate for v in state.volumes) or 'no volume'}), "
                       f"{case.peers[0]} may have the only good copy and is not fenced: bring the "
                       f"connection back, see `drbdadm status {name}`")
    return None


def _cluster(case: "Case") -> "Finish | Wait | None":
    """A Wait or a Finish when the cluster here must not or cannot fence the peer, else None."""
    peer, quorum = case.peers[0], case.quorum
    if quorum.engine is None:
        return _frozen(f"there is no cluster that could fence {peer}: {quorum.says}")
    if quorum.quorate is not True:
        return _patiently(
            case, f"quorum ({quorum.says})", "a node without quorum fences nobody: start the "
            "cluster here, or see why it is not quorate")
    if case.nodes is None:
        return _patiently(case, "Pacemaker to tell its nodes",
                          "without it nobody can be fenced: start it, see `crm_mon -1`")
    if peer == case.local:
        return _frozen(f"DRBD calls its peer {peer}, which is this node: correct the names in its "
                       "configuration")
    if peer not in case.nodes:
        return _frozen(f"the cluster has no node {peer}, as DRBD calls its peer, but "
                       f"{', '.join(case.nodes) or 'none'}: both must use the names of `uname -n`")
    return None


def _patiently(case: "Case", what: str, hint: str) -> "Finish | Wait":
    """Wait for a time, then leave it."""
    if case.elapsed < PATIENCE:
        return Wait(what, hint, _PAUSE)
    return _frozen(f"waited {case.elapsed:.0f} s in vain for {what}: {hint}")
