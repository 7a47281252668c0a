# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's daemons: the names of their programs, and where those that lock listen.

Source: LVM2 configure.ac (DEFAULT_RUN_DIR; RHEL 6 below /var/run).

clvmd without quorum accepts nobody, and has two places in its queue (LVM2
daemons/clvmd/clvmd.c: main_loop, listen(local_socket, 1)): it is busy, not dead.
"""

from dualstor.host.host import BUSY
from dualstor.kernel import process
from dualstor.record import Record

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.host.files import Files
    from dualstor.host.host import Host

#: The daemons that lock, of which a host runs one; what logs clvmd's mirrors, and LVM's cache.
LVMLOCKD, CLVMD = "lvmlockd", "clvmd"
PROGRAMS = (LVMLOCKD, CLVMD)
CMIRRORD, LVMETAD = "cmirrord", "lvmetad"

_RUN_DIRS = ("/run/lvm", "/var/run/lvm")
_NAMES = {LVMLOCKD: "lvmlockd.socket", CLVMD: "clvmd.sock"}

#: Where they can be.
PATHS = tuple(f"{directory}/{name}" for directory in _RUN_DIRS for name in _NAMES.values())

#: What the paths of the sockets end with.
NAMES = tuple("/" + name for name in _NAMES.values())


class Sockets(Record):
    """Names of the daemons whose socket accepts a connection; ``says`` why others do not.

    ``busy``: those that are alive but accept nobody just now, as clvmd does without quorum.
    """

    accepting: "tuple[str, ...]" = ()
    busy: "tuple[str, ...]" = ()
    says: str = ""


def look(host: "Host", seconds: float, by_path: bool = False) -> Sockets:
    """The Sockets of this host, with *seconds* for each; ``says`` has names, or paths."""
    tried = try_all(host, PROGRAMS, seconds)
    return Sockets(
        accepting=tuple(name for name, _, problem in tried if problem is None),
        busy=tuple(name for name, _, problem in tried if problem == BUSY),
        says="; ".join(f"{path if by_path else name}: {problem}"
                       for name, path, problem in tried if problem is not None))


def find(host: "Files", program: str) -> "str | None":
    """Path of the socket of *program* (of PROGRAMS); None when there is none."""
    for directory in _RUN_DIRS:
        path = f"{directory}/{_NAMES[program]}"
        if host.exists(path):
            return path
    return None


def try_all(host: "Host", programs: "Iterable[str]",
            seconds: float) -> "tuple[tuple[str, str, str | None], ...]":
    """Connect to the sockets that exist.

    :param programs: names as for ``find``
    :param seconds: for each of them
    :returns: (program, path of its socket, what is wrong) each; that is None when it
        accepts, BUSY when it takes nobody just now and its process is healthy, else text
    """
    there = [(program, find(host, program)) for program in programs]
    return tuple((program, path, attempt(host, program, path, seconds))
                 for program, path in there if path is not None)


def attempt(host: "Host", program: str, path: str, seconds: float) -> "str | None":
    """Connect to the socket *path* of *program*: what is wrong, as from ``try_all``."""
    problem = host.connect(path, seconds)
    if problem != BUSY:
        return problem
    found = process.running(host, program)
    if not found:
        return f"{BUSY}, and {program} does not run"
    if found[0].state in process.STUCK:
        return f"{BUSY}, and {program} (pid {found[0].pid}) is in state {found[0].state}"
    return BUSY
