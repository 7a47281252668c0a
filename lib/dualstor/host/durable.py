# SPDX-License-Identifier: GPL-2.0-or-later
"""What must survive a reboot: files in a private directory that are there, whole, or not at all.

As with memory.py the directory is opened once, without following links, and only if nobody else
could have put anything there. Unlike there, whatever cannot be kept is an error.
"""

import fcntl
import hashlib
import os
import posix

from dualstor.errors import DualstorError
from dualstor.host import memory

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import IO, Any, Callable, Iterable, Iterator, TypeVar

    _T = TypeVar("_T")

_CHUNK = 1 << 20
_DRAFT = "~"        # begins the name of a file that is not whole yet


class NotKept(DualstorError):
    """Something cannot be kept, or not read again: the disk is full, it is broken, or a person's.

    :param what: the path
    """

    def __init__(self, what: str, problem: OSError) -> None:
        super().__init__(f"{what}: {problem.strerror or problem}")


class Durable(memory.Memory):
    """The files in one directory. Each method raises NotKept.

    :param directory: its path; it is made when something is to be kept
    """

    def text(self, name: str) -> "str | None":
        """The text of a file; None when there is none."""
        try:
            return b"".join(self.parts(name)).decode("utf-8", "backslashreplace")
        except FileNotFoundError:
            return None

    def keep(self, name: str, parts: "Iterable[bytes]") -> "tuple[int, str]":
        """Write a file, and wait until it is on the disk.

        :returns: (its size in bytes, its SHA-256 as text)
        """
        return self._safely(name, lambda directory: _keep(directory, name, parts))

    def parts(self, name: str) -> "Iterator[bytes]":
        """The content of a file, in parts of at most 1 MiB.

        :raises FileNotFoundError: there is none
        """
        def opened(directory: int) -> "IO[bytes]":
            return memory._regular(directory, name, posix.O_RDONLY)
        try:
            stream = self._at(opened, make=False)
            with stream:
                while True:
                    part = stream.read(_CHUNK)
                    if not part:
                        return
                    yield part
        except FileNotFoundError:
            raise
        except OSError as problem:
            raise NotKept(f"{self._directory}/{name}", problem) from problem

    def checksum(self, name: str) -> "str | None":
        """SHA-256 of a file as text; None when there is none."""
        found = hashlib.sha256()
        try:
            for part in self.parts(name):
                found.update(part)
        except FileNotFoundError:
            return None
        return found.hexdigest()

    def remove(self, name: str) -> None:
        """Remove a file; none is there afterwards."""
        def gone(directory: int) -> None:
            try:
                posix.unlink(name, dir_fd=directory)
            except FileNotFoundError:
                return
            os.fsync(directory)
        self._safely(name, gone)

    def room(self) -> int:
        """Bytes that can still be written there."""
        def free(directory: int) -> int:
            found = os.fstatvfs(directory)
            return found.f_bavail * found.f_frsize
        return self._safely("", free)

    def locked(self, name: str) -> "IO[Any] | None":
        """The open file of a lock that this process has now; None while another one has it."""
        def opened(directory: int) -> "IO[Any]":
            return memory._regular(directory, name, posix.O_RDWR | posix.O_CREAT)
        stream = self._safely(name, opened)
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.close()
            return None
        return stream

    def _at(self, work: "Callable[[int], _T]", make: bool) -> "_T":
        """:raises OSError: the directory is not there, or not ours alone"""
        if make:
            os.makedirs(os.path.dirname(self._directory), 0o700, exist_ok=True)
        directory = self._open(make)
        try:
            return work(directory)
        finally:
            posix.close(directory)

    def _safely(self, name: str, work: "Callable[[int], _T]") -> "_T":
        try:
            return self._at(work, make=True)
        except OSError as problem:
            raise NotKept(f"{self._directory}/{name}".rstrip("/"), problem) from problem


def _keep(directory: int, name: str, parts: "Iterable[bytes]") -> "tuple[int, str]":
    draft, size, found = _DRAFT + name, 0, hashlib.sha256()
    try:
        posix.unlink(draft, dir_fd=directory)   # of one that was interrupted
    except FileNotFoundError:
        pass
    try:
        with memory._regular(directory, draft,
                             posix.O_RDWR | posix.O_CREAT | posix.O_EXCL) as stream:
            for part in parts:
                stream.write(part)
                found.update(part)
                size += len(part)
            stream.flush()
            os.fsync(stream.fileno())
        posix.rename(draft, name, src_dir_fd=directory, dst_dir_fd=directory)
        os.fsync(directory)
    except BaseException:
        memory._unlink(directory, draft)
        raise
    return size, found.hexdigest()
