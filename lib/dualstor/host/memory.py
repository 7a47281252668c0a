# SPDX-License-Identifier: GPL-2.0-or-later
"""What we keep on this host between actions: small files in one directory that is ours alone.

A memory only saves work or adds detail; an action works without it. So nothing
in here raises: what cannot be kept safely is not kept, and the log says why.

The directory is opened once and everything else is relative to it, without
following symbolic links: its owner and mode keep out whoever could plant a
link or a file there; if they are wrong, the directory is not used.
"""

import _stat  # this and posix without the Python above them: see docs/performance.md
import posix

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import BinaryIO, Callable, TypeVar

    _T = TypeVar("_T")

#: Our state on this host, lost at a reboot as it should be.
STATE_DIR = "/run/dualstor"

_SIZE_LIMIT = 4 << 20       # bytes; a VG of 10000 LVs needs a third of it
_NOT_THERE = (FileNotFoundError, NotADirectoryError)
_BETWEEN, _DRAFT = "~", "~"     # between the words of a name; before the number of a draft
_LOCK = "lock"                  # first word of the name of a file that is only locked


class Memory:
    """The files in one directory.

    Texts have names of one or more words, e.g. ("clustered-vg", "vg0", "volumes"). Whatever the
    words hold, two names never share a file, and none is that of a draft or a lock.

    :param directory: its path; it is made when something is to be kept
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._warned = False

    def recall(self, *name: str) -> "str | None":
        """The text kept under *name*; None when there is none."""
        return self._within(lambda directory: _read(directory, file_name(*name)))

    def names(self, *name: str) -> "tuple[str, ...]":
        """The last words of the names that have one more than *name*, sorted."""
        first = file_name(*name) + _BETWEEN
        found = self._within(posix.listdir) or []
        return tuple(sorted(_word(each[len(first):]) for each in found
                            if each.startswith(first) and _BETWEEN not in each[len(first):]))

    def remember(self, text: str, *name: str) -> None:
        """Keep *text* under *name*, atomically."""
        self._within(lambda directory: _write(directory, file_name(*name), text), make=True)

    def forget(self, *name: str) -> None:
        """Drop what is kept under *name*."""
        self._within(lambda directory: _unlink(directory, file_name(*name)))

    def lock_file(self, *name: str) -> "BinaryIO | None":
        """An open file to lock; None if the directory cannot be used."""
        return self._within(lambda directory: _regular(
            directory, file_name(_LOCK, *name), posix.O_RDWR | posix.O_CREAT), make=True)

    def lock_text(self, *name: str) -> "str | None":
        """What the holder of a lock has written into its file; None when there is no such file."""
        return self._within(lambda directory: _read(directory, file_name(_LOCK, *name)))

    def lock_place(self, *name: str) -> "str | None":
        """The file of a lock as /proc/locks names it, "MAJOR:MINOR:INODE"; None for no file."""
        return self._within(lambda directory: _place(directory, file_name(_LOCK, *name)))

    def _within(self, work: "Callable[[int], _T]", make: bool = False) -> "_T | None":
        """What *work* returns for a descriptor of the directory; None when it cannot be used."""
        try:
            directory = self._open(make)
            try:
                return work(directory)
            finally:
                posix.close(directory)
        except _NOT_THERE as problem:
            if make:
                self._warn(problem)
        except OSError as problem:
            self._warn(problem)
        return None

    def _open(self, make: bool) -> int:
        if make:
            try:
                posix.mkdir(self._directory, 0o700)
            except FileExistsError:
                pass
            except FileNotFoundError:
                import os
                os.makedirs(self._directory, 0o700)
        flags = posix.O_RDONLY | posix.O_DIRECTORY | posix.O_NOFOLLOW | posix.O_CLOEXEC
        directory = posix.open(self._directory, flags)
        try:
            status = posix.fstat(directory)
            if status.st_uid not in (0, posix.geteuid()):
                raise PermissionError(f"it belongs to user {status.st_uid}: remove it")
            if status.st_mode & 0o022:
                raise PermissionError("others may write there (mode "
                                      f"{_stat.S_IMODE(status.st_mode):o}): remove it")
            if status.st_mode & 0o055 and status.st_uid == posix.geteuid():
                posix.fchmod(directory, 0o700)
        except BaseException:
            posix.close(directory)
            raise
        return directory

    def _warn(self, problem: OSError) -> None:
        if not self._warned:
            from dualstor import log
            log.warning("working without memory in %s: %s", self._directory, problem)
            self._warned = True


def file_name(*words: str) -> str:
    """The file's name for a name of *words*; no two of them share one."""
    return _BETWEEN.join(word.replace("%", "%25").replace("/", "%2F").replace(_BETWEEN, "%7E")
                         for word in words)


def _word(part: str) -> str:
    """The word that is a part of a file's name."""
    return part.replace("%7E", _BETWEEN).replace("%2F", "/").replace("%25", "%")


def _regular(directory: int, name: str, flags: int) -> "BinaryIO":
    """An open file that is no link, pipe or device."""
    flags |= posix.O_NOFOLLOW | posix.O_NONBLOCK | posix.O_CLOEXEC
    number = posix.open(name, flags, 0o600, dir_fd=directory)
    try:
        if not _stat.S_ISREG(posix.fstat(number).st_mode):
            raise PermissionError(f"{name} is not a regular file: remove it")
        return open(number, "rb+" if flags & posix.O_RDWR else "rb")
    except BaseException:
        posix.close(number)
        raise


def _read(directory: int, name: str) -> "str | None":
    with _regular(directory, name, posix.O_RDONLY) as stream:
        data = stream.read(_SIZE_LIMIT + 1)
    return data.decode("utf-8", "backslashreplace") if len(data) <= _SIZE_LIMIT else None


def _place(directory: int, name: str) -> str:
    status = posix.stat(name, dir_fd=directory, follow_symlinks=False)
    major, minor = posix.major(status.st_dev), posix.minor(status.st_dev)
    return f"{major:02x}:{minor:02x}:{status.st_ino}"


def _write(directory: int, name: str, text: str) -> None:
    draft = f"{_DRAFT}{posix.getpid()}"     # no name begins so: no first word is empty
    _unlink(directory, draft)      # of a process that was killed and had our number
    try:
        with _regular(directory, draft, posix.O_RDWR | posix.O_CREAT | posix.O_EXCL) as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
        posix.rename(draft, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        _unlink(directory, draft)
        raise


def _unlink(directory: int, name: str) -> None:
    try:
        posix.unlink(name, dir_fd=directory)
    except OSError:
        pass
