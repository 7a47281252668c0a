# SPDX-License-Identifier: GPL-2.0-or-later
"""What all actions of clvmd need to know: which daemon, its processes, its health."""

from dualstor.action.steps import Wait
from dualstor.agents.clvmd import reasons
from dualstor.agents.clvmd.seen import needing
from dualstor.errors import listed
from dualstor.kernel.locksocket import CLVMD, LVMLOCKD, PROGRAMS
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Finish
    from dualstor.agents.clvmd.seen import Case
    from dualstor.kernel.process import Process
    from dualstor.ocf.reason import Said

SINGLENODE = "singlenode"

_PAUSE = 0.5
_MOMENT = 3.0   # seconds that a daemon may be in an odd state without being in trouble

#: What the kernel's letter for the state of a process means for the daemon.
_STATES = {"Z": reasons.DEAD_THREAD, "D": reasons.IN_KERNEL,
           "T": reasons.STOPPED, "t": reasons.STOPPED}


def programs(case: "Case") -> "tuple[str, ...]":
    """The daemons that this resource may be about."""
    return PROGRAMS if case.parameters.daemon == "auto" else (case.parameters.daemon,)


def processes(case: "Case") -> "tuple[Process, ...]":
    """The daemon's processes; more than one when something is wrong."""
    return tuple(p for p in case.processes if p.program in programs(case))


def lockspaces(case: "Case") -> "tuple[str, ...]":
    """Names of the kernel's lockspaces that need the daemon."""
    return needing(case.lockspaces, programs(case))


def running(case: "Case") -> "str | None":
    """The name of the daemon that runs or has left lockspaces here, None when there is none."""
    found = processes(case)
    if found:
        return found[0].program
    left = lockspaces(case)
    return (CLVMD if CLVMD in left else LVMLOCKD) if left else None


def ailment(case: "Case") -> "Finish | Wait | None":
    """The step when the daemon's process, socket or lockspace is in trouble: Wait or Finish.

    None when it is healthy as far as the kernel shows. A trouble counts when it lasts.
    """
    found = processes(case)
    trouble = _trouble(case, found)
    if trouble is None:
        return None
    if case.elapsed < _MOMENT and found[0].state != "Z":
        return Wait(trouble, _PAUSE)
    return case.refuse(ExitCode.ERR_GENERIC, trouble)


def _trouble(case: "Case", found: "tuple[Process, ...]") -> "Said | None":
    """What is wrong with the running daemon; None for nothing."""
    if len(found) > 1:
        return case.say(reasons.SEVERAL, number=len(found),
                        holders=listed(f"{p.program} pid {p.pid}" for p in found))
    process = found[0]
    reason = _STATES.get(process.state)
    if reason is None and process.program not in case.sockets.accepting + case.sockets.busy:
        return case.say(reasons.NO_CONNECTION, daemon=process.program, pid=process.pid,
                        says=case.sockets.says or "its socket is missing")
    if reason is None and process.program == CLVMD \
            and case.parameters.cluster_engine != SINGLENODE:
        if CLVMD not in case.lockspaces:
            reason = reasons.NO_LOCKSPACE
        elif not case.configured:
            reason = reasons.NO_DLM_CONTROLD
    return None if reason is None else case.say(reason, daemon=process.program, pid=process.pid)
