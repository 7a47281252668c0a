# SPDX-License-Identifier: GPL-2.0-or-later
"""TOML: by Python's own reader where there is one (3.11), else the part that is written here.

That part has comments, tables, and keys with strings on one line, whole numbers, true, false and
arrays of these. Source: toml.io/en/v1.0.0.
"""

import re

from dualstor.errors import DualstorError
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Match

_TOKEN = re.compile(r"""
    (?P<skip> [ \t]+ | \#[^\n]* )
  | (?P<end> \r?\n )
  | "(?P<quoted> (?: [^"\\\n] | \\["\\bfnrt] )* )"(?!")
  | '(?P<plain> [^'\n]* )'(?!')
  | (?P<word> [A-Za-z0-9_-]+ )
  | (?P<mark> [\[\]=,.] )
""", re.VERBOSE)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class _Reader:
    """Reads a text word by word."""

    def __init__(self, text: str, path: str) -> None:
        self._text, self._path = text, path
        self._at = 0

    def _fail(self, what: str) -> DualstorError:
        line = self._text.count("\n", 0, self._at) + 1
        return DualstorError(f"{self._path}:{line}: {what}")

    def _next(self, ends: bool = True) -> "Match[str] | None":
        """The next word; None at the end. Without *ends* the ends of lines are left out."""
        while self._at < len(self._text):
            match = _TOKEN.match(self._text, self._at)
            if match is None:
                raise self._fail("not understood; Python 3.11 reads all of TOML")
            if match.lastgroup == "skip" or (match.lastgroup == "end" and not ends):
                self._at = match.end()
                continue
            return match
        return None

    def _mark(self, mark: str, ends: bool = True) -> bool:
        """Whether that mark is next; it is taken."""
        match = self._next(ends)
        found = match is not None and match.group("mark") == mark
        if match is not None and found:
            self._at = match.end()
        return found

    def _name(self) -> str:
        match = self._next()
        if match is None or match.lastgroup not in ("word", "quoted", "plain"):
            raise self._fail("a name is missing")
        self._at = match.end()
        return _string(match)

    def _value(self) -> "Any":
        match = self._next()
        if match is None or match.lastgroup == "end":
            raise self._fail("a value is missing")
        if self._mark("["):
            items = []
            while not self._mark("]", ends=False):
                items.append(self._value())
                if not self._mark(",", ends=False):
                    if not self._mark("]", ends=False):
                        raise self._fail("an array is not closed")
                    break
            return items
        self._at = match.end()
        if match.lastgroup in ("quoted", "plain"):
            return _string(match)
        word = match.group()
        number = whole(word, signed=True)
        if word in ("true", "false"):
            return word == "true"
        if number is None:
            raise self._fail(f"{word} is no value")
        return number

    def read(self) -> "dict[str, Any]":
        """The whole text."""
        top: "dict[str, Any]" = {}
        table, named = top, set()   # type: dict[str, Any], set[str]
        while True:
            match = self._next(ends=False)
            if match is None:
                return top
            if self._mark("["):
                name = self._name()
                if not self._mark("]") or name in top:
                    raise self._fail(f"the table [{name}] is not closed, or is there already")
                named.add(name)
                table = top[name] = {}
            else:
                key = self._name()
                if not self._mark("=") or key in table:
                    raise self._fail(f"{key} has no value, or is there already")
                table[key] = self._value()
            after = self._next()
            if after is not None and after.lastgroup != "end":
                raise self._fail("more follows on the line")


def _string(match: "Match[str]") -> str:
    """A word, or a string without its quotes."""
    text = match.group(match.lastgroup or "")
    if match.lastgroup != "quoted":
        return text
    return re.sub(r"\\(.)", lambda found: _ESCAPED[found.group(1)], text)


def read_part(text: str, path: str) -> "dict[str, Any]":
    """The values in a text that keeps to the part of TOML that is read here.

    :raises DualstorError: it does not; the place is named
    """
    return _Reader(text, path).read()


def parse(text: str, path: str) -> "dict[str, Any]":
    """The values in a text.

    :param path: where it is from, for errors
    :raises DualstorError: it is not TOML
    """
    try:
        import tomllib  # novm
    except ImportError:     # before Python 3.11
        return read_part(text, path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise DualstorError(f"{path}: {problem}") from problem
