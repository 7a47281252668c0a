# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies of a resident process: one loads what is dear to load, and goes when it is idle.

No program is started here; that is what run.py does.
"""

import posix
import select
import time

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    import signal
    from types import FrameType
    from typing import Callable, Iterable, NoReturn

    from dualstor.host.files import Files
else:       # the module without the Python above it, as with posix: a resident process is small
    import _signal as signal

_POLL = 0.05        # seconds between looks whether a copy that has to end has ended
_CHUNK = 1 << 16
_GRACE = 2.0        # seconds for a copy to end its own children
_END = b"\0"        # of what is given to a copy, and of what it answers


class Copy:
    """A copy of this process that does one piece of work after another, as long as it is kept.

    It ends when this process does, also in the middle of its work.

    :param work: what it does there: takes a text and returns one, both without NUL
    :param without: descriptors that it must not keep open after this process has ended
    """

    def __init__(self, work: "Callable[[str], str]", without: "Iterable[int]" = ()) -> None:
        self._until = 0.0
        self._answer = b""
        self.works = False      # whether it was given something, and has not answered yet
        asked, self._asking = posix.pipe()
        self.pipe, answering = posix.pipe()     # can be read when it has answered or ended
        alive, self._alive = posix.pipe()       # is closed when this process ends
        self.pid = posix.fork()
        if not self.pid:
            for number in (self._asking, self.pipe, self._alive, *without):
                posix.close(number)
            _serve(work, asked, answering, alive)
        for number in (asked, answering, alive):
            posix.close(number)

    def give(self, text: str, seconds: float) -> None:
        """Have it work on *text*; it must be idle. After so many *seconds* it is made to end."""
        self._until, self._answer, self.works = time.monotonic() + seconds, b"", True
        try:
            _write(self._asking, text)
        except OSError:
            pass    # it has ended meanwhile: ``ended`` says so

    def answered(self) -> "str | None":
        """What it has answered; None as long as it works."""
        self._take()
        if not self._answer.endswith(_END):
            return None
        self.works = False
        return self._answer[:-len(_END)].decode("utf-8", "backslashreplace")

    def ended(self) -> bool:
        """Whether it has ended; it is made to once its time has expired."""
        pid, _ = posix.waitpid(self.pid, posix.WNOHANG)
        if pid:
            for number in (self.pipe, self._asking, self._alive):
                posix.close(number)
            return True
        over = time.monotonic() - self._until if self.works else 0.0
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
            self._answer += data

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


def _write(pipe: int, text: str) -> None:
    data = text.encode("utf-8", "backslashreplace") + _END
    while data:
        data = data[posix.write(pipe, data):]


def _end_with(alive: int) -> None:
    """Have SIGTERM sent to this process when the other end of a pipe is closed (fcntl(2))."""
    import fcntl
    fcntl.fcntl(alive, fcntl.F_SETOWN, posix.getpid())
    fcntl.fcntl(alive, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(alive, fcntl.F_SETFL, posix.O_ASYNC | posix.O_NONBLOCK)
    try:
        if not posix.read(alive, 1):
            posix._exit(1)      # it was closed before
    except BlockingIOError:
        pass


def _serve(work: "Callable[[str], str]", asked: int, answering: int, alive: int) -> None:
    """The copy itself; does not return."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)   # until the work has its own way to end
        _end_with(alive)
        given = b""
        while True:
            data = posix.read(asked, _CHUNK)
            if not data:
                break       # nobody is there any more to give it anything
            given += data
            if given.endswith(_END):
                text, given = given[:-len(_END)].decode("utf-8", "backslashreplace"), b""
                _write(answering, work(text))
        code = 0
    finally:
        posix._exit(code)


def on_end(act: "Callable[[int, FrameType | None], None]") -> None:
    """From now on any signal that would end this process has *act* called."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT,
                   signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, act)


def begin_again(files: "Files") -> "NoReturn":
    """Replace this process by the program that is installed now, with the same arguments.

    :raises OSError: it cannot be started
    """
    line = (files.read("/proc/self/cmdline") or "").split("\0")[:-1]
    posix.execve(line[0], line, posix.environ)
