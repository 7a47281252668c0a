# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on cmirrord, which keeps the logs of cluster mirrors: up before clvmd, down after it.

It ends on SIGINT, but refuses while a cluster mirror is active (cmirrord(8)).
"""

from dualstor.action.steps import Do
from dualstor.agents.clvmd import deeds, reasons
from dualstor.kernel.locksocket import CLVMD, CMIRRORD
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Finish, Step
    from dualstor.agents.clvmd.seen import Case
    from dualstor.kernel.process import Process

INT, KILL = 2, 9

_COMING = 3.0       # seconds for it to appear
_ENDING = 10.0      # seconds from SIGINT on
_PACKAGE = "cmirror"


def processes(case: "Case") -> "tuple[Process, ...]":
    """Its processes; () when it is not asked for."""
    return case.mirror_logs if case.parameters.with_cmirrord else ()


def start(case: "Case", daemon: "str | None") -> "Step | None":
    """The step to a cmirrord that runs; None when it does or is not wanted."""
    if not case.parameters.with_cmirrord or daemon != CLVMD or case.mirror_logs:
        return None
    done = case.done(deeds.launch_mirror_log)
    if not done:
        return Do(deeds.launch_mirror_log)
    attempt = done[-1].outcome
    if attempt.code == 0 and case.elapsed - done[-1].at < _COMING:
        return case.wait(reasons.NOT_THERE, 0.2, daemon=CMIRRORD)
    if attempt.missing:
        return case.refuse(ExitCode.ERR_INSTALLED, reasons.NO_CMIRRORD, says=attempt.says,
                           package=_PACKAGE)
    reason = reasons.ENDED_AT_ONCE if attempt.code == 0 else reasons.START_FAILED
    return case.refuse(ExitCode.ERR_GENERIC, reason, daemon=CMIRRORD, says=attempt.says)


def monitor(case: "Case", daemon: "Process") -> "Finish | None":
    """A failure when cmirrord is wanted and does not run with clvmd, else None."""
    if not case.parameters.with_cmirrord or daemon.program != CLVMD or case.mirror_logs:
        return None
    return case.refuse(ExitCode.ERR_GENERIC, reasons.CMIRRORD_ENDED, daemon=daemon.program,
                       pid=daemon.pid)


def stop(case: "Case") -> "Step | None":
    """The step to a cmirrord that has ended, to be asked once clvmd has; None when it has."""
    for process in processes(case):
        sent = [d for d in case.done(deeds.signal) if d.args[0] == process.pid]
        if not sent:
            return Do(deeds.signal, (process.pid, process.start_time, INT))
        if case.elapsed - sent[0].at < _ENDING and case.remaining > _ENDING / 2:
            continue
        if case.active and sent[-1].args[2] != KILL:
            return case.refuse(ExitCode.ERR_GENERIC, reasons.MIRROR_IN_USE, pid=process.pid)
        if sent[-1].args[2] != KILL:
            return Do(deeds.signal, (process.pid, process.start_time, KILL))
        if case.elapsed - sent[-1].at >= _ENDING / 2:
            return case.refuse(ExitCode.ERR_GENERIC, reasons.UNKILLABLE, daemon=CMIRRORD,
                               pid=process.pid, state=process.state or "unknown")
    left = processes(case)
    return case.wait(reasons.NOT_ENDED, 0.2, daemon=CMIRRORD, pid=left[0].pid) if left else None
