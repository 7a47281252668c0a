# SPDX-License-Identifier: GPL-2.0-or-later
"""Background processes that are known by pid and start time, so that a reused pid is never taken for ours."""
import os
import signal
import time
from pathlib import Path

from .errors import LabError


def start_time(pid):
    """Returns the start time of a live process in clock ticks since boot, as text; None when it is gone or a zombie.

    Field 22 of /proc/PID/stat, see proc(5); the name in field 2 may hold blanks and brackets.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in ("Z", "X") else fields[19]


class PidFile:
    """A file with the pid and the start time of one background process."""

    def __init__(self, path):
        self.path = Path(path)

    def record(self, pid):
        """Notes a running process. Raises LabError when it has ended already."""
        started = start_time(pid)
        if started is None:
            raise LabError(f"process {pid} ended at once: see the logs next to {self.path}")
        fresh = self.path.with_suffix(".new")
        fresh.write_text(f"{pid} {started}\n")
        fresh.replace(self.path)

    def pid(self):
        """Returns the pid of the recorded process while it lives, else None."""
        try:
            pid, started = self.path.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if start_time(pid) == started else None

    def end(self, number=signal.SIGKILL, timeout=10.0):
        """Ends the recorded process with a signal and waits until it is gone. Returns the pid it had, or None."""
        pid = self.pid()
        if pid is None:
            return None
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return pid
        end = time.monotonic() + timeout
        while self.pid() is not None:
            if time.monotonic() > end:
                raise LabError(f"process {pid} does not end on signal {int(number)}: see `ps -fp {pid}`")
            time.sleep(0.01)
        return pid
