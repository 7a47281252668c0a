# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the firewall accepts the packets of corosync, DRBD and dlm."""

import ipaddress

from dualstor.command.check.filters.packet import IGMP, Packet
from dualstor.command.check.parsers import xml
from dualstor.command.check.rules import dlm as dlm_rules
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view import clusterconf, flows
from dualstor.command.check.view.seen import Irrelevant, Unavailable
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.command.check.parsers.where import Where
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import Address, HostView

_OPEN = "accept it from the peer: `firewall-cmd --permanent --add-port={port}/{protocol}` and " \
        "`firewall-cmd --reload`; without firewalld put `{protocol} dport {port} accept` " \
        "(nftables) or `-A INPUT -p {protocol} --dport {range} -j ACCEPT` (iptables) before what " \
        "{file} rejects, and load the rules again"
_MCASTPORT = 5405
#: Where routers send IGMP queries (RFC 3376, 4.1.12).
_ALL_HOSTS = ipaddress.ip_address("224.0.0.1")


def _closed(host: "HostView", packets: "Iterable[Packet]") -> "Findings":
    """A finding for each port, or each range of ports, that is closed.

    :raises Unavailable: it depends on a rule that is not understood, after all findings
    """
    closed: "dict[int, tuple[Where, Packet]]" = {}
    accepted: "set[int]" = set()    # ports that are open for some peer
    problem: "Unavailable | None" = None
    for packet in packets:
        try:
            where = host.firewall.closed(packet)
        except Unavailable as unknown:
            problem = problem or unknown
            continue
        if where is None:
            accepted.add(packet.port or 0)
        else:
            closed.setdefault(packet.port or 0, (where, packet))
    yield from _in_ranges(closed, accepted)
    if problem is not None:
        raise problem


def _in_ranges(closed: "dict[int, tuple[Where, Packet]]", accepted: "set[int]") -> "Findings":
    """Findings for ports: one for those that follow each other and are closed in one place."""
    ports = sorted(closed)
    while ports:
        first = last = ports.pop(0)
        where, packet = closed[first]
        while ports and ports[0] == last + 1 and closed[ports[0]][0] == where:
            last = ports.pop(0)
        named = str(first) if first == last else f"{first}-{last}"
        peer = f" for {packet.source}" if packet.source and first in accepted else ""
        yield found(where, f"{packet.protocol} port {named} is closed{peer}", port=named,
                    range=named.replace("-", ":"), protocol=packet.protocol)


def engine_ports(host: "HostView") -> "dict[int, int]":
    """{number of a link: the UDP port on which the cluster engine listens}."""
    if host.engine == "cman":
        return {0: whole(clusterconf.attribute(host, "cman", "port")[0]) or _MCASTPORT}
    return {link: host.corosync.port(link) or _MCASTPORT for link in host.corosync.links}


def dlm_packets(host: "HostView") -> "list[Packet]":
    """The packets of dlm: over TCP those of the first link alone, which it uses."""
    protocol = dlm_rules.protocol(host)
    links = [0] if protocol == dlm_rules.TCP else sorted(engine_ports(host))
    return flows.cluster(host, protocol, {link: dlm_rules.PORT for link in links})


@rule("FIREWALL-COROSYNC", ERROR, "the firewall accepts the cluster engine's UDP packets",
      why="The nodes do not receive each other's packets: each takes the other for dead and fences "
          "it.", fix=_OPEN)
def corosync(host: "HostView") -> "Findings":
    packets = flows.cluster(host, "udp", engine_ports(host))
    return _closed(host, packets + [packet.but(destination=group) for packet in packets
                                    for group in _groups(host)])


def _is_multicast(host: "HostView") -> bool:
    """Whether the cluster engine uses multicast."""
    if host.engine != "cman":
        return host.corosync.transport == "udp"
    kind = clusterconf.attribute(host, "cman", "transport", "udp")[0]
    return kind != "udpu" and clusterconf.attribute(host, "cman", "broadcast", "no")[0] != "yes"


def _groups(host: "HostView") -> "list[Address]":
    """The multicast groups that are configured; of a computed one nothing is known."""
    if not _is_multicast(host):
        return []
    if host.engine == "cman":
        texts = [each.get("addr") for each in xml.elements(clusterconf.root(host), "multicast")]
    else:
        texts = [section.get("mcastaddr")
                 for section in host.corosync.totem.named("interface")]
    found = [flows.address(host, text) for text in texts if text]
    return [one for one in found if one is not None and one.is_multicast]


@rule("FIREWALL-MULTICAST", WARNING,
      "the firewall accepts IGMP if the cluster engine uses multicast",
      why="Switches stop forwarding a group's packets after some minutes if the host does not "
          "answer their IGMP queries: the cluster falls apart.",
      fix="accept it: `firewall-cmd --permanent --add-protocol=igmp` and `firewall-cmd --reload`; "
          "without firewalld put `ip protocol igmp accept` (nftables) or `-A INPUT -p igmp -j "
          "ACCEPT` (iptables) before what {file} rejects, and load the rules again")
def multicast(host: "HostView") -> "Findings":
    if not _is_multicast(host):
        raise Irrelevant()
    where = host.firewall.closed(Packet(protocol=IGMP, destination=_ALL_HOSTS))
    if where is not None:
        yield found(where, "igmp is closed")


@rule("FIREWALL-DRBD", ERROR, "the firewall accepts DRBD's TCP packets",
      why="DRBD does not connect: each node writes to its own copy, or waits.", fix=_OPEN)
def drbd(host: "HostView") -> "Findings":
    return _closed(host, flows.drbd(host))


@rule("FIREWALL-DLM", ERROR, "the firewall accepts dlm's packets",
      why="No lock is granted between the nodes: LVM commands hang.", fix=_OPEN)
def dlm(host: "HostView") -> "Findings":
    return _closed(host, dlm_packets(host))
