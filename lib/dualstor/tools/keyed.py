# SPDX-License-Identifier: GPL-2.0-or-later
"""Output made of ``Key: value`` lines, as cman_tool and corosync-quorumtool print it."""

from dualstor.errors import ParseError
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable


def numbers(source: str, words: "Iterable[str]", line: str) -> "tuple[int, ...]":
    """The *words* of a *line* as a tuple of int.

    :param source: the command, for the error
    :raises ParseError: one of them is no whole number
    """
    found = [whole(word) for word in words]
    known = tuple(number for number in found if number is not None)
    if len(known) < len(found):
        raise ParseError(source, line, "expected numbers")
    return known


class Keyed:
    """The values of such an output, taken out by name; what nobody took is ``rest``.

    :param source: the command, for errors
    :param lines: the lines
    :raises ParseError: a line has no colon
    """

    def __init__(self, source: str, lines: "Iterable[str]") -> None:
        self._source = source
        self._values: "dict[str, str]" = {}
        self._taken: "set[str]" = set()
        for line in lines:
            key, colon, value = line.partition(":")
            if not colon or not key.strip():
                raise ParseError(source, line, "expected \"Key: value\"")
            self._values[key.strip()] = value.strip()

    def text(self, key: str) -> "str | None":
        """The value as text; None when the key is not there."""
        self._taken.add(key)
        return self._values.get(key)

    def words(self, key: str) -> "tuple[str, ...]":
        """The blank-separated words of a value, () when there are none."""
        return tuple((self.text(key) or "").split())

    def number(self, key: str) -> "int | None":
        """The integer a value begins with; None when the key is not there.

        :raises ParseError: it begins with something else
        """
        value = self.text(key)
        if value is None:
            return None
        found = whole((value.split() or [""])[0])
        if found is None:
            raise ParseError(self._source, f"{key}: {value}", "expected a number")
        return found

    def need(self, key: str) -> str:
        """The value as text.

        :raises ParseError: the key is not there: the output is cut off or another program's
        """
        value = self.text(key)
        if value is None:
            last = "".join(f"{k}: {v}" for k, v in list(self._values.items())[-1:])
            raise ParseError(self._source, last, f"no line \"{key}:\", the last one is")
        return value

    @property
    def rest(self) -> "tuple[tuple[str, str], ...]":
        """The (key, value) pairs nobody asked for, in order."""
        return tuple((k, v) for k, v in self._values.items() if k not in self._taken)
