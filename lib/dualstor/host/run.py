# SPDX-License-Identifier: GPL-2.0-or-later
"""The bounded runner: the only place in dualstor that starts a process.

A command gets an argument list (never a shell), a clean environment with
LC_ALL=C, no stdin, separate stdout and stderr of limited size, a process
group of its own, and a deadline on the monotonic clock. After that: SIGTERM to
the group, then SIGKILL; a child that survives even this (state D) is
abandoned. A grandchild that keeps the pipes open does not delay the return.
"""

import errno
import os
import select
import sys
import time

from dualstor import log
from dualstor.errors import ToolFailed, ToolHung, ToolMissing, shown
from dualstor.host import spawn
from dualstor.host.deadline import GRACE
from dualstor.record import Record

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    import signal
    from typing import Callable, Mapping, Sequence

    from dualstor.host.spawn import Child
else:       # the module without the enums above it
    import _signal as signal

#: Directories that are searched for programs; drbd-utils has drbdsetup-84 outside PATH.
PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
        "/usr/lib/drbd", "/lib/drbd")

#: Bytes kept of each of stdout and stderr; the rest is read and dropped.
OUTPUT_LIMIT = 4 << 20

_SLICE = 0.05     # seconds of one wait while the pipes are open
_CHUNK = 1 << 16

_ANSWER = "<pacemaker-result"


class Completed(Record):
    """A command that ended by itself.

    ``returncode`` is negative for a signal, as in subprocess; ``stdout`` and
    ``stderr`` are text (with \\xNN for bytes that are not UTF-8).
    """

    argv: "tuple[str, ...]"
    returncode: int
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    truncated: bool = False

    @property
    def ok(self) -> bool:
        """Whether it ended with 0."""
        return self.returncode == 0

    @property
    def outcome(self) -> str:
        """How it ended: "exit code 5" or "killed by signal 11"."""
        if self.returncode < 0:
            return f"killed by signal {-self.returncode}"
        return f"exit code {self.returncode}"

    def answer(self) -> str:
        """What it printed, of a question that always has an answer.

        :raises ToolFailed: it failed, or printed nothing though it ended with 0: some programs do
            so when the daemon that they ask does not run (corosync-quorumtool of corosync 1)
        """
        if self.ok and self.stdout.strip():
            return self.stdout
        if self.ok and not self.stderr.strip():
            raise ToolFailed(self, "no answer, though it ended with 0")
        raise ToolFailed(self)

    def complaint(self) -> str:
        """One line: what it said last on stderr (or stdout), and how it ended.

        Of an answer of Pacemaker in XML it is the last error that is in it.
        """
        lines = _lines(self.stderr) or _errors(self.stdout) or _lines(self.stdout)
        last = shown(lines[-1] if lines else "")
        return f"{last} ({self.outcome})" if last else self.outcome


def _lines(text: str) -> "list[str]":
    """The lines in which something is."""
    return [line for line in text.splitlines() if line.strip()]


def _errors(text: str) -> "list[str]":
    """The errors in an answer of Pacemaker's tools (xml/api/status-*.rng), else its status."""
    if _ANSWER not in text:
        return []
    import re
    from html import unescape
    said = re.findall("<error>(.*?)</error>", text, re.S) or \
        re.findall('<status [^>]*message="([^"]+)"', text)
    return [" ".join(unescape(each).split()) for each in said if each.strip()]


def find_program(name: str, path: "Sequence[str]" = PATH) -> str:
    """The full path of program *name*.

    :param name: a bare name, or a path
    :param path: directories to search
    :raises ToolMissing: there is none, or none that may be executed
    """
    if os.environ.get("OCF_TESTER_FAIL_HAVE_BINARY"):  # ocf-tester: as if nothing were installed
        raise ToolMissing((name,), "not found, as ocf-tester asks for")
    candidates = [name] if "/" in name else [os.path.join(each, name) for each in path]
    present = [c for c in candidates if os.path.isfile(c)]
    for candidate in present:
        if os.access(candidate, os.X_OK):
            return candidate
    if present:
        raise ToolMissing((name,), f"{present[0]} is not executable")
    raise ToolMissing((name,), "not found")


class _Stream:
    """One pipe of the child, read as data arrives and bounded in size.

    :param sink: gets all of it instead, however much it is
    """

    def __init__(self, fd: int, sink: "Callable[[bytes], object] | None" = None) -> None:
        self.fd = fd
        self._sink = sink
        os.set_blocking(self.fd, False)
        self.kept: "list[bytes]" = []
        self.size = 0
        self.open = True
        self.truncated = False

    def read(self) -> None:
        """Take what is there now."""
        while self.open:
            try:
                data = os.read(self.fd, _CHUNK)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.open = False
                return
            if self._sink is not None:
                self._sink(data)
                return
            room = OUTPUT_LIMIT - self.size
            if room > 0:
                self.kept.append(data[:room])
                self.size += min(len(data), room)
            if len(data) > room:
                self.truncated = True
                return  # a flood must not keep us from reading the clock

    def rest(self) -> None:
        """Take what is there after the end: of a sink all of it, else as ``read``."""
        self.read()
        while self._sink is not None and self.open and select.select([self.fd], [], [], 0)[0]:
            self.read()

    def text(self) -> str:
        return b"".join(self.kept).decode("utf-8", "backslashreplace")


def _signal_group(child: "Child", number: int) -> None:
    """Send a signal to the child's process group, which may be gone."""
    try:
        os.killpg(child.pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def _await_exit(child: "Child", seconds: float) -> bool:
    """Whether the child ends within *seconds*."""
    end, pause = time.monotonic() + seconds, 0.001
    while child.poll() is None:
        if time.monotonic() >= end:
            return False
        time.sleep(pause)
        pause = min(pause * 2, 0.02)
    return True


def _collect(child: "Child", streams: "Sequence[_Stream]", end: float) -> bool:
    """Read until the child has ended or *end* is reached; True when it has ended."""
    poller = select.poll()
    by_fd = {}
    for stream in streams:
        poller.register(stream.fd, select.POLLIN | select.POLLHUP)
        by_fd[stream.fd] = stream
    while by_fd:
        left = end - time.monotonic()
        if left <= 0:
            return child.poll() is not None
        for fd, _ in poller.poll(min(left, _SLICE) * 1000):
            by_fd[fd].read()
            if not by_fd[fd].open:
                poller.unregister(fd)
                del by_fd[fd]
        if child.poll() is not None:
            for stream in streams:
                stream.rest()
            return True
    return _await_exit(child, max(0.0, end - time.monotonic()))


def _seconds(seconds: float) -> str:
    """A time as a text names it: whole seconds, tenths of a second where it is short."""
    return f"{seconds:.0f}" if seconds >= 2 else f"{seconds:.1f}"


def _state(pid: int) -> str:
    """The kernel's state letter of a process, "" when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def _end(child: "Child", grace: float = GRACE) -> bool:
    """End a child whose time has expired; True when it is gone, False when it is abandoned.

    :param grace: seconds between SIGTERM and SIGKILL, and between SIGKILL and giving up
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal_group(child, number)
        if _await_exit(child, grace):
            _signal_group(child, signal.SIGKILL)  # what is left of the group
            return True
    return False


def _variables(path: "Sequence[str]", more: "Mapping[str, str]") -> "dict[str, str]":
    """The environment of a child: made of nothing, and *more*."""
    return {"PATH": ":".join(path), "LC_ALL": "C", "HOME": "/",
            "LVM_SUPPRESS_FD_WARNINGS": "1", **more}


def _pipe_with(data: bytes) -> int:
    """The end to read of a pipe that has *data* in it, so that nobody has to wait to write.

    :raises OSError: a pipe does not hold so much
    """
    reader, writer = os.pipe()
    try:
        os.set_blocking(writer, False)
        if os.write(writer, data) < len(data):
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    return reader


def run(argv: "Sequence[str]", timeout: float, path: "Sequence[str]" = PATH,
        environment: "Mapping[str, str] | None" = None,
        sink: "Callable[[bytes], object] | None" = None, data: "bytes | None" = None,
        grace: float = GRACE) -> Completed:
    """Run a command and return what it said.

    :param argv: program and arguments
    :param timeout: seconds until it is ended
    :param path: directories that are searched for the program
    :param environment: further variables for the child
    :param sink: called with each part of stdout, which is not kept then
    :param data: what it reads from stdin, at most what a pipe holds (64 KiB)
    :param grace: seconds that it has to end after SIGTERM, and again after SIGKILL
    :returns: the command, whatever its exit code
    :raises ToolMissing: the program is not there or cannot be executed
    :raises ToolHung: it did not end in time (ended by force, or abandoned)
    :raises OSError: a pipe does not hold *data*
    """
    argv = tuple(argv)
    program = find_program(argv[0], path)
    variables = _variables(path, environment or {})
    began = time.monotonic()
    given = None if data is None else _pipe_with(data)
    try:
        child = spawn.start(argv, program, variables, given)
    except OSError as problem:
        if problem.errno in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE):
            raise ToolHung(argv, f"could not be started: {problem.strerror}") from problem
        raise ToolMissing(argv, f"{program} cannot be executed: {problem.strerror}") from problem
    finally:
        if given is not None:
            os.close(given)
    streams = [_Stream(pipe, each) for pipe, each in zip(child.pipes, (sink, None))]
    try:
        ended = _collect(child, streams, began + timeout)
        if not ended:
            state = _state(child.pid)
            gone = _end(child, grace)
            _report(argv, "hung", began)
            text = f"no answer in {_seconds(timeout)} s"
            if not gone:
                text += f"; it cannot be killed (state {state or 'D'}), it waits for the kernel"
            raise ToolHung(argv, text, abandoned=not gone)
    except BaseException:
        if child.poll() is None:
            _signal_group(child, signal.SIGKILL)
            _await_exit(child, grace)
        raise
    finally:
        for pipe in child.pipes:
            os.close(pipe)
    assert child.returncode is not None
    completed = Completed(argv=argv, returncode=child.returncode, stdout=streams[0].text(),
                          stderr=streams[1].text(), seconds=time.monotonic() - began,
                          truncated=any(s.truncated for s in streams))
    _report(argv, completed.outcome, began)
    return completed


class Talk:
    """A program that is asked and answers through its stdin and stdout, in its own session.

    :param argv: program and arguments
    :param path: directories that are searched for the program
    :param environment: further variables for the child
    :raises ToolMissing, ToolHung: as ``run``
    """

    def __init__(self, argv: "Sequence[str]", path: "Sequence[str]" = PATH,
                 environment: "Mapping[str, str] | None" = None) -> None:
        self.argv = tuple(argv)
        program = find_program(self.argv[0], path)
        try:
            self._child = spawn.start(self.argv, program, _variables(path, environment or {}),
                                      talks=True)
        except OSError as problem:
            raise ToolMissing(self.argv, f"{program} cannot be executed: "
                              f"{problem.strerror}") from problem
        self._open = list(self._child.pipes)
        for pipe in self._open:
            os.set_blocking(pipe, False)
        self._input, self._output, self._errors = self._open
        self._held, self._said = bytearray(), b""

    def write(self, data: bytes, seconds: float) -> None:
        """Give it *data*.

        :raises ToolHung: it takes nothing for so many seconds
        :raises ToolFailed: it has ended
        """
        view = memoryview(data)
        while view:
            self._wait(self._input, select.POLLOUT, seconds)
            try:
                view = view[os.write(self._input, view[:_CHUNK]):]
            except BlockingIOError:
                continue
            except OSError:
                raise self._ended() from None

    def line(self, seconds: float, limit: int = OUTPUT_LIMIT) -> bytes:
        """Its next line, without the end of it; raises as ``write``, of silence."""
        while True:
            end = self._held.find(b"\n")
            if end >= 0:
                found = bytes(self._held[:end])
                del self._held[:end + 1]
                return found
            if len(self._held) > limit:
                raise ToolHung(self.argv, "says a line without an end")
            self._more(seconds)

    def take(self, count: int, seconds: float) -> bytes:
        """Its next *count* bytes; raises as ``write``, of silence."""
        while len(self._held) < count:
            self._more(seconds)
        found = bytes(self._held[:count])
        del self._held[:count]
        return found

    def close(self) -> None:
        """End it: it gets the end of its input, and after a moment is made to."""
        if self._input in self._open:
            self._open.remove(self._input)
            os.close(self._input)
        if self._child.returncode is None and not _await_exit(self._child, GRACE):
            _end(self._child)
        while self._open:
            os.close(self._open.pop())

    def _more(self, seconds: float) -> None:
        self._wait(self._output, select.POLLIN, seconds)
        try:
            data = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            raise self._ended()
        self._held += data

    def _wait(self, fd: int, event: int, seconds: float) -> None:
        poller = select.poll()
        poller.register(fd, event)
        poller.register(self._errors, select.POLLIN)
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            ready = dict(poller.poll(max(0.0, left) * 1000))
            if self._errors in ready:
                self._complaints(poller)
            if fd in ready:
                return
            if left <= 0:
                raise ToolHung(self.argv, f"no answer in {seconds:.0f} s")

    def _complaints(self, poller: "select.poll") -> None:
        try:
            data = os.read(self._errors, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            poller.unregister(self._errors)
        self._said = (self._said + data)[-_CHUNK:]

    def _ended(self) -> ToolFailed:
        _await_exit(self._child, GRACE)
        try:
            self._said += os.read(self._errors, _CHUNK)
        except OSError:
            pass
        code = self._child.poll()
        return ToolFailed(Completed(
            argv=self.argv, returncode=-signal.SIGPIPE if code is None else code,
            stderr=self._said.decode("utf-8", "backslashreplace")))


def leave_behind(name: str, arguments: "Sequence[str]") -> None:
    """Start the running script *name* once more, and do not wait for it.

    :raises ToolMissing: another script runs, or it cannot be started
    """
    program = os.path.realpath(sys.argv[0])
    if os.path.basename(sys.argv[0]) != name:
        raise ToolMissing((name,), f"{program} is not it")
    kept = {key: value for key, value in os.environ.items() if key.startswith(("OCF_", "HA_"))}
    try:
        spawn.start((sys.argv[0], *arguments), program, _variables(PATH, kept), quiet=True)
    except OSError as problem:
        raise ToolMissing((name,), f"{program} cannot be executed: {problem.strerror}") \
            from problem


def _report(argv: "Sequence[str]", outcome: str, began: float) -> None:
    log.debug("ran %s: %s after %.3f s", " ".join(argv), outcome, time.monotonic() - began)
