# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of nftables: chains, rules and sets, and what they do with a packet."""

from dualstor.command.check.filters import chains
from dualstor.command.check.filters.nftmatch import Set
from dualstor.command.check.filters.nftrule import NftRule
from dualstor.command.check.filters.packet import NO, YES, all_of, any_of, holds, is_interface
from dualstor.command.check.parsers.where import Where

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Sequence

    from dualstor.command.check.filters.chains import Answer, Chain, FirewallRule
    from dualstor.command.check.filters.nfttokens import Token
    from dualstor.command.check.filters.packet import Packet

#: Through these a packet comes in; chains of type nat are asked for redirections only.
_HOOKS = ("ingress", "prerouting", "input")
_TYPES = ("filter", "nat")
_OF_IPTABLES = ("filter", "mangle", "nat", "raw", "security")


class NftChain:
    """A chain; ``hook`` is "" for one that others jump to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.type = self.hook = ""
        self.devices: "tuple[str, ...]" = ()
        self.policy = chains.ACCEPT
        self.where = Where("")
        self.rules: "list[NftRule]" = []

    def hooked(self, words: "Sequence[Token]") -> None:
        """Note what ``type filter hook input device eth0 priority 0`` says."""
        texts = [word.text for word in words]
        self.where = words[0].where
        self.type = texts[1] if len(texts) > 1 else ""
        if "hook" in texts[:-1]:
            self.hook = texts[texts.index("hook") + 1]
        for word in ("device", "devices"):
            if word in texts:
                named = texts[texts.index(word) + 1:]
                stop = named.index("priority") if "priority" in named else len(named)
                self.devices = tuple(name for name in named[:stop] if name not in "={},")

    def obscure(self, where: Where) -> None:
        """Note that a rule was changed by its number, which a file does not show."""
        self.rules.insert(0, NftRule(where=where, obscure=True, verdict=chains.OBSCURE))

    def enters(self, packet: "Packet") -> str:
        """Whether packets like this one come in here."""
        if self.hook not in _HOOKS or self.type not in _TYPES:
            return NO
        if not self.devices:
            return YES
        return any_of(is_interface(name, packet.interface) for name in self.devices)


class Table:
    """A table of one family."""

    def __init__(self, family: str, name: str) -> None:
        self.family, self.name = family, name
        self.dormant = False
        self.chains: "dict[str, NftChain]" = {}
        self.sets: "dict[str, Set]" = {}

    def chain(self, name: str) -> NftChain:
        """The chain of that name, which is made if there is none."""
        return self.chains.setdefault(name, NftChain(name))

    def change(self, name: str, change: Set, add: bool) -> None:
        """Put elements into a set, or take them out."""
        known = self.sets.get(name, Set())
        if add:
            self.sets[name] = known.but(elements=known.elements + change.elements,
                                        verdicts=known.verdicts + change.verdicts)
        else:
            kept = [index for index, each in enumerate(known.elements)
                    if each not in change.elements]
            self.sets[name] = known.but(
                elements=tuple(known.elements[index] for index in kept),
                verdicts=tuple(known.verdicts[index] for index in kept
                               if index < len(known.verdicts)))
        if change.obscure:
            self.sets[name] = known.but(obscure=True)

    def sees(self, packet: "Packet") -> str:
        """Whether packets like this one get into the table."""
        families = {"ip": 4, "ip6": 6, "inet": packet.version, "netdev": packet.version}
        return all_of((holds(not self.dormant), holds(families.get(self.family) == packet.version)))


class Ruleset:
    """All tables, by "FAMILY NAME"."""

    def __init__(self) -> None:
        self.tables: "dict[str, Table]" = {}

    def table(self, family: str, name: str) -> Table:
        """The table of that name, which is made if there is none."""
        return self.tables.setdefault(f"{family} {name}", Table(family, name))

    def flush(self, family: "str | None") -> None:
        """Remove all tables, or those of a family."""
        for key in [key for key, table in self.tables.items() if family in (None, table.family)]:
            del self.tables[key]

    def without(self, version: int, saved: str) -> "Ruleset":
        """The Ruleset without the tables that iptables-save shows, too.

        :param saved: what it prints: it knows matches that nft cannot show
        """
        family = "ip6" if version == 6 else "ip"
        shown = {f"{family} {name}" for name in _OF_IPTABLES if f"*{name}\n" in saved}
        rest = Ruleset()
        rest.tables = {key: table for key, table in self.tables.items() if key not in shown or not
                       {"INPUT", "PREROUTING", "OUTPUT"} & set(table.chains)}
        return rest

    def answer(self, packet: "Packet", nothing: Where) -> "Answer":
        """What happens to a packet; without a chain for it, it is accepted."""
        entries: "list[Chain]" = []
        known: "dict[str, Sequence[FirewallRule]]" = {}
        for table in self.tables.values():
            if table.sees(packet) != YES:
                continue
            name = f"{table.family} {table.name}"
            for chain in table.chains.values():
                full = f"{name} {chain.name}"
                known[full] = [rule.bound(name, table.sets) for rule in chain.rules]
                if chain.enters(packet) == YES:
                    entries.append(chains.Chain(full, chain.policy, chain.where))
        return chains.passage(entries, known, packet, nothing)
