# SPDX-License-Identifier: GPL-2.0-or-later
"""How much time an action has left, and what took it."""

import time

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable

#: Share of an action's time kept for killing a hung command and for reporting,
#: with its least and greatest value in seconds.
_RESERVE_SHARE, _RESERVE_LEAST, _RESERVE_MOST = 0.1, 2.0, 10.0

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

    ``hung`` says which command was the last to give no answer; ``missed`` whether there was no
    time for a command, or so little that its silence means nothing: whoever waits clears it.

    :param seconds: the whole action's time, as the cluster manager gave it
    :param clock: returns monotonic seconds
    """

    hung = ""
    missed = False

    def __init__(self, seconds: float, clock: "Callable[[], float]" = time.monotonic) -> None:
        reserve = min(max(seconds * _RESERVE_SHARE, _RESERVE_LEAST), _RESERVE_MOST, seconds / 2.0)
        self._clock = clock
        self._began = clock()
        self._end = self._began + seconds - reserve

    def share(self, parts: int) -> "Deadline":
        """The Deadline of one of *parts* equal shares of the time that is left."""
        part = Deadline(0, self._clock)
        part._began, part._end = self._began, self._clock() + self.remaining / parts
        return part

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
