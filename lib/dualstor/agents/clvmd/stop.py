# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on stop: nothing in the kernel is success, whatever else is broken.

A lockspace that is left without its daemon would make the stop of dlm fail. The kernel leaves
lvmlockd's when dlm_tool asks for it, with the locks of LVs that are not active any more; where that
does not help, and of clvmd, the daemon is started again to leave it. (lvmlockd 2.03.31 with
--adopt answers nobody where there is a lockspace: it waits forever for its own start.)
"""

from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents.clvmd import common, deeds, mirror, reasons
from dualstor.errors import listed
from dualstor.kernel.locksocket import CLVMD, LVMLOCKD
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step
    from dualstor.agents.clvmd.seen import ActiveVolume, Case
    from dualstor.kernel.process import Process

TERM, KILL = 15, 9

_LEAVING = 15.0     # seconds for the lockspaces to go once the daemon was asked
_ENDING = 10.0      # seconds from SIGTERM to SIGKILL
_DYING = 5.0        # seconds from SIGKILL to giving up
_REVIVING = 20.0    # seconds to wait for what a new daemon needs


def decide(case: "Case") -> "Step":
    """The next step of stop."""
    found = common.processes(case)
    left = common.lockspaces(case)
    if not found and not left:
        return mirror.stop(case) or _end(case)
    busy = _busy(case, found, left)
    if busy:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.IN_USE, vg=busy[0].vg,
                           holders=listed(busy))
    if not found:
        return _clear(case, left)
    return _leave(case, found, left) or _signal(case, found)


def _end(case: "Case") -> "Do | Finish":
    if case.remembered is not None and not case.done(deeds.forget):
        return Do(deeds.forget)
    return Finish(ExitCode.SUCCESS)


def _busy(case: "Case", found: "tuple[Process, ...]",
          left: "tuple[str, ...]") -> "tuple[ActiveVolume, ...]":
    """The LVs that are active here and locked by the daemon."""
    groups = {name[len("lvm_"):] for name in left if name.startswith("lvm_")}
    by_clvmd = CLVMD in left or any(p.program == CLVMD for p in found)
    return tuple(v for v in case.active if v.vg in groups or (by_clvmd and v.on_drbd))


def _leave(case: "Case", found: "tuple[Process, ...]",
           left: "tuple[str, ...]") -> "Do | Wait | None":
    """The step that makes lvmlockd leave its lockspaces; None when there is nothing to ask it."""
    if not any(name.startswith("lvm_") for name in left) \
            or not any(p.program == LVMLOCKD for p in found):
        return None
    done = [d for d in case.done(deeds.stop_lockspaces) if d.at >= _revived(case)]
    if not done:
        return Do(deeds.stop_lockspaces) if LVMLOCKD in case.sockets.accepting else None
    if done[-1].outcome.hung or any(d.at >= done[0].at for d in case.done(deeds.signal)):
        return None
    if case.elapsed - done[0].at >= _LEAVING:
        return None
    if case.elapsed - done[-1].at >= _LEAVING / 3:
        return Do(deeds.stop_lockspaces)
    return case.wait(reasons.IN_LOCKSPACES, 0.3, daemon=LVMLOCKD, lockspaces=listed(left))


def _revived(case: "Case") -> float:
    """When the daemon was started by this stop, in seconds; -1 when it was not."""
    done = case.done(deeds.launch)
    return done[-1].at if done else -1.0


def _signal(case: "Case", found: "tuple[Process, ...]") -> "Step":
    """End the daemon: SIGTERM, and SIGKILL when that does not help."""
    for process in found:
        sent = [d for d in case.done(deeds.signal) if d.args[0] == process.pid]
        terms = [d for d in sent if d.args[2] == TERM]
        kills = [d for d in sent if d.args[2] == KILL]
        if not terms:
            return Do(deeds.signal, (process.pid, process.start_time, TERM))
        hopeless = process.state in ("T", "t") or case.remaining < _ENDING
        if not kills and (case.elapsed - terms[-1].at >= _ENDING or hopeless):
            return Do(deeds.signal, (process.pid, process.start_time, KILL))
        if kills and case.elapsed - kills[-1].at >= _DYING:
            return case.refuse(ExitCode.ERR_GENERIC, reasons.UNKILLABLE, daemon=process.program,
                               pid=process.pid, state=process.state or "unknown")
    return case.wait(reasons.NOT_ENDED, 0.2, daemon=found[0].program, pid=found[0].pid)


def _clear(case: "Case", left: "tuple[str, ...]") -> "Step":
    """Lockspaces without a daemon: leave them, or start it again, so that it can."""
    attempt, daemon, lockspaces = case.last(deeds.launch), common.running(case), listed(left)
    if attempt is not None:
        reason = reasons.LEFT_FAILED if attempt.code != 0 else reasons.LEFT_AGAIN
        return case.refuse(ExitCode.ERR_GENERIC, reason, daemon=daemon, lockspaces=lockspaces,
                           says=attempt.says)
    if case.parameters.cluster_engine != common.SINGLENODE and case.quorum.quorate is not True:
        said = case.say(reasons.LEFT_NO_QUORUM, daemon=daemon, lockspaces=lockspaces,
                        says=case.quorum.says)
        return Wait(said) if case.elapsed < _REVIVING else case.refuse(ExitCode.ERR_GENERIC, said)
    if not case.dlm.ready:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.LEFT_NO_DLM, daemon=daemon,
                           lockspaces=lockspaces)
    of_lvmlockd = tuple(name for name in left if name.startswith("lvm_"))
    if of_lvmlockd and not case.done(deeds.leave):
        return Do(deeds.leave, of_lvmlockd)
    return Do(deeds.launch, (daemon,))
