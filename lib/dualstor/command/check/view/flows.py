# SPDX-License-Identifier: GPL-2.0-or-later
"""Which packets must come in: from where, to which address, through which interface."""

import ipaddress

from dualstor.command.check.filters.packet import Packet
from dualstor.command.check.view import clusterconf, network
from dualstor.command.check.view.seen import Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Iterator, Mapping

    from dualstor.command.check.view.host import Address, HostView


def address(host: "HostView", text: "str | None") -> "Address | None":
    """The address that a text is, or that /etc/hosts has for a name."""
    try:
        return ipaddress.ip_address(host.addresses.get(text or "", text or ""))
    except ValueError:
        return None


def _own(host: "HostView") -> "dict[Address, str]":
    """{address of this host: its interface}; {} if it is not known."""
    try:
        return {one.ip: name for name, one in network.links(host)}
    except Unavailable:
        return {}


def _packets(host: "HostView", protocol: str, port: "int | None",
             ends: "Iterable[tuple[Address | None, Address | None]]") -> "Iterator[Packet]":
    """Packets for pairs of (peer's address, own address); one of which nothing is known without."""
    own = _own(host)
    seen: "set[tuple[Address | None, Address | None]]" = set()
    for source, destination in ends:
        if (source or destination) and (source, destination) not in seen:
            seen.add((source, destination))
            yield Packet(protocol=protocol, port=port, source=source, destination=destination,
                         interface=own.get(destination) if destination else None)
    if not seen:
        yield Packet(protocol=protocol, port=port)


def _resolved(host: "HostView", text: str) -> "Address | None":
    """The address that corosync takes for a text; None if it is not known here."""
    try:
        return next(iter(host.corosync.resolved(text)), None)
    except Unavailable:
        return None


def _nodes(host: "HostView") -> "list[tuple[bool, dict[int, Address | None]]]":
    """[(whether it is this host, {link: address, None if not known})] of the cluster's nodes."""
    own = _own(host)
    if host.engine == "cman":
        found = [(node.name, {0: address(host, node.name)}) for node in clusterconf.nodes(host)]
        return [(name == host.name or known[0] in own, known) for name, known in found]
    listed, nodes = host.corosync.addresses, []
    for index, node in enumerate(host.corosync.nodes if listed else ()):
        texts = {one.link: one.text for one in listed if one.node == index}
        known = {link: _resolved(host, text) for link, text in texts.items()}
        mine = host.name in (node.get("name"), texts.get(0))
        nodes.append((mine or any(one in own for one in known.values()), known))
    return nodes


def cluster(host: "HostView", protocol: str, ports: "Mapping[int, int]") -> "list[Packet]":
    """The packets of the cluster engine or of dlm, from each peer.

    :param ports: {number of a link: port}
    """
    nodes = _nodes(host)
    mine = next((known for own, known in nodes if own), {})
    found: "list[Packet]" = []
    for link, port in sorted(ports.items()):
        ends = [(known[link], mine.get(link)) for own, known in nodes if not own and link in known]
        if not nodes and host.engine != "cman":
            ends = [(None, own) for own in _bound(host, link)]
        found += _packets(host, protocol, port, ends)
    return found


def _bound(host: "HostView", link: int) -> "Iterator[Address]":
    """The addresses of this host that the interface section of a link chooses."""
    section = host.corosync.interfaces.get(link)
    chosen = address(host, section.get("bindnetaddr")) if section else None
    try:
        own = network.links(host)
    except Unavailable:
        return
    yield from (one.ip for _, one in own if chosen in (one.ip, one.network.network_address))


def drbd(host: "HostView") -> "list[Packet]":
    """The packets of DRBD, from each peer of each resource."""
    found: "list[Packet]" = []
    for resource in host.resources:
        ends = [(mine, peer) for mine, peer in host.drbd_ends(resource) if mine.tcp]
        for port in sorted({mine.port for mine, _ in ends}):
            found += _packets(host, "tcp", port, [
                (peer.ip if peer else None, mine.ip) for mine, peer in ends if mine.port == port])
    return found
