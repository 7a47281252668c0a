# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on stop: nothing in the kernel is success, whatever else is broken.

A lockspace that is left without its daemon would make the stop of dlm fail, so
the daemon is started again to leave it.
"""

from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents.clvmd import common, deeds, mirror
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
        return case.refuse(ExitCode.ERR_GENERIC,
            f"{listed(busy) + (' is' if len(busy) == 1 else ' are')} active on this node "
            "and would lose cluster locks: stop their clustered-vg resource, or deactivate them "
            f"here with `vgchange -aln {busy[0].vg}`")
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
    return Wait(f"lvmlockd to leave {listed(left)}", "`lvmlockctl --info` shows who "
                "uses them", 0.3)


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
            return case.refuse(ExitCode.ERR_GENERIC,
                f"{process.program} (pid {process.pid}) does not end even after SIGKILL (state "
                f"{process.state or 'unknown'}): the kernel holds it, mostly as dlm hangs; only a "
                "reboot of this node ends it")
    ending = listed(f"{p.program} (pid {p.pid})" for p in found)
    return Wait(f"{ending} to end", "look at the system log", 0.2)


def _clear(case: "Case", left: "tuple[str, ...]") -> "Step":
    """Lockspaces without a daemon: start it again, it adopts them and can leave them."""
    attempt = case.last(deeds.launch)
    if attempt is not None:
        says = attempt.says if attempt.code != 0 else "it ended and did not leave them"
    elif case.parameters.cluster_engine != common.SINGLENODE and case.quorum.quorate is not True:
        if case.elapsed < _REVIVING:
            return Wait(f"quorum ({case.quorum.says}), to leave {listed(left)}",
                        "start the other node, or reboot this one")
        says = f"there is no quorum: {case.quorum.says}"
    elif not case.dlm.ready:
        says = "dlm_controld does not run"
    else:
        return Do(deeds.launch, (common.running(case),))
    return case.refuse(ExitCode.ERR_GENERIC,
        f"no lock daemon runs but its dlm lockspaces are left ({listed(left)}) and could "
        f"not be cleared ({says}): reboot this node")
