# SPDX-License-Identifier: GPL-2.0-or-later
"""What DRBD refuses in its configuration, by ``drbdtable``.

Sources: as there, and drbd-utils user/v9/drbdadm_postparse.c for what a host section needs.
"""

from dualstor.record import Record
from dualstor.tools import drbdtable, drbdvalues

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Dict, Iterator, List, Sequence

    from dualstor.tools.drbdtable import Entry
    from dualstor.tools.drbdtree import DrbdSection, Word

    Table = Dict[str, Dict[str, List[Entry]]]

_COMMON = "common"


class Mistake(Record):
    """Something that is refused: the line, what it is, and whether drbdadm itself refuses it.

    ``misplaced``: the section has no such word, but one of those around it has: it is not closed.
    """

    line: int
    text: str
    by_drbdadm: bool = True
    misplaced: bool = False


def _places(table: "Table", word: str) -> "list[str]":
    """The sections that have a word."""
    return sorted(section for section in table if word in table[section])


class _Walk:
    """A walk through the sections of one file."""

    def __init__(self, generation: str) -> None:
        self.generation = generation
        self.table = drbdtable.table(generation)

    def _entries(self, kind: str, word: str) -> "list[Entry]":
        """What may follow a word in a section; DRBD 9 takes ``no-`` before any option."""
        known = self.table.get(kind, {})
        found = known.get(word, [])
        if not found and self.generation == "9" and word.startswith("no-"):
            found = [one for one in known.get(word[3:], []) if not one.opens]
        return found

    def section(self, section: "DrbdSection", kind: str, around: "tuple[str, ...]" = ()) \
            -> "Iterator[Mistake]":
        """The mistakes in a section.

        :param kind: the section as the table names it
        :param around: the kinds of the sections that it is in, the innermost last
        """
        if kind in drbdtable.UNREAD:
            return
        yield from _repeated(section, kind)
        for statement in section.statements:
            yield from self._item(section, kind, around, statement, statement.line, False)
        for inner in section.sections:
            mistakes = list(self._item(section, kind, around, inner.head, inner.line, True))
            yield from mistakes
            opens = next((one.opens for one in self._entries(kind, inner.head[0]) if one.opens),
                         None)
            if opens and not mistakes:
                yield from self.section(inner, opens, around + (kind,))

    def _item(self, section: "DrbdSection", kind: str, around: "tuple[str, ...]",
              words: "Sequence[Word]", line: int, opens: bool) -> "Iterator[Mistake]":
        """The mistakes of a statement, or of the head of a section."""
        word, rest = words[0], words[1:]
        entries = self._entries(kind, word)
        name = section.head[0] or "the file"
        if not entries:
            misplaced = any(self._entries(other, word) for other in around)
            yield Mistake(line=line, text=self._unknown(name, kind, word, opens),
                          misplaced=misplaced)
            return
        fitting = [one for one in entries if bool(one.opens) == opens]
        if not fitting:
            text = (f"\"{word}\" begins no section here: no \";\" follows it" if opens else
                    f"\"{word}\" begins a section: no \"{{\" follows it")
            yield Mistake(line=line, text=text)
            return
        value = fitting[0].value
        complaint = drbdvalues.complaint(value, rest, self.generation)
        if complaint:
            yield Mistake(line=line, text=f"{word}: {complaint}",
                          by_drbdadm=not self._late(kind, value, rest, complaint))

    def _late(self, kind: str, value: str, rest: "Sequence[Word]", complaint: str) -> bool:
        """Whether only drbdsetup refuses it: drbdadm before 9 passes on most words, 9 no value."""
        structural = value.isalpha() and value.isupper() and value != "NUMBER"
        if self.generation == "9":
            return not rest and kind != "global" and not structural
        if not rest or kind == "global" or "follows" in complaint or value in ("bool", "flag"):
            return False
        spelt = value.endswith("~") and self.generation == "8.4"
        return not spelt and not structural

    def _unknown(self, name: str, kind: str, word: str, opens: bool) -> str:
        what = "section" if opens else "option"
        places = _places(self.table, word)
        if kind == "top":
            return f"\"{word}\" is unexpected here, outside of all sections"
        if places:
            return f"\"{word}\" is in the wrong section: {name} has none, {places[0]} has"
        others = [g for g in drbdtable.GENERATIONS if g != self.generation
                  and word in drbdtable.table(g).get(kind, {})]
        if others:
            return f"section {name} of DRBD {self.generation} has no {what} \"{word}\": it is of " \
                   f"DRBD {others[0]}"
        return f"there is no {what} \"{word}\" in section {name}"


def _repeated(section: "DrbdSection", kind: str) -> "Iterator[Mistake]":
    """What may be there once and is there again."""
    lines = [(s[0], s.line) for s in section.statements] + [
        (s.head[0] + (" {" if s.head[0] == "disk" and kind in (_COMMON, "resource") else ""),
         s.line) for s in section.sections]
    first: "dict[str, int]" = {}
    for word, line in sorted(lines, key=lambda pair: pair[1]):
        word = "meta-disk" if word == "flexible-meta-disk" else word
        if (kind, word) in drbdtable.ONCE and word in first:
            yield Mistake(line=line, text=f"\"{word.rstrip(' {')}\" is there twice in section "
                                          f"{section.head[0]}: first on line {first[word]}")
        first.setdefault(word, line)


def mistakes(top: "DrbdSection", generation: str) -> "list[Mistake]":
    """What a generation of DRBD refuses in the text of one file, in its order.

    Of what is in the wrong section only the first: a brace is in the wrong place.
    """
    found = sorted(_Walk(generation).section(top, "top"), key=lambda mistake: mistake.line)
    misplaced = [mistake for mistake in found if mistake.misplaced]
    return [mistake for mistake in found if mistake not in misplaced[1:]]


def culprit(unclosed: "Sequence[DrbdSection]", top: "DrbdSection", generation: str) \
        -> "DrbdSection":
    """The section whose closing brace is missing.

    It is the innermost that contains what belongs around it; else the innermost that is open.
    """
    walk = _Walk(generation)

    def search(section: "DrbdSection", kind: str, around: "tuple[str, ...]") \
            -> "DrbdSection | None":
        for inner in section.sections:
            opens = next((one.opens for one in walk._entries(kind, inner.head[0]) if one.opens),
                         None)
            if opens and opens not in drbdtable.UNREAD:
                deeper = search(inner, opens, around + (kind,))
                if deeper:
                    return deeper
                words = [s.head[0] for s in inner.sections] + [s[0] for s in inner.statements]
                if any(not walk._entries(opens, word) and
                       any(walk._entries(other, word) for other in around + (kind,))
                       for word in words):
                    return inner
        return None
    return search(top, "top", ()) or (unclosed or top.sections or [top])[-1]
