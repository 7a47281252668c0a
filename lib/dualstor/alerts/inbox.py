# SPDX-License-Identifier: GPL-2.0-or-later
"""The events that are still to be sent to a recipient, and what was sent to it last.

Each event is a file of its own, so calls that come at once need no lock among them.
"""

import os

from dualstor.alerts.event import Event
from dualstor.kernel.process import boot_id
from dualstor.record import Record, fraction

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import IO, Any

    from dualstor.host.host import Host

#: Events that are kept for a recipient; further ones are in the log only.
MOST = 200

_EVENT, _LAST = "event", "last"
_NOTABLE = "!"


class Last(Record):
    """What was sent last. ``at``: the host's uptime then, None: never since it booted.

    ``said``: what status had to say, a sentence each.
    """

    at: "float | None" = None
    said: "tuple[str, ...]" = ()


class Inbox:
    """The events for one recipient.

    :param host: whose memory is the agent's own
    :param recipient: "" for the log
    """

    def __init__(self, host: "Host", recipient: str) -> None:
        self._host, self._recipient = host, recipient

    def _names(self) -> "tuple[str, ...]":
        return self._host.recalled(_EVENT, self._recipient)

    @property
    def empty(self) -> bool:
        """Whether nothing is to be sent."""
        return not self._names()

    def add(self, event: Event) -> bool:
        """Keep an event; False if there are too many."""
        if len(self._names()) >= MOST:
            return False
        mark = _NOTABLE if event.notable else "."
        self._host.remember(mark + event.text, _EVENT, self._recipient,
                            f"{self._host.uptime():020.6f}-{os.getpid()}")
        return True

    def take(self) -> "tuple[Event, ...]":
        """All events, the oldest first; they are not kept any longer."""
        found = []
        for name in self._names():
            text = self._host.recall(_EVENT, self._recipient, name)
            self._host.forget(_EVENT, self._recipient, name)
            if text:
                found.append(Event(text=text[1:], notable=text[0] == _NOTABLE))
        return tuple(found)

    @property
    def last(self) -> Last:
        """What was sent last."""
        lines = (self._host.recall(_LAST, self._recipient) or "").splitlines()
        if len(lines) < 2:
            return Last()
        at = fraction(lines[1]) if lines[0] == boot_id(self._host) else None
        return Last(at=at, said=tuple(lines[2:]))

    @last.setter
    def last(self, last: Last) -> None:
        self._host.remember("\n".join((boot_id(self._host), f"{last.at or 0:.3f}", *last.said)),
                            _LAST, self._recipient)

    def turn(self) -> "IO[Any] | None":
        """An open file for the one process that sends to the recipient; None: another one does."""
        return self._host.lock(f"sender-{self._recipient}", 0)
