# SPDX-License-Identifier: GPL-2.0-or-later
"""cluster.conf as the rules of cman look at it; it may be broken."""

from dualstor.command.check.parsers import xml
from dualstor.command.check.view.host import CLUSTER_CONF
from dualstor.command.check.view.seen import Unavailable
from dualstor.record import Record


class Node(Record):
    """A clusternode; ``devices``: the elements <device> of its fence methods."""

    name: str
    nodeid: str
    where: object
    devices: tuple


class Device(Record):
    """A fencedevice; ``delay`` is its attribute, as text."""

    name: str
    agent: str
    where: object
    element: object


def root(host):
    """The root element.

    :raises Unavailable: nothing of the file could be read as XML
    :raises Irrelevant: the host does not use cman
    """
    element = host.cluster_conf[0]
    if element is None:
        raise Unavailable(f"{CLUSTER_CONF}: nothing in it could be read")
    return element


def at(element):
    """Where an element stands in cluster.conf."""
    return xml.at(element, CLUSTER_CONF)


def nodes(host):
    """The Nodes, wherever in the file they stand."""
    return [Node(name=e.get("name", ""), nodeid=e.get("nodeid", ""), where=at(e),
                 devices=tuple(e.iterfind("fence/method/device")))
            for e in xml.elements(root(host), "clusternode")]


def devices(host):
    """{name: Device}, wherever in the file they stand."""
    return {e.get("name", ""): Device(name=e.get("name", ""), agent=e.get("agent", ""),
                                      where=at(e), element=e)
            for e in xml.elements(root(host), "fencedevice")}


def attribute(host, element, name, default=None):
    """(value, Where) of an attribute of the first element of that name."""
    found = xml.elements(root(host), element)
    if not found:
        return default, at(root(host))
    return found[0].get(name, default), at(found[0])
