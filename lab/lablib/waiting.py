# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for a condition, with a limit and an error that says what was seen."""
import time

from .errors import Hopeless, LabError, WaitTimeout


class Unmet(str):
    """What a condition saw when it did not hold: false, but with a text for the error."""

    __slots__ = ()

    def __bool__(self):
        return False


def wait_until(condition, what, timeout, interval=0.25, clock=time.monotonic, sleep=time.sleep):
    """Calls `condition` until it returns something true, and returns that.

    condition: called without arguments. What is false is not yet; an Unmet carries what was seen. A LabError counts
        as not yet, for instance of a node that is still booting.
    what: completes the sentence "waited N s for ..." in the error.
    timeout, interval: seconds.
    Raises WaitTimeout with what the condition saw last; a Hopeless of the condition ends the waiting at once.
    """
    end = clock() + timeout
    while True:
        try:
            seen = condition()
            if seen:
                return seen
        except Hopeless:
            raise
        except LabError as error:
            seen = error
        left = end - clock()
        if left <= 0:
            raise WaitTimeout(f"waited {timeout:g} s for {what}; last seen: {str(seen).strip() or repr(seen)}")
        sleep(min(interval, left))
