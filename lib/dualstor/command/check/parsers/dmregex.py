# SPDX-License-Identifier: GPL-2.0-or-later
"""device-mapper's regular expressions, as LVM's filters have them.

They are searched for anywhere in a name. A set of states is followed through the name, as
device-mapper does it: no expression takes long. Source: LVM2 libdm/regex/parse_rx.c.
"""

from functools import lru_cache

from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Union

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_BEGIN, _END = "begin", "end"       # what ^ and $ match
_LONGEST = 1000
#: Programs, and answers: with many DRBD resources a filter has two patterns for each, and several
#: rules ask it about the same names.
_PROGRAMS, _ANSWERS = 1 << 10, 1 << 14


class Malformed(Exception):
    """device-mapper refuses the expression; str() says why."""


class _Set(Record):
    """A set of characters."""

    chars: "frozenset[str]"
    negated: bool = False


if TYPE_CHECKING:
    #: A step: what one character must be, or (kind, parts).
    Node = Union[_Set, str, "tuple[str, tuple[Node, ...]]"]


class _Parser:
    """A tree of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def tree(self) -> "Node":
        """The tree of the whole text."""
        found = self._either()
        if self._at < len(self._text):
            raise Malformed('a ")" that nothing opened')
        return found

    def _peek(self) -> str:
        return self._text[self._at:self._at + 1]

    def _take(self) -> str:
        self._at += 1
        return self._text[self._at - 1:self._at]

    def _either(self) -> "Node":
        options = [self._sequence()]
        while self._peek() == "|":
            self._take()
            options.append(self._sequence())
        return ("or", tuple(options))

    def _sequence(self) -> "Node":
        parts: "list[Node]" = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated())
        if not parts:
            raise Malformed("there is nothing where an expression must be")
        return ("cat", tuple(parts))

    def _repeated(self) -> "Node":
        found = self._term()
        while self._peek() in ("*", "+", "?") and self._peek():
            found = (self._take(), (found,))
        return found

    def _term(self) -> "Node":
        char = self._take()
        if char == "(":
            found = self._either()
            if self._take() != ")":
                raise Malformed('a ")" is missing')
            return found
        if char in "*+?":
            raise Malformed(f'there is nothing that "{char}" repeats')
        if char == "[":
            return self._set()
        if char == "^":
            return _BEGIN
        if char == "$":
            return _END
        if char == ".":
            return _Set(frozenset("\n\r"), negated=True)
        return _Set(frozenset((self._escaped() if char == "\\" else char,)))

    def _escaped(self) -> str:
        char = self._take()
        if not char:
            raise Malformed("a backslash at the end")
        return _ESCAPES.get(char, char)

    def _set(self) -> _Set:
        negated = self._peek() == "^"
        if negated:
            self._take()
        chars: "set[str]" = set()
        last = ""
        while self._peek() != "]":
            char = self._take()
            if not char:
                raise Malformed('a "]" is missing')
            if char == "-" and last:
                low, high = sorted((last, self._take() or "\0"))
                chars.update(chr(code) for code in range(ord(low), min(ord(high), 255) + 1))
                last = high
                continue
            last = self._escaped() if char == "\\" else char
            chars.add(last)
        self._take()
        return _Set(frozenset(chars), negated)


class _Program:
    """The states of a tree: each is (what a character must be, next) or ("", nexts)."""

    def __init__(self, tree: "Node") -> None:
        self.states: "list[tuple[_Set | str, tuple[int, ...]]]" = [("done", ())]
        self.first = self._add(tree, 0)
        self._anchored = self.states[self.first][0] == _BEGIN
        self._known: "dict[tuple[frozenset[int], str, bool], frozenset[int]]" = {}

    def _state(self, what: "_Set | str", *following: int) -> int:
        self.states.append((what, following))
        return len(self.states) - 1

    def _add(self, node: "Node", following: int) -> int:
        """The first state of a node after which *following* comes."""
        if isinstance(node, (_Set, str)):
            return self._state(node, following)
        kind, parts = node
        if kind == "cat":
            for part in reversed(parts):
                following = self._add(part, following)
            return following
        if kind == "or":
            return self._state("", *[self._add(part, following) for part in parts])
        if kind == "?":
            return self._state("", self._add(parts[0], following), following)
        again = self._state("")     # filled in below: it leads back
        inner = self._add(parts[0], again)
        self.states[again] = "", (inner, following)
        return again if kind == "*" else inner

    def _reached(self, states: "set[int]", begin: bool, end: bool) -> "frozenset[int]":
        """The states that are reached without a character."""
        waiting, found = list(states), set(states)
        while waiting:
            what, following = self.states[waiting.pop()]
            if what == "" or (what == _BEGIN and begin) or (what == _END and end):
                waiting += [state for state in following if state not in found]
                found.update(following)
        return frozenset(found)

    def start(self, end: bool) -> "frozenset[int]":
        """The states at the begin of a name; *end*: it is the end, too."""
        return self._reached({self.first}, True, end)

    def after(self, states: "frozenset[int]", char: str, end: bool) -> "frozenset[int]":
        """The states after one more character; *end*: the last one. Each is worked out once."""
        known = self._known.get((states, char, end))
        if known is None:
            found = {state for number in states for what, following in [self.states[number]]
                     if isinstance(what, _Set) and (char in what.chars) != what.negated
                     for state in following}
            if not self._anchored:
                found.add(self.first)
            known = self._known[states, char, end] = self._reached(found, False, end)
        return known


@lru_cache(maxsize=_PROGRAMS)
def _program(regex: str) -> _Program:
    if len(regex) > _LONGEST:
        raise Malformed("it is longer than any")
    try:
        return _Program(_Parser(regex).tree())
    except RecursionError:
        raise Malformed("it is nested too deeply") from None


@lru_cache(maxsize=_ANSWERS)
def search(regex: str, name: str) -> bool:
    """Whether an expression matches somewhere in a name.

    :raises Malformed: device-mapper refuses the expression
    """
    program = _program(regex)
    states = program.start(not name)
    for at, char in enumerate(name, 1):
        if 0 in states or not states:
            break
        states = program.after(states, char, at == len(name))
    return 0 in states
