# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor install-agents``: the agents of a pip installation, where the cluster manager looks.

A package of the distribution has the agents, DRBD's fence-peer handler and the alert agent in it.
pip cannot leave its prefix, so it puts them into share/dualstor; this copies them to the
directories of OCF, DRBD and Pacemaker and links the library there, so that the command and they
run from one copy. pip compiles for its own Python, the agents run with the system's: byte code for
that one is made here, too.
"""

import os
import shutil
import stat

from dualstor import fencepeer
from dualstor.alerts import place
from dualstor.command.codes import ExitStatus
from dualstor.errors import DualstorError
from dualstor.fencepeer import named
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from dualstor.command.console import Console

SUMMARY = "put the agents where Pacemaker looks, after pip install"

DESCRIPTION = """\
After pip install: copies the agents to /usr/lib/ocf/resource.d/dualstor, their metadata to
/usr/share/dualstor/metadata, DRBD's fence-peer handler to /usr/lib/drbd and the alert agent to
/usr/share/pacemaker/alerts, and links the library to /usr/lib/ocf/lib/dualstor. Run it as root on
both nodes, and again after each pip install; --remove removes all of it. Packages of a
distribution do this by themselves."""

AGENTS = "usr/lib/ocf/resource.d/dualstor"
LIBRARY = "usr/lib/ocf/lib/dualstor"
METADATA = "usr/share/dualstor/metadata"
HANDLERS = "usr/lib/drbd"
ALERTS = "usr/share/pacemaker/alerts"

#: (directory of a pip installation or of the source, where its files go, their permissions).
_DIRECTORIES = (("metadata", METADATA, 0o644), ("ocf", AGENTS, 0o755), ("drbd", HANDLERS, 0o755),
                ("alerts", ALERTS, 0o755))

#: What is ours in directories where others have their files, too.
_SHARED = {HANDLERS: fencepeer.PROGRAM, ALERTS: place.PROGRAM}

#: The Python that runs the agents, and seconds for it to compile the library.
_PYTHON, _COMPILE_TIME = "/usr/bin/python3", 120.0

#: The installed library that runs this.
_OURS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def add_arguments(parser: "ArgumentParser") -> None:
    """What ``install-agents`` takes."""
    parser.add_argument("--root", metavar="DIR", default="/",
                        help="the directory that stands for / (to make an image)")
    parser.add_argument("--remove", action="store_true", help="remove what was put there")


def sources(library: str = _OURS) -> str:
    """The directory with ocf/, drbd/ and metadata/ that belongs to an installed library.

    :param library: the library's directory, e.g. /usr/local/lib/python3.11/site-packages/dualstor
    :raises DualstorError: there is none
    """
    above = os.path.dirname(library)
    if os.path.isdir(os.path.join(os.path.dirname(above), "ocf")):
        return os.path.dirname(above)  # the source tree
    while above != "/":
        directory = os.path.join(above, "share", "dualstor")
        if os.path.isdir(os.path.join(directory, "ocf")):
            return directory
        above = os.path.dirname(above)
    raise DualstorError(f"install-agents: this installation ({library}) was not made by pip and "
                        "has no agents to put anywhere: install the package "
                        "resource-agents-dualstor")


def _check_owner(library: str) -> None:
    """Agents run as root: whoever can change the library could become root.

    :raises DualstorError: someone else can
    """
    at = library
    while True:
        status = os.stat(at)
        loose = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
        if status.st_uid != 0 or loose:
            raise DualstorError(f"install-agents: {at} can be changed by others than root, and the "
                                "agents run from there as root: install as root, outside of a home "
                                "directory")
        if at == "/":
            return
        at = os.path.dirname(at)


def _files(directory: str) -> "list[str]":
    """Names of the files in a directory, in order; none where it does not exist."""
    return sorted(name for name in os.listdir(directory)
                  if os.path.isfile(os.path.join(directory, name))) \
        if os.path.isdir(directory) else []


def _copy(source: str, target: str, mode: int) -> None:
    """Copy a file atomically."""
    os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
    shutil.copyfile(source, target + ".new")
    os.chmod(target + ".new", mode)
    os.rename(target + ".new", target)


def _compile(library: str) -> None:
    """Make byte code with the Python of the agents.

    :raises DualstorError: it is not there, or the library does not compile
    """
    done = Host(Deadline(_COMPILE_TIME)).run(
        (_PYTHON, "-I", "-m", "compileall", "-q", "-f", library), _COMPILE_TIME)
    if not done.ok:
        raise DualstorError(f"install-agents: {_PYTHON} cannot compile the library "
                            f"({done.outcome}): {(done.stdout + done.stderr).strip()[-500:]}")


def _forget_byte_code(library: str) -> None:
    """Remove byte code, whichever Python made it: what is still used is compiled again."""
    for base, directories, _ in os.walk(library):
        if "__pycache__" in directories:
            shutil.rmtree(os.path.join(base, "__pycache__"), ignore_errors=True)


def install(top: str, source: str, library: str = _OURS) -> "list[str]":
    """Put agents, handler, metadata and a link to the library below *top*.

    :returns: the paths that were written
    :raises DualstorError: another installation is there
    """
    link = os.path.join(top, LIBRARY)
    if os.path.lexists(link) and not os.path.islink(link):
        raise DualstorError(f"install-agents: {link} exists and is no link, so a package has "
                            "installed the agents: remove that package first (dnf remove "
                            "resource-agents-dualstor dualstor)")
    os.makedirs(os.path.dirname(link), mode=0o755, exist_ok=True)
    if os.path.lexists(link + ".new"):
        os.unlink(link + ".new")
    os.symlink(library, link + ".new")
    os.rename(link + ".new", link)
    written = [link]
    for directory, target, mode in _DIRECTORIES:
        for name in _files(os.path.join(source, directory)):
            original, path = os.path.join(source, directory, name), os.path.join(top, target, name)
            if os.path.realpath(path) != os.path.realpath(original):
                _copy(original, path, mode)
                written.append(path)
    return written


def remove(top: str) -> "list[str]":
    """Remove what ``install`` puts below *top*.

    :returns: the paths that were removed
    :raises DualstorError: it was a package that put them there, or DRBD needs the handler
    """
    link = os.path.join(top, LIBRARY)
    found = named.places(top)
    if found:
        raise DualstorError(f"install-agents: {named.refusal(found)}")
    if not os.path.islink(link):
        raise DualstorError(f"install-agents: nothing to remove: {link} is not a link that "
                            "install-agents made")
    removed = [os.path.join(top, target, name) for _, target, _ in _DIRECTORIES
               for name in _files(os.path.join(top, target))
               if target not in _SHARED or name == os.path.basename(_SHARED[target])] + [link]
    for path in removed:
        os.unlink(path)
    for target in (HANDLERS, ALERTS, AGENTS, METADATA, os.path.dirname(METADATA)):
        directory = os.path.join(top, target)
        if os.path.isdir(directory) and not os.listdir(directory):
            os.rmdir(directory)
    return removed


def run(arguments: "Namespace", console: "Console") -> ExitStatus:
    """Install, or remove with ``--remove``; prints each path."""
    top = os.path.abspath(arguments.root)
    try:
        if arguments.remove:
            paths = remove(top)
        else:
            source = sources()
            if top == "/":
                _check_owner(_OURS)
            paths = install(top, source)
    except OSError as problem:
        raise DualstorError(
            f"install-agents: {problem.filename}: {problem.strerror}") from problem
    if arguments.remove:
        _forget_byte_code(_OURS)
    else:
        _compile(_OURS)
    console.document({"removed" if arguments.remove else "written": paths})
    for path in paths:
        console.line(path)
    return ExitStatus.OK
