# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the packets of corosync, DRBD and dlm get in."""

import re

from dualstor.command.check.rules import dlm as dlm_rules
from dualstor.command.check.rules.corosync_network import transport
from dualstor.command.check.rules.drbd_host import address
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view import clusterconf
from dualstor.command.check.view.seen import Irrelevant
from dualstor.record import whole

_OPEN = "open {port}/{protocol} between the two hosts, e.g. `firewall-cmd --permanent " \
        "--add-port={port}/{protocol}` and `firewall-cmd --reload`"
_MCASTPORT, _DLM = 5405, 21064


def _closed(host, protocol, ports):
    """A finding's parts for each of *ports* that is closed."""
    for port in sorted(ports):
        where = host.firewall.closed(protocol, port)
        if where is not None:
            yield where, port


def _engine_ports(host):
    """The UDP ports on which the cluster engine hears."""
    if host.engine == "cman":
        text = clusterconf.attribute(host, "cman", "port", str(_MCASTPORT))[0]
        return {_MCASTPORT if whole(text) is None else whole(text)}
    links = {section.get("mcastport", str(_MCASTPORT))
             for section in host.corosync_conf[0].first("totem").named("interface")}
    ports = {whole(text) for text in links} - {None} or {_MCASTPORT}
    if transport(host) == "knet":  # each link has the next port
        nodes = host.corosync_conf[0].first("nodelist").named("node")
        rings = {key for node in nodes for key in node.values if re.match("^ring[0-7]_addr$", key)}
        ports |= {_MCASTPORT + whole(key[4]) for key in rings}
    return ports


@rule("FIREWALL-COROSYNC", ERROR, "the cluster engine's UDP packets get in",
      why="The nodes do not hear each other: each takes the other for dead and fences it.",
      fix=_OPEN)
def corosync(host):
    for where, port in _closed(host, "udp", _engine_ports(host)):
        yield found(where, f"udp port {port} is closed", port=port, protocol="udp")


@rule("FIREWALL-MULTICAST", WARNING, "IGMP gets in where the cluster engine uses multicast",
      why="Switches drop a group's packets after some minutes when the host does not answer their "
          "IGMP queries: the cluster falls apart.",
      fix="let the protocol igmp in, e.g. `iptables -I INPUT -p igmp -j ACCEPT`, and keep it")
def multicast(host):
    if host.engine == "cman":
        kind = clusterconf.attribute(host, "cman", "transport", "udp")[0]
        broadcast = clusterconf.attribute(host, "cman", "broadcast", "no")[0]
        if kind == "udpu" or broadcast == "yes":
            raise Irrelevant()
    elif transport(host) != "udp":
        raise Irrelevant()
    where = host.firewall.closed("igmp")
    if where is not None:
        yield found(where, "igmp is closed")


@rule("FIREWALL-DRBD", ERROR, "DRBD's TCP packets get in",
      why="DRBD does not connect: each node writes to its own copy, or waits.", fix=_OPEN)
def drbd(host):
    ports = set()
    for resource in host.resources:
        own = resource.configuration.host(host.name)
        parsed = address(own.address) if own else None
        if parsed:
            ports.add(parsed[1])
    for where, port in _closed(host, "tcp", ports):
        yield found(where, f"tcp port {port} is closed", port=port, protocol="tcp")


@rule("FIREWALL-DLM", ERROR, "dlm's packets get in",
      why="No lock is granted between the nodes: LVM's commands hang.", fix=_OPEN)
def dlm(host):
    protocol = dlm_rules.protocol(host)
    for where, port in _closed(host, protocol, {_DLM}):
        yield found(where, f"{protocol} port {port} is closed", port=port, protocol=protocol)
