# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the firewall accepts the packets of corosync, DRBD and dlm."""


from dualstor.command.check.rules import dlm as dlm_rules
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view import clusterconf
from dualstor.command.check.view.seen import Irrelevant
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView

_OPEN = "open {port}/{protocol} between the two hosts, e.g. `firewall-cmd --permanent " \
        "--add-port={port}/{protocol}` and `firewall-cmd --reload`"
_MCASTPORT = 5405


def _closed(host: "HostView", protocol: str, ports: "set[int]") -> "Findings":
    """A finding for each of *ports* that is closed."""
    for port in sorted(ports):
        where = host.firewall.closed(protocol, port)
        if where is not None:
            yield found(where, f"{protocol} port {port} is closed", port=port, protocol=protocol)


def _engine_ports(host: "HostView") -> "set[int]":
    """The UDP ports on which the cluster engine listens."""
    if host.engine == "cman":
        text = clusterconf.attribute(host, "cman", "port")[0]
        return {whole(text) or _MCASTPORT}
    numbers = [host.corosync.port(link) for link in host.corosync.links]
    return {number for number in numbers if number is not None} or {_MCASTPORT}


@rule("FIREWALL-COROSYNC", ERROR, "the firewall accepts the cluster engine's UDP packets",
      why="The nodes do not receive each other's packets: each takes the other for dead and fences "
          "it.", fix=_OPEN)
def corosync(host: "HostView") -> "Findings":
    return _closed(host, "udp", _engine_ports(host))


@rule("FIREWALL-MULTICAST", WARNING,
      "the firewall accepts IGMP if the cluster engine uses multicast",
      why="Switches stop forwarding a group's packets after some minutes if the host does not "
          "answer their IGMP queries: the cluster falls apart.",
      fix="accept the protocol igmp permanently, e.g. `iptables -I INPUT -p igmp -j ACCEPT`")
def multicast(host: "HostView") -> "Findings":
    if host.engine == "cman":
        kind = clusterconf.attribute(host, "cman", "transport", "udp")[0]
        broadcast = clusterconf.attribute(host, "cman", "broadcast", "no")[0]
        if kind == "udpu" or broadcast == "yes":
            raise Irrelevant()
    elif host.corosync.transport != "udp":
        raise Irrelevant()
    where = host.firewall.closed("igmp")
    if where is not None:
        yield found(where, "igmp is closed")


@rule("FIREWALL-DRBD", ERROR, "the firewall accepts DRBD's TCP packets",
      why="DRBD does not connect: each node writes to its own copy, or waits.", fix=_OPEN)
def drbd(host: "HostView") -> "Findings":
    ports: "set[int]" = set()
    for resource in host.resources:
        ports |= {one.port for one in host.drbd_addresses(resource) if one.tcp}
    return _closed(host, "tcp", ports)


@rule("FIREWALL-DLM", ERROR, "the firewall accepts dlm's packets",
      why="No lock is granted between the nodes: LVM commands hang.", fix=_OPEN)
def dlm(host: "HostView") -> "Findings":
    return _closed(host, dlm_rules.protocol(host), {dlm_rules.PORT})
