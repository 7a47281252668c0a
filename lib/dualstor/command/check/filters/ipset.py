# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets of addresses and ports, as ``ipset save`` prints them (ipset(8))."""

from dualstor.command.check.filters import packet as packets
from dualstor.command.check.filters.packet import MAYBE, UNKNOWN
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping

    from dualstor.command.check.filters.packet import Packet

_PARTS = ("ip", "net", "port", "iface", "mac", "mark")


class IpSet(Record):
    """A set: ``parts`` as in its type, "hash:ip,port"; ``changing``: its elements expire."""

    parts: "tuple[str, ...]"
    entries: "tuple[str, ...]" = ()
    holes: "tuple[str, ...]" = ()      # what is not in it though an entry has it
    members: "tuple[str, ...]" = ()    # of a list of sets
    changing: bool = False


def parse(text: str) -> "dict[str, IpSet]":
    """The sets by name."""
    found: "dict[str, IpSet]" = {}
    entries: "dict[str, list[str]]" = {}
    holes: "dict[str, list[str]]" = {}
    for line in text.split("\n"):
        words = [word.strip('"') for word in line.split()]
        if words[:1] == ["create"] and len(words) > 2:
            kind = words[2].partition(":")[2]
            found[words[1]] = IpSet(parts=tuple(kind.split(",")), changing="timeout" in words)
        elif words[:1] == ["add"] and len(words) > 2:
            to = holes if "nomatch" in words else entries
            to.setdefault(words[1], []).append(words[2])
    for name, one in found.items():
        field = "members" if one.parts == ("set",) else "entries"
        found[name] = one.but(**{field: tuple(entries.get(name, ())),
                                 "holes": tuple(holes.get(name, ()))})
    return found


def _has(text: str, parts: "tuple[str, ...]", sides: "tuple[str, ...]", packet: "Packet") -> str:
    """Whether an entry is about a packet."""
    values = text.split(",")
    if len(values) != len(parts) or len(sides) < len(parts):
        return UNKNOWN
    answers = []
    for value, part, side in zip(values, parts, sides):
        if part in ("ip", "net"):
            address = packet.source if side == "src" else packet.destination
            answers.append(packets.has_address(value, address))
        elif part == "port":
            kind, colon, port = value.partition(":")
            kind, port = (kind, port) if colon else ("tcp", value)
            answers.append(packets.holds(not colon or packets.protocol_name(kind)
                                         == packet.protocol))
            answers.append(packets.has_port(port, packet.port) if side == "dst" else MAYBE)
        elif part == "iface":
            answers.append(packets.is_interface(value, packet.interface))
        else:
            answers.append(MAYBE if part in _PARTS else UNKNOWN)
    return packets.all_of(answers)


def contains(sets: "Mapping[str, IpSet]", name: str, sides: "tuple[str, ...]",
             packet: "Packet", depth: int = 0) -> str:
    """Whether a set contains what a packet has on these sides ("src" or "dst").

    :returns: UNKNOWN also for a set that is not known
    """
    if name not in sets or depth > 2:
        return UNKNOWN
    found = sets[name]
    answers = [contains(sets, inner, sides, packet, depth + 1) for inner in found.members]
    answers += [_has(entry, found.parts, sides, packet) for entry in found.entries]
    answer = packets.any_of(answers)
    if any(_has(hole, found.parts, sides, packet) != packets.NO for hole in found.holes):
        return UNKNOWN if answer != packets.NO else answer      # the narrower of both counts
    return MAYBE if found.changing and answer == packets.NO else answer
