# SPDX-License-Identifier: GPL-2.0-or-later
"""What we keep on this host between actions: small files in one folder that is ours alone.

A memory only spares work or tells more; an action goes on without. So nothing
in here raises: what cannot be kept safely is not kept, and the log says why.

The folder is opened once and everything else is relative to it, without
following symbolic links: whoever could plant a link or a file there is kept
out by owner and mode, and where those are wrong the folder is not used.
"""

import _stat  # this and posix without the Python above them: see docs/performance.md
import posix

#: Our state on this host, lost at a reboot as it should be.
STATE_DIR = "/run/dualstor"

_SIZE_LIMIT = 4 << 20       # bytes; a VG of 10000 LVs needs a third of it
_NOT_THERE = (FileNotFoundError, NotADirectoryError)
_BETWEEN, _DRAFT = "~", "~"     # between the words of a name; before that of a draft
_LOCK = "lock"                  # first word of the name of a file that is only locked


class Memory:
    """The files below one folder.

    A thing is kept under a name of one or more words, e.g. ("clustered-vg", "vg0", "volumes").
    Whatever the words hold, two names are never one file, nor is one a draft or a lock.

    :param folder: its path; it is made when something is to be kept
    """

    def __init__(self, folder):
        self._folder = folder
        self._warned = False

    def recall(self, *name):
        """The text kept under *name*; None when there is none."""
        return self._within(lambda folder: _read(folder, file_name(*name)))

    def remember(self, text, *name):
        """Keep *text* under *name*, atomically."""
        self._within(lambda folder: _write(folder, file_name(*name), text), make=True)

    def forget(self, *name):
        """Drop what is kept under *name*."""
        self._within(lambda folder: _unlink(folder, file_name(*name)))

    def lock_file(self, *name):
        """An open file to lock; None where the folder cannot be used."""
        return self._within(lambda folder: _regular(
            folder, file_name(_LOCK, *name), posix.O_RDWR | posix.O_CREAT), make=True)

    def _within(self, work, make=False):
        """What *work* returns for a descriptor of the folder; None when it cannot be used."""
        try:
            folder = self._open(make)
            try:
                return work(folder)
            finally:
                posix.close(folder)
        except _NOT_THERE as problem:
            if make:
                self._warn(problem)
        except OSError as problem:
            self._warn(problem)
        return None

    def _open(self, make):
        if make:
            try:
                posix.mkdir(self._folder, 0o700)
            except FileExistsError:
                pass
            except FileNotFoundError:
                import os
                os.makedirs(self._folder, 0o700)
        flags = posix.O_RDONLY | posix.O_DIRECTORY | posix.O_NOFOLLOW | posix.O_CLOEXEC
        folder = posix.open(self._folder, flags)
        try:
            status = posix.fstat(folder)
            if status.st_uid not in (0, posix.geteuid()):
                raise PermissionError(f"it belongs to user {status.st_uid}: remove it")
            if status.st_mode & 0o022:
                raise PermissionError("others may write there (mode "
                                      f"{_stat.S_IMODE(status.st_mode):o}): remove it")
            if status.st_mode & 0o055 and status.st_uid == posix.geteuid():
                posix.fchmod(folder, 0o700)
        except BaseException:
            posix.close(folder)
            raise
        return folder

    def _warn(self, problem):
        if not self._warned:
            from dualstor import log
            log.warning("working without memory in %s: %s", self._folder, problem)
            self._warned = True


def file_name(*words):
    """The name of the file for a name of *words*; another one for each other name."""
    return _BETWEEN.join(word.replace("%", "%25").replace("/", "%2F").replace(_BETWEEN, "%7E")
                         for word in words)


def _regular(folder, name, flags):
    """An open file that is no link, pipe or device, as a Python file."""
    flags |= posix.O_NOFOLLOW | posix.O_NONBLOCK | posix.O_CLOEXEC
    number = posix.open(name, flags, 0o600, dir_fd=folder)
    try:
        if not _stat.S_ISREG(posix.fstat(number).st_mode):
            raise PermissionError(f"{name} is not a regular file: remove it")
        return open(number, "rb+" if flags & posix.O_RDWR else "rb")
    except BaseException:
        posix.close(number)
        raise


def _read(folder, name):
    with _regular(folder, name, posix.O_RDONLY) as stream:
        data = stream.read(_SIZE_LIMIT + 1)
    return data.decode("utf-8", "backslashreplace") if len(data) <= _SIZE_LIMIT else None


def _write(folder, name, text):
    draft = _DRAFT + f"{posix.getpid()}"      # no name begins so: no first word is empty
    _unlink(folder, draft)      # of a process that was killed and had our number
    try:
        with _regular(folder, draft, posix.O_RDWR | posix.O_CREAT | posix.O_EXCL) as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
        posix.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        _unlink(folder, draft)
        raise


def _unlink(folder, name):
    try:
        posix.unlink(name, dir_fd=folder)
    except OSError:
        pass
