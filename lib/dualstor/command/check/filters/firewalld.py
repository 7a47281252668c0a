# SPDX-License-Identifier: GPL-2.0-or-later
"""What firewalld does with a packet: which zone it is in, and what that accepts.

Sources: firewalld.zone(5), firewalld.policy(5), firewalld.richlanguage(5); firewalld
src/firewall/core/{fw_zone,fw_policy,nftables}.py (the order: rich rules with a negative
priority, then what denies, what accepts, rich rules with a positive one, the target).
"""

import functools

from dualstor.command.check.filters import chains, ipset, iptmatch
from dualstor.command.check.filters import packet as packets
from dualstor.command.check.filters.packet import MAYBE, NO, UNKNOWN, YES
from dualstor.command.check.filters.zones import RichRule, Settings, services
from dualstor.command.check.parsers.where import Where
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Iterable, Mapping

    from dualstor.command.check.filters.chains import Answer, Cases, FirewallRule
    from dualstor.command.check.filters.ipset import IpSet
    from dualstor.command.check.filters.packet import Address, Packet
    from dualstor.command.check.filters.zones import Services

DEFAULT_ZONE = "public"
_ENTRIES = ("INPUT", "PREROUTING")     # also INPUT_direct and the like
_TARGETS = {"ACCEPT": chains.ACCEPT, "DROP": chains.DROP, "%%REJECT%%": chains.DROP,
            "REJECT": chains.DROP, "CONTINUE": chains.CONTINUE}

class Firewalld(Record):
    """All of firewalld. ``direct``: rules that are handed to iptables as they are.

    ``bound``: whether all interfaces are known that zones have; NetworkManager may bind others.
    ``drifts``: whether a packet that a zone of its source does not accept gets to the zone of
    its interface.
    """

    zones: "tuple[Settings, ...]"
    where: Where
    default: str = DEFAULT_ZONE
    policies: "tuple[Settings, ...]" = ()
    direct: "tuple[tuple[Where, tuple[str, ...]], ...]" = ()    # (ipv4 or ipv6, table, chain, ...)
    services: "Services" = {}
    sets: "Mapping[str, IpSet]" = {}
    bound: bool = False
    drifts: bool = False

    def answer(self, packet: "Packet") -> "Answer":
        """What happens to a packet."""
        known = {f"zone {zone.name}": self._chain(zone, packet, last=True) for zone in self.zones}
        known.update({f"source {zone.name}": self._chain(zone, packet, last=not self.drifts)
                      for zone in self.zones if zone.sources})
        known["input"] = [_direct(where, words, self.sets) for where, words in self.direct] + [
            chains.simple(zone.where, self._from(zone), f"{chains.JUMP}source {zone.name}")
            for zone in self.zones if zone.sources] + list(self._by_interface())
        entry = chains.Chain("input", chains.DROP, self.where)
        return chains.passage([entry], known, packet, self.where)

    def _from(self, zone: Settings) -> "Callable[[Packet], str]":
        return lambda packet: packets.any_of(self._source(text, packet) for text in zone.sources)

    def _source(self, text: str, packet: "Packet") -> str:
        """Whether a packet is from a source of a zone."""
        if text.startswith("ipset:"):
            return ipset.contains(self.sets, text[len("ipset:"):], ("src",) * 3, packet)
        return MAYBE if _is_mac(text) else packets.has_address(text, packet.source)

    def _by_interface(self) -> "Iterable[FirewallRule]":
        """Rules that send a packet into the zone of its interface."""
        for zone in self.zones:
            goes = f"{chains.GOTO}zone {zone.name}"
            if zone.interfaces:
                yield chains.simple(zone.where, _on(zone.interfaces), goes)
        for zone in self.zones:
            unbound = not zone.interfaces and not zone.sources and zone.name != self.default
            if unbound and not self.bound:
                yield chains.simple(zone.where, lambda packet: UNKNOWN,
                                    f"{chains.GOTO}zone {zone.name}")
        yield chains.simple(self.where, lambda packet: YES, f"{chains.GOTO}zone {self.default}")

    def _chain(self, zone: Settings, packet: "Packet", last: bool) -> "list[FirewallRule]":
        """The rules of a zone; ``last``: it decides about what it does not accept itself."""
        early: "list[FirewallRule]" = []
        late: "list[FirewallRule]" = []
        for policy in sorted(self.policies, key=lambda each: each.priority):
            if "HOST" in policy.egress and {"ANY", zone.name} & set(policy.ingress):
                target = _TARGETS.get(policy.target, chains.CONTINUE)
                (early if policy.priority < 0 else late).extend(self._rules(policy) + [
                    chains.simple(policy.where, lambda packet: YES, target)])
        target = _TARGETS.get(zone.target, chains.DROP if last else chains.RETURN)
        return early + self._rules(zone) + late + [
            chains.simple(zone.where, lambda packet: YES, target)]

    def _rules(self, one: Settings) -> "list[FirewallRule]":
        """The rules of a zone or a policy, without its target."""
        def rich(chosen: "Callable[[RichRule], bool]") -> "list[FirewallRule]":
            return [chains.simple(rule.where, functools.partial(self._fits, rule), rule.verdict)
                    for rule in sorted(one.rules, key=lambda rule: rule.priority) if chosen(rule)]
        away = [chains.simple(one.where, _listed((pair,)), chains.DROP) for pair in one.forwarded]
        accepts = [chains.simple(one.where, functools.partial(self._accepts, one), chains.ACCEPT)]
        return (away + rich(lambda rule: rule.priority < 0)
                + rich(lambda rule: rule.priority == 0 and rule.verdict == chains.DROP)
                + rich(lambda rule: rule.priority == 0 and rule.verdict == chains.ACCEPT)
                + accepts + rich(lambda rule: rule.priority > 0))

    def _accepts(self, one: Settings, packet: "Packet") -> str:
        """Whether a zone accepts a packet, without its rich rules."""
        answers = [packets.holds(packets.protocol_name(each) == packet.protocol)
                   for each in one.protocols]
        answers += [self._service(name, packet) for name in one.services]
        answers += [_has(kind, ports, packet) for kind, ports in one.ports]
        answers += [packets.all_of((packets.holds(kind == packet.protocol), MAYBE))
                    for kind, _ in one.source_ports]
        return packets.any_of(answers)

    def _service(self, name: str, packet: "Packet") -> str:
        """Whether a packet is for a service."""
        found = self.services.get(name, services().get(name))
        if found is None:
            return UNKNOWN
        return packets.any_of(_has(kind, ports, packet) for kind, ports in found)

    def _fits(self, rule: RichRule, packet: "Packet") -> str:
        """Whether a rich rule matches."""
        family = (rule.get("rule") or {}).get("family")
        answers = [packets.holds(family in (None, "", f"ipv{packet.version}"))]
        answers.append(self._end(rule.get("source"), packet.source, "src", packet))
        answers.append(self._end(rule.get("destination"), packet.destination, "dst", packet))
        for name, values in rule.parts:
            if name == "port":
                answers.append(_has(values.get("protocol", ""), values.get("port", ""), packet))
            elif name == "protocol":
                answers.append(packets.holds(packets.protocol_name(values.get("value", ""))
                                             == packet.protocol))
            elif name == "service":
                answers.append(self._service(values.get("name", ""), packet))
            elif name == "source-port":
                answers += [packets.holds(values.get("protocol") == packet.protocol), MAYBE]
            elif name in ("icmp-type", "icmp-block", "masquerade", "forward-port",
                          "tcp-mss-clamp"):
                answers.append(NO)
            elif name == "limit":
                answers.append(MAYBE)
            elif name not in ("rule", "source", "destination", "log", "nflog", "audit", "mark",
                              "accept", "drop", "reject"):
                answers.append(UNKNOWN)
        return packets.all_of(answers)

    def _end(self, values: "dict[str, str] | None", address: "Address | None", side: str,
             packet: "Packet") -> str:
        """Whether a packet is from, or to, what a rich rule names."""
        if values is None:
            return YES
        if "address" in values:
            answer = packets.has_address(values["address"], address)
        elif "ipset" in values:
            answer = ipset.contains(self.sets, values["ipset"], (side,) * 3, packet)
        else:
            answer = MAYBE if "mac" in values else UNKNOWN
        negated = values.get("invert", "").lower() in ("true", "yes", "1")
        return packets.opposite(answer) if negated else answer


def _is_mac(text: str) -> bool:
    return len(text) == 17 and text.count(":") == 5


def _on(names: "tuple[str, ...]") -> "Callable[[Packet], str]":
    return lambda packet: packets.any_of(
        packets.is_interface(name, packet.interface, "+") for name in names)


def _has(kind: str, ports: str, packet: "Packet") -> str:
    """Whether a packet is of a protocol, and for one of its ports ("" for all)."""
    if packets.protocol_name(kind) != packet.protocol:
        return NO
    if not ports:
        return YES
    return NO if packet.port is None else packets.has_port(ports, packet.port)


def _listed(pairs: "tuple[tuple[str, str], ...]") -> "Callable[[Packet], str]":
    return lambda packet: packets.any_of(_has(kind, ports, packet) for kind, ports in pairs)


def _direct(where: Where, words: "tuple[str, ...]", sets: "Mapping[str, IpSet]") -> "FirewallRule":
    """A direct rule: what it does is not followed, only whether it can be about a packet."""
    options = iptmatch.options(words[3:])

    def cases(packet: "Packet") -> "Cases":
        answer = packets.all_of(iptmatch.answer(one, packet, sets) for one in options)
        other = words[0] != f"ipv{packet.version}" or not words[2].startswith(_ENTRIES)
        return [(NO if other or answer == NO else UNKNOWN, chains.OBSCURE)]
    return chains.FirewallRule(where, cases)
