# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocks of a device, read and written past the page cache: the only place that writes to a disk.

O_DIRECT needs a buffer, an offset and a length that are multiples of the device's block size; a
buffer of mmap begins at a page, and DRBD's blocks are of 4096 bytes at least. A file, as in a
test, is read and written through the cache (open(2), "O_DIRECT").
"""

import fcntl
import hashlib
import mmap
import os
import stat

from dualstor.errors import DualstorError

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Iterator, Tuple

    Range = Tuple[int, int]

#: What offsets and lengths have to be multiples of, and the most bytes of one read or write.
ALIGNED, PART = 4096, 1 << 20


class NotDone(DualstorError):
    """A device cannot be opened, read or written."""


class Disk:
    """An open device.

    :param path: its path
    :param writing: whether it is to be written; nobody else of ours writes it meanwhile (flock)
    :param alone: open it exclusively: refused while it is mounted or another device is on it
    :raises NotDone: it cannot be opened so
    """

    def __init__(self, path: str, writing: bool = False, alone: bool = False) -> None:
        self.path = path
        flags = (os.O_RDWR if writing else os.O_RDONLY) | os.O_CLOEXEC
        try:
            if stat.S_ISBLK(os.stat(path).st_mode):
                flags |= os.O_DIRECT | (os.O_EXCL if alone else 0)
            self._number = os.open(path, flags)
            if writing:
                fcntl.flock(self._number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise NotDone(f"{path} cannot be opened: {problem.strerror}") from problem
        self._buffer = mmap.mmap(-1, PART)

    def close(self) -> None:
        """Close it."""
        os.close(self._number)
        self._buffer.close()

    def read(self, ranges: "Iterable[Range]") -> "Iterator[bytes]":
        """The bytes of ranges (first, the one after the last), in parts of at most PART.

        :raises NotDone: the disk has an error, or ends before
        """
        for begin, end in ranges:
            self._check(begin, end - begin)
            while begin < end:
                length = min(PART, end - begin)
                try:
                    os.lseek(self._number, begin, os.SEEK_SET)
                    count = os.readv(self._number, [memoryview(self._buffer)[:length]])
                except OSError as problem:
                    raise NotDone(f"{self.path} cannot be read at {begin}: "
                                  f"{problem.strerror}") from problem
                if count < ALIGNED:
                    raise NotDone(f"{self.path} ends before {end}")
                count -= count % ALIGNED
                yield self._buffer[:count]
                begin += count

    def digests(self, ranges: "Iterable[Range]", step: int) -> "Iterator[bytes]":
        """SHA-256 of each *step* bytes of ranges, which are multiples of it."""
        for begin, end in ranges:
            held = b""
            for part in self.read([(begin, end)]):
                held = held + part if held else part
                whole = len(held) - len(held) % step
                for at in range(0, whole, step):
                    yield hashlib.sha256(held[at:at + step]).digest()
                held = held[whole:]
            if held:
                raise NotDone(f"{end - begin} bytes are no multiple of {step}")

    def write(self, offset: int, data: bytes) -> None:
        """Write *data*; it is in the device when this returns, ``flush`` has it on the disk.

        :raises NotDone: the disk has an error, or ends before
        """
        self._check(offset, len(data))
        for at in range(0, len(data), PART):
            part = data[at:at + PART]
            self._buffer[:len(part)] = part
            done = 0
            while done < len(part):
                try:
                    os.lseek(self._number, offset + at + done, os.SEEK_SET)
                    count = os.writev(self._number, [memoryview(self._buffer)[done:len(part)]])
                except OSError as problem:
                    raise NotDone(f"{self.path} cannot be written at {offset + at + done}: "
                                  f"{problem.strerror}") from problem
                if count < ALIGNED:
                    raise NotDone(f"{self.path} ends before {offset + len(data)}")
                done += count - count % ALIGNED

    def flush(self) -> None:
        """Have all that was written on the disk.

        :raises NotDone: the disk has an error
        """
        try:
            os.fsync(self._number)
        except OSError as problem:
            raise NotDone(f"{self.path} cannot be written: {problem.strerror}") from problem

    @staticmethod
    def _check(offset: int, length: int) -> None:
        if offset < 0 or length < 0 or offset % ALIGNED or length % ALIGNED:
            raise NotDone(f"{length} bytes at {offset} are no whole blocks of {ALIGNED}")
