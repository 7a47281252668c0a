# SPDX-License-Identifier: GPL-2.0-or-later
"""cman_tool of cman 3, its questions: status, nodes, version, services.

Formats and exit codes: cluster STABLE3 cman/cman_tool/main.c (show_status, show_nodes, die):
1 with "cman_tool: TEXT" on stderr for what failed. ``cman_member`` has the commands.
"""

from dualstor.errors import DualstorError, ParseError, ToolFailed
from dualstor.host.deadline import QUERY
from dualstor.record import Record, whole
from dualstor.tools import group_tool
from dualstor.tools.keyed import Keyed, numbers

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.host.host import Host

#: Port that clvmd binds.
CLVMD_PORT = 11

NOT_RUNNING = "Cannot open connection to cman"

#: Attributes asked of every node. Not "addr": where a node has no address, cman_tool prints what
#: happens to be in its memory (print_node: numaddrs).
_FIELDS = "id,type,state,votes,name"


class CmanStatus(Record):
    """What ``cman_tool status`` says. What it left out is None (or an empty tuple)."""

    membership: str                     # "Cluster-Member", "Joining", "Leaving", "Not-in-Cluster"
    quorum: "int | None"                # votes needed
    blocked: bool                       # not quorate
    version: "str | None" = None
    config_version: "int | None" = None
    cluster: "str | None" = None
    cluster_id: "int | None" = None
    generation: "int | None" = None
    nodes: "int | None" = None
    expected: "int | None" = None       # votes
    device_votes: "int | None" = None   # of the quorum disk
    total: "int | None" = None          # votes
    votes: "int | None" = None          # of this node
    subsystems: "int | None" = None
    flags: "tuple[str, ...]" = ()       # 2node Shutdown Error Disallowed...
    ports: "tuple[int, ...]" = ()
    node: "str | None" = None
    node_id: "int | None" = None
    multicast: "tuple[str, ...]" = ()
    addresses: "tuple[str, ...]" = ()
    disallowed: "tuple[str, ...]" = ()  # names of nodes
    rest: "tuple[tuple[str, str], ...]" = ()  # (key, value) of further lines

    @property
    def member(self) -> bool:
        """Whether this node is in the cluster ("Cluster Member:" always says Yes)."""
        return self.membership.endswith("-Member")

    @property
    def quorate(self) -> bool:
        """Whether this node is a member of a quorate cluster."""
        return self.member and not self.blocked

    @property
    def two_node(self) -> bool:
        """Whether one of two nodes is enough for quorum."""
        return "2node" in self.flags


class CmanNode(Record):
    """One configured node, or the quorum disk.

    ``state`` is M (member), X (dead), d (disallowed) or ?.
    """

    id: int                    # 0 for a quorum disk
    name: str                  # for a quorum disk its device
    state: str
    word: "str | None" = None  # Member, Dead, Joining, Leaving, Disallowed or Unknown
    votes: "int | None" = None
    addresses: "tuple[str, ...]" = ()

    @property
    def disk(self) -> bool:
        """Whether it is a quorum disk rather than a node."""
        return self.id == 0

    @property
    def member(self) -> bool:
        """Whether it is a node that is in the cluster."""
        return self.state == "M" and not self.disk


def parse_status(text: str) -> "CmanStatus":
    """The CmanStatus in the output of ``cman_tool status``.

    :raises ParseError: it is cut off or something else
    """
    lines = [line for line in text.splitlines() if line.strip()]
    values = Keyed("cman_tool status", lines)
    membership, quorum = values.need("Membership state"), values.need("Quorum")
    values.text("Cluster Member")  # always Yes
    return CmanStatus(
        membership=membership, quorum=values.number("Quorum"), blocked="blocked" in quorum,
        version=values.text("Version"), config_version=values.number("Config Version"),
        cluster=values.text("Cluster Name"), cluster_id=values.number("Cluster Id"),
        generation=values.number("Cluster Generation"),
        nodes=values.number("Nodes"), expected=values.number("Expected votes"),
        device_votes=values.number("Quorum device votes"), total=values.number("Total votes"),
        votes=values.number("Node votes"), subsystems=values.number("Active subsystems"),
        flags=values.words("Flags"), ports=_ports(values.words("Ports Bound")),
        node=values.text("Node name"), node_id=values.number("Node ID"),
        multicast=values.words("Multicast addresses"),
        addresses=values.words("Node addresses"), disallowed=values.words("Disallowed nodes"),
        rest=values.rest)


def _ports(words: "Iterable[str]") -> "tuple[int, ...]":
    return numbers("cman_tool status", words, "Ports Bound: " + " ".join(words))


def parse_fields(text: str) -> "tuple[CmanNode, ...]":
    """The Nodes, a tuple, in what ``cman_tool nodes -F id,type,state,votes,name[,addr]`` prints.

    :raises ParseError: a line is no node
    """
    found = []
    for line in text.splitlines():
        words = line.split()
        if line.startswith(("NOTE:", "      members list may seem")):
            continue
        if len(words) not in (5, 6) or len(words[1]) != 1:
            raise ParseError("cman_tool nodes -F " + _FIELDS, line, "expected a node")
        number, votes = numbers("cman_tool nodes -F " + _FIELDS, (words[0], words[3]), line)
        found.append(CmanNode(id=number, state=words[1], word=words[2], votes=votes,
                          name=words[4], addresses=tuple("".join(words[5:]).split(","))
                          if len(words) == 6 else ()))
    return tuple(found)


def parse_version(text: str) -> "tuple[str, int]":
    """(version, number of the configuration) of ``6.2.0 config 35``.

    :raises ParseError: it is something else
    """
    words = text.split()
    number = whole(words[2]) if len(words) == 3 and words[1] == "config" else None
    if number is None:
        raise ParseError("cman_tool version", text.strip(), "expected \"VERSION config NUMBER\"")
    return words[0], number


def _ask(host: "Host", argv: "tuple[str, ...]", timeout: float) -> str:
    """stdout of a query; see ``status`` for what it raises."""
    return host.run(("cman_tool",) + argv, timeout).answer()


def stopped(problem: "ToolFailed") -> bool:
    """Whether a ToolFailed says that cman does not run here."""
    return NOT_RUNNING in problem.completed.stderr


def status(host: "Host", timeout: float = QUERY) -> "CmanStatus":
    """The CmanStatus now.

    :raises ToolMissing, ToolHung: as Host.run
    :raises ToolFailed: cman does not run (``stopped``) or does not answer
    :raises ParseError: the output is not understood
    """
    return parse_status(_ask(host, ("status",), timeout))


def nodes(host: "Host", timeout: float = QUERY) -> "tuple[CmanNode, ...]":
    """The configured Nodes and the quorum disk, as a tuple. Raises as ``status``."""
    return parse_fields(_ask(host, ("nodes", "-F", _FIELDS), timeout))


def names(host: "Host") -> "dict[int, str]":
    """{id: name} of the configured nodes; {} where cman does not say."""
    try:
        return {node.id: node.name for node in nodes(host)}
    except DualstorError:
        return {}


def version(host: "Host", timeout: float = QUERY) -> "tuple[str, int]":
    """(version of the protocol, number of the configuration). Raises as ``status``."""
    return parse_version(_ask(host, ("version",), timeout))


def services(host: "Host", timeout: float = QUERY) -> "group_tool.Groups":
    """The fence domain and the lockspaces, as group_tool.Groups.

    cman_tool ends with 0 whatever happened below it: empty Groups say nothing. Raises as
    ``status``.
    """
    completed = host.run(("cman_tool", "services"), timeout)
    if not completed.ok:
        raise ToolFailed(completed)
    return group_tool.parse(completed.stdout, "cman_tool services")
