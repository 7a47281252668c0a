# SPDX-License-Identifier: GPL-2.0-or-later
"""From events and what status says to what is sent. Pure."""

from dualstor import recipes
from dualstor.command.status.advised import ERROR, UNSEEN
from dualstor.log import printable
from dualstor.record import Record

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.alerts.event import Event
    from dualstor.command.status.advised import Advice

#: Bounds: events and pieces of advice in a letter, characters of its subject and of all of it.
EVENTS, ADVICES, SUBJECT, BODY = 30, 10, 120, 16000

_WELL = "nothing is to be done now"
_UNSEEN = """\
This is what the user hacluster can see on {node}. LVM, the lock daemon's answers and a healing of
`dualstor recover` are shown to root: run `dualstor status` on {node}."""


class Letter(Record):
    """What is sent. ``lines``: (whether it is an error, text) for the log."""

    subject: str
    body: str
    lines: "tuple[tuple[bool, str], ...]"


def said(advices: "tuple[Advice, ...]") -> "tuple[str, ...]":
    """What status says is wrong, a sentence each; not what hacluster cannot see."""
    return tuple(printable(each.what) for each in advices if each.severity != UNSEEN)


def _shortened(lines: "Iterator[str]") -> str:
    """Lines up to the bound of a letter."""
    found, room = [], BODY
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            found.append("... the rest: `dualstor status`.")
            break
        found.append(line)
    return "\n".join(found) + "\n"


def _body(node: str, events: "tuple[Event, ...]",
          advices: "tuple[Advice, ...]") -> "Iterator[str]":
    yield f"What `dualstor status` on {node} says:"
    yield ""
    for number, each in enumerate(advices[:ADVICES], 1):
        yield f"{number}. {printable(each.what)}."
        yield f"   Do: {printable(each.do)}{':' if each.parts else '.'}"
        for line in recipes.lines(each.parts):
            yield f"   {printable(line)}"
    if not advices:
        yield f"Nothing that {node} can see without root's rights is wrong."
    if len(advices) > ADVICES:
        yield f"... and {len(advices) - ADVICES} more."
    yield ""
    yield "What happened:"
    yield ""
    notable = tuple(each for each in events if each.notable)
    for event in notable[-EVENTS:]:
        yield f"  {event.text}"
    if len(notable) > EVENTS:
        yield f"  ... and {len(notable) - EVENTS} before, see the log."
    if len(events) > len(notable):
        yield f"  {len(events) - len(notable)} that are as they should be, see the log."
    yield ""
    yield _UNSEEN.format(node=node)


def compose(node: str, events: "tuple[Event, ...]", advices: "tuple[Advice, ...]",
            before: "tuple[str, ...]") -> "Letter | None":
    """The Letter about what happened; None where nothing of it is worth one.

    :param advices: what status says
    :param before: what ``said`` was in the last letter
    """
    advices = tuple(each for each in advices if each.severity != UNSEEN)
    now, notable = said(advices), [each for each in events if each.notable]
    if not notable and set(now) == set(before):
        return None
    first = now[0] if now else notable[-1].text if notable else _WELL
    more = f" (and {len(now) - 1} more)" if len(now) > 1 else ""
    lines = [(each.severity == ERROR, f"{printable(each.what)}. Do: {printable(each.do)}")
             for each in advices[:ADVICES] if printable(each.what) not in before]
    if before and not now:
        lines.append((False, f"status: {_WELL}"))
    return Letter(subject=f"dualstor on {node}: {first}"[:SUBJECT - len(more)] + more,
                  body=_shortened(_body(node, events, advices)), lines=tuple(lines))
