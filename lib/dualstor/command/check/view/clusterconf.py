# SPDX-License-Identifier: GPL-2.0-or-later
"""cluster.conf as the rules see it; it may be broken."""

from dualstor.command.check.parsers import xml
from dualstor.command.check.view.seen import CLUSTER_CONF, Unavailable
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.where import Where
    from dualstor.command.check.parsers.xml import Element
    from dualstor.command.check.view.host import HostView


class ClusterNode(Record):
    """A clusternode; ``devices``: the elements <device> of its fence methods."""

    name: str
    nodeid: str
    where: "Where"
    devices: "tuple[Element, ...]"


class FenceDevice(Record):
    """A fencedevice."""

    name: str
    agent: str
    where: "Where"
    element: "Element"


def root(host: "HostView") -> "Element":
    """The root element.

    :raises Unavailable: nothing of the file could be read as XML
    :raises Irrelevant: the host does not use cman
    """
    element = host.cluster_conf[0]
    if element is None:
        raise Unavailable(f"{CLUSTER_CONF}: nothing in it could be read")
    return element


def at(element: "Element") -> "Where":
    """Where an element is in cluster.conf."""
    return xml.at(element, CLUSTER_CONF)


def nodes(host: "HostView") -> "list[ClusterNode]":
    """The Nodes, wherever in the file they are."""
    return [ClusterNode(name=e.get("name", ""), nodeid=e.get("nodeid", ""), where=at(e),
                 devices=tuple(e.iterfind("fence/method/device")))
            for e in xml.elements(root(host), "clusternode")]


def devices(host: "HostView") -> "dict[str, FenceDevice]":
    """{name: FenceDevice}, wherever in the file they are."""
    return {e.get("name", ""): FenceDevice(name=e.get("name", ""), agent=e.get("agent", ""),
                                      where=at(e), element=e)
            for e in xml.elements(root(host), "fencedevice")}


def attribute(host: "HostView", element: str, name: str,
              default: "str | None" = None) -> "tuple[str | None, Where]":
    """(value, Where) of an attribute of the first element of that name."""
    found = xml.elements(root(host), element)
    if not found:
        return default, at(root(host))
    return found[0].get(name, default), at(found[0])
