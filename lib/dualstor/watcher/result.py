# SPDX-License-Identifier: GPL-2.0-or-later
"""The result of a round as text, from its process to the watcher's: lines with tabs.

    all-done | not-yet
    says TEXT               why not all is done
    KIND ARGUMENT TEXT      what "all done" depends on; any number of these
    end                     nothing is cut off
"""

from dualstor.look import well
from dualstor.look.sights import KINDS
from dualstor.watcher.schedule import Result

_ALL_DONE, _NOT_YET, _SAYS, _END = "all-done", "not-yet", "says", "end"


def to_text(result: Result) -> str:
    """A Result as text; ``from_text`` reads it."""
    word = _NOT_YET if result.sights is None else _ALL_DONE
    rows = ((word,), (_SAYS, result.says), *(result.sights or ()), (_END,))
    return "".join(well.row(fields) for fields in rows)


def from_text(text: str) -> Result:
    """The Result that ``to_text`` wrote, its texts still escaped; not all done in any doubt."""
    rows = [tuple(line.split("\t")) for line in text.split("\n")]
    if rows[-2:] != [(_END,), ("",)] or len(rows) < 4 or len(rows[1]) != 2:
        return Result()
    word, (_, says), found = rows[0], rows[1], rows[2:-2]
    if word != (_ALL_DONE,):
        return Result(says=says)
    sights = tuple((row[0], row[1], row[2]) for row in found
                   if len(row) == 3 and row[0] in KINDS)
    return Result(sights=sights, says=says) if len(sights) == len(found) else Result()
