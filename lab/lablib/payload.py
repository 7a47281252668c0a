# SPDX-License-Identifier: GPL-2.0-or-later
"""What is laid over the image at each boot: the guests' configuration, and our product as rpm has installed it."""
import hashlib
import io
import os
import stat
import tarfile
import tempfile
from pathlib import Path

from . import drbdconf, package, paths
from .errors import LabError

AGENTS = "usr/lib/ocf/resource.d/dualstor"
LIBRARY = "usr/lib/ocf/lib/dualstor"

# Directories that are symbolic links into usr in the guests, as in every Debian since 12.
MERGED = ("bin", "sbin", "lib", "lib32", "lib64")


def _tree(top, leave_out=()):
    """Returns {path in the guest: (permissions, content, mtime)} of the files below `top`."""
    files = {}
    for path in sorted(top.rglob("*")):
        inside = path.relative_to(top)
        if any(part in leave_out or part.startswith(".") for part in inside.parts) or not path.is_file():
            continue
        status = path.stat()
        files[str(inside)] = (status.st_mode & 0o777, path.read_bytes(), int(status.st_mtime))
    return files


def configuration():
    """Returns the guests' configuration: lab/guest, which is laid out as in the guest."""
    return {
        path: (0o755 if permissions & 0o100 else 0o644, content, mtime)
        for path, (permissions, content, mtime) in _tree(paths.GUEST_FILES, ("__pycache__",)).items()
    }


def drbd_resources(count=1, version=drbdconf.IN_TREE):
    """Returns the files of `count` DRBD resources, as a tree; see drbdconf.resources."""
    return {path: (0o644, text.encode(), 0) for path, text in drbdconf.resources(count, version).items()}


def product(folder):
    """Returns our product as installed from the RPMs in a directory (see package.py), with rpm's database."""
    return _tree(folder / "root")


def overlay(folder):
    """Returns the files and symbolic links of the user's directory, which is laid out as the guests' root.

    Raises LabError when there is no such directory, or something else in it.
    """
    if not folder.is_dir():
        raise LabError(f"the overlay {folder} is no directory")
    files = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        inside = path.relative_to(folder).parts
        name = "/".join(("usr", *inside) if inside[0] in MERGED else inside)
        if stat.S_ISLNK(status.st_mode):
            if len(inside) == 1 and inside[0] in MERGED:
                continue    # the guests have it
            files[name] = (stat.S_IFLNK | 0o777, os.fsencode(os.readlink(path)), int(status.st_mtime))
        elif stat.S_ISREG(status.st_mode):
            files[name] = (status.st_mode & 0o7777, path.read_bytes(), int(status.st_mtime))
        elif not stat.S_ISDIR(status.st_mode):
            raise LabError(f"{path} in the overlay is neither a file nor a symbolic link")
    return files


def _code_folder(folder, tag):
    return folder / f"code-{tag}"


def code(folder, tag):
    """Returns the byte code that a guest's Python has made of our product before, {} where none has."""
    return _tree(_code_folder(folder, tag))


def keep_code(folder, tag, archive):
    """Keeps a tar archive of byte code, as a guest has made it; all further guests get it laid over."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        with tarfile.open(fileobj=io.BytesIO(archive)) as entries:
            for entry in entries:
                path = Path(scratch, "code", entry.name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(entries.extractfile(entry).read())
                path.chmod(0o644)
        try:
            Path(scratch, "code").rename(_code_folder(folder, tag))
        except OSError:
            pass    # the other node was first


def has_code(files, tag):
    """Whether there is byte code among files for the Python with this tag; what another one compiled is of no use to it."""
    return any(f".{tag}." in path for path in files)


def digest(files):
    """Returns a hash over names, permissions and contents (not times) of files, as hexadecimal text.

    rpm's database, which knows when it was written, is left out.
    """
    total = hashlib.sha256()
    for path in sorted(files):
        if path.startswith(f"{package.DATABASE}/"):
            continue
        permissions, content, _ = files[path]
        total.update(f"{path}\0{permissions:o}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()
