# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies of a resident process: what is dear to load is loaded by one that ends with its work.

No program is started here; that is what run.py does.
"""

import posix
import select
import signal
import time

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, NoReturn

    from dualstor.host.files import Files

_POLL = 0.05        # seconds between looks whether a copy that has to end has ended
_CHUNK = 1 << 16
_GRACE = 2.0        # seconds for a copy to end its own children


class Copy:
    """A copy of this process that does one piece of work, and the pipe for its result.

    :param work: what it does there; returns the result as text
    :param seconds: after which it is made to end
    """

    def __init__(self, work: "Callable[[], str]", seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._text = b""
        reading, writing = posix.pipe()
        self.pid = posix.fork()
        if not self.pid:
            _work(work, writing)
        posix.close(writing)
        self.pipe = reading     # can be read when it has a result or has ended

    def ended(self) -> bool:
        """Whether it has ended; it is made to once its time has expired."""
        self._take()
        pid, _ = posix.waitpid(self.pid, posix.WNOHANG)
        if pid:
            self._take()
            posix.close(self.pipe)
            return True
        over = time.monotonic() - self._end
        if over > 0:
            self.signal(signal.SIGKILL if over > _GRACE else signal.SIGTERM)
        return False

    def _take(self) -> None:
        ready = select.poll()
        ready.register(self.pipe, select.POLLIN)
        while ready.poll(0):
            data = posix.read(self.pipe, _CHUNK)
            if not data:
                break
            self._text += data

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self._text.decode("utf-8", "backslashreplace")

    def signal(self, number: int) -> None:
        """Send it a signal; it has not been waited for, so its pid is its own."""
        posix.kill(self.pid, number)

    def end(self) -> None:
        """Have it end within _GRACE, then by force."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.signal(number)
            until = time.monotonic() + _GRACE
            while time.monotonic() < until:
                if self.ended():
                    return
                time.sleep(_POLL)


def _work(work: "Callable[[], str]", pipe: int) -> None:
    """The copy itself; does not return."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)   # until the agent has its own way to end
        data = work().encode("utf-8", "backslashreplace")
        while data:
            data = data[posix.write(pipe, data):]
        code = 0
    finally:
        posix._exit(code)


def begin_again(files: "Files") -> "NoReturn":
    """Replace this process by the program that is installed now, with the same arguments.

    :raises OSError: it cannot be started
    """
    line = (files.read("/proc/self/cmdline") or "").split("\0")[:-1]
    posix.execve(line[0], line, posix.environ)
