# SPDX-License-Identifier: GPL-2.0-or-later
"""This node's copy of the CIB: one command that says what several others would have to be asked.

Sources: cibadmin(8); Pacemaker xml/nodes-*.rng, xml/options-*.rng, xml/nvset-*.rng; of node_state
lib/pengine/unpack.c (determine_online_status_fencing).
"""

from dualstor.errors import ParseError
from dualstor.host.deadline import QUERY
from dualstor.record import whole
from dualstor.tools import pacemaker, xmltext

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from dualstor.host.host import Host

_COMMAND = ("cibadmin", "--query", "--local")

#: What a node is: UNSURE is one that was lost and not fenced yet, or is on its way in or out.
UP, DOWN, UNSURE = "up", "down", "unsure"


def parse(text: str) -> "Element":
    """The root element, as xml.etree.ElementTree has it.

    :raises ParseError: it is no CIB
    """
    root = xmltext.parse(_COMMAND[0], text)
    if root.tag != "cib":
        raise ParseError(_COMMAND[0], root.tag, "no CIB")
    return root


def ask(host: "Host") -> "Element":
    """As ``parse``, of this node's copy.

    :raises ToolError: Pacemaker does not run here, or does not answer
    :raises ParseError: it is no CIB
    """
    return parse(host.run(_COMMAND, QUERY).answer())


def nodes(root: "Element") -> "tuple[pacemaker.KnownNode, ...]":
    """The nodes of the cluster, without those that only run Pacemaker's remote daemon."""
    found = []
    for element in root.iterfind("configuration/nodes/node"):
        number, name = whole(element.get("id", "")), element.get("uname")
        if number is not None and name:
            found.append(pacemaker.KnownNode(id=number, name=name))
    return tuple(found)


def quorate(root: "Element") -> bool:
    """Whether the cluster has quorum, as its controller has written down."""
    return pacemaker.is_true(root.get("have-quorum"))


def option(root: "Element", names: "tuple[str, ...]") -> "str | None":
    """The value of a cluster option that has several names, the last of which counts most.

    :returns: None when it is not set
    """
    for name in reversed(names):
        for pair in root.iterfind("configuration/crm_config/cluster_property_set/nvpair"):
            if pair.get("name") == name:
                return pair.get("value")
    return None


def _since(value: "str | None") -> bool:
    """Whether a node is a member, or its controller there: a boolean, since 2.1.7 from when on."""
    return pacemaker.is_true(value) or (whole(value) or 0) > 0


def states(root: "Element") -> "dict[str, str]":
    """{name: UP, DOWN or UNSURE} of the nodes of the cluster.

    A node that has left or was fenced is no longer expected; crm_mon says the same of it ("online",
    "unclean"), for which it runs the scheduler.
    """
    known = {each.get("uname"): each for each in root.iterfind("status/node_state")}
    found = {}
    for node in nodes(root):
        state = known.get(node.name)
        found[node.name] = UNSURE
        if state is None:
            continue
        member, there = _since(state.get("in_ccm")), _since(state.get("crmd")) \
            or state.get("crmd") == "online"
        if member and there and state.get("join") == "member":
            found[node.name] = UP
        elif not member and not there and state.get("expected") == "down":
            found[node.name] = DOWN
    return found
