# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading what is on a disk now, past the page cache, without being held up by a dead disk.

A process that sleeps in the kernel until a dead disk answers cannot be killed, unless it
waits for a page of the cache. So a thread waits for that, and the process can end at any
time. Whether the page is a new one shows in the kernel's count of the bytes that it has
fetched for us: it grows when a page has to come from the disk.
docs/performance.md says more, and on which kernels this was proven.

Sources: posix_fadvise(2), proc(5) on /proc/PID/io; Linux mm/fadvise.c, mm/readahead.c,
mm/filemap.c, fs/splice.c, block/fops.c, as of 3.10, 4.15, 5.10, 6.1, 6.12 and 7.2.
"""

import _stat
import posix
import time

from dualstor.record import whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from _thread import LockType
    from typing import Union

    Bytes = Union[bytes, "NoBytes"]


class NoBytes:
    """The result of ``read`` if there are no bytes."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


#: The disk said nothing in time.
SILENT = NoBytes("SILENT")
#: This cannot be done here and now; the disk need not be at fault.
IMPOSSIBLE = NoBytes("IMPOSSIBLE")

#: Bytes around the wanted ones that are dropped, by tries: the pages themselves; then what is
#: cached with them as one folio (its size is a power of two, its offset a multiple of that).
_DROPPED = (0, 1 << 21, 1 << 21)

#: {disk: the lock of the thread that was left behind with it}: a process that looks again and again
#: would have more and more of them.
_LEFT: "dict[str, LockType]" = {}

#: From this Linux on, a process that waits in a page fault can always be killed;
_FAULTS_LET_GO = (5, 12)
#: and from this one on sendfile(2) is no read(2) in disguise.
_SENDS_WITHOUT_LOCK = (6, 5)


def read(path: str, offset: int, length: int, seconds: float) -> "Bytes":
    """*length* bytes at *offset* of the block device *path*, as they are on the disk now.

    To be called by the main thread, for a disk that somebody else has open, as DRBD has:
    the last one to close a dead disk waits for it.

    :returns: SILENT when they did not come within *seconds*; IMPOSSIBLE when they cannot be
        read, or may be cached ones: no such device, its end, an error of the disk, a cached
        page in use, a kernel that does not count
    """
    end = time.monotonic() + seconds
    if path in _LEFT and not _LEFT[path].acquire(True, max(0.0, seconds)):
        return SILENT
    _LEFT.pop(path, None)
    try:
        number = posix.open(path, posix.O_RDONLY | posix.O_NONBLOCK | posix.O_CLOEXEC)
    except OSError:
        return IMPOSSIBLE
    try:
        if _stat.S_ISREG(posix.fstat(number).st_mode):  # its cache is the truth
            return _whole(posix.pread(number, length, offset), length)
        return _past_the_cache(path, number, offset, length, end)
    except (OSError, OverflowError):    # an offset beyond what a disk can have
        return IMPOSSIBLE
    finally:
        posix.close(number)


def _past_the_cache(path: str, number: int, offset: int, length: int, end: float) -> "Bytes":
    """``read`` with the disk open as *number*, until the monotonic clock shows *end*.

    :raises OSError: it cannot be done
    """
    pid = posix.getpid()    # that of the main thread, too; not every kernel has this file
    count = posix.open(f"/proc/{pid}/task/{pid}/io", posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return _dropped_and_taken(path, number, count, offset, length, end)
    finally:
        posix.close(count)


def _dropped_and_taken(path: str, number: int, count: int, offset: int, length: int,
                       end: float) -> "Bytes":
    """The same, with *count* open; see ``_fetched``."""
    size = posix.sysconf("SC_PAGESIZE")
    pages = range(offset // size * size, offset + length, size)
    _fetched(count)     # loads the code used below: that would count as a read of the disk
    for around in _DROPPED:
        unit = max(size, around)
        begin = offset // unit * unit
        posix.posix_fadvise(number, begin, -(-(offset + length) // unit) * unit - begin,
                            posix.POSIX_FADV_DONTNEED)
        fresh = all([_fetch(number, count, page, size) for page in pages])
        data = _wait(path, number, offset, length, end - time.monotonic())
        if data is SILENT or fresh:
            return data
    return IMPOSSIBLE


def _fetch(number: int, count: int, page: int, size: int) -> bool:
    """Have the kernel fetch one page, without waiting for it.

    :returns: whether that went to the disk, as it does if the page is not in the cache
    """
    before = _fetched(count)
    posix.posix_fadvise(number, page, size, posix.POSIX_FADV_WILLNEED)
    return _fetched(count) > before


def _fetched(count: int) -> int:
    """How many bytes the kernel has fetched from disks for the main thread.

    :param count: the open file /proc/PID/task/PID/io
    """
    text = posix.pread(count, 4096, 0).decode("ascii", "replace")
    found = whole(text.partition("\nread_bytes:")[2].partition("\n")[0].strip())
    if found is None:
        raise OSError("no count of bytes")
    return found


def _wait(path: str, number: int, offset: int, length: int, seconds: float) -> "Bytes":
    """The bytes as they come through the cache, read by a thread that may be left behind.

    :returns: as ``read``
    """
    import _thread
    found: "list[bytes]" = []
    done = _thread.allocate_lock()
    done.acquire()

    def copy() -> None:
        try:
            found.append(_copy(number, offset, length))
        except (OSError, OverflowError):
            pass
        finally:
            done.release()
    try:
        _thread.start_new_thread(copy, ())
    except RuntimeError:    # there may be no more threads
        return IMPOSSIBLE
    if not done.acquire(True, max(0.0, seconds)):
        _LEFT[path] = done
        return SILENT
    return _whole(found[0], length) if found else IMPOSSIBLE


def _copy(number: int, offset: int, length: int) -> bytes:
    """The bytes as the cache has them or gets them; may sleep until we are killed.

    read(2) takes the device's lock in kernels of 2025 and later, and a process that waits for a
    lock cannot be killed: one that seeks holds it, while it waits for one that reads a dead disk.
    Neither sendfile(2) nor a page fault takes it; but in older kernels sendfile(2) is like
    read(2), and in even older ones a process that waits in either cannot be killed.
    """
    linux = _linux()
    if linux < _FAULTS_LET_GO:
        return posix.pread(number, length, offset)
    reader, writer = posix.pipe()
    try:
        try:
            if linux < _SENDS_WITHOUT_LOCK:
                _send_mapped(writer, number, offset, length)
            else:
                posix.sendfile(writer, number, offset, length)
        finally:
            posix.close(writer)
        return posix.read(reader, length)
    finally:
        posix.close(reader)


def _send_mapped(writer: int, number: int, offset: int, length: int) -> None:
    """Like sendfile(2). The page fault is in write(2): it fails with an error, not a signal."""
    import mmap
    begin = offset // mmap.PAGESIZE * mmap.PAGESIZE
    mapped = mmap.mmap(number, offset + length - begin, flags=mmap.MAP_SHARED,
                       prot=mmap.PROT_READ, offset=begin)
    posix.write(writer, memoryview(mapped)[offset - begin:])


def _linux() -> "tuple[int, int]":
    """(major, minor) of the running kernel, whose release is like 6.12-rc1 or 5.14.0-427.el9."""
    major, minor = posix.uname().release.split(".")[:2]
    return whole(major) or 0, whole(minor[:len(minor) - len(minor.lstrip("0123456789"))]) or 0


def _whole(data: bytes, length: int) -> "Bytes":
    return data if len(data) == length else IMPOSSIBLE
