# SPDX-License-Identifier: GPL-2.0-or-later
"""What the fence-peer handler does."""

from dualstor.errors import DualstorError
from dualstor.fencepeer.seen import Fenced
from dualstor.tools import pacemaker, stonith

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.engine import Agent


#: What dlm has nodes fenced with (dlm: fence/stonith_helper.c): Pacemaker joins equal requests.
BY_DLM = pacemaker.REBOOT


def memory(peer: str) -> "tuple[str, str]":
    """The name, as words, under which it is kept when the peer was fenced."""
    return "fenced", peer


def fence(agent: "Agent", peer: str, action: str) -> "Fenced":
    """Have the cluster fence the peer, and note since when that is so, for the other handlers."""
    began = agent.host.uptime()
    try:
        stonith.fence(agent.host, peer, action)
    except DualstorError as problem:
        return Fenced(ok=False, says=str(problem))
    agent.host.remember(f"{began:.3f}\n", *memory(peer))
    return Fenced(ok=True)
