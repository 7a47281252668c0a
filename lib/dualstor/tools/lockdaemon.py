# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemons that lock LVM across the cluster: starting them, asking them, leaving lockspaces.

Sources: LVM2 daemons/clvmd/clvmd.c (options, exit codes: 0 ready, 5 still starting after
-T seconds), daemons/lvmlockd/lvmlockd-core.c (options, adopt_locks), lvmlockctl.c.
"""

from dualstor.errors import ToolError, ToolHung

LVMLOCKD, CLVMD = "lvmlockd", "clvmd"

#: clvmd answers even when it says that one of another node does not.
_PEER_LACKS = "not running on node"

_STARTUP_SECONDS = 10   # of clvmd's -T: after that it goes on starting behind our back
_GRACE = 5.0            # seconds more until we give up on the command


def command(daemon, options=(), engine="auto", timeout=None, startup=_STARTUP_SECONDS):
    """The command that starts *daemon* in the background, as a tuple.

    :param options: further options, as words
    :param engine: clvmd's cluster manager
    :param timeout: seconds clvmd waits for other nodes' answers
    :param startup: seconds after which clvmd's command returns though it is not ready

    lvmlockd adopts lockspaces and locks of one that died, and writes what its successor
    needs for that.
    """
    if daemon == LVMLOCKD:
        return ("lvmlockd", "--adopt", "1") + tuple(options)
    argv = ("clvmd", "-T%d" % startup)
    if engine != "auto":
        argv += ("-I", engine)
    if timeout is not None:
        argv += ("-t%d" % timeout,)
    return argv + tuple(options)


def launch(host, daemon, options=(), engine="auto", timeout=None):
    """Start *daemon*.

    :returns: (exit code, what it said in one line); the code is None when it did not return
    :raises ToolMissing: it is not installed
    """
    startup = max(1, min(_STARTUP_SECONDS, int(host.deadline.remaining / 2)))
    try:
        completed = host.run(command(daemon, options, engine, timeout, startup), startup + _GRACE)
    except ToolHung as problem:
        return None, str(problem)
    return completed.returncode, completed.complaint()


def stop_lockspaces(host, timeout):
    """Make lvmlockd leave all its lockspaces in which no LV is locked; it only begins to.

    :returns: (exit code or None when it hung or could not be asked, what was said)
    """
    try:
        completed = host.run(("lvmlockctl", "--stop-lockspaces"), timeout)
    except ToolError as problem:
        return None, str(problem)
    return completed.returncode, completed.complaint()


def silence(host, daemon, timeout):
    """Ask *daemon* and wait for the answer; takes no lock.

    clvmd is asked to look at its devices anew, in which clvmd of every node takes part;
    without quorum it answers nobody.

    :returns: None when it answered, else what happened
    """
    argv = ("lvmlockctl", "--info") if daemon == LVMLOCKD else ("clvmd", "-R")
    try:
        completed = host.run(argv, timeout)
    except ToolError as problem:
        return str(problem)
    if completed.ok or _PEER_LACKS in completed.stderr:
        return None
    return completed.complaint()
