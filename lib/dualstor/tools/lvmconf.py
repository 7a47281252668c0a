# SPDX-License-Identifier: GPL-2.0-or-later
"""The format of lvm.conf; ``lvmsettings`` says which files there are and what is in effect.

Sources: LVM2 libdm/libdm-config.c, libdm-string.c (dm_unescape_double_quotes), lvm.conf(5).
"""

import re

from dualstor.errors import ParseError
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Match

#: The file that LVM reads first.
MAIN = "/etc/lvm/lvm.conf"

_DEPTH = 20     # sections within sections; LVM has three
_SHOWN = 60     # characters of a word in a problem

_TOKEN = re.compile(r"""
    (?P<skip> (?: \s+ | \#[^\n]* )+ )
  | "(?P<quoted> (?: [^"\\] | \\. )* )"
  | '(?P<plain> [^']* )'
  | (?P<mark> [{}=\[\],] )
  | (?P<word> [^\s{}=\[\],\#"']+ )
  | (?P<odd> . )
""", re.VERBOSE | re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')     # a backslash before anything else stands for itself


class LvmconfSetting(Record):
    """A setting where it stands: from ``begin`` to ``end`` in the text, name and value."""

    name: str                       # "section/name"
    value: "str | tuple[str, ...]"  # quotes removed; a tuple is a list
    line: int                       # the number of the line that it begins on
    begin: int
    end: int
    quoted: bool = False            # a string in quotes: LVM takes none for a number


class LvmconfSection(Record):
    """A section; ``end`` is the place of its closing brace in the text."""

    name: str
    line: int
    end: int


class LvmconfProblem(Record):
    """What LVM would not understand, and the number of its line."""

    line: int
    text: str


class Scan:
    """All that the text of an lvm.conf has, in order; takes any text.

    ``settings``, ``sections`` and ``problems`` are lists of LvmconfSetting, LvmconfSection
    and LvmconfProblem.
    """

    def __init__(self, text: str) -> None:
        self.settings: "list[LvmconfSetting]" = []
        self.sections: "list[LvmconfSection]" = []
        self.problems: "list[LvmconfProblem]" = []
        self._text = text
        self._counted, self._line = 0, 1
        self._tokens = (token for token in _TOKEN.finditer(text) if token.lastgroup != "skip")
        self._next = next(self._tokens, None)
        self._scan()

    def _take(self) -> "Match[str] | None":
        """The next token; None at the end. ``_next`` is the one after it."""
        token, self._next = self._next, next(self._tokens, None)
        return token

    def _number(self, place: int) -> int:
        """The number of the line at *place*, which is not before the last one asked for."""
        self._line += self._text.count("\n", self._counted, place)
        self._counted = place
        return self._line

    def _wrong(self, token: "Match[str] | None", text: str) -> None:
        place = len(self._text.rstrip()) if token is None else token.start()
        self.problems.append(LvmconfProblem(line=self._number(place), text=text))

    def _scan(self) -> None:
        inside: "list[tuple[str, int]]" = []    # the open sections: name, number of the line
        while self._next is not None:
            token = self._next
            self._take()
            name = "/".join(part for section in [each for each, _ in inside] + [_text(token)]
                            for part in section.split("/") if part)
            if _mark(token) == "}" and inside:
                section, line = inside.pop()
                self.sections.append(LvmconfSection(
                    name="/".join([outer for outer, _ in inside] + [section]).strip("/"),
                    line=line, end=token.start()))
            elif _mark(token) == "}":
                self._wrong(token, "a closing brace that nothing opened")
            elif not _is_text(token):
                self._wrong(token, f"unexpected \"{token.group()}\"")
            elif _mark(self._next) == "{" and len(inside) >= _DEPTH:
                self._wrong(token, "sections are nested too deeply")
                return
            elif _mark(self._next) == "{":
                inside.append((_text(token), self._number(token.start())))
                self._take()
            elif _mark(self._next) == "=":
                self._take()
                self._setting(name, token.start())
            else:
                self._wrong(token, f"neither a setting nor a section: {_text(token)[:_SHOWN]}")
        for section, line in inside:
            self.problems.append(LvmconfProblem(
                line=line, text=f"no closing brace for the section \"{section}\""))

    def _setting(self, name: str, begin: int) -> None:
        """Take a value and add its LvmconfSetting."""
        line, token = self._number(begin), self._next
        if token is None or not (_is_text(token) or _mark(token) == "["):
            self._wrong(token, "a value is missing")
            return
        self._take()
        value: "str | tuple[str, ...]" = _text(token)
        if _mark(token) == "[":
            items = []
            token = self._take()
            while token is not None and _is_text(token):
                items.append(_text(token))
                token = self._take()
                if _mark(token) == ",":
                    token = self._take()
            if _mark(token) == ",":
                self._wrong(token, "a value is missing")
                return
            if token is None or _mark(token) != "]":
                self._wrong(token, "a list is not closed")
                return
            value = tuple(items)
        self.settings.append(LvmconfSetting(
            name=name, value=value, line=line, begin=begin, end=token.end(),
            quoted=token.lastgroup in ("quoted", "plain")))


def parse(text: str, source: str = MAIN) -> "dict[str, str | tuple[str, ...]]":
    """The settings in the text of an lvm.conf, as a dict of "section/name" to the value.

    A list is a tuple. Of two settings of one name the last rules.

    :raises ParseError: it is cut off or something else
    """
    return {setting.name: setting.value for setting in understood(text, source).settings}


def understood(text: str, source: str = MAIN) -> Scan:
    """The Scan of a text that has no problem.

    :raises ParseError: it has one: it is cut off or something else
    """
    found = Scan(text)
    for problem in found.problems:
        raise ParseError(source, text.split("\n")[problem.line - 1],
                         f"line {problem.line}: {problem.text}", problem.line)
    return found


def _mark(token: "Match[str] | None") -> "str | None":
    """The mark that a token is; None when it is something else."""
    return token.group("mark") if token else None


def _is_text(token: "Match[str] | None") -> bool:
    """Whether a token is a word or a string."""
    return token is not None and token.lastgroup in ("word", "quoted", "plain")


def _text(token: "Match[str]") -> str:
    """A word, or a string without its quotes."""
    kind = token.lastgroup or ""
    text = token.group(kind)
    return _ESCAPED.sub(r"\1", text) if kind == "quoted" else text
