# SPDX-License-Identifier: GPL-2.0-or-later
"""How much time an action has left."""

import time

#: Share of an action's time kept for killing a hung command and for reporting,
#: with its least and greatest value in seconds.
_RESERVE_SHARE, _RESERVE_LEAST, _RESERVE_MOST = 0.1, 2.0, 10.0


class Deadline:
    """A point on the monotonic clock.

    :param seconds: the whole action's time, as the cluster manager gave it
    :param clock: function that returns monotonic seconds
    """

    def __init__(self, seconds, clock=time.monotonic):
        reserve = min(max(seconds * _RESERVE_SHARE, _RESERVE_LEAST), _RESERVE_MOST, seconds / 2.0)
        self._clock = clock
        self._began = clock()
        self._end = self._began + seconds - reserve

    @property
    def elapsed(self):
        """Seconds since the action began."""
        return self._clock() - self._began

    @property
    def remaining(self):
        """Seconds left for work, the reserve not counted; never negative."""
        return max(0.0, self._end - self._clock())

    @property
    def reached(self):
        """Whether no time is left."""
        return self.remaining <= 0.0
