# SPDX-License-Identifier: GPL-2.0-or-later
"""The nodes of cluster.conf: who they are, quorum of two, names and addresses."""

import ipaddress

from dualstor.command.check.parsers import xml
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view import clusterconf
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.xml import Element
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView


@rule("CMAN-TWO-NODE", ERROR, "two_node is 1 and expected_votes is 1",
      why="Otherwise the survivor of two nodes has no quorum: its storage freezes.",
      fix="set <cman two_node=\"1\" expected_votes=\"1\"/> in cluster.conf on both hosts, and no "
          "votes of the nodes")
def two_node(host: "HostView") -> "Findings":
    disk = _quorum_disk(host)
    if len(clusterconf.nodes(host)) > 2 or (disk is not None and disk.get("votes") != "0"):
        return  # CMAN-QUORUM-DISK; without votes it only checks this node's health
    values = [clusterconf.attribute(host, "cman", name) for name in ("two_node", "expected_votes")]
    if [value for value, _ in values] != ["1", "1"]:
        two, expected = (value or "not set" for value, _ in values)
        yield found(values[0][1], f"two_node is {two} and expected_votes is {expected}")
    for element in xml.elements(clusterconf.root(host), "clusternode"):
        if values[0][0] == "1" and element.get("votes", "1") != "1":
            yield found(clusterconf.at(element), f"node {element.get('name')} has "
                        f"{element.get('votes')} votes; two_node needs one vote per node")


def _quorum_disk(host: "HostView") -> "Element | None":
    """The element <quorumd>."""
    return next(iter(xml.elements(clusterconf.root(host), "quorumd")), None)


@rule("CMAN-QUORUM-DISK", ERROR, "the votes are those of the nodes and of the quorum disk",
      why="With two_node the quorum disk decides nothing; with other votes than the sum, one node "
          "with the quorum disk has no quorum, or each node has it without the quorum disk.",
      fix="remove two_node from <cman> and set expected_votes=\"{votes}\" on both hosts")
def quorum_disk(host: "HostView") -> "Findings":
    disk, nodes = _quorum_disk(host), xml.elements(clusterconf.root(host), "clusternode")
    if disk is None or disk.get("votes") == "0":
        return
    own = sum(whole(node.get("votes", "1")) or 1 for node in nodes)
    votes = own + (whole(disk.get("votes")) or max(len(nodes) - 1, 1))
    two, where = clusterconf.attribute(host, "cman", "two_node")
    expected = clusterconf.attribute(host, "cman", "expected_votes")[0]
    if two == "1":
        yield found(where, "two_node is 1, and there is a quorum disk", votes=votes)
    elif expected is not None and expected != str(votes):
        yield found(where, f"expected_votes is {expected}; the nodes and the quorum disk have "
                           f"{votes}", votes=votes)


@rule("CMAN-QUORUM-DISK-PLACE", WARNING, "the quorum disk is not on the two nodes' own storage",
      why="When the nodes lose each other, each has its own copy of storage that they replicate, "
          "so that each can win the quorum disk, which is to decide between them.",
      fix="put the quorum disk on a third machine (e.g. iSCSI); without one remove <quorumd> and "
          "set two_node=\"1\" expected_votes=\"1\"")
def quorum_disk_place(host: "HostView") -> "Findings":
    disk = _quorum_disk(host)
    if disk is None:
        return
    device = disk.get("device", "")
    if "drbd" in device:
        yield found(clusterconf.at(disk), f"the quorum disk is {device}, which DRBD replicates")
    elif not device.startswith("/dev/disk/by-path/"):
        name = device or f"found by its label {disk.get('label', '')}"
        yield found(clusterconf.at(disk), f"the quorum disk is {name}; make sure that it is not on "
                                          "DRBD or on a disk of the nodes")


@rule("CMAN-NODE-COUNT", ERROR, "the cluster has two nodes",
      why="Dual-primary DRBD and two_node are for exactly two nodes.",
      fix="keep two <clusternode> elements in cluster.conf")
def node_count(host: "HostView") -> "Findings":
    nodes = clusterconf.nodes(host)
    if len(nodes) != 2:
        yield found(clusterconf.at(clusterconf.root(host)), f"there are {len(nodes)} nodes")


@rule("CMAN-NODE-IDS", ERROR, "each node has a unique id",
      why="Two nodes with the same id expel each other from the cluster.",
      fix="set nodeid=\"1\" and nodeid=\"2\" in the <clusternode> elements")
def node_ids(host: "HostView") -> "Findings":
    taken: "set[str]" = set()
    for node in clusterconf.nodes(host):
        if node.nodeid in taken:
            yield found(node.where, f"node {node.name} has nodeid {node.nodeid}, as another has")
        elif not whole(node.nodeid):
            yield found(node.where, f"node {node.name} has no valid nodeid")
        taken.add(node.nodeid)


@rule("CMAN-SELF", ERROR, "this host is one of the nodes",
      why="cman identifies itself by the host name; a host that is not in the file does not join.",
      fix="set the name of its <clusternode> to {host}, or add that name to /etc/hosts")
def own_node(host: "HostView") -> "Findings":
    nodes = clusterconf.nodes(host)
    short = host.name.partition(".")[0]
    if nodes and not any(short == n.name.partition(".")[0] for n in nodes) \
            and not any(_is_own(host, n.name) for n in nodes):
        yield found(clusterconf.at(clusterconf.root(host)),
            f"none of {', '.join(n.name for n in nodes)} is host {host.name}", host=host.name)


def _is_own(host: "HostView", name: str) -> bool:
    return host.addresses.get(name) in [str(i.ip) for i in host.interfaces]


@rule("CMAN-NAME-RESOLVES", ERROR, "the nodes' names can be resolved",
      why="cman gets a node's address from its name: without one the node is unreachable.",
      fix="add a line `ADDRESS {node}` to /etc/hosts on both hosts")
def resolves(host: "HostView") -> "Findings":
    for node in clusterconf.nodes(host):
        if not node.name or node.name in host.addresses:
            continue
        answer = host.answer("getent-" + node.name)
        if answer["returncode"] != 0:
            yield found(node.where, f"{node.name} has no address", node=node.name)


@rule("CMAN-NAME-LOCAL", WARNING, "the nodes' names do not depend on DNS",
      why="A cluster that needs DNS for its own nodes stops when DNS does; short names can change "
          "with the search list.",
      fix="add a line `ADDRESS {node}` to /etc/hosts on both hosts, or use the full name")
def local_names(host: "HostView") -> "Findings":
    for node in clusterconf.nodes(host):
        if node.name and "." not in node.name and node.name not in host.addresses:
            yield found(node.where, f"{node.name} is neither a full name nor in /etc/hosts",
                        node=node.name)


@rule("CMAN-LOOPBACK", ERROR, "no node's name resolves to the loopback address",
      why="cman binds to the loopback address and receives nothing from the other node.",
      fix="remove {node} from the line of {address} in /etc/hosts")
def loopback(host: "HostView") -> "Findings":
    for node in clusterconf.nodes(host):
        address = host.addresses.get(node.name, "")
        if address.startswith("127.") or address == "::1":
            yield found(node.where, f"{node.name} is {address} in /etc/hosts",
                        node=node.name, address=address)


@rule("CMAN-MULTICAST", ERROR, "the multicast address is valid",
      why="Packets to another address reach nobody, and each node forms a cluster of its own.",
      fix="set <multicast addr=\"239.192.0.1\"/> (any of 239.192.0.0/14), or remove it: cman "
          "chooses an address")
def multicast(host: "HostView") -> "Findings":
    address, where = clusterconf.attribute(host, "multicast", "addr")
    if address is None:
        return
    try:
        good = ipaddress.ip_address(address).is_multicast
    except ValueError:
        good = False
    if not good or address.startswith("224.0.0."):
        yield found(where, f"{address} is "
                           f"{'reserved for routers' if good else 'no multicast address'}")
