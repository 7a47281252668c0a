# SPDX-License-Identifier: GPL-2.0-or-later
"""Where something is, and what a parser could not parse."""

from dualstor.record import Record


class Where(Record):
    """A place: ``source`` is a path or a command, ``line`` a number or None."""

    source: str
    line: "int | None" = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


class Problem(Record):
    """What a parser could not parse."""

    where: Where
    text: str
