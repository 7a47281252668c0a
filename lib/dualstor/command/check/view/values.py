# SPDX-License-Identifier: GPL-2.0-or-later
"""The one place that decides which of several values of a name counts.

Sources: Pacemaker lib/common/nvpair.c (1.1 to 2.1: lib/pengine/rules.c), complex.c,
pe_actions.c; tried with crm_simulate 2.1.5. Blocks of name/value pairs are taken by score,
highest first; of those with the same score the *last* comes first; ``cib-bootstrap-options``
comes before all. The first value that is found counts, in a block, too. ``id-ref`` stands for
the block or pair of that id.
"""

from collections.abc import Mapping

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view import rules
from dualstor.command.check.view.seen import Unavailable
from dualstor.record import whole
from dualstor.tools.pacemaker import INFINITY

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    import typing
    from typing import Callable, Iterator

    from dualstor.command.check.parsers.xml import Element
    from dualstor.command.check.view.rules import Facts

    Base = typing.Mapping[str, str]
else:
    Base = Mapping

BOOTSTRAP = "cib-bootstrap-options"


def score(text: "str | None", default: int = 0) -> int:
    """A score; INFINITY is ``pacemaker.INFINITY``; *default* if it is not one."""
    word = (text or "").strip()
    sign = -1 if word.startswith("-") else 1
    if word.lstrip("+-").upper() in ("INFINITY", "INF"):
        return sign * INFINITY
    number = whole(word, signed=True)
    return default if number is None else max(-INFINITY, min(INFINITY, number))


class Values(Base):
    """{name: value} that count. To read one that depends on a rule raises Unavailable."""

    def __init__(self, here: Where) -> None:
        self.here = here
        self._known: "dict[str, tuple[str, Where]]" = {}
        self._unsure: "dict[str, Where]" = {}

    def offer(self, name: str, value: str, where: Where, sure: "bool | None" = True) -> None:
        """A value that counts unless the name has one. *sure* None: only if a rule says so."""
        if sure is not False and name not in self._known and name not in self._unsure:
            if sure:
                self._known[name] = (value, where)
            else:
                self._unsure[name] = where

    def inherit(self, other: "Values") -> "Values":
        """These values, and those of *other* for names that have none here."""
        for name, (value, where) in other._known.items():
            self.offer(name, value, where)
        for name, where in other._unsure.items():
            self.offer(name, "", where, None)
        return self

    def __getitem__(self, name: str) -> str:
        if name in self._unsure:
            raise Unavailable(f"{self._unsure[name]}: {name} depends on a rule, which is not "
                              "understood")
        return self._known[name][0]

    def __iter__(self) -> "Iterator[str]":
        yield from self._known
        yield from self._unsure

    def __len__(self) -> int:
        return len(self._known) + len(self._unsure)

    def where(self, *names: str) -> Where:
        """Where the first of these names that has a value has it; else where all of them are."""
        return next((self._known[name][1] for name in names if name in self._known), self.here)


def _referred(element: "Element", ids: "dict[str, Element]") -> "Element | None":
    reference = element.get("id-ref")
    return element if reference is None else ids.get(reference)


def _blocks(element: "Element", tag: str, ids: "dict[str, Element]") -> "list[Element]":
    blocks = [block for block in (_referred(each, ids) for each in element.iterfind(tag))
              if block is not None]
    return sorted(reversed(blocks), key=lambda block: (
        block.get("id") != BOOTSTRAP or tag != "cluster_property_set",
        -score(block.get("score"))))


def collect(values: Values, element: "Element", tag: str, ids: "dict[str, Element]",
            at: "Callable[[Element], Where]", facts: "Facts | None" = None) -> Values:
    """Offer to *values* what the blocks named *tag* in *element* hold; returns them.

    :param ids: all elements by id
    :param facts: what is known of what the values are for, for rules in the blocks
    """
    for block in _blocks(element, tag, ids):
        rule = block.find("rule")
        sure = True if rule is None else rules.holds(rule, facts, ids)
        for each in block.iter("nvpair"):
            pair = _referred(each, ids)
            if pair is not None and pair.get("name") and pair.get("value") is not None:
                values.offer(pair.get("name", ""), pair.get("value", ""), at(pair), sure)
    return values
