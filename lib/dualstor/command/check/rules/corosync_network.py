# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync's network: addresses, transport, token, encryption."""

import ipaddress

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.drbd_host import address
from dualstor.command.check.rules.registry import ERROR, NOTE, WARNING, found, rule
from dualstor.command.check.view.seen import Irrelevant, Unavailable
from dualstor.record import whole

_AUTHKEY = "/etc/corosync/authkey"
_TRANSPORTS = {1: ("udp", "udpu", "iba"), 2: ("udp", "udpu", "iba"), 3: ("knet", "udp", "udpu")}
#: Milliseconds: below, a busy host is taken for dead; above, locks wait too long for it.
_TOKEN_LEAST, _TOKEN_MOST = 1000, 30000


def _totem(host):
    return host.corosync_conf[0].first("totem")


def transport(host):
    """The transport in use: "udp" (multicast), "udpu", "knet" or another word."""
    return _totem(host).get("transport") or ("knet" if host.corosync_version >= 3 else "udp")


def _nodes(host):
    return host.corosync_conf[0].first("nodelist").named("node")


@rule("COROSYNC-BINDNETADDR", ERROR, "each interface section has a bindnetaddr",
      why="corosync does not know on which network to talk and does not start.",
      fix="set `bindnetaddr:` to the network's address, e.g. 192.168.1.0, in the interface section")
def bindnetaddr(host):
    interfaces = _totem(host).named("interface")
    if _nodes(host) and host.corosync_version >= 2:
        return  # the node list has the addresses
    for section in interfaces:
        if section.get("bindnetaddr") is None:
            yield found(section.where, "no bindnetaddr")
    if not interfaces:
        yield found(_totem(host).where, "no interface section, and no node list")


@rule("COROSYNC-BINDNETADDR-NETWORK", ERROR,
      "bindnetaddr is the address of a network that this host is in",
      why="corosync binds to the loopback address in silence and hears nobody.",
      fix="set `bindnetaddr: {network}`")
def bindnetaddr_network(host):
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
        yield found(section.at("bindnetaddr"), "%s is %s" % (
            text, "an address, not that of its network" if near
            else "no network of this host"), network=near[0] if near else names)


@rule("COROSYNC-RING", ERROR, "this host has the addresses of one of the nodes",
      why="corosync finds itself in the node list by its addresses; it does not start otherwise.",
      fix="set `ring0_addr` of this host's node to one of its addresses (`ip addr`)")
def ring(host):
    nodes = _nodes(host)
    if not nodes or host.corosync_version < 2:
        raise Irrelevant()
    own = {str(i.ip) for i in host.interfaces}
    rings = [[host.addresses.get(node.get(key), node.get(key)) for key in node.values
              if key.startswith("ring") and key.endswith("_addr")] for node in nodes]
    mine = [index for index, one in enumerate(rings) if own & set(one)]
    if not mine:
        yield found(nodes[0].at("ring0_addr"), "none of "
                                               f"{', '.join(sorted(a for one in rings for a in one))} "
                                               "is an address of this host")
    for index in mine[:1]:
        for text in rings[index]:
            if text not in own:
                yield found(nodes[index].where, f"{text} is not an address of this host")


def _links(host):
    """The networks of this host that corosync talks on."""
    bound = [section.get("bindnetaddr") for section in _totem(host).named("interface")]
    texts = [v for node in _nodes(host) for k, (v, _) in node.values.items()
             if k.startswith("ring") and k.endswith("_addr")]
    found_networks = []
    for text in bound + [host.addresses.get(text, text) for text in texts]:
        try:
            one = ipaddress.ip_address(text or "")
        except ValueError:
            continue
        found_networks += [i.network for i in host.interfaces if one in i.network]
    return found_networks


@rule("COROSYNC-RING-REPLICATION", NOTE, "the ring and DRBD's replication share a network",
      why="Apart, a broken cable of either has a healthy node fenced; on one bond of both links "
          "nothing happens.",
      fix="make one bond of both links, with the addresses of the ring and of {network} on it; "
          "add no second ring, as dlm wants one link only")
def on_replication(host):
    links = _links(host)
    if not links:
        raise Unavailable("corosync.conf names no network of this host")
    for resource in host.resources:
        own = resource.configuration.host(host.name)
        parsed = address(own.address) if own else None
        networks = [i.network for i in host.interfaces if parsed and parsed[0] in i.network]
        if networks and not any(network in links for network in networks):
            yield found(host.corosync_conf[0].first("totem").where,
                        f"the ring is not on {networks[0]}, where resource {resource.name} "
                        "replicates", network=networks[0])


@rule("COROSYNC-MCASTADDR", ERROR, "multicast has an address and a port",
      why="Packets to another address reach nobody, and each node forms a cluster of its own.",
      fix="set `mcastaddr: 239.192.0.1` (any of 239.192.0.0/14) in the interface section")
def mcastaddr(host):
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


@rule("COROSYNC-TRANSPORT", ERROR, "the transport is one that this corosync has",
      why="corosync does not start with a transport that it does not know.",
      fix="set `transport: {transport}` in the totem section on both hosts")
def known_transport(host):
    known = _TRANSPORTS.get(host.corosync_version, _TRANSPORTS[3])
    word = transport(host)
    if word not in known:
        yield found(_totem(host).at("transport"), f"transport is {word}; corosync "
                                                  f"{host.corosync_version} has "
                                                  f"{', '.join(known)}", transport=known[0])


@rule("COROSYNC-TOKEN", WARNING, "the token's time is neither too short nor too long",
      why="With a short one a busy host is taken for dead and fenced; with a long one locks wait "
          "that long for a host that is.",
      fix="set `token: 3000` in the totem section on both hosts (milliseconds)")
def token(host):
    text = _totem(host).get("token")
    if text is None:
        return
    if not _TOKEN_LEAST <= (whole(text) or 0) <= _TOKEN_MOST:
        yield found(_totem(host).at("token"), f"token is {text} ms")


def _encrypts(host):
    """Whether corosync authenticates what it hears; what both the old and new words say."""
    totem = _totem(host)
    cipher, mac = totem.get("crypto_cipher"), totem.get("crypto_hash")
    if totem.get("secauth") is not None and cipher is None and mac is None:
        return totem.get("secauth") in ("on", "yes")
    if cipher is None and mac is None:
        return host.corosync_version < 3  # secauth was on there unless told otherwise
    return "none" not in (cipher or "aes256", mac or "sha256")


@rule("COROSYNC-CRYPTO", WARNING, "nodes authenticate each other",
      why="Otherwise every host of that network can join the cluster, or fence its nodes.",
      fix="set `crypto_cipher: aes256` and `crypto_hash: sha256` (corosync 1: `secauth: on`) in "
          "the totem section, with transport knet in corosync 3, and make a key: `corosync-keygen`")
def crypto(host):
    if not _encrypts(host):
        yield found(_totem(host).where, "neither secauth nor crypto_cipher and crypto_hash are on")
    elif host.corosync_version >= 3 and transport(host) != "knet":
        yield found(_totem(host).at("transport"), f"with transport {transport(host)} corosync 3 "
                                                  "encrypts nothing")


@rule("COROSYNC-AUTHKEY", ERROR, "the key of the cluster is there",
      why="corosync does not start with encryption on and no key.",
      fix="`corosync-keygen` on one host, then copy {file} to the other, readable by root only")
def authkey(host):
    if _encrypts(host) and not host.kind(_AUTHKEY):
        yield found(Where(_AUTHKEY), "it is not there", file=_AUTHKEY)
