# SPDX-License-Identifier: GPL-2.0-or-later
"""What the fence-peer handler does."""

from dualstor.errors import DualstorError
from dualstor.fencepeer.seen import Fenced
from dualstor.tools import fence_node, pacemaker, stonith

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.engine import Agent


#: What dlm has nodes fenced with (dlm: fence/stonith_helper.c): Pacemaker joins equal requests.
BY_DLM = pacemaker.REBOOT


def memory(peer: str) -> "tuple[str, str]":
    """The name, as words, under which it is kept when the peer was fenced."""
    return "fenced", peer


#: Instead of an action: cman's way, which lets fenced know, and that asks for a reboot itself.
BY_FENCED = "fence_node"


def fence(agent: "Agent", peer: str, action: str) -> "Fenced":
    """Have the cluster fence the peer, and note since when that is so, for the other handlers.

    :param action: of Pacemaker, or BY_FENCED
    """
    began = agent.host.uptime()
    try:
        if action != BY_FENCED:
            stonith.fence(agent.host, peer, action)
        elif not fence_node.fence(agent.host, peer):
            stonith.fence(agent.host, peer, BY_DLM)     # cluster.conf has no device for it
    except DualstorError as problem:
        return Fenced(ok=False, says=str(problem), took=agent.host.uptime() - began)
    agent.host.remember(f"{began:.3f}\n", *memory(peer))
    return Fenced(ok=True, took=agent.host.uptime() - began)
