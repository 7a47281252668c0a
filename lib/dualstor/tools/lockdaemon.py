# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemons that lock LVM across the cluster: starting them, asking them, leaving lockspaces.

Sources: LVM2 daemons/clvmd/clvmd.c (options, exit codes: 0 ready, 5 still starting after
-T seconds), refresh_clvmd.c (-R, -S), daemons/lvmlockd/lvmlockd-core.c (options, adopt_locks),
lvmlockctl.c, daemons/cmirrord/clogd.c (ends with 0 once it is ready).
"""

import re

from dualstor.errors import ToolError, ToolHung, shown
from dualstor.kernel.locksocket import CLVMD, CMIRRORD, LVMLOCKD
from dualstor.tools import lvmlock

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.host.host import Host

#: clvmd answers even when it says that one of another node does not. It ends no line with that.
_PEER_LACKS = re.compile(r"clvmd not running on node (\S+?)(?=clvmd not|Error resetting|\s|$)")

_STARTUP_SECONDS = 10   # of clvmd's -T: after that it continues in the background
_GRACE = 5.0            # seconds more until the command is given up


def command(daemon: str, options: "Iterable[str]" = (), engine: str = "auto",
            timeout: "int | None" = None, startup: int = _STARTUP_SECONDS) -> "tuple[str, ...]":
    """The command that starts *daemon* in the background, as a tuple.

    :param options: further options, as words
    :param engine: clvmd's cluster manager
    :param timeout: seconds clvmd waits for other nodes' answers
    :param startup: seconds after which clvmd's command returns though it is not ready

    lvmlockd adopts lockspaces and locks of one that died, and writes what its successor
    needs for that.
    """
    if daemon == LVMLOCKD:
        return (LVMLOCKD, "--adopt", "1") + tuple(options)
    argv: "tuple[str, ...]" = (CLVMD, f"-T{startup}")
    if engine != "auto":
        argv += ("-I", engine)
    if timeout is not None:
        argv += (f"-t{timeout}",)
    return argv + tuple(options)


def launch(host: "Host", daemon: str, options: "Iterable[str]" = (), engine: str = "auto",
           timeout: "int | None" = None) -> "tuple[int | None, str]":
    """Start *daemon*.

    :returns: (exit code, what it said in one line); the code is None when it did not return
    :raises ToolMissing: it is not installed
    """
    startup = max(1, min(_STARTUP_SECONDS, int(host.deadline.remaining / 2)))
    return _ended(host, command(daemon, options, engine, timeout, startup), startup + _GRACE,
                  ToolHung)


def launch_mirror_log(host: "Host", timeout: float) -> "tuple[int | None, str]":
    """Start cmirrord; it returns when it is ready.

    :returns: as ``launch``
    :raises ToolMissing: it is not installed
    """
    return _ended(host, (CMIRRORD,), timeout, ToolHung)


def _ended(host: "Host", argv: "tuple[str, ...]", timeout: float,
           unanswered: "type[ToolError]" = ToolError) -> "tuple[int | None, str]":
    """(exit code, what it said in one line); the code is None for an error *unanswered*."""
    try:
        completed = host.run(argv, timeout)
    except unanswered as problem:
        return None, str(problem)
    return completed.returncode, completed.complaint()


def refresh(host: "Host", timeout: float) -> "tuple[int | None, str, str | None]":
    """Have clvmd of every node read lvm.conf and its devices again; none does where one is missing.

    :returns: (exit code or None when it hung or could not be asked, what was said, name of a node
        without clvmd or None)
    """
    try:
        completed = host.run((CLVMD, "-R"), timeout)
    except ToolError as problem:
        return None, str(problem), None
    lacking = _PEER_LACKS.search(completed.stderr)
    return completed.returncode, completed.complaint(), shown(lacking.group(1)) if lacking else None


def restart(host: "Host", timeout: float) -> "tuple[int | None, str]":
    """Have clvmd replace itself by the program on disk, with its exclusive locks.

    :returns: (exit code or None, what was said); 0 means only that it was asked
    """
    return _ended(host, (CLVMD, "-S"), timeout)


def stop_lockspaces(host: "Host", timeout: float) -> "tuple[int | None, str]":
    """Make lvmlockd leave all its lockspaces in which no LV is locked; it only begins to.

    :returns: (exit code or None when it hung or could not be asked, what was said)
    """
    return _ended(host, ("lvmlockctl", "--stop-lockspaces"), timeout)


def leave(host: "Host", name: str, timeout: float) -> "tuple[int | None, str]":
    """Have the kernel leave a dlm lockspace whose daemon has died, with the locks left in it.

    Only where nothing is active that these locks protect. Source: dlm's dlm_tool/main.c,
    libdlm.c (dlm_release_lockspace with force).

    :returns: (exit code or None when it hung or could not be asked, what was said)
    """
    return _ended(host, ("dlm_tool", "leave", name), timeout)


def silence(host: "Host", daemon: str, timeout: float) -> "str | None":
    """Ask *daemon* and wait for the answer; takes no lock.

    clvmd is asked to read its devices again, in which clvmd of every node takes part;
    without quorum it answers nobody.

    :returns: None when it answered, else what happened
    """
    if daemon == CLVMD:
        code, says, peer = refresh(host, timeout)
        return None if code == 0 or peer is not None else says
    try:
        completed = lvmlock.ask(host, timeout)
    except ToolError as problem:
        return str(problem)
    return None if completed.ok else completed.complaint()
