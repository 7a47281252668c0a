# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading this host's files: the kernel's and our own. Nothing here starts anything or waits.

On the way of every monitor: it imports next to nothing (see docs/performance.md).
"""

import posix
import time

from dualstor.host.memory import STATE_DIR, Memory

#: A file of the kernel that is not there, or that went away with its process or device.
_GONE = (FileNotFoundError, NotADirectoryError, ProcessLookupError, IsADirectoryError)
_NO_DEVICE = (6, 19)        # ENXIO, ENODEV
_SINCE_BOOT = 7             # CLOCK_BOOTTIME, clock_gettime(2): goes on while the host sleeps
_CHUNK = 1 << 16


class Files:
    """The files of this host.

    :param root: folder that stands for ``/``
    """

    def __init__(self, root="/"):
        self.root = root
        self._memory = Memory(self.file(STATE_DIR))

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
        return self.identity(name) is not None

    def identity(self, name):
        """What tells a file from a later one at the same path, as text; None when none is there."""
        try:
            status = posix.stat(self.file(name))
        except OSError:
            return None
        return f"{status.st_dev}:{status.st_ino}"

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
        """Bytes of a block device as they are on the disk now; see dualstor.host.freshread.read."""
        from dualstor.host import freshread
        return freshread.read(self.file(name), offset, length, seconds)

    def recall(self, *name):
        """The text that an action has kept under *name* (words) in STATE_DIR; None for none."""
        return self._memory.recall(*name)

    @staticmethod
    def uptime():
        """Seconds since this host booted."""
        return time.clock_gettime(_SINCE_BOOT)


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
