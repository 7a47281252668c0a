# SPDX-License-Identifier: GPL-2.0-or-later
"""How much time an action has left, and what took it."""

import time

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable

#: Share of an action's time kept for killing a hung command and for reporting,
#: with its least and greatest value in seconds.
_RESERVE_SHARE, _RESERVE_LEAST, _RESERVE_MOST = 0.1, 2.0, 10.0

#: Parts of the reserve, up to so many seconds each: a command has one to end after SIGTERM and one
#: after SIGKILL; before the last one, our own code has to be done.
_RESERVE_PARTS, GRACE = 4, 0.5

#: Of an action's time, what starting its process may have taken.
_START_SHARE = 0.25

#: A question gets this part of the time that its action has left. So several that hang leave
#: time for what follows, and a slow host is not taken for a dead program.
_PARTS = 4


class Share(float):
    """Seconds for one of several commands: at least this, more in an action that has more time.

    ``Host.run`` gives it less where the action has less.
    """

    def of(self, remaining: float) -> float:
        """Seconds for the command, of those that are left."""
        return max(self, remaining / _PARTS)


#: For a program that answers from memory.
QUERY = Share(5.0)


class Deadline:
    """A point on the monotonic clock.

    ``asked`` is the last command; ``hung`` says which was the last to give no answer; ``missed``
    whether there was no time for a command, or so little that its silence means nothing: whoever
    waits clears it.

    :param seconds: the whole action's time, as the cluster manager gave it
    :param clock: returns monotonic seconds
    :param used: seconds of it that were over before
    """

    asked = ""
    hung = ""
    missed = False

    def __init__(self, seconds: float, clock: "Callable[[], float]" = time.monotonic,
                 used: float = 0.0) -> None:
        reserve = min(max(seconds * _RESERVE_SHARE, _RESERVE_LEAST), _RESERVE_MOST, seconds / 2.0)
        self._clock = clock
        self._began = clock() - min(used, seconds * _START_SHARE)
        self._last_part = reserve / _RESERVE_PARTS
        self._end = self._began + seconds - reserve

    def share(self, parts: int) -> "Deadline":
        """The Deadline of one of *parts* equal shares of the time that is left."""
        part = Deadline(0, self._clock)
        part._began, part._end = self._began, self._clock() + self.remaining / parts
        part._last_part = self._last_part
        return part

    @property
    def grace(self) -> float:
        """Seconds for a command to end after a signal."""
        return min(GRACE, self._last_part)

    @property
    def last(self) -> float:
        """Seconds left until our own code has to be done; negative once that is over."""
        return self._end + (_RESERVE_PARTS - 1) * self._last_part - self._clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the action began."""
        return self._clock() - self._began

    @property
    def remaining(self) -> float:
        """Seconds left for work, the reserve not counted; never negative."""
        return max(0.0, self._end - self._clock())

    @property
    def reached(self) -> bool:
        """Whether no time is left."""
        return self.remaining <= 0.0
