# SPDX-License-Identifier: GPL-2.0-or-later
"""The RPMs of the working tree, and the root into which rpm has put them: what the guests get of our product.

Both are built once for each state of the tree and kept in the cache. rpm's own database comes along, so that in a guest
`rpm -V` verifies the files, and `rpm -U` and `rpm -e` work as on an administrator's host.
"""
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import host, paths
from .errors import LabError
from .image import locked

# The documents stay out: they are a package of their own.
NAMES = ("dualstor", "resource-agents-dualstor")
DATABASE = "var/lib/rpm"
KEEP = 4

# rpm knows nothing of Debian's packages; up to Debian 12 it wants an option to be used next to them.
UPGRADE = "rpm -U --oldpackage --replacepkgs --nodeps $(rpm --help | grep -o -e --force-debian | head -n 1)"


def build(progress, cache=None, project=paths.PROJECT):
    """Returns the directory with the RPMs of a tree and `root`, built when the cache lacks it. Raises LabError."""
    packages = (cache or paths.cache_directory()) / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dualstor-lab-") as scratch, locked(packages / "lock"):
        archive = Path(_run([project / "tools" / "make-dist", scratch]).strip())
        folder = packages / hashlib.sha256(archive.read_bytes()).hexdigest()[:16]
        if (folder / "root").is_dir():
            os.utime(folder)
            return folder
        with progress.step("package"):
            _run([project / "tools" / "make-rpm", scratch, "--without", "check"])
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for path in Path(scratch).glob("*.noarch.rpm"):
                shutil.move(path, folder)
            install(rpms(folder), folder / "installing")
            (folder / "installing").rename(folder / "root")
        _prune(packages)
    return folder


def rpms(folder):
    """Returns the paths of the RPMs that are installed in the guests, of those in a directory."""
    return [path for name in NAMES for path in sorted(folder.glob(f"{name}-[0-9]*.noarch.rpm"))]


def upgrade(node, files):
    """Installs RPMs of the host in a running guest, in place of what is there."""
    names = [f"/tmp/{path.name}" for path in files]
    for path, name in zip(files, names):
        node.push(name, path.read_bytes())
    node.ok(f"{UPGRADE} {' '.join(names)}", 120)
    node.ok(["rm", *names])


def install(files, root):
    """Has rpm install RPMs into a new directory that stands for /, with a database of its own."""
    root.mkdir()
    command = ["rpm", "--root", root, "--dbpath", f"/{DATABASE}", "--nodeps", "-i", *files]
    # There is no shell in it for what the packages do at their installation, and nothing to be done.
    command.insert(-len(files), "--noscripts")
    # rpm changes its root; in a user namespace of his own anybody may.
    _run(command if os.getuid() == 0 else ["unshare", "--map-root-user", *command])


def _run(command):
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, "PATH": host.search_path()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-12:])
        raise LabError(f"`{' '.join(map(str, command))}` failed with exit code {done.returncode}; `make rpm` shows more:\n{tail}")
    return done.stdout


def _prune(packages):
    folders = sorted((path for path in packages.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for folder in folders[:-KEEP]:
        shutil.rmtree(folder, ignore_errors=True)
