# SPDX-License-Identifier: GPL-2.0-or-later
"""The bounded runner: the only place in dualstor that starts a process.

A command gets an argument list (never a shell), a clean environment with
LC_ALL=C, no stdin, stdout and stderr apart and bounded in size, a process
group of its own, and a deadline on the monotonic clock. Past it: SIGTERM to
the group, then SIGKILL, then a child that even this does not end (state D) is
abandoned. A grandchild that keeps the pipes open does not delay the return.
"""

import errno
import os
import select
import signal
import subprocess
import time

from dualstor import log
from dualstor.errors import ToolFailed, ToolHung, ToolMissing, shown
from dualstor.record import Record

#: Where programs are looked for; drbd-utils keeps drbdsetup-84 outside PATH.
PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
        "/usr/lib/drbd", "/lib/drbd")

#: Bytes kept of each of stdout and stderr; the rest is read and dropped.
OUTPUT_LIMIT = 4 << 20

#: Seconds between SIGTERM and SIGKILL, and between SIGKILL and giving up.
TERM_GRACE, KILL_GRACE = 0.5, 0.5

_SLICE = 0.05     # seconds of one wait while the pipes are open
_CHUNK = 1 << 16


class Completed(Record):
    """A command that ended by itself.

    ``returncode`` is negative for a signal, as in subprocess; ``stdout`` and
    ``stderr`` are text (bytes that are not UTF-8 stand as \\xNN).
    """

    argv: tuple
    returncode: int
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    truncated: bool = False

    @property
    def ok(self):
        """Whether it ended with 0."""
        return self.returncode == 0

    @property
    def outcome(self):
        """How it ended: "exit code 5" or "killed by signal 11"."""
        if self.returncode < 0:
            return f"killed by signal {-self.returncode}"
        return f"exit code {self.returncode}"

    def answer(self):
        """What it printed, of a question that has an answer in any case.

        :raises ToolFailed: it failed, or said nothing though it ended with 0: some programs do
            so when what they ask does not run (corosync-quorumtool of corosync 1)
        """
        if self.ok and self.stdout.strip():
            return self.stdout
        if self.ok and not self.stderr.strip():
            raise ToolFailed(self, "no answer, though it ended with 0")
        raise ToolFailed(self)

    def complaint(self):
        """One line: what it said last on stderr (or stdout), and how it ended."""
        last = shown(next((l for l in reversed((self.stderr or self.stdout).splitlines())
                           if l.strip()), ""))
        return f"{last} ({self.outcome})" if last else self.outcome


def find_program(name, path=PATH):
    """The full path of program *name*.

    :param name: a bare name, or a path
    :param path: folders to search
    :raises ToolMissing: there is none, or none that may be executed
    """
    if os.environ.get("OCF_TESTER_FAIL_HAVE_BINARY"):  # ocf-tester: as if nothing were installed
        raise ToolMissing((name,), "not found; ocf-tester asks to behave so")
    candidates = [name] if "/" in name else [os.path.join(folder, name) for folder in path]
    present = [c for c in candidates if os.path.isfile(c)]
    for candidate in present:
        if os.access(candidate, os.X_OK):
            return candidate
    if present:
        raise ToolMissing((name,), f"{present[0]} is not executable")
    raise ToolMissing((name,), "not found; install the package that provides it")


class _Stream:
    """One pipe of the child, read as it comes and bounded in size."""

    def __init__(self, pipe):
        self.fd = pipe.fileno()
        os.set_blocking(self.fd, False)
        self.kept = []
        self.size = 0
        self.open = True
        self.truncated = False

    def read(self):
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
            room = OUTPUT_LIMIT - self.size
            if room > 0:
                self.kept.append(data[:room])
                self.size += min(len(data), room)
            if len(data) > room:
                self.truncated = True
                return  # a flood must not keep us from looking at the clock

    def text(self):
        return b"".join(self.kept).decode("utf-8", "backslashreplace")


def _signal_group(child, number):
    """Send a signal to the child's process group; gone is fine."""
    try:
        os.killpg(child.pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def _await_exit(child, seconds):
    """Whether the child ends within *seconds*."""
    end, pause = time.monotonic() + seconds, 0.001
    while child.poll() is None:
        if time.monotonic() >= end:
            return False
        time.sleep(pause)
        pause = min(pause * 2, 0.02)
    return True


def _collect(child, streams, end):
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
                stream.read()
            return True
    return _await_exit(child, max(0.0, end - time.monotonic()))


def _state(pid):
    """The kernel's state letter of a process, "" when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def _end(child):
    """End a child that overran; True when it is gone, False when it is abandoned."""
    for number, grace in ((signal.SIGTERM, TERM_GRACE), (signal.SIGKILL, KILL_GRACE)):
        _signal_group(child, number)
        if _await_exit(child, grace):
            _signal_group(child, signal.SIGKILL)  # what is left of the group
            return True
    return False


def run(argv, timeout, path=PATH, environment=None):
    """Run a command and return what it said.

    :param argv: program and arguments, a sequence of strings
    :param timeout: seconds until it is told to end
    :param path: folders in which the program is looked for
    :param environment: mapping of further variables for the child
    :returns: Completed, whatever the exit code
    :raises ToolMissing: the program is not there or cannot be executed
    :raises ToolHung: it did not end in time (ended by force, or abandoned)
    """
    argv = tuple(argv)
    program = find_program(argv[0], path)
    variables = {"PATH": ":".join(path), "LC_ALL": "C", "HOME": "/",
                 "LVM_SUPPRESS_FD_WARNINGS": "1"}
    variables.update(environment or {})
    began = time.monotonic()
    try:
        child = subprocess.Popen(
            argv, executable=program, env=variables, cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    except OSError as problem:
        if problem.errno in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE):
            raise ToolHung(argv, f"could not be started: {problem.strerror}")
        raise ToolMissing(argv, f"{program} cannot be executed: {problem.strerror}")
    streams = [_Stream(child.stdout), _Stream(child.stderr)]
    try:
        ended = _collect(child, streams, began + timeout)
        if not ended:
            state = _state(child.pid)
            gone = _end(child)
            _report(argv, "hung", began)
            text = f"no answer in {timeout:.0f} s"
            if not gone:
                text += f"; it cannot be killed (state {state or 'D'}), it waits for the kernel"
            raise ToolHung(argv, text, abandoned=not gone)
    except BaseException:
        if child.poll() is None:
            _signal_group(child, signal.SIGKILL)
            _await_exit(child, KILL_GRACE)
        raise
    finally:
        child.stdout.close()
        child.stderr.close()
        if child.returncode is None:
            child.returncode = -signal.SIGKILL  # abandoned: nobody waits for it any more
    completed = Completed(argv=argv, returncode=child.returncode, stdout=streams[0].text(),
                          stderr=streams[1].text(), seconds=time.monotonic() - began,
                          truncated=any(s.truncated for s in streams))
    _report(argv, completed.outcome, began)
    return completed


def _report(argv, outcome, began):
    log.debug("ran %s: %s after %.3f s", " ".join(argv), outcome, time.monotonic() - began)
