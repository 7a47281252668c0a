# SPDX-License-Identifier: GPL-2.0-or-later
"""A text in the form of drbd.conf as words and sections, whatever they mean.

Source: drbd.conf(5) and drbd-utils, user/v9/drbdadm_scanner.fl: a comment may be anywhere, a
string ends on its line, blanks are those of ASCII. ``drbdgrammar`` knows what is allowed.
"""

import re

from dualstor.errors import ParseError

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator, NoReturn, Tuple
    Words = Tuple["Word", ...]
else:
    Words = tuple

_SOURCE = "drbdadm dump"
_TOKEN = re.compile(r'[ \t\r\n]*(?:(#[^\n]*)|("(?:\\[^\n]|[^"\\\n])*")|([{};])|'
                    r'([^ \t\r\n{};"#]+)|($))')
_SHOWN = 120  # characters of a line in an error
_DEPTH = 10   # sections within sections; DRBD has four
_LONGEST = 255  # characters of a string

#: Sections that may end with the file: drbdadm takes its end for their closing brace.
OPEN_ENDED = ("resource", "common")


class Word(str):
    """A word; ``quoted`` if it was a string in quotes."""

    quoted = False


class Statement(Words):
    """The words of ``key value;``; ``line`` is the number of the line it begins on."""

    line = 0


class DrbdSection:
    """A block of the file: its head's words, ``key value;`` statements, inner sections.

    ``line`` is the number of the line that its head begins on, ``source`` the file's path.
    """

    def __init__(self, head: "tuple[Word, ...]", line: int = 0, source: str = "") -> None:
        self.head = head
        self.line = line
        self.source = source
        self.statements: "list[Statement]" = []
        self.sections: "list[DrbdSection]" = []

    def named(self, *kinds: str) -> "list[DrbdSection]":
        """The inner sections of these kinds."""
        return [s for s in self.sections if s.head[0] in kinds]

    def value(self, key: str) -> "tuple[Word, ...] | None":
        """The words after *key* in its last statement; None when there is none."""
        found = [words[1:] for words in self.statements if words[0] == key]
        return found[-1] if found else None

    def options(self) -> "dict[str, str]":
        """{key: value as text}; the value of a bare key is ""."""
        return {words[0]: " ".join(words[1:]) for words in self.statements}


class _Scanner:
    """The words and marks of a text, and the line that is being read, for errors."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._counted, self._line = 0, 1

    @property
    def line(self) -> int:
        """The number of the line on which the word or mark just read ends."""
        self._line += self._text.count("\n", self._counted, self._position)
        self._counted = self._position
        return self._line

    def refuse(self, what: str, line: "int | None" = None) -> "NoReturn":
        """Raise ParseError with a line: by default the one that the scanner is at."""
        number = self.line if line is None else line
        lines = self._text.split("\n")
        shown = lines[number - 1] if number <= len(lines) else ""
        raise ParseError(_SOURCE, shown.strip()[:_SHOWN], what, number)

    def tokens(self) -> "Iterator[tuple[Word, bool]]":
        """(token, whether it is a word) one after the other."""
        while self._position < len(self._text):
            match = _TOKEN.match(self._text, self._position)
            if match is None:
                quote = self._text.index('"', self._position)
                self._position = quote + 1
                self.refuse("a quote is not closed on its line")
            self._position = match.end()
            _, quoted, mark, word, _ = match.groups()
            if quoted is not None:
                if len(quoted) - 2 > _LONGEST:
                    self.refuse(f"a string is longer than {_LONGEST} characters")
                found = Word(re.sub(r"\\(.)", r"\1", quoted[1:-1]))
                found.quoted = True
                yield found, True
            elif mark or word:
                yield Word(mark or word), not mark


class _Reader:
    """Builds the sections of a text."""

    def __init__(self, text: str, source: str) -> None:
        self._scanner = _Scanner(text.rstrip(" \t\r\n"))
        self.top = DrbdSection((Word(),), 0, source)
        self.open = [self.top]
        self._words: "list[Word]" = []
        self._line = 1

    def read(self) -> None:
        """Read it all.

        :raises ParseError: a mark is where none may be; ``open`` then has the open sections
        """
        for token, is_word in self._scanner.tokens():
            if is_word:
                self._line = self._line if self._words else self._scanner.line
                self._words.append(token)
            elif token == ";":
                if not self._words:
                    self._scanner.refuse("unexpected \";\"")
                statement = Statement(self._words)
                statement.line = self._line
                self.open[-1].statements.append(statement)
                self._words = []
            elif token == "{":
                self._begin()
            else:
                self._end()
        if self._words:
            self._scanner.refuse(f"cut off: no \";\" or \"{{\" follows \"{self._words[-1]}\"",
                                 self._line)

    def _begin(self) -> None:
        if len(self.open) > _DEPTH:
            self._scanner.refuse("sections are nested too deeply")
        if not self._words:
            self._scanner.refuse("unexpected \"{\"")
        section = DrbdSection(tuple(self._words), self._line, self.top.source)
        self.open[-1].sections.append(section)
        self.open.append(section)
        self._words = []

    def _end(self) -> None:
        if self._words:
            self._scanner.refuse(f"no \";\" follows \"{self._words[-1]}\"", self._line)
        if len(self.open) == 1:
            self._scanner.refuse("unexpected \"}\": no section is open")
        self.open.pop()


def read(text: str, source: str = "") -> "tuple[DrbdSection, list[DrbdSection], ParseError | None]":
    """(the text as a section, sections that are open at its end, what is wrong or None).

    What was read up to the mistake is in the section.
    """
    reader = _Reader(text, source)
    try:
        reader.read()
    except ParseError as problem:
        return reader.top, reader.open[1:], problem
    return reader.top, reader.open[1:], None


def tree(text: str) -> "DrbdSection":
    """The whole text as a DrbdSection; a ParseError has the line's number.

    :raises ParseError: braces or semicolons are missing: cut off, or another format
    """
    top, unclosed, problem = read(text)
    if problem is not None:
        raise problem
    if unclosed:
        raise ParseError(_SOURCE, " ".join(unclosed[-1].head)[:_SHOWN],
                         "cut off: the section is not closed", unclosed[-1].line)
    return top
