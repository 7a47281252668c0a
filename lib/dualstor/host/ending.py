# SPDX-License-Identifier: GPL-2.0-or-later
"""How an action ends before it is done: by a signal, or because its time expires in our own code.

Both raise Terminated where the program is at the moment: what runs ends its command, and the
exit reason is printed.
"""

import time

from dualstor.errors import Terminated, TimeExpired
from dualstor.record import whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    import signal
    from types import FrameType
    from typing import NoReturn
else:       # the module without the enums above it
    import _signal as signal

#: Signals that would end a process without a word, and leave behind the command that it runs.
SIGNALS: "dict[int, str]" = {
    signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT", signal.SIGHUP: "SIGHUP",
    signal.SIGQUIT: "SIGQUIT", signal.SIGUSR1: "SIGUSR1", signal.SIGUSR2: "SIGUSR2"}

_LEAST, _MOST = 0.001, 1e6      # seconds that a timer is set to; 0 would be none at all
_AGAIN = 1.0            # seconds: an exception can get lost, in a destructor
_SINCE_BOOT = 7         # CLOCK_BOOTTIME, clock_gettime(2)
_START_TIME = 19        # field of /proc/self/stat behind the name, in ticks (proc_pid_stat(5))


def _on_signal(number: int, _frame: "FrameType | None") -> "NoReturn":
    ignore()
    raise Terminated(f"ended by {SIGNALS[number]}", SIGNALS[number])


def _on_alarm(_number: int, _frame: "FrameType | None") -> "NoReturn":
    raise TimeExpired("its time expired")


def listen() -> None:
    """From now on a signal ends what runs; one that the caller has ignored stays so."""
    for number in SIGNALS:
        if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _on_signal)


def limit(seconds: float) -> None:
    """After so many seconds the time has expired, whatever runs."""
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.setitimer(signal.ITIMER_REAL, min(max(seconds, _LEAST), _MOST), _AGAIN)


def ignore() -> None:
    """Nothing ends what is left to do."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def age() -> float:
    """Seconds since this process was started, of which its interpreter took some; 0 if unknown."""
    import os
    try:
        with open("/proc/self/stat") as stream:
            fields = stream.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    ticks = whole(fields[_START_TIME]) if len(fields) > _START_TIME else None
    if ticks is None:
        return 0.0
    return max(0.0, time.clock_gettime(_SINCE_BOOT) - ticks / os.sysconf("SC_CLK_TCK"))
