# SPDX-License-Identifier: GPL-2.0-or-later
"""What to do now, as a value."""

from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.recipes import Stage

ERROR, WARNING, UNSEEN = "error", "warning", "unseen"


class Advice(Record):
    """What is wrong (``what``, a sentence) and what to do (``do``). ``severity``: see above.

    ``parts``: what to type where ``do`` is not all of it.
    """

    severity: str
    what: str
    do: str
    parts: "tuple[Stage, ...]" = ()


def error(what: str, do: str, parts: "tuple[Stage, ...]" = ()) -> Advice:
    """An Advice on what is wrong."""
    return Advice(severity=ERROR, what=what, do=do, parts=parts)


def warning(what: str, do: str) -> Advice:
    """An Advice on what works with less than it should have."""
    return Advice(severity=WARNING, what=what, do=do)
