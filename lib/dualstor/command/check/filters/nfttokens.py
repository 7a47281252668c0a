# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of a file for ``nft -f``, with lines; includes and variables are put in their place.

Format: nft(8), LEXICAL CONVENTIONS, INCLUDE FILES, SYMBOLIC VARIABLES.
"""

import fnmatch
import posixpath
import re

from dualstor.command.check.parsers.where import Where
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping, Sequence

#: Where nft looks for a file that is included by a relative path.
FOLDER = "/etc"
_DEPTH = 16     # files that include each other; nft's own limit
_MOST = 1 << 19     # words: more is no rule set that a person or a program has written

_TOKEN = re.compile(r"""
    (?P<skip> [ \t\r]+ | \\\r?\n | \#[^\n]* )
  | (?P<end> [\n;] )
  | "(?P<quoted> [^"\n]* )"
  | (?P<word> (?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F.:]*(?:/[0-9]+)?
            | [0-9]+(?:\.[0-9]+)+(?:/[0-9.]+)?
            | [0-9]+[a-zA-Z][a-zA-Z0-9]*
            | [0-9]+
            | [A-Za-z_][A-Za-z0-9_./-]*\*?
            | [@$][A-Za-z_][A-Za-z0-9_./-]* )
  | (?P<mark> != | == | <= | >= | << | >> | . )
""", re.VERBOSE | re.DOTALL)


class NotUnderstood(Exception):
    """A place that is not understood; ``where`` is a Where, str() says what is there."""

    def __init__(self, where: Where, what: str) -> None:
        super().__init__(what)
        self.where = where


class Token(Record):
    """A word, a mark, or the end of a statement (``\\n`` or ``;``)."""

    text: str
    where: Where
    quoted: bool = False


def tokens(text: str, path: str) -> "list[Token]":
    """The words of a text, as they are in it."""
    found, line = [], 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "skip":
            found.append(Token(match.group(match.lastgroup or ""), Where(path, line),
                               match.lastgroup == "quoted"))
            if len(found) > _MOST:
                raise NotUnderstood(Where(path, line), "the rule set is too long")
        line += match.group().count("\n")
    return found


def ends(token: Token) -> bool:
    """Whether a statement ends here."""
    return token.text in ("\n", ";") and not token.quoted


def is_mark(token: "Token | None", text: str) -> bool:
    """Whether a token is that mark or word, unquoted."""
    return token is not None and token.text == text and not token.quoted


class Reader:
    """Puts includes and variables in their place.

    :param files: path -> text of all files that are known
    """

    def __init__(self, files: "Mapping[str, str]") -> None:
        self._files = files
        self._variables: "dict[str, list[Token]]" = {}
        self._taken = 0

    def read(self, path: str, depth: int = 0) -> "list[Token]":
        """All words of a file and of those that it includes.

        :raises NotUnderstood: an included file is not there, or a variable is not defined
        """
        rest, found = tokens(self._files[path], path), []
        self._taken += len(rest)
        if depth > _DEPTH or self._taken > _MOST:
            raise NotUnderstood(Where(path), "too many files are included")
        position, begins = 0, True
        while position < len(rest):
            token = rest[position]
            word = "" if token.quoted or not begins else token.text
            if word == "include" and position + 1 < len(rest) and rest[position + 1].quoted:
                for name in self._included(rest[position + 1]):
                    found += self.read(name, depth + 1)
                position += 2
            elif word in ("define", "redefine", "undefine"):
                position = self._define(rest, position)
            else:
                found += self._expanded(token)
                position += 1
            begins = token.text in ("\n", ";", "{", "}") and not token.quoted
        return found

    def _included(self, token: Token) -> "list[str]":
        """The paths that an include names; a pattern may match nothing."""
        path = posixpath.normpath(posixpath.join(FOLDER, token.text))
        if not set("*?[") & set(path):
            if path not in self._files:
                raise NotUnderstood(token.where, f"{path} is included and was not read")
            return [path]
        return sorted(name for name in self._files if fnmatch.fnmatchcase(name, path)
                      and name.count("/") == path.count("/"))

    def _expanded(self, token: Token) -> "Sequence[Token]":
        """A token, or what a variable stands for."""
        if not token.text.startswith("$") or token.quoted:
            return [token]
        if token.text[1:] not in self._variables:
            raise NotUnderstood(token.where, f"{token.text} is not defined")
        self._taken += len(self._variables[token.text[1:]])
        if self._taken > _MOST:
            raise NotUnderstood(token.where, "the rule set is too long")
        return [part.but(where=token.where) for part in self._variables[token.text[1:]]]

    def _define(self, rest: "list[Token]", position: int) -> int:
        """Take ``define NAME = VALUE``; returns the position after it."""
        if rest[position].text == "undefine":
            return position + 2
        start, depth = position + 3, 0
        end = start
        while end < len(rest) and (depth > 0 or not ends(rest[end])):
            depth += is_mark(rest[end], "{") - is_mark(rest[end], "}")
            end += 1
        if start >= len(rest) or not is_mark(rest[position + 2], "="):
            raise NotUnderstood(rest[position].where, "not a definition of a variable")
        value: "list[Token]" = []
        for token in rest[start:end]:
            value += [] if is_mark(token, "\n") else self._expanded(token)
        self._variables[rest[position + 1].text] = value
        return end
