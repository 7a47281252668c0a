# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading this host's files: the kernel's and our own. Nothing here starts anything or waits.

Every monitor needs it, so it imports next to nothing (see docs/performance.md).
"""

import posix
import time

from dualstor.host.memory import STATE_DIR, Memory
from dualstor.record import whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.errors import HostUnreadable
    from dualstor.host.freshread import NoBytes

#: A file of the kernel does not exist, or it went away with its process or device.
_GONE = (FileNotFoundError, NotADirectoryError, ProcessLookupError, IsADirectoryError)
_NO_DEVICE = (6, 19)        # ENXIO, ENODEV
_SINCE_BOOT = 7             # CLOCK_BOOTTIME, clock_gettime(2): counts while the host sleeps
_TOO_LARGE = 27             # EFBIG
_CHUNK = 1 << 16
_MOST = 16 << 20            # bytes of a file: the locks of 10000 LVs take a tenth of it
_RECORDS = 1 << 18          # more than any kernel's log has: one that is written all the time


class Files:
    """The files of this host.

    :param root: directory in place of ``/``
    :param state: where it keeps its state
    """

    def __init__(self, root: str = "/", state: str = STATE_DIR) -> None:
        self.root = root
        self._memory = Memory(self.file(state))

    def file(self, name: str) -> str:
        """The real path of the absolute path *name* under the root."""
        return name if self.root == "/" else self.root + name

    def read(self, name: str) -> "str | None":
        """The text of a file; None when it does not exist (or went away).

        :raises HostUnreadable: it exists, but cannot be read
        """
        try:
            return _contents(self.file(name)).decode("utf-8", "backslashreplace")
        except _GONE:
            return None
        except OSError as problem:
            if problem.errno in _NO_DEVICE:
                return None
            raise _unreadable(name, problem) from problem

    def list(self, name: str) -> "tuple[str, ...]":
        """The sorted names in a directory; () when it does not exist.

        :raises HostUnreadable: it exists, but cannot be read
        """
        try:
            return tuple(sorted(posix.listdir(self.file(name))))
        except _GONE:
            return ()
        except OSError as problem:
            raise _unreadable(name, problem) from problem

    def link(self, name: str) -> "str | None":
        """The target of a symbolic link; None when there is none (or no right to see it)."""
        try:
            return posix.readlink(self.file(name))
        except OSError:
            return None

    def exists(self, name: str) -> bool:
        """Whether the path exists."""
        return self.identity(name) is not None

    def identity(self, name: str) -> "str | None":
        """What distinguishes a file from a later one at the same path; None when none exists."""
        try:
            status = posix.stat(self.file(name))
        except OSError:
            return None
        return f"{status.st_dev}:{status.st_ino}"

    def ioctl(self, name: str, request: int, data: bytearray) -> bool:
        """Ask the driver behind a device node.

        :param data: the request; the driver puts its answer there
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

    def records(self, name: str) -> "tuple[str, ...] | None":
        """What a device like /dev/kmsg has now, a text for each read; None when it gives nothing.

        Nothing is waited for. What was overwritten meanwhile is left out.
        """
        try:
            number = posix.open(self.file(name), posix.O_RDONLY | posix.O_NONBLOCK
                                | posix.O_CLOEXEC)
        except OSError:
            return None
        found: "list[str]" = []
        try:
            for _ in range(_RECORDS):
                try:
                    data = posix.read(number, _CHUNK)
                except BrokenPipeError:
                    continue    # the next read gives the oldest that is left
                if not data:
                    break
                found.append(data.decode("utf-8", "backslashreplace"))
        except OSError:
            pass    # EAGAIN: that was the last one
        finally:
            posix.close(number)
        return tuple(found)

    def read_fresh(self, name: str, offset: int, length: int,
                   seconds: float) -> "bytes | NoBytes":
        """Bytes of a block device as they are on the disk now; see dualstor.host.freshread.read."""
        from dualstor.host import freshread
        return freshread.read(self.file(name), offset, length, seconds)

    def recall(self, *name: str) -> "str | None":
        """The text that an action has kept under *name* (words) in STATE_DIR; None for none."""
        return self._memory.recall(*name)

    def recalled(self, *name: str) -> "tuple[str, ...]":
        """The last words of the names under which texts are kept that have one more than *name*."""
        return self._memory.names(*name)

    def lock_text(self, *name: str) -> "str | None":
        """What the holder of a lock of ours has written into its file; None for no such file."""
        return self._memory.lock_text(*name)

    def lock_holder(self, *name: str) -> "int | None":
        """The pid of the process that holds a lock of ours (words), as /proc/locks has it."""
        place = self._memory.lock_place(*name)
        if place is None:
            return None
        for line in (self.read("/proc/locks") or "").splitlines():
            fields = line.split()       # "1: FLOCK ADVISORY WRITE PID PLACE 0 EOF"
            if len(fields) == 8 and fields[1] == "FLOCK" and fields[5] == place:
                return whole(fields[4]) or None
        return None

    @staticmethod
    def uptime() -> float:
        """Seconds since this host booted."""
        return time.clock_gettime(_SINCE_BOOT)


def _unreadable(name: str, problem: OSError) -> "HostUnreadable":
    from dualstor.errors import HostUnreadable
    return HostUnreadable(name, problem)


def _contents(path: str) -> bytes:
    """The bytes of a file, read with as few system calls as there can be.

    :raises OSError: it cannot be read, or is larger than anything that is read here
    """
    number = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        part = posix.read(number, _CHUNK)
        parts, size = [part], len(part)
        while part:
            if size > _MOST:
                raise OSError(_TOO_LARGE, f"larger than {_MOST >> 20} MiB")
            part = posix.read(number, _CHUNK)
            parts.append(part)
            size += len(part)
        return b"".join(parts)
    finally:
        posix.close(number)
