# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether this node belongs to a quorate cluster, whichever engine runs it."""

from dualstor.errors import ParseError, ToolError, ToolFailed, ToolHung, ToolMissing
from dualstor.record import Record
from dualstor.tools import cman, corosync

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable

    from dualstor.host.host import Host

CMAN, COROSYNC = "cman", "corosync"

#: The process of either engine: cman 3 is a part of corosync.
PROCESS = "corosync"


class Quorum(Record):
    """Membership and quorum now, or why they are not known.

    ``engine`` is "cman", "corosync" or None (neither is installed); ``running``
    whether it answered; ``quorate`` and ``two_node`` are None when unknown;
    ``members`` are names; ``number`` is this node's, where the engine says it with that;
    ``says`` is one line for a reason.
    """

    engine: "str | None"
    running: bool
    quorate: "bool | None" = None
    members: "tuple[str, ...]" = ()
    two_node: "bool | None" = None
    says: str = ""
    number: "int | None" = None


def _votes(status: "cman.CmanStatus | corosync.QuorumStatus") -> str:
    """A short text about the votes of either engine's Status."""
    blocked = "quorate" if status.quorate else "Activity blocked"
    if status.total is None or status.quorum is None:
        return blocked
    if status.expected is not None and status.total > status.expected:
        votes = f"{status.total} votes"     # cman with two_node expects one
    else:
        expected = "?" if status.expected is None else status.expected
        votes = f"{status.total} of {expected} expected votes"
    return f"{blocked}, {votes}, {status.quorum} needed"


def _cman(host: "Host") -> "Quorum":
    status = host.within(2, lambda: cman.status(host))      # corosync may still have to be asked
    try:
        names = tuple(node.name for node in host.within(2, lambda: cman.nodes(host)) if node.member)
    except (ToolError, ParseError):
        names = ()      # quorum is known without them
    text = f"cman_tool status: {_votes(status)}"
    if not status.member:
        text = f"cman_tool status: {status.membership}"
    return Quorum(engine=CMAN, running=True, quorate=status.quorate, members=names,
                  two_node=status.two_node, says=text)


def _corosync(host: "Host") -> "Quorum":
    status = corosync.status(host)
    return Quorum(engine=COROSYNC, running=True, quorate=status.quorate,
                  members=tuple(member.name for member in status.members),
                  two_node=status.two_node, says=f"corosync-quorumtool: {_votes(status)}",
                  number=status.node_id)


def _ask(host: "Host", engine: str, question: "Callable[[Host], Quorum]") -> "Quorum | None":
    """What an engine says, a Quorum that says why there is no answer, or None: not installed."""
    try:
        return question(host)
    except ToolMissing:
        return None
    except (ToolFailed, ToolHung) as problem:
        return Quorum(engine=engine, running=False, says=str(problem))
    except ParseError as problem:
        return Quorum(engine=engine, running=True, says=str(problem))


def look(host: "Host") -> "Quorum":
    """The Quorum of this node; at most 15 s, usually 0.02 s.

    cman is asked first: it runs on top of a corosync that has the other tools too.
    Never raises for an engine that is down, a tool that is missing, hangs or speaks
    another form; only for the action's own deadline.
    """
    by_cman = _ask(host, CMAN, _cman)
    if by_cman is not None and by_cman.running:
        return by_cman
    by_corosync = _ask(host, COROSYNC, _corosync)
    if by_corosync is None or (by_cman is not None and not by_corosync.running):
        return by_cman or Quorum(
            engine=None, running=False,
            says="neither corosync-quorumtool nor cman_tool is installed")
    return by_corosync
