# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading what is on a disk now, past the page cache, without ever waiting in the kernel.

A read that sleeps in the kernel until a dead disk answers cannot be ended, nor can
its process. Here nothing sleeps: the cached page is dropped, the kernel is told to
fetch it, and it is taken once it has come (RWF_NOWAIT: only from the cache). What
does not come in time is fetched by nobody's process and holds up no exit.

Sources: posix_fadvise(2), preadv2(2); Linux mm/fadvise.c, mm/filemap.c.
"""

import _stat
import posix
import time

class _NoAnswer:
    """Why there are no bytes: one of the two below."""


SILENT = _NoAnswer()        #: the disk did not answer in time
IMPOSSIBLE = _NoAnswer()    #: this host cannot read so, or there is nothing to read

_PAGE = 4096
_PAUSE = 0.0005     # seconds between two looks
_TRIES = 3          # to drop a page that another process reads just then


def read(path, offset, length, seconds):
    """*length* bytes at *offset* of the block device *path*.

    :returns: bytes; SILENT when they did not come within *seconds*; IMPOSSIBLE at the end of the
        device, and where Python (before 3.7), kernel (before 4.14) or driver cannot do it
    """
    if not hasattr(posix, "preadv"):
        return IMPOSSIBLE
    try:
        number = posix.open(path, posix.O_RDONLY | posix.O_NONBLOCK | posix.O_CLOEXEC)
    except OSError:
        return IMPOSSIBLE
    try:
        if _stat.S_ISREG(posix.fstat(number).st_mode):  # its cache is the truth
            return _whole(posix.pread(number, length, offset), length) or IMPOSSIBLE
        return _past_the_cache(number, offset, length, seconds)
    except OSError:
        return IMPOSSIBLE
    finally:
        posix.close(number)


def _past_the_cache(number, offset, length, seconds):
    begin = offset // _PAGE * _PAGE
    span = -(-(offset + length - begin) // _PAGE) * _PAGE
    for _ in range(_TRIES):
        posix.posix_fadvise(number, begin, span, posix.POSIX_FADV_DONTNEED)
        if _cached(number, offset, length) is None:
            break
    else:
        return SILENT   # something holds the page in the cache: it may be an old one
    posix.posix_fadvise(number, begin, span, posix.POSIX_FADV_WILLNEED)
    end = time.monotonic() + seconds
    while True:
        found = _cached(number, offset, length)
        if found is not None:
            return found
        if time.monotonic() >= end:
            return SILENT
        time.sleep(_PAUSE)


def _cached(number, offset, length):
    """The bytes if all of them are in the cache, else None."""
    data = bytearray(length)
    try:
        count = posix.preadv(number, [data], offset, posix.RWF_NOWAIT)
    except BlockingIOError:
        return None
    return _whole(bytes(data[:count]), length)


def _whole(data, length):
    return data if len(data) == length else None
