# SPDX-License-Identifier: GPL-2.0-or-later
"""Which packets must come in: from where, to which address, through which interface."""

import ipaddress
import re

from dualstor.command.check.filters.packet import Packet
from dualstor.command.check.view import clusterconf, network
from dualstor.command.check.view.seen import Unavailable
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Iterator, Mapping, Sequence

    from dualstor.command.check.view.host import Address, HostView

_ENDPOINT = re.compile(r"\[?([0-9a-fA-F:.]+?)\]?:([0-9]{1,5})$")


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


def _nodes(host: "HostView") -> "list[tuple[bool, list[str]]]":
    """[(whether it is this host, addresses or names)] of the cluster's nodes."""
    own = _own(host)
    if host.engine == "cman":
        return [(node.name == host.name or address(host, node.name) in own, [node.name])
                for node in clusterconf.nodes(host)]
    found = []
    for node in host.corosync_conf[0].first("nodelist").named("node"):
        named = [node.get(f"ring{link}_addr") or "" for link in range(8)]
        mine = host.name in (node.get("name"), named[0]) or any(
            address(host, text) in own for text in named if text)
        found.append((mine, named))
    return found


def cluster(host: "HostView", protocol: str, ports: "Mapping[int, int]") -> "list[Packet]":
    """The packets of the cluster engine or of dlm, from each peer.

    :param ports: {number of a link: port}
    """
    nodes = _nodes(host)
    mine = next((named for own, named in nodes if own), [])
    found: "list[Packet]" = []
    for link, port in sorted(ports.items()):
        ends = [(address(host, _at(named, link)), address(host, _at(mine, link)))
                for own, named in nodes if not own and _at(named, link)]
        if not nodes and host.engine != "cman":
            ends = [(None, own) for own in _bound(host, link)]
        found += _packets(host, protocol, port, ends)
    return found


def _at(named: "Sequence[str]", link: int) -> str:
    return named[link] if link < len(named) else ""


def _bound(host: "HostView", link: int) -> "Iterator[Address]":
    """The addresses of this host that the interface section of a link chooses."""
    try:
        own = network.links(host)
    except Unavailable:
        return
    sections = host.corosync_conf[0].first("totem").named("interface")
    for section in [each for each in sections if each.get("ringnumber", "0") == str(link)]:
        chosen = address(host, section.get("bindnetaddr"))
        yield from (one.ip for _, one in own if chosen in (one.ip, one.network.network_address))


def drbd(host: "HostView") -> "list[Packet]":
    """The packets of DRBD, from each peer of each resource."""
    found: "list[Packet]" = []
    for resource in host.resources:
        own = resource.configuration.host(host.name)
        mine = _ENDPOINT.search(own.address or "") if own else None
        port = whole(mine.group(2)) if mine else None
        if own is None or mine is None or port is None:
            continue
        peers = [_ENDPOINT.search(each.address or "") for each in resource.configuration.hosts
                 if each.name != own.name]
        found += _packets(host, "tcp", port, [
            (address(host, peer.group(1)), address(host, mine.group(1)))
            for peer in peers if peer])
    return found
