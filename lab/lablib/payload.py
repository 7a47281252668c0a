# SPDX-License-Identifier: GPL-2.0-or-later
"""What is laid over the image at each boot: the guests' configuration and our product, as if installed."""
import hashlib
import importlib.util
import io
import os
import py_compile
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from . import paths

AGENTS = "usr/lib/ocf/resource.d/dualstor"
COMMAND = "usr/sbin"
LIBRARY = "usr/lib/ocf/lib/dualstor"
METADATA = "usr/share/dualstor/metadata"

# importlib.util.MAGIC_NUMBER of the guests' Python 3.11: files compiled by another Python are of no use there.
GUEST_MAGIC = (3495).to_bytes(2, "little") + b"\r\n"


def host_compiles():
    """Whether this Python makes byte code that the guests' Python takes."""
    return importlib.util.MAGIC_NUMBER == GUEST_MAGIC


def _tree(top, target, executable=False):
    """Returns {path in the guest: (permissions, content, mtime)} of the files below `top`."""
    files = {}
    if not top.is_dir():
        return files
    for path in sorted(top.rglob("*")):
        inside = path.relative_to(top)
        if any(part == "__pycache__" or part.startswith(".") for part in inside.parts) or not path.is_file():
            continue
        status = path.stat()
        permissions = 0o755 if executable or status.st_mode & 0o100 else 0o644
        files["/".join([target, *inside.parts] if target else inside.parts)] = (
            permissions,
            path.read_bytes(),
            int(status.st_mtime),
        )
    return files


def configuration():
    """Returns the guests' configuration: lab/guest, which is laid out as in the guest."""
    return _tree(paths.GUEST_FILES, "")


def product(project=paths.PROJECT):
    """Returns our agents, command, library and metadata from the working tree, at their places in an installation."""
    return {
        **_tree(project / "bin", COMMAND, executable=True),
        **_tree(project / "ocf", AGENTS, executable=True),
        **_tree(project / "lib" / "dualstor", LIBRARY),
        **_tree(project / "metadata", METADATA),
    }


def compiled(files):
    """Returns the byte code of the Python modules among `files`, as {path: (permissions, content, mtime)}.

    Valid for the source's time and size, as a package's installation would compile it. A file that does not compile
    has none: the guest shows the error when it is run.
    """
    code = {}
    with tempfile.TemporaryDirectory(prefix="dualstor-lab-") as scratch:
        for path, (_, content, mtime) in files.items():
            if not path.endswith(".py"):
                continue
            source = Path(scratch, "module.py")
            source.write_bytes(content)
            os.utime(source, (mtime, mtime))
            target = Path(scratch, "module.pyc")
            try:
                py_compile.compile(str(source), str(target), dfile=f"/{path}", doraise=True)
            except py_compile.PyCompileError:
                continue
            folder, _, name = path.rpartition("/")
            code[f"{folder}/__pycache__/{name[:-3]}.cpython-311.pyc"] = (0o644, target.read_bytes(), mtime)
    return code


def bundles(files, project=paths.PROJECT):
    """Returns the bundles from which monitors start, as a package's installation would make them (tools/bundle)."""
    with tempfile.TemporaryDirectory(prefix="dualstor-lab-") as scratch:
        library = Path(scratch, LIBRARY)
        for path, (_, content, mtime) in files.items():
            if path.startswith(f"{LIBRARY}/") and path.endswith(".py"):
                target = Path(scratch, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                os.utime(target, (mtime, mtime))
        made = subprocess.run(
            [sys.executable, "-I", project / "tools" / "bundle", library, f"/{LIBRARY}"], capture_output=True, check=False
        )
        if made.returncode:  # a module that does not compile: the guest shows the error when it is run
            return {}
        return {
            f"{LIBRARY}/__pycache__/{path.name}": (0o644, path.read_bytes(), int(path.stat().st_mtime))
            for path in (library / "__pycache__").glob("*.bundle")
        }


def product_with_code():
    """Returns the product and, where this Python can make it, its byte code."""
    files = product()
    return {**files, **compiled(files), **bundles(files)} if host_compiles() else files


def digest(files):
    """Returns a hash over names, permissions and contents (not times) of files, as hexadecimal text."""
    total = hashlib.sha256()
    for path in sorted(files):
        permissions, content, _ = files[path]
        total.update(f"{path}\0{permissions:o}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def tar(files):
    """Returns the files as a tar archive that belongs to root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(files):
            permissions, content, mtime = files[path]
            member = tarfile.TarInfo(path)
            member.mode, member.size, member.mtime = permissions, len(content), mtime
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
