# SPDX-License-Identifier: GPL-2.0-or-later
"""What to do now, as a value."""

from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.recipes import Stage

ERROR, WARNING, UNSEEN = "error", "warning", "unseen"

#: Kinds, the most urgent first.
HOLD, UNFENCED, STRANDED, DLM_WAITS = "hold", "unfenced", "stranded", "dlm-waits"
ORPHANS, SUSPENDED, SPLIT_BRAIN, LONE_COPY = "orphans", "suspended", "split-brain", "lone-copy"
BOTH_CONSISTENT, DISK, OUTDATED = "both-consistent", "disk", "outdated"
LEFT_OVER = "left-over"
KINDS = (HOLD, UNFENCED, STRANDED, DLM_WAITS, ORPHANS, SUSPENDED, SPLIT_BRAIN, LONE_COPY,
         BOTH_CONSISTENT, DISK, OUTDATED, LEFT_OVER)


class Advice(Record):
    """What is wrong (``what``, a sentence) and what to do (``do``). ``severity``: see above.

    ``parts``: what to type where ``do`` is not all of it. ``kind``: what `dualstor recover` calls
    it, None where that has nothing to do with it; ``resource``: of DRBD, if it is about one;
    ``stages``: what it prints instead of ``parts``, where those are ().
    """

    severity: str
    what: str
    do: str
    parts: "tuple[Stage, ...]" = ()
    kind: "str | None" = None
    resource: "str | None" = None
    stages: "tuple[Stage, ...]" = ()


def error(what: str, do: str, parts: "tuple[Stage, ...]" = ()) -> Advice:
    """An Advice on what is wrong."""
    return Advice(severity=ERROR, what=what, do=do, parts=parts)


def warning(what: str, do: str, parts: "tuple[Stage, ...]" = ()) -> Advice:
    """An Advice on what works with less than it should have."""
    return Advice(severity=WARNING, what=what, do=do, parts=parts)
