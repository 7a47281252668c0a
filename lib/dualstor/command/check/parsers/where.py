# SPDX-License-Identifier: GPL-2.0-or-later
"""Where something stands, and what is wrong with a text that a parser could not take."""

from dualstor.record import Record


class Where(Record):
    """A place: ``source`` is a path or a command, ``line`` a number or None."""

    source: str
    line: int = None

    def __str__(self):
        return self.source if self.line is None else f"{self.source}:{self.line}"


class Problem(Record):
    """What a parser stumbled over."""

    where: Where
    text: str
