# SPDX-License-Identifier: GPL-2.0-or-later
"""A packet that opens a connection, and whether it matches a condition of a packet filter.

Logic has four values: what a condition compares may be unknown (MAYBE), and a condition may be
one that is not understood (UNKNOWN). "No" is certain even next to a condition that is neither.
"""

import functools
import ipaddress
import re
import socket

from dualstor.record import Record, whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

YES, NO, MAYBE, UNKNOWN = "yes", "no", "maybe", "not understood"

TCP, UDP, IGMP = "tcp", "udp", "igmp"
LOOPBACK = "lo"

_PROTOCOLS = {"0": "all", "1": "icmp", "2": IGMP, "6": TCP, "17": UDP, "41": "ipv6", "47": "gre",
              "50": "esp", "51": "ah", "58": "icmpv6", "ipv6-icmp": "icmpv6", "112": "vrrp",
              "132": "sctp", "136": "udplite"}
_RANGE = re.compile(r"^([0-9]+)(?:[-:]([0-9]*))?$")
_LAST_PORT = 65535


class Packet(Record):
    """A packet from the peer; None is what is not known of it.

    ``protocol`` is TCP, UDP, IGMP or another word; ``port``: its destination.
    """

    protocol: str
    port: "int | None" = None
    source: "Address | None" = None
    destination: "Address | None" = None
    interface: "str | None" = None

    @property
    def version(self) -> int:
        """4 or 6, of IP."""
        known = self.source or self.destination
        return known.version if known else 4

    @property
    def casting(self) -> str:
        """"unicast", "multicast" or "broadcast", as nft and iptables call them."""
        if self.destination is None:
            return "unicast"
        if self.destination.is_multicast:
            return "multicast"
        return "broadcast" if str(self.destination) == "255.255.255.255" else "unicast"


def all_of(answers: "Iterable[str]") -> str:
    """Whether all of some conditions hold."""
    found = set(answers)
    return next((value for value in (NO, UNKNOWN, MAYBE) if value in found), YES)


def any_of(answers: "Iterable[str]") -> str:
    """Whether one of some conditions holds."""
    found = set(answers)
    return next((value for value in (YES, UNKNOWN, MAYBE) if value in found), NO)


def opposite(answer: str) -> str:
    """Whether a condition does not hold."""
    return {YES: NO, NO: YES}.get(answer, answer)


def holds(answer: bool) -> str:
    """YES or NO."""
    return YES if answer else NO


def protocol_name(text: str) -> str:
    """The name of a protocol, given by name or number."""
    return _PROTOCOLS.get(text.lower(), text.lower())


@functools.lru_cache(maxsize=1 << 14)
def _port(text: str) -> "int | None":
    """A port by number or by the name of its service; None if this host does not know it."""
    number = whole(text, 16) if text.startswith("0x") else whole(text)
    if number is None:
        try:
            return socket.getservbyname(text)
        except (OSError, ValueError):
            return None
    return number


def has_port(text: str, port: "int | None") -> str:
    """Whether "22", "ssh", "22-25", "22:25" or ":25" has a port."""
    low, sign, high = text, "", ""
    if _RANGE.match(text) or text.startswith((":", "-")):
        sign = next((mark for mark in text if mark in "-:"), "")
        low, _, high = text.partition(sign) if sign else (text, "", "")
    first = _port(low) if low else 0
    last = (_port(high) if high else _LAST_PORT) if sign else first
    if first is None or last is None:
        return UNKNOWN
    return MAYBE if port is None else holds(first <= port <= last)


@functools.lru_cache(maxsize=1 << 16)
def _addresses(text: str) -> "tuple[Address, Address] | None":
    """(first, last) of an address, a network or a range; None for something else."""
    try:
        if "-" in text:
            low, high = (ipaddress.ip_address(part.strip()) for part in text.split("-", 1))
            return low, high
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return network.network_address, network.broadcast_address


def has_address(text: str, address: "Address | None") -> str:
    """Whether "10.0.0.1", "10.0.0.0/8" or "10.0.0.1-10.0.0.9" has an address."""
    span = _addresses(text)
    if span is None:
        return UNKNOWN
    if address is None:
        return MAYBE
    return holds({address.version} == {each.version for each in span}
                 and span[0].packed <= address.packed <= span[1].packed)


def is_interface(text: str, interface: "str | None", wildcard: str = "*") -> str:
    """Whether an interface is the one of that name; *wildcard* ends a beginning of names."""
    open_end = text.endswith(wildcard)
    name = text[:-1] if open_end else text
    if interface is None:  # it is not the loopback interface: the packet is the peer's
        return NO if text == LOOPBACK else MAYBE
    return holds(interface.startswith(name) if open_end else interface == name)
