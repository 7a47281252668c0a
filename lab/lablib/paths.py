# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the lab's files are: its sources, the cache of images and snapshots, the run directory."""
import os
from pathlib import Path

from .errors import LabError

LAB = Path(__file__).resolve().parent.parent
PROJECT = LAB.parent
IMAGE_SOURCES = LAB / "image"
GUEST_FILES = LAB / "guest"

# sockaddr_un holds 108 bytes with the closing NUL; the longest name in a run directory is "/node2/fence".
LONGEST_SOCKET_PATH = 107
LONGEST_NAME = len("/node2/fence")


def cache_directory():
    """Returns the directory of images and snapshots: $DUALSTOR_LAB_CACHE, or dualstor-lab in the user's cache."""
    named = os.environ.get("DUALSTOR_LAB_CACHE")
    if named:
        return Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "dualstor-lab"


def run_directory():
    """Returns the directory of sockets, disks and logs of one lab: $DUALSTOR_LAB_RUN, or one for each user in /tmp.

    Not in XDG_RUNTIME_DIR, which is small and in memory: the disks of the machines are here.
    """
    named = os.environ.get("DUALSTOR_LAB_RUN")
    return Path(named).absolute() if named else Path("/tmp") / f"dualstor-lab-{os.getuid()}"


def prepare_run_directory(path):
    """Makes the run directory, for this user alone. Raises LabError when it is unsafe or its name is too long."""
    path = Path(path)
    if len(os.fsencode(path)) + LONGEST_NAME > LONGEST_SOCKET_PATH:
        raise LabError(
            f"the run directory {path} has too long a name for the sockets in it:"
            f" set DUALSTOR_LAB_RUN to one of at most {LONGEST_SOCKET_PATH - LONGEST_NAME} characters"
        )
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if found.st_uid != os.getuid() or not path.is_dir() or path.is_symlink() or found.st_mode & 0o022:
        raise LabError(f"the run directory {path} is not yours alone: remove it, or set DUALSTOR_LAB_RUN to another")
    return path
