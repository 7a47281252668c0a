# SPDX-License-Identifier: GPL-2.0-or-later
"""All of this host that an agent may read, run, signal or wait for.

Agents and wrappers get a Host and touch nothing else, so that a test can hand
them another one: a copied tree, a simulated cluster, a guest of the lab.
"""

import posix  # os without the Python above it, which costs a seventh of the interpreter's start
import time

from dualstor.memory import Memory

#: Our state on this host, lost at a reboot as it should be.
STATE_DIR = "/run/dualstor"

#: A file of the kernel that is not there, or that went away with its process or device.
_GONE = (FileNotFoundError, NotADirectoryError, ProcessLookupError, IsADirectoryError)
_NO_DEVICE = (6, 19)    # ENXIO, ENODEV

#: What ``connect`` says where somebody listens and has as many in his queue as he wants.
BUSY = "it takes no connection just now"

_CHUNK = 1 << 16
_ENOUGH = 5.0       # seconds; a program that gives no answer in less may not have had its time


class Host:
    """This host.

    :param deadline: the action's Deadline
    :param root: folder that stands for ``/`` when files are read
    :param path: folders in which programs are looked for; None for the usual ones
    """

    def __init__(self, deadline, root="/", path=None):
        self.deadline = deadline
        self.root = root
        self._path = path
        self._memory = Memory(self.file(STATE_DIR))

    # -- files: the kernel's and our own; none of these blocks ---------------

    def file(self, name):
        """The real path of the absolute path *name* under the root."""
        return name if self.root == "/" else self.root + name

    def read(self, name):
        """The text of a file; None when it is not there (or went away).

        :raises HostUnreadable: it is there, but cannot be read
        """
        try:
            return _contents(self.file(name)).decode("utf-8", "backslashreplace")
        except _GONE:
            return None
        except OSError as problem:
            if problem.errno in _NO_DEVICE:
                return None
            raise _unreadable(name, problem)

    def list(self, name):
        """The sorted names in a folder; () when it is not there.

        :raises HostUnreadable: it is there, but cannot be read
        """
        try:
            return tuple(sorted(posix.listdir(self.file(name))))
        except _GONE:
            return ()
        except OSError as problem:
            raise _unreadable(name, problem)

    def link(self, name):
        """The target of a symbolic link; None when there is none (or no right to see it)."""
        try:
            return posix.readlink(self.file(name))
        except OSError:
            return None

    def exists(self, name):
        """Whether the path is there."""
        try:
            posix.stat(self.file(name))
        except OSError:
            return False
        return True

    def executable(self, name):
        """Whether the file may be executed."""
        return posix.access(self.file(name), posix.X_OK)

    def device(self, name):
        """(major, minor) of a block device node (links are followed), else None."""
        import _stat
        try:
            status = posix.stat(self.file(name))
        except OSError:
            return None
        if not _stat.S_ISBLK(status.st_mode):
            return None
        return posix.major(status.st_rdev), posix.minor(status.st_rdev)

    def ioctl(self, name, request, data):
        """Ask the driver behind a device node.

        :param data: bytearray that goes in and comes out
        :returns: whether it was done; False where there is no such node or no right
        """
        import fcntl
        try:
            number = posix.open(self.file(name), posix.O_RDONLY | posix.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.ioctl(number, request, data, True)
        except OSError:
            return False
        finally:
            posix.close(number)
        return True

    def read_fresh(self, name, offset, length, seconds):
        """Bytes of a block device as they are on the disk now, past this host's cache.

        :returns: bytes; None when they did not come within *seconds* or cannot be had
            without the risk of blocking
        """
        from dualstor import freshread
        return freshread.read(self.file(name), offset, length,
                              min(seconds, self.deadline.remaining))

    # -- our own state --------------------------------------------------------

    def recall(self, name):
        """The text we keep as *name* in STATE_DIR; None when there is none."""
        return self._memory.recall(name)

    def remember(self, name, text):
        """Keep *text* as *name* in STATE_DIR, atomically; a full disk is no error."""
        self._memory.remember(name, text)

    def forget(self, name):
        """Drop what we keep as *name*."""
        self._memory.forget(name)

    def lock(self, name, seconds):
        """Wait up to *seconds* for the lock *name* among our own processes on this host.

        :returns: an open file, to be closed when done; None when others kept it. Where
            STATE_DIR cannot be used there is nothing to lock and the file is /dev/null.
        """
        import fcntl
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

    def run(self, argv, timeout=None, environment=None):
        """Run a command within the action's deadline.

        :param argv: program and arguments
        :param timeout: seconds at most; the deadline still rules
        :param environment: further variables for the child
        :returns: run.Completed
        :raises ToolMissing, ToolHung: as run.run
        :raises DeadlineReached: no time is left to start anything
        """
        from dualstor.errors import DeadlineReached, ToolHung
        deadline = self.deadline
        remaining = deadline.remaining
        if remaining <= 0:
            deadline.missed = True
            raise DeadlineReached("%sno time was left to run `%s`" % (
                deadline.hung and deadline.hung + ", and ", " ".join(argv)))
        try:
            return self.execute(argv, remaining if timeout is None else min(timeout, remaining),
                                environment)
        except ToolHung as problem:
            deadline.hung = str(problem)
            deadline.missed = deadline.missed or remaining < _ENOUGH
            raise

    def execute(self, argv, seconds, environment):
        """Run a command for at most *seconds*, as ``run`` has found them. Raises as run.run."""
        from dualstor import run
        return run.run(argv, seconds, self._path or run.PATH, environment)

    def within(self, parts, work):
        """What *work* returns, which has one of *parts* equal shares of the time that is left.

        For one of several ways to the same end: when it hangs, the others still have their time.

        :param work: function without arguments
        """
        whole = self.deadline
        self.deadline = part = whole.share(parts)
        try:
            return work()
        finally:
            self.deadline = whole
            whole.hung, whole.missed = part.hung or whole.hung, part.missed or whole.missed

    def kill(self, pid, number):
        """Send a signal to one process; gone already is fine.

        :raises PermissionLacking: it is another user's
        """
        try:
            posix.kill(pid, number)
        except ProcessLookupError:
            pass
        except PermissionError:
            from dualstor.errors import PermissionLacking
            raise PermissionLacking("no right to send signal %d to process %d: run the agent as "
                                    "root" % (number, pid))

    def connect(self, name, timeout):
        """Whether a unix stream socket at path *name* accepts a connection.

        The kernel takes it where there is a place in the queue, whatever the listener does: one
        that accepts nobody fills the queue with each that comes, and has lost none of them.

        :returns: None when it does, BUSY when its queue is full (EAGAIN, or no answer in time),
            else what the kernel said, as text
        """
        import _socket  # socket imports selectors and enum
        probe = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            probe.settimeout(min(timeout, max(0.1, self.deadline.remaining)))
            probe.connect(self.file(name))
        except (BlockingIOError, _socket.timeout):
            return BUSY
        except OSError as problem:
            return problem.strerror or str(problem)
        finally:
            probe.close()
        return None

    # -- time -----------------------------------------------------------------

    def sleep(self, seconds):
        """Wait, but not past the deadline."""
        time.sleep(max(0.0, min(seconds, self.deadline.remaining)))


def _unreadable(name, problem):
    """The HostUnreadable of an OSError."""
    from dualstor.errors import HostUnreadable
    return HostUnreadable(name, problem)


def _contents(path):
    """The bytes of a file, read with as few system calls as there can be."""
    number = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        found = part = posix.read(number, _CHUNK)
        while part:
            part = posix.read(number, _CHUNK)
            found += part
        return found
    finally:
        posix.close(number)
