# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on cmirrord, which keeps the logs of cluster mirrors: up before clvmd, down after it.

It ends on SIGINT, but refuses while a cluster mirror is active (cmirrord(8)).
"""

from dualstor.action.steps import Do, Wait
from dualstor.agents.clvmd import common
from dualstor.agents.clvmd.seen import CLVMD
from dualstor.ocf.codes import ExitCode

INT, KILL = 2, 9

_COMING = 3.0       # seconds for it to appear
_ENDING = 10.0      # seconds from SIGINT on
_PACKAGE = "cmirror"


def processes(parameters, facts):
    """Its processes; () when it is not asked for."""
    return facts.mirror_logs if parameters.with_cmirrord else ()


def start(request, parameters, facts, daemon):
    """The step to a cmirrord that runs; None when it does or is not wanted."""
    if not parameters.with_cmirrord or daemon != CLVMD or facts.mirror_logs:
        return None
    done = facts.done("launch_mirror_log")
    if not done:
        return Do("launch_mirror_log")
    attempt = done[-1].outcome
    if attempt.code == 0 and facts.elapsed - done[-1].at < _COMING:
        return Wait("cmirrord to appear", "look at the system log of this node", 0.2)
    if attempt.missing:
        return common.refuse(request, ExitCode.ERR_INSTALLED,
                             f"cmirrord is not installed on this node ({attempt.says}): install "
                             f"{_PACKAGE}, or set with_cmirrord=false")
    return common.refuse(request, ExitCode.ERR_GENERIC,
                         "cmirrord %s: look at the system log of this node" % (
                             "ended right after its start" if attempt.code == 0
                             else f"failed ({attempt.says})"))


def monitor(request, parameters, facts, daemon):
    """A failure when cmirrord is wanted and does not run beside clvmd, else None."""
    if not parameters.with_cmirrord or daemon != CLVMD or facts.mirror_logs:
        return None
    return common.refuse(request, ExitCode.ERR_GENERIC,
                         "cmirrord has ended, so writes to cluster mirrors hang: look at the system "
                         "log of this node")


def stop(request, parameters, facts):
    """The step to a cmirrord that has ended, to be asked once clvmd has; None when it has."""
    for process in processes(parameters, facts):
        sent = [d for d in facts.done("signal") if d.args[0] == process.pid]
        if not sent:
            return Do("signal", (process.pid, process.start_time, INT))
        if facts.elapsed - sent[0].at < _ENDING and facts.remaining > _ENDING / 2:
            continue
        if facts.active and sent[-1].args[2] != KILL:
            return common.refuse(
                request, ExitCode.ERR_GENERIC,
                f"cmirrord (pid {process.pid}) does not end, mostly as a cluster mirror is still "
                "active: find it with `dmsetup table --target mirror` and deactivate it")
        if sent[-1].args[2] != KILL:
            return Do("signal", (process.pid, process.start_time, KILL))
        if facts.elapsed - sent[-1].at >= _ENDING / 2:
            return common.refuse(
                request, ExitCode.ERR_GENERIC,
                f"cmirrord (pid {process.pid}) does not end even after SIGKILL (state "
                f"{process.state or 'unknown'}): only a reboot of this node ends it")
    if processes(parameters, facts):
        return Wait("cmirrord to end", "look at the system log of this node", 0.2)
    return None
