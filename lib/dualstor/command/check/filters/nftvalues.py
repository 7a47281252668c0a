# SPDX-License-Identifier: GPL-2.0-or-later
"""Values, sets, maps and verdicts in nftables' text (nft(8), DATA TYPES, SETS, MAPS)."""

from dualstor.command.check.filters import chains
from dualstor.command.check.filters.nftmatch import Set
from dualstor.command.check.filters.nftrule import VERDICTS
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Sequence

    from dualstor.command.check.filters.nftmatch import Element
    from dualstor.command.check.filters.nfttokens import Token


class Stuck(Exception):
    """The words here begin nothing that is known."""


class Values:
    """A cursor over the words of a rule; line ends within braces are left out."""

    def __init__(self, tokens: "Sequence[Token]") -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self, ahead: int = 0) -> str:
        """The next word; "" at the end, and for a text in quotes what begins with a quote."""
        if self._at + ahead >= len(self._tokens):
            return ""
        token = self._tokens[self._at + ahead]
        return '"' + token.text if token.quoted else token.text

    def take(self) -> str:
        """The next word, without quotes."""
        word = self.peek()
        self._at += 1
        return word[1:] if word.startswith('"') else word

    def skip(self, *words: str) -> bool:
        """Take the next word if it is one of these."""
        found = self.peek() in words and self.peek() != ""
        self._at += found
        return found

    def need(self, *words: str) -> None:
        """Take one of these words."""
        if not self.skip(*words):
            raise Stuck(self.peek())

    # -- values ---------------------------------------------------------------------

    def scalar(self) -> str:
        """A value, a range or a prefix, as one text."""
        if self.peek() in ("", "{", "}", ",", ":", ";", "(", ")", "="):
            raise Stuck(self.peek())
        text = self.take()
        if text == "*":
            return text
        if self.peek() == "-" and self.peek(1) not in ("", "{", "}", ","):
            text += self.take() + self.take()
        elif self.peek() == "/" and whole(self.peek(1)) is not None:
            text += self.take() + self.take()
        return text

    def element(self) -> "Element":
        """An element of a set, without what may follow it (a timeout, a comment, a counter)."""
        parts = [self.scalar()]
        while self.skip("."):
            parts.append(self.scalar())
        return tuple(parts)

    def options(self) -> None:
        """What may follow an element."""
        while self.peek() not in ("", ",", "}", ":"):
            self.take()

    def set(self) -> Set:
        """What is in braces; a set within a set, as a variable may be one, is as if it were not."""
        self.need("{")
        elements: "list[Element]" = []
        verdicts: "list[str]" = []
        while not self.skip("}"):
            if self.skip(","):
                continue
            if self.peek() == "{":
                inner = self.set()
                elements += inner.elements
                verdicts += inner.verdicts
                continue
            elements.append(self.element())
            self.options()
            if self.skip(":"):
                verdicts.append(self.verdict() or self.data())
                self.options()
        return Set(elements=tuple(elements), verdicts=tuple(verdicts))

    def data(self) -> str:
        """What a map that is no verdict map has for an element."""
        self.element()
        return chains.OBSCURE

    def verdict(self) -> "str | None":
        """A verdict; None if the next word begins none."""
        word = self.peek()
        if word in ("jump", "goto"):
            self.take()
            if self.skip("{"):
                raise Stuck("{")
            return f"{chains.JUMP if word == 'jump' else chains.GOTO}{self.take()}"
        if word not in VERDICTS:
            return None
        self.take()
        return VERDICTS[word]


def values(tokens: "Sequence[Token]") -> Set:
    """The set that is written in braces."""
    try:
        return Values(tokens).set()
    except Stuck:
        return Set(obscure=True)
