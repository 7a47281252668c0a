# SPDX-License-Identifier: GPL-2.0-or-later
"""What a packet filter does with a packet, by its chains.

A rule whose condition compares something unknown (a source port, a rate) may match: where
packets may be accepted, the filter is open. Where the answer depends on a rule that is not
understood, there is none.
"""

from dualstor.command.check.filters.packet import NO, UNKNOWN, YES
from dualstor.command.check.parsers.where import Where
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

    from dualstor.command.check.filters.packet import Packet

    #: Where a verdict is given, and the rule that is not understood on the way there.
    Ends = Dict[str, Tuple[Where, Optional[Where]]]
    #: (whether the rule matches, what it does then): several if it has a map.
    Cases = List[Tuple[str, str]]

ACCEPT, DROP, RETURN, CONTINUE = "accept", "drop", "return", "continue"
#: A verdict that is not understood, and beginnings of those that name a chain.
OBSCURE, JUMP, GOTO = "not understood", "jump ", "goto "

OPEN, CLOSED = "open", "closed"
_DEPTH = 20


class FirewallRule(Record):
    """A rule: ``cases`` says what it does with a packet."""

    where: Where
    cases: "Callable[[Packet], Cases]"


class Chain(Record):
    """Where packets enter a filter: ``policy`` is ACCEPT or DROP, given at ``where``."""

    name: str
    policy: str
    where: Where


class Answer(Record):
    """OPEN, CLOSED or UNKNOWN, and what says so."""

    result: str
    where: Where


class _Walk:
    """A packet's way through *chains*; each chain is walked once, whoever jumps to it."""

    def __init__(self, chains: "Mapping[str, Sequence[FirewallRule]]", packet: "Packet") -> None:
        self._chains, self._packet = chains, packet
        self._known: "dict[str, Ends]" = {}

    def ends(self, name: str, depth: int = 0) -> "Ends":
        """The possible ends of a chain: ACCEPT, DROP, OBSCURE, RETURN for its end."""
        if name not in self._known:
            nowhere = Where("")
            self._known[name] = {RETURN: (nowhere, None)}    # a loop ends here
            if depth < _DEPTH:
                self._known[name] = self._through(name, depth)
        return self._known[name]

    def _through(self, name: str, depth: int) -> "Ends":
        ends: "Ends" = {}
        doubt: "Where | None" = None    # a rule that is not understood and may have decided
        for rule in self._chains.get(name, ()):
            stays = True    # whether the packet may get to the next rule
            for match, verdict in rule.cases(self._packet):
                if match == NO or verdict == CONTINUE:
                    continue
                here = rule.where if match == UNKNOWN else doubt
                further = False
                for end, (where, inner) in self._of(verdict, rule.where, depth).items():
                    if end == CONTINUE:
                        further = True
                        if inner is not None:   # something within it was not understood
                            doubt = doubt or inner
                    else:
                        _add(ends, end, where, here or inner)
                if match == UNKNOWN:
                    doubt = doubt or rule.where
                if match == YES and not further:
                    stays = False
            if not stays:
                return ends
        _add(ends, RETURN, Where(""), doubt)
        return ends

    def _of(self, verdict: str, where: Where, depth: int) -> "Ends":
        """The ends of a verdict; CONTINUE if the packet comes back from the chain it names."""
        if not verdict.startswith((JUMP, GOTO)):
            return {verdict: (where, where if verdict == OBSCURE else None)}
        ends = dict(self.ends(verdict.partition(" ")[2], depth + 1))
        if verdict.startswith(JUMP) and RETURN in ends:
            ends[CONTINUE] = ends.pop(RETURN)
        return ends


def _add(ends: "Ends", end: str, where: Where, doubt: "Where | None") -> None:
    """Add an end; of two ways to it the one without doubt counts."""
    if end not in ends or (ends[end][1] is not None and doubt is None):
        ends[end] = where, doubt


def _answer(chain: Chain, ends: "Ends") -> Answer:
    """The Answer of a chain in which packets enter."""
    ends = dict(ends)
    if RETURN in ends:
        _, doubt = ends.pop(RETURN)
        _add(ends, chain.policy, chain.where, doubt)
    accepted, dropped, obscure = ends.get(ACCEPT), ends.get(DROP), ends.get(OBSCURE)
    if accepted is not None and (accepted[1] is None or (dropped is None and obscure is None)):
        return Answer(OPEN, accepted[0])
    if obscure is not None:
        return Answer(UNKNOWN, obscure[0])
    if accepted is None:
        return Answer(CLOSED, dropped[0] if dropped else chain.where)
    return Answer(UNKNOWN, accepted[1] or chain.where)


def combined(answers: "Sequence[Answer]", nothing: Where) -> Answer:
    """The Answer of filters that a packet must all pass; OPEN without one."""
    for result in (CLOSED, UNKNOWN, OPEN):
        for one in answers:
            if one.result == result:
                return one
    return Answer(OPEN, nothing)


def passage(entries: "Sequence[Chain]", chains: "Mapping[str, Sequence[FirewallRule]]",
            packet: "Packet", nothing: Where) -> Answer:
    """What happens to a packet; to be accepted in one chain is not to be accepted in others.

    :param entries: the chains through which it comes in
    :param chains: the rules of each chain
    :param nothing: what is named if there is no such chain
    """
    walk = _Walk(chains, packet)
    return combined([_answer(entry, walk.ends(entry.name)) for entry in entries], nothing)


def simple(where: Where, matches: "Callable[[Packet], str]", verdict: str) -> FirewallRule:
    """A rule with one verdict."""
    return FirewallRule(where, lambda packet: [(matches(packet), verdict)])


