# SPDX-License-Identifier: GPL-2.0-or-later
"""Output made of ``Key: value`` lines, as cman_tool and corosync-quorumtool print it."""

from dualstor.errors import ParseError
from dualstor.record import whole


def numbers(source, words, line):
    """The *words* of a *line* as a tuple of int.

    :param source: the command, for the error
    :raises ParseError: one of them is no whole number
    """
    found = tuple(whole(word) for word in words)
    if None in found:
        raise ParseError(source, line, "expected numbers")
    return found


class Keyed:
    """The values of such an output, taken out by name; what nobody took is ``rest``.

    :param source: the command, for errors
    :param lines: the lines
    :raises ParseError: a line has no colon
    """

    def __init__(self, source, lines):
        self._source = source
        self._values, self._taken = {}, set()
        for line in lines:
            key, colon, value = line.partition(":")
            if not colon or not key.strip():
                raise ParseError(source, line, "expected \"Key: value\"")
            self._values[key.strip()] = value.strip()

    def text(self, key):
        """The value as text; None when the key is not there."""
        self._taken.add(key)
        return self._values.get(key)

    def words(self, key):
        """The blank-separated words of a value, () when there are none."""
        return tuple((self.text(key) or "").split())

    def number(self, key):
        """The integer a value begins with; None when the key is not there.

        :raises ParseError: it begins with something else
        """
        value = self.text(key)
        if value is None:
            return None
        found = whole((value.split() or [""])[0])
        if found is None:
            raise ParseError(self._source, "%s: %s" % (key, value), "expected a number")
        return found

    def need(self, key):
        """The value as text.

        :raises ParseError: the key is not there: the output is cut off or another program's
        """
        value = self.text(key)
        if value is None:
            last = "%s: %s" % list(self._values.items())[-1] if self._values else ""
            raise ParseError(self._source, last, f"no line \"{key}:\", the last one is")
        return value

    @property
    def rest(self):
        """The (key, value) pairs nobody asked for, in order."""
        return tuple((k, v) for k, v in self._values.items() if k not in self._taken)
