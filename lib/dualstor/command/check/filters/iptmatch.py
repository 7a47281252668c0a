# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of one iptables rule (iptables(8), iptables-extensions(8)).

Long options may be cut short as getopt_long(3) allows, and ``!`` may stand before or after one.
"""

from dualstor.command.check.filters import chains, ipset
from dualstor.command.check.filters import packet as packets
from dualstor.command.check.filters.packet import MAYBE, NO, UNKNOWN, YES, holds
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping, Sequence

    from dualstor.command.check.filters.packet import Packet

#: Short options and second names.
_SHORT = {"-p": "--protocol", "-s": "--source", "-d": "--destination", "-i": "--in-interface",
          "-o": "--out-interface", "-j": "--jump", "-g": "--goto", "-m": "--match",
          "-f": "--fragment", "-c": "--set-counters", "-4": "--ipv4", "-6": "--ipv6",
          "--proto": "--protocol", "--src": "--source", "--dst": "--destination",
          "--dport": "--destination-port", "--sport": "--source-port",
          "--dports": "--destination-ports", "--sports": "--source-ports",
          "--state": "--ctstate", "--set": "--recent-set"}
#: Options and how many values they have. What they compare is evaluated in _answer.
_VALUES = {"--protocol": 1, "--source": 1, "--destination": 1, "--in-interface": 1,
           "--destination-port": 1, "--destination-ports": 1, "--ports": 1, "--ctstate": 1,
           "--dst-type": 1, "--src-type": 1, "--pkt-type": 1, "--src-range": 1, "--dst-range": 1,
           "--match-set": 2, "--tcp-flags": 2, "--syn": 0, "--fragment": 0, "--icmp-type": 1,
           "--icmpv6-type": 1, "--ctdir": 1, "--ctstatus": 1, "--ctproto": 1, "--ipv4": 0,
           "--ipv6": 0, "--physdev-is-bridged": 0}
#: Options that restrict nothing, and how many values they have.
_PLAIN = {"--match": 1, "--set-counters": 2, "--comment": 1, "--jump": 1, "--goto": 1,
          "--return-nomatch": 0, "--limit-iface-in": 0, "--rsource": 0, "--rdest": 0, "--name": 1,
          "--mask": 1, "--limit-burst": 1, "--hashlimit-burst": 1, "--hashlimit-mode": 1,
          "--hashlimit-name": 1, "--hashlimit-htable-size": 1, "--hashlimit-htable-max": 1,
          "--hashlimit-htable-expire": 1, "--hashlimit-htable-gcinterval": 1, "--hashlimit-srcmask":
          1, "--hashlimit-dstmask": 1, "--connlimit-mask": 1, "--connlimit-saddr": 0,
          "--connlimit-daddr": 0, "--recent-set": 0, "--kerneltz": 0, "--loose": 0,
          "--validmark": 0, "--wait": 0}
#: Options that compare what is not known here, and how many values they have.
_UNSURE = {"--limit": 1, "--hashlimit": 1, "--hashlimit-upto": 1, "--hashlimit-above": 1,
           "--connlimit-above": 1, "--connlimit-upto": 1, "--rcheck": 0, "--update": 0,
           "--seconds": 1, "--hitcount": 1, "--reap": 0, "--rttl": 0, "--mark": 1,
           "--mac-source": 1, "--source-port": 1, "--source-ports": 1, "--timestart": 1,
           "--timestop": 1, "--datestart": 1, "--datestop": 1, "--weekdays": 1, "--monthdays": 1,
           "--utc": 0, "--length": 1, "--ttl-eq": 1, "--ttl-lt": 1, "--ttl-gt": 1, "--tos": 1,
           "--dscp": 1, "--dscp-class": 1, "--mss": 1, "--probability": 1, "--mode": 1,
           "--every": 1, "--packet": 1, "--hl-eq": 1, "--hl-lt": 1, "--hl-gt": 1, "--realm": 1,
           "--uid-owner": 1, "--out-interface": 1, "--quota": 1, "--tcp-option": 1}
#: Options of targets: what they do with a packet is known by the target.
_OF_TARGETS = {"--reject-with": 1, "--log-prefix": 1, "--log-level": 1, "--log-tcp-sequence": 0,
               "--log-tcp-options": 0, "--log-ip-options": 0, "--log-uid": 0, "--log-macdecode": 0,
               "--nflog-group": 1, "--nflog-prefix": 1, "--nflog-size": 1, "--nflog-range": 1,
               "--nflog-threshold": 1, "--set-mark": 1, "--set-xmark": 1, "--and-mark": 1,
               "--or-mark": 1, "--save-mark": 0, "--restore-mark": 0, "--nfmask": 1, "--ctmask": 1,
               "--add-set": 2, "--del-set": 2, "--exist": 0, "--timeout": 1, "--notrack": 0,
               "--zone": 1, "--helper": 1, "--clamp-mss-to-pmtu": 0, "--set-mss": 1,
               "--set-dscp": 1, "--set-dscp-class": 1, "--set-tos": 1, "--to-destination": 1,
               "--to-ports": 1, "--to-source": 1, "--random": 0, "--random-fully": 0,
               "--persistent": 0, "--type": 1, "--ulog-prefix": 1, "--ulog-nlgroup": 1,
               "--queue-num": 1, "--queue-balance": 1, "--queue-bypass": 0, "--queue-cpu-fanout": 0,
               "--gateway": 1, "--checksum-fill": 0, "--on-port": 1, "--on-ip": 1,
               "--tproxy-mark": 1, "--sack-perm": 0, "--timestamp": 0, "--wscale": 1}
_KNOWN = dict(_VALUES, **dict(_PLAIN, **dict(_UNSURE, **_OF_TARGETS)))
_LONG = sorted(set(_KNOWN) | {name for name in _SHORT if name.startswith("--")})

_VERDICTS = {"ACCEPT": chains.ACCEPT, "DROP": chains.DROP, "REJECT": chains.DROP,
             "TARPIT": chains.DROP, "RETURN": chains.RETURN}
_GOES_ON = frozenset(("LOG", "ULOG", "NFLOG", "MARK", "CONNMARK", "AUDIT", "TRACE", "CT",
                      "NOTRACK", "SET", "SECMARK", "CONNSECMARK", "CLASSIFY", "DSCP", "TOS", "TTL",
                      "HL", "TCPMSS", "TCPOPTSTRIP", "CHECKSUM", "RATEEST", "IDLETIMER", "LED",
                      "TEE", "ECN"))


def verdict(target: str, going: bool, own: "Sequence[str]") -> str:
    """What a target means.

    :param going: whether ``-g`` names it
    :param own: the names of the table's own chains
    """
    if target in own:
        return f"{chains.GOTO if going else chains.JUMP}{target}"
    if target in _GOES_ON:
        return chains.CONTINUE
    return _VERDICTS.get(target, chains.OBSCURE)


class Option(Record):
    """An option as it was written; ``values`` are its words."""

    name: str
    values: "tuple[str, ...]"
    negated: bool


def _long(word: str) -> str:
    """The full name of a long option that may be cut short."""
    if word in _SHORT:
        return _SHORT[word]
    if word in _KNOWN:
        return word
    begin = {_SHORT.get(name, name) for name in _LONG if name.startswith(word)}
    return begin.pop() if len(begin) == 1 else word


def options(words: "Sequence[str]") -> "list[Option]":
    """The Options in the words of a rule, after the name of the chain."""
    rest, found, negated = list(words), [], False
    while rest:
        word = rest.pop(0)
        if word == "!":
            negated = True
            continue
        given: "list[str]" = []
        if word.startswith("--") and "=" in word:
            word, _, value = word.partition("=")
            given = [value]
        elif word.startswith("-") and not word.startswith("--") and len(word) > 2:
            given, word = [word[2:]], word[:2]
        name = _long(word) if word.startswith("--") else _SHORT.get(word, word)
        if rest and rest[0] == "!" and len(rest) > 1 and not rest[1].startswith("-"):
            negated = not negated       # as in `-p ! tcp`
            rest.pop(0)
        count = _KNOWN.get(name)
        while rest and len(given) != count and (
                count is not None or not rest[0].startswith(("-", "!"))):
            given.append(rest.pop(0))
        found.append(Option(name=name, values=tuple(given), negated=negated))
        negated = False
    return found


def _address(text: str, address: "packets.Address | None") -> str:
    """As has_address for several addresses; the name of a host or network is UNKNOWN."""
    return packets.any_of(packets.has_address(part, address) for part in text.split(","))


def _ports(text: str, port: "int | None") -> str:
    return packets.any_of(packets.has_port(part, port) for part in text.split(","))


def _flags(mask: str, wanted: str) -> str:
    """Whether a packet that opens a TCP connection has these flags under a mask."""
    masked = {"SYN"} if mask == "ALL" or "SYN" in mask.split(",") else set()
    return holds(masked == (set(wanted.split(",")) - {"NONE"}))


def answer(option: Option, packet: "Packet", sets: "Mapping[str, ipset.IpSet]") -> str:
    """Whether a packet is as an option demands."""
    if option.name in _PLAIN or option.name in _OF_TARGETS:
        return YES
    if option.name not in _KNOWN or len(option.values) != _KNOWN[option.name]:
        return UNKNOWN
    found = MAYBE if option.name in _UNSURE else _answer(option, packet, sets)
    return packets.opposite(found) if option.negated else found


def _answer(option: Option, packet: "Packet", sets: "Mapping[str, ipset.IpSet]") -> str:
    name, value = option.name, option.values[0] if option.values else ""
    if name in ("--protocol", "--ctproto"):
        return holds(packets.protocol_name(value) in ("all", packet.protocol))
    if name in ("--source", "--src-range"):
        return (_address if name == "--source" else packets.has_address)(value, packet.source)
    if name in ("--destination", "--dst-range"):
        return (_address if name == "--destination" else packets.has_address)(
            value, packet.destination)
    if name == "--in-interface":
        return packets.is_interface(value, packet.interface, "+")
    if name in ("--destination-port", "--destination-ports", "--ports"):
        return NO if packet.port is None else _ports(value, packet.port)
    if name == "--ctstate":
        return holds(bool({"NEW", "UNTRACKED"} & set(value.split(","))) and "NEW" in value)
    if name in ("--dst-type", "--src-type"):
        mine = packet.casting.upper().replace("UNICAST", "LOCAL" if name == "--dst-type"
                                              else "UNICAST")
        return holds((mine if name == "--dst-type" else "UNICAST") in value.upper().split(","))
    if name == "--pkt-type":
        return holds(value.lower() == packet.casting)
    if name == "--match-set":
        return ipset.contains(sets, value, tuple(option.values[1].split(",")), packet)
    if name in ("--tcp-flags", "--syn"):
        mask, wanted = option.values if name == "--tcp-flags" else ("FIN,SYN,RST,ACK", "SYN")
        return NO if packet.protocol != packets.TCP else _flags(mask, wanted)
    if name == "--ctdir":
        return holds(value.upper() == "ORIGINAL")
    if name in ("--ipv4", "--ipv6"):
        return holds(packet.version == (4 if name == "--ipv4" else 6))
    return NO   # fragments, ICMP, a status that only later packets have
