# SPDX-License-Identifier: GPL-2.0-or-later
"""What the fence-peer handler does."""

from dualstor.errors import DualstorError
from dualstor.fencepeer.seen import Fenced
from dualstor.tools import stonith

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.engine import Agent


def fence(agent: "Agent", peer: str, action: str) -> "Fenced":
    """Have the cluster fence the peer."""
    try:
        stonith.fence(agent.host, peer, action)
    except DualstorError as problem:
        return Fenced(ok=False, says=str(problem))
    return Fenced(ok=True)
