# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync's network: addresses, transport, token, encryption."""

import ipaddress

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, NOTE, WARNING, found, rule
from dualstor.command.check.view.seen import Irrelevant, Unavailable
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.corosyncconf import CorosyncSection
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView, Network

_AUTHKEY = "/etc/corosync/authkey"
_TRANSPORTS = {1: ("udp", "udpu", "iba"), 2: ("udp", "udpu", "iba"), 3: ("knet", "udp", "udpu")}
#: Milliseconds: below, a busy host is taken for dead; above, locks wait too long for it.
_TOKEN_LEAST, _TOKEN_MOST = 1000, 30000


def _totem(host: "HostView") -> "CorosyncSection":
    return host.corosync_conf[0].first("totem")


def transport(host: "HostView") -> str:
    """The transport in use: "udp" (multicast), "udpu", "knet" or another word."""
    return _totem(host).get("transport") or ("knet" if host.corosync_version >= 3 else "udp")


def _addresses(node: "CorosyncSection") -> "list[str]":
    """The values of ring0_addr, ring1_addr ... of a node section."""
    return [value for key, (value, _) in node.values.items()
            if key.startswith("ring") and key.endswith("_addr")]


@rule("COROSYNC-BINDNETADDR", ERROR, "each interface section has a bindnetaddr",
      why="Without it corosync does not know which network to use and does not start.",
      fix="set `bindnetaddr:` to the network's address, e.g. 192.168.1.0, in the interface section")
def bindnetaddr(host: "HostView") -> "Findings":
    interfaces = _totem(host).named("interface")
    if host.corosync_nodes and host.corosync_version >= 2:
        return  # the node list has the addresses
    for section in interfaces:
        if section.get("bindnetaddr") is None:
            yield found(section.where, "no bindnetaddr")
    if not interfaces:
        yield found(_totem(host).where, "no interface section, and no node list")


@rule("COROSYNC-BINDNETADDR-NETWORK", ERROR,
      "bindnetaddr is the address of one of this host's networks",
      why="corosync binds to the loopback address without an error and receives nothing.",
      fix="set `bindnetaddr: {network}`")
def bindnetaddr_network(host: "HostView") -> "Findings":
    for section in _totem(host).named("interface"):
        text = section.get("bindnetaddr")
        if text is None:
            continue
        own = [i for i in host.interfaces if not i.ip.is_loopback]
        names = ", ".join(sorted({str(i.network.network_address) for i in own if i.version == 4}))
        try:
            wanted = ipaddress.ip_address(text)
        except ValueError:
            yield found(section.at("bindnetaddr"), f"{text} is no address", network=names)
            continue
        if any(wanted == i.network.network_address for i in own):
            continue
        near = [str(i.network.network_address) for i in own if wanted in i.network]
        what = "an address, not that of its network" if near else "no network of this host"
        yield found(section.at("bindnetaddr"), f"{text} is {what}",
                    network=near[0] if near else names)


@rule("COROSYNC-RING", ERROR, "this host has the addresses of one of the nodes",
      why="corosync identifies itself in the node list by its addresses, and does not start "
          "otherwise.",
      fix="set `ring0_addr` of this host's node to one of its addresses (`ip addr`)")
def ring(host: "HostView") -> "Findings":
    nodes = host.corosync_nodes
    if not nodes or host.corosync_version < 2:
        raise Irrelevant()
    own = {str(i.ip) for i in host.interfaces}
    rings = [[host.addresses.get(text, text) for text in _addresses(node)] for node in nodes]
    mine = [index for index, one in enumerate(rings) if own & set(one)]
    if not mine:
        listed = ", ".join(sorted(address for one in rings for address in one))
        yield found(nodes[0].at("ring0_addr"), f"none of {listed} is an address of this host")
    for index in mine[:1]:
        for text in rings[index]:
            if text not in own:
                yield found(nodes[index].where, f"{text} is not an address of this host")


def _links(host: "HostView") -> "list[Network]":
    """The networks of this host that corosync uses."""
    bound = [section.get("bindnetaddr") or "" for section in _totem(host).named("interface")]
    texts = [text for node in host.corosync_nodes for text in _addresses(node)]
    networks: "list[Network]" = []
    for text in bound + [host.addresses.get(text, text) for text in texts]:
        try:
            one = ipaddress.ip_address(text)
        except ValueError:
            continue
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
    for resource in host.resources:
        addresses = [one.ip for one in host.drbd_addresses(resource) if not one.ip.is_loopback]
        networks = [i.network for i in host.interfaces for ip in addresses if ip in i.network]
        if networks and not any(network in links for network in networks):
            yield found(_totem(host).where,
                        f"the ring is not on {networks[0]}, where resource {resource.name} "
                        "replicates", network=networks[0])


@rule("COROSYNC-MCASTADDR", ERROR, "the multicast address is valid",
      why="Packets to another address reach nobody, and each node forms a cluster of its own.",
      fix="set `mcastaddr: 239.192.0.1` (any of 239.192.0.0/14) in the interface section")
def mcastaddr(host: "HostView") -> "Findings":
    if transport(host) != "udp":
        raise Irrelevant()
    for section in _totem(host).named("interface"):
        text = section.get("mcastaddr")
        if text is None and (section.get("broadcast") == "yes" or host.corosync_version >= 2):
            continue
        try:
            good = ipaddress.ip_address(text or "").is_multicast
        except ValueError:
            good = False
        if not good:
            yield found(section.at("mcastaddr"), f"mcastaddr is {text or 'not set'}")


@rule("COROSYNC-TRANSPORT", ERROR, "this corosync supports the transport",
      why="corosync does not start with an unknown transport.",
      fix="set `transport: {transport}` in the totem section on both hosts")
def known_transport(host: "HostView") -> "Findings":
    known = _TRANSPORTS.get(host.corosync_version, _TRANSPORTS[3])
    word = transport(host)
    if word not in known:
        yield found(_totem(host).at("transport"),
                    f"transport is {word}; corosync {host.corosync_version} has "
                    f"{', '.join(known)}", transport=known[0])


@rule("COROSYNC-TOKEN", WARNING, "the token timeout is neither too short nor too long",
      why="If it is too short a busy host is taken for dead and fenced; if too long locks wait "
          "that long for a dead host.",
      fix="set `token: 3000` in the totem section on both hosts (milliseconds)")
def token(host: "HostView") -> "Findings":
    text = _totem(host).get("token")
    if text is None:
        return
    if not _TOKEN_LEAST <= (whole(text) or 0) <= _TOKEN_MOST:
        yield found(_totem(host).at("token"), f"token is {text} ms")


def _encrypts(host: "HostView") -> bool:
    """Whether corosync authenticates what it receives, by the old or the new options."""
    totem = _totem(host)
    cipher, mac = totem.get("crypto_cipher"), totem.get("crypto_hash")
    if totem.get("secauth") is not None and cipher is None and mac is None:
        return totem.get("secauth") in ("on", "yes")
    if cipher is None and mac is None:
        return host.corosync_version < 3  # there secauth is on by default
    return "none" not in (cipher or "aes256", mac or "sha256")


@rule("COROSYNC-CRYPTO", WARNING, "the nodes authenticate each other",
      why="Otherwise every host on that network can join the cluster, or fence its nodes.",
      fix="set `crypto_cipher: aes256` and `crypto_hash: sha256` (corosync 1: `secauth: on`) in "
          "the totem section, with transport knet in corosync 3, and make a key: `corosync-keygen`")
def crypto(host: "HostView") -> "Findings":
    if not _encrypts(host):
        yield found(_totem(host).where, "neither secauth nor crypto_cipher and crypto_hash are on")
    elif host.corosync_version >= 3 and transport(host) != "knet":
        yield found(_totem(host).at("transport"),
                    f"with transport {transport(host)} corosync 3 encrypts nothing")


@rule("COROSYNC-AUTHKEY", ERROR, "the cluster's key exists",
      why="With encryption on and no key, corosync does not start.",
      fix="`corosync-keygen` on one host, then copy {file} to the other, readable by root only")
def authkey(host: "HostView") -> "Findings":
    if _encrypts(host) and not host.kind(_AUTHKEY):
        yield found(Where(_AUTHKEY), "the file is missing")
