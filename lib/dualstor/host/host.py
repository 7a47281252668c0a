# SPDX-License-Identifier: GPL-2.0-or-later
"""All of this host that an agent may read, run, signal or wait for.

Agents and wrappers get a Host and touch nothing else, so that a test can give
them another one: a copied tree, a simulated cluster, a guest of the lab.
"""

import fcntl
import os
import stat
import time

from dualstor.errors import NoTime, PermissionLacking, ToolHung
from dualstor.host.deadline import Share
from dualstor.host.files import Files
from dualstor.host.memory import STATE_DIR

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import IO, Any, Callable, Mapping, Sequence, TypeVar

    from dualstor.host.deadline import Deadline
    from dualstor.host.freshread import NoBytes
    from dualstor.host.run import Completed

    _T = TypeVar("_T")

#: What ``connect`` returns if somebody listens, but the queue is full.
BUSY = "it takes no connection just now"

_ENOUGH = 5.0       # seconds; no answer in less may be for lack of time


class Host(Files):
    """This host.

    :param deadline: the action's
    :param root: directory in place of ``/`` when files are read
    :param path: directories that are searched for programs; None for the usual ones
    :param state: where it keeps its state: a user other than root has a directory of its own
    """

    def __init__(self, deadline: "Deadline", root: str = "/",
                 path: "Sequence[str] | None" = None, state: str = STATE_DIR) -> None:
        super().__init__(root, state)
        self.deadline = deadline
        self._path = path

    # -- files: none of these blocks --------------------------------------------

    def executable(self, name: str) -> bool:
        """Whether the file may be executed."""
        return os.access(self.file(name), os.X_OK)

    def device(self, name: str) -> "tuple[int, int] | None":
        """(major, minor) of a block device node (links are followed), else None."""
        try:
            status = os.stat(self.file(name))
        except OSError:
            return None
        if not stat.S_ISBLK(status.st_mode):
            return None
        return os.major(status.st_rdev), os.minor(status.st_rdev)

    def read_fresh(self, name: str, offset: int, length: int,
                   seconds: float) -> "bytes | NoBytes":
        """As that of Files, but not past the deadline."""
        return super().read_fresh(name, offset, length, min(seconds, self.deadline.remaining))

    # -- our own state --------------------------------------------------------

    def remember(self, text: str, *name: str) -> None:
        """Keep *text* under *name* (words) in STATE_DIR, atomically; a full disk is no error."""
        self._memory.remember(text, *name)

    def forget(self, *name: str) -> None:
        """Drop what is kept under *name*."""
        self._memory.forget(*name)

    def lock(self, name: str, seconds: float) -> "IO[Any] | None":
        """Wait up to *seconds* for the lock *name* among our own processes on this host.

        :returns: an open file, to be closed when done; None when others kept it. If STATE_DIR
            cannot be used there is nothing to lock, and the file is /dev/null.
        """
        stream = self._memory.lock_file(name)
        if stream is None:
            return open("/dev/null")
        pause = 0.1
        for _ in range(max(1, int(seconds / pause))):
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return stream
            except OSError:
                self.sleep(pause)
        stream.close()
        return None

    # -- processes ------------------------------------------------------------

    def run(self, argv: "Sequence[str]", timeout: "float | None" = None,
            environment: "Mapping[str, str] | None" = None) -> "Completed":
        """Run a command within the action's deadline.

        :param argv: program and arguments
        :param timeout: seconds at most, a Share for some of those that are left; the deadline
            still applies
        :param environment: further variables for the child
        :returns: the command, whatever its exit code
        :raises ToolMissing, ToolHung: as run.run
        :raises NoTime: none is left to start anything
        """
        deadline = self.deadline
        remaining = deadline.remaining
        if remaining <= 0:
            deadline.missed = True
            raise NoTime(argv, deadline.hung)
        deadline.asked = " ".join(argv)
        if isinstance(timeout, Share):
            timeout = timeout.of(remaining)
        try:
            return self.execute(argv, remaining if timeout is None else min(timeout, remaining),
                                environment)
        except ToolHung as problem:
            deadline.hung = str(problem)
            deadline.missed = deadline.missed or remaining < _ENOUGH
            raise

    def stream(self, argv: "Sequence[str]", sink: "Callable[[bytes], object]",
               environment: "Mapping[str, str] | None" = None) -> "Completed":
        """Run a command whose stdout may be of any size: *sink* gets it in parts.

        Returns and raises as ``run``.
        """
        return self.execute(argv, self._left(argv), environment, sink)

    def feed(self, argv: "Sequence[str]", data: bytes) -> "Completed":
        """Run a command that reads *data* from stdin.

        Returns and raises as ``run``.
        """
        return self.execute(argv, self._left(argv), None, data=data)

    def _left(self, argv: "Sequence[str]") -> float:
        """Seconds that are left for a command.

        :raises NoTime: none
        """
        remaining = self.deadline.remaining
        if remaining <= 0:
            raise NoTime(argv, self.deadline.hung)
        return remaining

    def execute(self, argv: "Sequence[str]", seconds: float,
                environment: "Mapping[str, str] | None",
                sink: "Callable[[bytes], object] | None" = None,
                data: "bytes | None" = None) -> "Completed":
        """Run a command for at most *seconds*, as ``run`` has found them. Raises as run.run."""
        from dualstor.host import run  # its modules cost as much as an interpreter
        return run.run(argv, seconds, self._path or run.PATH, environment, sink, data,
                       grace=self.deadline.grace)

    def within(self, parts: int, work: "Callable[[], _T]") -> "_T":
        """What *work* returns, which gets one of *parts* equal shares of the time that is left.

        For one of several ways to the same result: if it hangs, the others still have their time.
        """
        whole = self.deadline
        self.deadline = part = whole.share(parts)
        try:
            return work()
        finally:
            self.deadline = whole
            whole.asked = part.asked or whole.asked
            whole.hung, whole.missed = part.hung or whole.hung, part.missed or whole.missed

    def leave_behind(self, name: str, arguments: "Sequence[str]") -> None:
        """Start this program once more as a process that outlives the action.

        It is in a session of its own, has no open file of ours, and our parameters.

        :param name: what the program has to be: another one is not started
        :raises ToolMissing: it is another one, or cannot be started
        """
        from dualstor.host import run
        run.leave_behind(name, arguments)

    def kill_group(self, pid: int, number: int) -> None:
        """Send a signal to the process group that *pid* leads; as ``kill``."""
        self.kill(-pid, number)

    def kill(self, pid: int, number: int) -> None:
        """Send a signal to one process, which may be gone already.

        :raises PermissionLacking: it is another user's
        """
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
        except PermissionError as problem:
            raise PermissionLacking(f"no right to send signal {number} to process {pid}") \
                from problem

    def connect(self, name: str, timeout: float) -> "str | None":
        """Whether a unix stream socket at path *name* accepts a connection.

        The kernel accepts it if there is room in the queue, whatever the listener does: one that
        accepts nobody lets the queue fill up, and loses nobody.

        :returns: None when it does, BUSY when its queue is full (EAGAIN, or no answer in time),
            else what the kernel said
        """
        import socket
        probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            probe.settimeout(min(timeout, max(0.1, self.deadline.remaining)))
            probe.connect(self.file(name))
        except (BlockingIOError, socket.timeout):
            return BUSY
        except OSError as problem:
            return problem.strerror or str(problem)
        finally:
            probe.close()
        return None

    # -- time -----------------------------------------------------------------

    def sleep(self, seconds: float) -> None:
        """Wait, but not past the deadline."""
        time.sleep(max(0.0, min(seconds, self.deadline.remaining)))
