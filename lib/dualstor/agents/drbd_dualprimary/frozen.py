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


def resume(case: "Case") -> "Do | None":
    """The deed that resumes I/O, None when it runs, or must stay suspended.

    Only what waits for the fencing of a peer that the cluster has confirmed as down: not what
    a person has suspended, and not what lacks good data.
    """
    state = case.state
    if state is None or not (state.suspended and state.primary and state.up_to_date) \
            or state.connected or case.done(deeds.resume_io):
        return None
    if case.lost_peer.down is not True or case.suspension != ("fencing",):
        return None
    return Do(deeds.resume_io, (case.lost_peer.name,))
