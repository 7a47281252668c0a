# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync's network: addresses, transport, timeouts."""

import ipaddress
import re

from dualstor.command.check.rules.registry import ERROR, NOTE, WARNING, found, rule
from dualstor.command.check.view.seen import Irrelevant, Unavailable
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.corosyncconf import CorosyncSection
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.corosync import Corosync
    from dualstor.command.check.view.host import HostView, Network

_TRANSPORTS = {1: ("udp", "udpu", "iba"), 2: ("udp", "udpu", "iba"), 3: ("knet", "udp", "udpu")}
#: Milliseconds: below, a busy host is taken for dead; above, locks wait too long for it.
_TOKEN_LEAST, _TOKEN_MOST = 1000, 30000
#: Below, corosync refuses a timeout; the default of join, in milliseconds.
_LEAST, _JOIN = 30, 50
#: Below, corosync refuses the time for which a node holds the token, given or derived.
_LEAST_HOLD = {1: 30, 2: 30, 3: 14}


def transport(host: "HostView") -> str:
    """The transport in use: "udp" (multicast), "udpu", "knet" or another word."""
    return host.corosync.transport


def _interfaces(host: "HostView") -> "list[CorosyncSection]":
    return host.corosync.totem.named("interface")


@rule("COROSYNC-BINDNETADDR", ERROR, "each interface section has a bindnetaddr",
      why="Without it corosync does not know which network to use and does not start.",
      fix="set `bindnetaddr:` to the network's address, e.g. 192.168.1.0, in the interface section "
          "(corosync 1: `mcastport: 5405`, too)")
def bindnetaddr(host: "HostView") -> "Findings":
    if host.corosync.nodes and host.corosync.version >= 2:
        return  # the node list has the addresses
    for section in _interfaces(host):
        if section.get("bindnetaddr") is None:
            yield found(section.where, "no bindnetaddr")
        if host.corosync.version == 1 and not whole(section.get("mcastport")):
            yield found(section.at("mcastport"), "no mcastport, which corosync 1 needs")
    if not _interfaces(host):
        yield found(host.corosync.totem.where, "no interface section, and no node list")


@rule("COROSYNC-BINDNETADDR-NETWORK", ERROR, "bindnetaddr is in one of this host's networks",
      why="corosync binds to the loopback address without an error and receives nothing.",
      fix="set `bindnetaddr: {network}`")
def bindnetaddr_network(host: "HostView") -> "Findings":
    if host.corosync.addresses:
        return  # corosync 2.4.3 and later take the addresses from the node list
    for section in _interfaces(host):
        text = section.get("bindnetaddr")
        if text is None:
            continue
        own = [i for i in host.interfaces if not i.ip.is_loopback]
        names = ", ".join(sorted({str(i.network.network_address) for i in own if i.version == 4}))
        try:
            wanted = host.corosync.resolved(text)
        except Unavailable:
            wanted = []
        if not wanted:
            yield found(section.at("bindnetaddr"), f"{text} is no address", network=names)
        elif not any(wanted[0] in i.network for i in own):  # any address in it: it is masked
            yield found(section.at("bindnetaddr"), f"{text} is no network of this host",
                        network=names)


def _links(host: "HostView") -> "list[Network]":
    """The networks of this host that corosync uses."""
    bound = [section.get("bindnetaddr") or "" for section in _interfaces(host)]
    texts = [one.text for one in host.corosync.addresses]
    networks: "list[Network]" = []
    for text in texts or bound:
        for one in host.corosync.resolved(text) if text else ():
            networks += [i.network for i in host.interfaces if one in i.network]
    return networks


@rule("COROSYNC-RING-REPLICATION", NOTE, "the ring and DRBD's replication share a network",
      why="If they are separate, a broken cable of either gets a healthy node fenced; a bond of "
          "both links survives it.",
      fix="make one bond of both links, with the addresses of the ring and of {network} on it; add "
          "no second ring, as dlm supports only one link")
def on_replication(host: "HostView") -> "Findings":
    links = _links(host)
    if not links:
        raise Unavailable("corosync.conf names no network of this host")
    apart: "dict[str, list[str]]" = {}      # by network: a link of many resources is named once
    for resource in host.resources:
        addresses = [one.ip for one in host.drbd_addresses(resource) if not one.ip.is_loopback]
        networks = [i.network for i in host.interfaces for ip in addresses if ip in i.network]
        if networks and not any(network in links for network in networks):
            apart.setdefault(f"{networks[0]}", []).append(resource.name)
    for network, names in apart.items():
        who = f"resource {names[0]} replicates" if len(names) == 1 else \
            f"resources {', '.join(names)} replicate"
        yield found(host.corosync.totem.where, f"the ring is not on {network}, where {who}",
                    network=network)


@rule("COROSYNC-MCASTADDR", ERROR, "the multicast address is valid",
      why="Without one corosync does not start; packets to another address reach nobody, and each "
          "node forms a cluster of its own.",
      fix="set `mcastaddr: 239.192.0.1` (any of 239.192.0.0/14) in the interface section; for a "
          "second ring another one, or a mcastport that is higher by 2")
def mcastaddr(host: "HostView") -> "Findings":
    corosync = host.corosync
    if corosync.transport != "udp":
        raise Irrelevant()
    sections = _interfaces(host)
    if any(section.get("broadcast") == "yes" for section in sections):
        return
    for section in sections:
        text = section.get("mcastaddr")
        if text is None and corosync.version >= 2 and corosync.totem.get("cluster_name"):
            continue    # it is made of the name
        try:
            good = ipaddress.ip_address(text or "").is_multicast
        except ValueError:
            good = False
        if not good:
            yield found(section.at("mcastaddr"), f"mcastaddr is {text or 'not set'}")
    if not sections and corosync.nodes and not corosync.totem.get("cluster_name"):
        yield found(corosync.totem.where, "neither mcastaddr nor cluster_name is set")
    yield from _same_group(corosync, sections)


def _same_group(corosync: "Corosync", sections: "list[CorosyncSection]") -> "Findings":
    """Two rings with one address and neighbouring ports, of which each takes two."""
    groups = [(section.get("mcastaddr"), whole(section.get("mcastport", "5405")), section)
              for section in sections]
    for index, (group, port, _) in enumerate(groups):
        for other, its_port, section in groups[index + 1:]:
            if group is not None and group == other and port is not None \
                    and its_port is not None and abs(port - its_port) <= 1:
                yield found(section.at("mcastaddr"), f"two rings have mcastaddr {group} and ports "
                                                     f"{port} and {its_port}")


@rule("COROSYNC-TRANSPORT", ERROR, "this corosync supports the transport",
      why="corosync does not start with an unknown transport, or uses its default (2 and 3.0).",
      fix="set `transport: {transport}` in the totem section on both hosts")
def known_transport(host: "HostView") -> "Findings":
    known, word = _TRANSPORTS[host.corosync.version], host.corosync.transport
    if word not in known:
        yield found(host.corosync.totem.at("transport"),
                    f"transport is {word}; corosync {host.corosync.version} has "
                    f"{', '.join(known)}", transport=known[0])


@rule("COROSYNC-TOKEN", WARNING, "the token timeout is neither too short nor too long",
      why="If it is too short a busy host is taken for dead and fenced; if too long locks wait "
          "that long for a dead host.",
      fix="set `token: 3000` in the totem section on both hosts (milliseconds)")
def token(host: "HostView") -> "Findings":
    number = _milliseconds(host.corosync, "token")
    if number and not _TOKEN_LEAST <= number <= _TOKEN_MOST:
        yield found(host.corosync.totem.at("token"), f"token is {number} ms")


def _milliseconds(corosync: "Corosync", key: str) -> "int | None":
    """A timeout of the totem section; None if there is none. 0 stands for the default."""
    text = corosync.totem.get(key) or ""
    if corosync.version == 1:   # atoi
        match = re.match(r"[0-9]{1,9}", text)
        text = match.group() if match else ""
    return whole(text, signed=True) or None


@rule("COROSYNC-TIMEOUTS", ERROR, "corosync accepts the timeouts",
      why="corosync does not start with timeouts that are too short or contradict each other.",
      fix="remove {option} from the totem section on both hosts, or set it to its default: token "
          "3000, join 50; the others follow token")
def timeouts(host: "HostView") -> "Findings":
    corosync = host.corosync
    if corosync.accepted:
        return
    for key in ("token", "token_retransmit", "join", "consensus", "merge", "downcheck",
                "max_network_delay"):
        number = _milliseconds(corosync, key)
        if number is not None and number < _LEAST:
            yield found(corosync.totem.at(key), f"{key} is {number} ms; corosync takes {_LEAST} ms "
                                                "and more", option=key)
            return
    token_ms = _milliseconds(corosync, "token") or (3000 if corosync.version >= 3 else 1000)
    tries = _milliseconds(corosync, "token_retransmits_before_loss_const") or 4
    retransmit = _milliseconds(corosync, "token_retransmit") or token_ms * 5 // (tries * 5 + 1)
    hold = _milliseconds(corosync, "hold") or retransmit * 4 // 5 - 10
    if retransmit < _LEAST or hold < _LEAST_HOLD[corosync.version]:
        key = next((key for key in ("hold", "token_retransmit", "token",
                                    "token_retransmits_before_loss_const")
                    if corosync.totem.get(key)), "token")
        yield found(corosync.totem.at(key), f"token {token_ms} ms with {tries} retransmissions "
                    f"leaves {retransmit} ms for each, and {hold} ms to hold it", option=key)
    join = _milliseconds(corosync, "join") or _JOIN
    consensus = _milliseconds(corosync, "consensus") or token_ms * 6 // 5
    if consensus < join:
        key = "consensus" if corosync.totem.get("consensus") else "join"
        yield found(corosync.totem.at(key), f"consensus is {consensus} ms and join {join} ms; "
                                            "consensus must not be shorter", option=key)
