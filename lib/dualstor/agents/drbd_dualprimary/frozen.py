# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding whether suspended I/O may be resumed.

DRBD suspends I/O until its fence-peer handler has had the peer fenced. If that handler failed
but the peer was fenced later, by the cluster, by dlm or by a person who confirmed it, DRBD does
not learn of it, and I/O on a node with good data would stay suspended until the peer comes back.
Pacemaker notifies only of its own fencing, so monitor checks, too.
"""

from dualstor.action.steps import Do
from dualstor.agents.drbd_dualprimary import deeds

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.agents.drbd_dualprimary.seen import Case
    from dualstor.kernel.drbd import State


def _outdated(state: "State") -> bool:
    """Whether the peer's copy is known as outdated: nobody is Primary on it."""
    known = [dstate for peer in state.peers for dstate in peer.dstates]
    return bool(known) and all(dstate == "Outdated" for dstate in known)


def resume(case: "Case") -> "Do | None":
    """The deed that resumes I/O, None when it runs, or must stay suspended.

    Only what waits for the fencing of a peer that the cluster has confirmed as down, and dlm as
    fenced where it knows the peer, unless DRBD knows the peer's copy as outdated: that one was
    stopped in good order. Not what a person has suspended, and not what lacks good data.
    """
    state = case.state
    if state is None or not (state.suspended and state.primary and state.up_to_date) \
            or state.connected or case.done(deeds.resume_io):
        return None
    if case.lost_peer.down is not True or case.suspension != ("fencing",) \
            or (case.lost_peer.fenced is False and not _outdated(state)):
        return None
    return Do(deeds.resume_io, (case.lost_peer.name,))
