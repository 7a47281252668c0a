# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on notify: peers came, went or changed roles. Never fails.

DRBD suspends I/O until its fence-peer handler has had the peer fenced. When that handler
failed but the cluster has fenced the peer later, nobody tells DRBD, and a node with good
data would stand still until the peer comes back. The cluster tells us with the notification
that follows the fencing.
"""

from dualstor.agents.drbd_dualprimary import monitor, seen
from dualstor.ocf.codes import ExitCode
from dualstor.steps import Do, Finish


def decide(request, _parameters, facts):
    """The next step of notify."""
    if request.notification is None or request.notification.type != "post":
        return Finish(ExitCode.SUCCESS)
    return _resume(facts) or monitor.publish(request, facts, seen.score(facts.state)) \
        or Finish(ExitCode.SUCCESS)


def _resume(facts):
    """The deed that lets I/O go on, None when it runs, or must stand still.

    Only what waits for the fencing of a peer that the cluster has confirmed as down: not what
    a person has suspended, and not what lacks good data.
    """
    state = facts.state
    if state is None or not (state.suspended and state.primary and state.up_to_date) \
            or state.connected or facts.done("resume_io"):
        return None
    if facts.peer.down is not True or facts.suspension != ("fencing",):
        return None
    return Do("resume_io", (facts.peer.name,))
