# SPDX-License-Identifier: GPL-2.0-or-later
"""What the fence-peer handler does."""

from dualstor.errors import DualstorError
from dualstor.fencepeer.seen import Fenced
from dualstor.tools import stonith


def fence(agent, peer, action):
    """Have the cluster fence the peer."""
    try:
        stonith.fence(agent.host, peer, action)
    except DualstorError as problem:
        return Fenced(ok=False, says=problem.reason)
    return Fenced(ok=True)
