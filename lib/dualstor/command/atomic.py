# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are written whole or not at all."""

import os
import stat

from dualstor.errors import DualstorError


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path: str, text: str, mode: int = 0o644) -> None:
    """Write a file atomically; an existing one keeps its owner and mode.

    :raises DualstorError: it cannot be written; an old one is unchanged
    """
    path = os.path.realpath(path)
    directory = os.path.dirname(path)
    draft = os.path.join(directory, f".{os.path.basename(path)}.dualstor-{os.getpid()}")
    try:
        os.makedirs(directory, exist_ok=True)
        status = os.stat(path) if os.path.exists(path) else None
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                if status:
                    os.fchown(stream.fileno(), status.st_uid, status.st_gid)
                os.fchmod(stream.fileno(), stat.S_IMODE(status.st_mode) if status else mode)
                os.fsync(stream.fileno())
            os.rename(draft, path)
        except BaseException:
            if os.path.exists(draft):
                os.unlink(draft)
            raise
        _sync_directory(directory)
    except OSError as problem:
        raise DualstorError(f"{path} cannot be written: {problem.strerror or problem}; it is "
                            "unchanged") from problem
