# SPDX-License-Identifier: GPL-2.0-or-later
"""What all actions of clvmd need to know: which daemon, its processes, its health."""

from dualstor.action.steps import Wait
from dualstor.agents.clvmd.seen import needing
from dualstor.errors import listed
from dualstor.kernel.locksocket import CLVMD, LVMLOCKD, PROGRAMS
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Finish
    from dualstor.agents.clvmd.seen import Case
    from dualstor.kernel.process import Process

SINGLENODE = "singlenode"

_PAUSE = 0.5
_MOMENT = 3.0   # seconds that a daemon may be in an odd state without being in trouble


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
    text = _trouble(case, found)
    if text is None:
        return None
    if case.elapsed < _MOMENT and found[0].state != "Z":
        return Wait("this to pass: " + text, "look at the system log of this node", _PAUSE)
    return case.refuse(ExitCode.ERR_GENERIC, text)


def _trouble(case: "Case", found: "tuple[Process, ...]") -> "str | None":
    """What is wrong with the running daemon, as text with the next step; None for nothing."""
    process = found[0]
    name = f"{process.program} (pid {process.pid})"
    if len(found) > 1:
        return (f"{len(found)} lock daemons run at once "
                f"({listed(f'{p.program} pid {p.pid}' for p in found)}): stop those that the "
                "cluster did not start")
    if process.state == "Z":
        return (f"{name} has died but the kernel still holds a thread of it: reboot this node when "
                "its storage is idle")
    if process.state == "D":
        return (f"{name} hangs in the kernel (state D), mostly as dlm does not answer: look at "
                "`dlm_tool ls` and `dmesg`")
    if process.state in ("T", "t"):
        return (f"{name} is stopped by a signal or a debugger: continue it with `kill -CONT "
                f"{process.pid}`")
    if process.program not in case.sockets.accepting + case.sockets.busy:
        return (f"{name} runs but takes no connection "
                f"({case.sockets.says or 'its socket is missing'}): look at the system log, then "
                "restart this resource")
    if process.program != CLVMD or case.parameters.cluster_engine == SINGLENODE:
        return None
    if CLVMD in case.lockspaces and not case.configured:
        return (f"{name} runs but dlm_controld has ended, mostly as corosync died: no lock is "
                "granted any more and clvmd cannot be ended; stop what uses the storage, then "
                "reboot this node")
    if CLVMD not in case.lockspaces:
        return (f"{name} runs without its dlm lockspace, so it cannot lock: look at `dlm_tool ls` "
                "and the system log")
    return None
