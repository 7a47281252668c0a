# SPDX-License-Identifier: GPL-2.0-or-later
"""An nftables rule: comparisons, and what is done with a packet that matches all of them."""

from dualstor.command.check.filters import chains
from dualstor.command.check.filters import packet as packets
from dualstor.command.check.filters.nftmatch import Match, Set, element, implied
from dualstor.command.check.filters.packet import MAYBE, NO, UNKNOWN, YES
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping

    from dualstor.command.check.filters.chains import Cases, FirewallRule
    from dualstor.command.check.filters.nftmatch import Selector
    from dualstor.command.check.filters.packet import Packet
    from dualstor.command.check.parsers.where import Where

#: What ends a packet's way, and what that means here.
VERDICTS = {"accept": chains.ACCEPT, "drop": chains.DROP, "reject": chains.DROP,
            "return": chains.RETURN, "continue": chains.CONTINUE, "masquerade": chains.ACCEPT,
            "snat": chains.ACCEPT, "queue": chains.OBSCURE, "dnat": chains.OBSCURE,
            "redirect": chains.OBSCURE, "tproxy": chains.OBSCURE, "synproxy": chains.OBSCURE,
            "fwd": chains.OBSCURE}


class NftRule(Record):
    """A rule as it was written. ``unsure``: it also compares a rate or the like.

    ``obscure``: something in it is not understood. ``vmap``: (selectors, the map or its name).
    """

    where: "Where"
    matches: "tuple[Match, ...]" = ()
    verdict: str = chains.CONTINUE
    vmap: "tuple[tuple[Selector, ...], Set | str] | None" = None
    unsure: bool = False
    obscure: bool = False

    def bound(self, table: str, sets: "Mapping[str, Set]") -> "FirewallRule":
        """The rule with the sets of its table; it jumps to chains of that table."""
        return chains.FirewallRule(self.where, lambda packet: self._cases(packet, table, sets))

    def _cases(self, packet: "Packet", table: str, sets: "Mapping[str, Set]") -> "Cases":
        answers = [match.fits(packet, sets) for match in self.matches]
        answers += [MAYBE] * self.unsure + [UNKNOWN] * self.obscure
        answer = packets.all_of(answers)
        if self.vmap is None or answer == NO:
            return [(answer, _full(self.verdict, table))]
        selectors, found = self.vmap
        if isinstance(found, str):
            found = sets.get(found, Set(obscure=True))
        present = packets.all_of(implied(selector, packet) for selector in selectors)
        cases: "Cases" = []
        pairs = sorted(zip(found.elements, found.verdicts), key=lambda pair: "*" in pair[0])
        for values, verdict in pairs:   # what is for all others comes last
            hit = packets.all_of((answer, present, element(selectors, values, packet)))
            if hit != NO:
                cases.append((hit, _full(verdict, table)))
                if hit == YES:
                    break
        if found.obscure or found.changing:
            cases.append((UNKNOWN, chains.OBSCURE))
        return cases


def _full(verdict: str, table: str) -> str:
    """A verdict with the table in the name of a chain."""
    for word in (chains.JUMP, chains.GOTO):
        if verdict.startswith(word):
            return f"{word}{table} {verdict[len(word):]}"
    return verdict
