# SPDX-License-Identifier: GPL-2.0-or-later
"""The nodes of corosync.conf: ids, names, addresses, links.

Sources: exec/totemconfig.c of corosync 1.4.9, 2.4.6 and 3.1.9 (put_nodelist_members_to_config,
totem_config_validate, totem_volatile_config_validate); corosync.conf(5).
"""

from dualstor.command.check.rules.registry import ERROR, found, rule
from dualstor.command.check.view.corosync import KNET
from dualstor.command.check.view.seen import Irrelevant, Unavailable
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.where import Where
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.corosync import Corosync, RingAddress
    from dualstor.command.check.view.host import Address, HostView

#: Links that corosync can have, by version; knet has ids below _KNET_IDS.
_MOST_LINKS, _KNET_IDS = {1: 2, 2: 2, 3: 8}, 65536


@rule("COROSYNC-NODES", ERROR, "the node list has two nodes with unique ids and addresses",
      why="A node without a unique id is not admitted, or expels the other; two links with one "
          "address break together.",
      fix="give each of two `node {{ }}` sections in nodelist its own name, nodeid and addresses")
def nodes(host: "HostView") -> "Findings":
    if host.corosync.version < 2:
        raise Irrelevant()
    listed = host.corosync.nodes
    if host.corosync.version == 2 and not listed:
        return  # multicast finds the nodes
    if len(listed) != 2:
        yield found(host.corosync.parsed[0].first("nodelist").where,
                    f"{len(listed)} node section{'' if len(listed) == 1 else 's'}")
    yield from _ids(host.corosync)
    yield from _names(host.corosync)
    yield from _unique_addresses(host.corosync)


def _needs_id(corosync: "Corosync", index: int) -> bool:
    """Whether a node needs a nodeid: knet does, and IPv6; else its IPv4 address makes one."""
    texts = [one.text for one in corosync.addresses if one.node == index and one.link == 0]
    return corosync.transport == KNET or corosync.families == (6,) or any(":" in t for t in texts)


def _ids(corosync: "Corosync") -> "Findings":
    taken: "set[int]" = set()
    for index, node in enumerate(corosync.nodes):
        text = node.get("nodeid")
        number = whole(text, signed=True)
        if text is None and _needs_id(corosync, index):
            yield found(node.where, "nodeid is missing")
        elif number == 0:
            yield found(node.at("nodeid"), "nodeid is 0, which is reserved")
        elif number is not None and number in taken:
            yield found(node.at("nodeid"), f"nodeid is {text}, which another node has")
        elif number is not None and number >= _KNET_IDS and corosync.transport == KNET:
            yield found(node.at("nodeid"), f"nodeid is {text}; knet takes numbers below "
                                           f"{_KNET_IDS}")
        if number is not None:
            taken.add(number)


def _names(corosync: "Corosync") -> "Findings":
    """A node without a name, which corosync 3 refuses with several links; two with one."""
    taken: "set[str]" = set()
    for node in corosync.nodes:
        name = node.get("name")
        if name is None and corosync.version >= 3 and len(corosync.links) > 1:
            yield found(node.where, "name is missing; with several links each node needs one")
        elif name is not None and name in taken:
            yield found(node.at("name"), f"name is {name}, which another node has")
        taken.add(name or "")


def _unique_addresses(corosync: "Corosync") -> "Findings":
    with_address = {one.node for one in corosync.addresses}
    first = {one.node for one in corosync.addresses if one.link == 0}
    for index, node in enumerate(corosync.nodes):
        if index not in (with_address if corosync.version >= 3 else first):
            yield found(node.where, "ring0_addr is missing")
    taken: "dict[str, RingAddress]" = {}
    for one in corosync.addresses:
        other = taken.setdefault(_address(corosync, one.text), one)
        if other.node != one.node:
            yield found(one.where, f"ring{one.link}_addr is {one.text}, which another node has")
        elif other.link != one.link:
            yield found(one.where, f"ring{one.link}_addr is {one.text}, as ring{other.link}_addr")


def _address(corosync: "Corosync", text: str) -> str:
    """The address that a name has in /etc/hosts; else the text."""
    try:
        several = corosync.resolved(text)
    except Unavailable:
        return text.lower()
    return str(several[0]) if len(several) == 1 else text.lower()


@rule("COROSYNC-LINKS", ERROR, "corosync can use the links, and each node has all of them",
      why="corosync does not start with links that it cannot use, or that a node does not have.",
      fix="keep one link, as dlm needs it: remove ring1_addr and the second interface section on "
          "both hosts (without dlm: give every node the same links; corosync 1 and 2 need "
          "`rrp_mode: passive` for two)")
def links(host: "HostView") -> "Findings":
    corosync = host.corosync
    used, transport = corosync.links, corosync.transport
    last = _MOST_LINKS[corosync.version] - 1
    if used[-1] > last:
        yield found(_last(corosync), f"link {used[-1]}: corosync {corosync.version} has links 0 to "
                                     f"{last}")
    elif len(used) > 1 and corosync.version < 3:
        if corosync.totem.get("rrp_mode", "none") == "none":
            has = corosync.totem.get("rrp_mode") or "not set, which means none"
            yield found(corosync.totem.at("rrp_mode"), f"{len(used)} rings, and rrp_mode is {has}")
    elif len(used) > 1 and transport != KNET:
        yield found(_last(corosync), f"{len(used)} links; transport {transport} has one")
    listed = {one.link for one in corosync.addresses}
    for index, node in enumerate(corosync.nodes):
        own = {one.link for one in corosync.addresses if one.node == index}
        if own and own != listed:
            missing = ", ".join(f"ring{link}_addr" for link in sorted(listed - own))
            yield found(node.where, f"this node has no {missing}, which another has")
    for link in used if listed and corosync.version >= 3 else ():
        if link not in listed:
            yield found(corosync.interfaces[link].where, f"no node has ring{link}_addr, but there "
                                                         "is an interface section for it")
    yield from _families(corosync)


def _last(corosync: "Corosync") -> "Where":
    """Where the last link is."""
    last = corosync.links[-1]
    listed = [one.where for one in corosync.addresses if one.link == last]
    section = corosync.interfaces.get(last)
    return listed[-1] if listed else section.where if section else corosync.totem.where


def _families(corosync: "Corosync") -> "Findings":
    """Addresses of different families on one link."""
    for link in corosync.links:
        literal = [one for one in corosync.addresses if one.link == link and _family(one.text)]
        for one in literal[1:]:
            if _family(one.text) != _family(literal[0].text):
                yield found(one.where, f"{one.text} and {literal[0].text} on link {link} are not "
                                       "of one IP family")


def _family(text: str) -> int:
    """4 or 6; 0 for a name."""
    return 6 if ":" in text else 0 if text.strip("0123456789.") else 4


@rule("COROSYNC-RING", ERROR, "this host has the addresses of one of the nodes",
      why="corosync identifies itself in the node list by its addresses, and does not start "
          "otherwise; bound to the loopback interface it never sees the other node.",
      fix="set the addresses of each node to addresses of that host (`ip addr`); if a name "
          "resolves to a loopback address, remove it from that line of /etc/hosts")
def ring(host: "HostView") -> "Findings":
    corosync = host.corosync
    if not corosync.nodes or corosync.version < 2:
        raise Irrelevant()
    known, unknown = [], None
    for one in corosync.addresses:
        try:
            known.append((one, corosync.resolved(one.text)))
        except Unavailable as problem:
            unknown = unknown or problem
    for one, several in known:
        yield from _unusable(one, several)
    if unknown:
        raise unknown
    own = {i.ip for i in host.interfaces if not i.ip.is_loopback}
    mine = [one.node for one, several in known if own & set(several)]
    loopback = any(each.is_loopback for _, several in known for each in several)
    if not mine and not loopback:
        texts = ", ".join(sorted({one.text for one, _ in known}))
        yield found(corosync.nodes[0].at("ring0_addr"),
                    f"none of {texts} is an address of this host")
    for one, several in known:
        if one.node in mine[:1] and several and not own & set(several) \
                and not any(each.is_loopback for each in several):
            yield found(one.where, f"{one.text} is not an address of this host")


def _unusable(one: "RingAddress", several: "list[Address]") -> "Findings":
    """An address with which no node can be reached."""
    if not several:
        yield found(one.where, f"{one.text} has no address")
    for each in [each for each in several if each.is_loopback][:1]:
        yield found(one.where, f"{each} is a loopback address" if str(each) == one.text else
                    f"{one.text} is {each}, a loopback address, in /etc/hosts")
