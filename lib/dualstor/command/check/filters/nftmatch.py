# SPDX-License-Identifier: GPL-2.0-or-later
"""What an nftables rule compares, whether it was written as text or as JSON.

A selector is a tuple of words as nft(8) has them, e.g. ("tcp", "dport") or ("meta", "iifname");
an element of a set is a tuple of texts, one for each selector that the rule concatenates.
"""

from dualstor.command.check.filters import packet as packets
from dualstor.command.check.filters.packet import MAYBE, NO, UNKNOWN, YES, holds
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping, Sequence, Tuple

    from dualstor.command.check.filters.packet import Packet
    Selector = Tuple[str, ...]
    Element = Tuple[str, ...]

#: Keys of ``meta`` that need not have that word before them.
BARE = frozenset(("iif", "iifname", "iiftype", "iifgroup", "iifkind", "oif", "oifname", "oiftype",
                  "oifgroup", "mark", "skuid", "skgid", "cgroup", "rtclassid", "pkttype",
                  "l4proto", "nfproto", "priority", "cpu", "nftrace", "length", "protocol",
                  "time", "day", "hour", "secpath", "ibrname", "obrname", "sdif", "sdifname"))
#: Headers with fields: {word: the protocol that they imply, or None}.
HEADERS = {"tcp": "tcp", "udp": "udp", "sctp": "sctp", "dccp": "dccp", "udplite": "udplite",
           "th": None, "ip": None, "ip6": None, "ether": None, "vlan": None, "arp": "arp",
           "icmp": "icmp", "icmpv6": "icmpv6", "igmp": "igmp", "ah": "ah", "esp": "esp",
           "comp": "comp"}
#: Fields whose word stands alone, and others that name more than one word.
FIELDS = frozenset((
    "dport", "sport", "saddr", "daddr", "protocol", "nexthdr", "flags", "type", "version",
    "hdrlength",
    "dscp", "ecn", "length", "id", "frag-off", "ttl", "checksum", "hoplimit", "flowlabel",
    "priority", "sequence", "ackseq", "doff", "window", "urgptr", "code", "mtu", "gateway", "pcp",
    "cfi", "dei", "vtag", "spi", "cpi", "mrt", "group", "taddr", "param-problem",
    "packet-too-big", "max-delay", "operation", "htype", "ptype"))
CT_KEYS = frozenset(("state", "status", "direction", "mark", "expiration", "helper", "label",
                     "count", "zone", "bytes", "packets", "avgpkt", "id", "secmark", "event",
                     "l3proto", "protocol", "proto-src", "proto-dst", "saddr", "daddr"))

_NUMBERED = {"ct state": {"1": "invalid", "2": "established", "4": "related", "8": "new",
                          "64": "untracked"}}
_FLAGS: "dict[Selector, frozenset[str]]" = {
    ("tcp", "flags"): frozenset(("syn",)), ("ct", "state"): frozenset(("new",)),
    ("ct", "status"): frozenset()}
_FLAG_BITS = {"0x1": "fin", "0x2": "syn", "0x4": "rst", "0x8": "psh", "0x10": "ack", "0x20": "urg",
              "0x02": "syn", "2": "syn"}
_PORTS = ("tcp", "udp", "sctp", "dccp", "udplite", "th")


def _named(name: str, selector: "Selector") -> str:
    return _NUMBERED.get(" ".join(selector), _FLAG_BITS).get(name, name)


def flags(selector: "Selector") -> "frozenset[str] | None":
    """The flags that a packet has which opens a connection; None if it is no such selector."""
    return _FLAGS.get(selector)


def implied(selector: "Selector", packet: "Packet") -> str:
    """Whether a packet has the header that a selector reads."""
    protocol = HEADERS.get(selector[0])
    if protocol is not None:
        return holds(packet.protocol == protocol)
    if selector[0] == "th":
        return holds(packet.protocol in _PORTS)
    if selector[0] in ("ip", "ip6"):
        return holds(packet.version == (6 if selector[0] == "ip6" else 4))
    return YES


def compare(selector: "Selector", text: str, packet: "Packet") -> str:
    """Whether what a selector reads of a packet is *text*: a value, a range, a prefix."""
    head, field = selector[0], selector[-1]
    if text == "*":
        return YES
    have = flags(selector)
    if have is not None:
        return holds(_named(text, selector) in have) if selector != ("ct", "status") else NO
    if field == "dport" and head in _PORTS:
        return packets.has_port(text, packet.port)
    if head in ("ip", "ip6") and field in ("saddr", "daddr"):
        return packets.has_address(text, packet.source if field == "saddr" else packet.destination)
    if selector in (("meta", "iifname"), ("meta", "iif")):
        return packets.is_interface(text, packet.interface)
    if selector in (("meta", "l4proto"), ("ip", "protocol"), ("ip6", "nexthdr")):
        return holds(packets.protocol_name(text) == packet.protocol)
    if selector == ("meta", "nfproto"):
        return holds(text in (("ipv6", "10") if packet.version == 6 else ("ipv4", "2")))
    if selector in (("meta", "protocol"), ("ether", "type")):
        return holds(text in (("ip6", "ipv6") if packet.version == 6 else ("ip", "ipv4")))
    if selector == ("meta", "pkttype"):
        casting = packet.casting
        return holds(text == ("host" if casting == "unicast" else casting) or text == casting)
    if selector == ("ct", "direction"):
        return holds(text in ("original", "0"))
    if selector == ("ct", "helper"):
        return NO
    if head == "fib":
        return _route(selector, text, packet)
    return MAYBE if _is_known(selector) else UNKNOWN


def _route(selector: "Selector", text: str, packet: "Packet") -> str:
    """As ``compare`` for the routing table: the peer is reached as usual, this host is local."""
    if selector[-1] == "type":
        if "daddr" in selector:
            return holds(text == ("local" if packet.casting == "unicast" else packet.casting))
        return holds(text == "unicast")
    if selector[-1] == "check":
        return holds(text in ("exists", "1", "true"))
    return {"missing": NO, "0": NO, "exists": YES}.get(text, MAYBE)


def _is_known(selector: "Selector") -> bool:
    """Whether it reads something of a packet that is not known here."""
    head, field = selector[0], selector[-1]
    if head == "meta":
        return field in BARE
    if head == "ct":
        return field in CT_KEYS
    return head in HEADERS or head in ("exthdr", "rt", "socket", "numgen", "tcp option",
                                       "ip option", "osf", "hash", "raw", "ipsec", "tunnel")


class Set(Record):
    """A set, map or list of values. ``changing``: packets or time change it.

    ``verdicts``: of a verdict map, one for each element. ``obscure``: it is not understood.
    """

    elements: "tuple[Element, ...]" = ()
    verdicts: "tuple[str, ...]" = ()
    changing: bool = False
    obscure: bool = False


class Match(Record):
    """A comparison; ``op`` is "==", "!=", or "&" with a ``mask`` of flags before either.

    ``name``: of the set that holds the values, otherwise they are in ``values``.
    """

    selectors: "tuple[Selector, ...]"
    values: "tuple[Element, ...]" = ()
    negated: bool = False
    name: "str | None" = None
    mask: "tuple[str, ...] | None" = None

    def fits(self, packet: "Packet", sets: "Mapping[str, Set]") -> str:
        """Whether it matches."""
        present = packets.all_of(implied(selector, packet) for selector in self.selectors)
        if present == NO:
            return NO
        if self.mask is not None:
            answer = self._masked(packet)
        elif self.name is not None:
            answer = member(sets.get(self.name), self.selectors, packet)
        else:
            answer = packets.any_of(element(self.selectors, each, packet) for each in self.values)
        return packets.opposite(answer) if self.negated else answer

    def _masked(self, packet: "Packet") -> str:
        """As ``fits`` for flags under a mask; other masks are for what is not known anyway."""
        have = flags(self.selectors[0])
        if have is None:
            return MAYBE if compare(self.selectors[0], "0", packet) == MAYBE else UNKNOWN
        mask = {_named(flag, self.selectors[0]) for flag in self.mask or ()}
        wanted = [frozenset(_named(flag, self.selectors[0]) for flag in value) - {"0", "0x0"}
                  for value in self.values]
        return packets.any_of(holds(have & mask == each) for each in wanted)


def element(selectors: "Sequence[Selector]", values: "Element", packet: "Packet") -> str:
    """Whether what some selectors read of a packet is an element."""
    if len(values) != len(selectors):
        return UNKNOWN
    return packets.all_of(compare(selector, text, packet)
                          for selector, text in zip(selectors, values))


def member(found: "Set | None", selectors: "Sequence[Selector]", packet: "Packet") -> str:
    """Whether what some selectors read of a packet is in a set."""
    if found is None or found.obscure:
        return UNKNOWN
    answer = packets.any_of(element(selectors, each, packet) for each in found.elements)
    return MAYBE if found.changing and answer == NO else answer
