# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on reload: clvmd reads its configuration again, or is replaced and keeps its locks.

``clvmd -R`` is a round trip through clvmd of every node; where one is missing, none takes part.
``clvmd -S`` only sends the wish: the new clvmd is there when its process is another one. It
passes the exclusive locks on by name; whether it got them back, the kernel says.
Sources: LVM2 daemons/clvmd/{refresh_clvmd,clvmd-command}.c.
"""

from dualstor.action.steps import Do, Finish
from dualstor.agents import heldback
from dualstor.agents.clvmd import common, deeds, reasons, start
from dualstor.errors import listed
from dualstor.kernel.locksocket import CLVMD
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Done, Step
    from dualstor.agents.clvmd.seen import Attempt, Case
    from dualstor.kernel.process import Process
    from dualstor.ocf.reason import Said

#: First version whose -S passes all exclusive locks on, and the cluster manager.
_KEEPS_LOCKS = (2, 2, 89)

_PATIENCE = 15.0    # seconds for clvmd of another node to appear
_PAUSE = 2.0        # seconds between two tries


def decide(case: "Case") -> "Step":
    """The next step of reload-agent."""
    found = common.processes(case)
    if not found:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.NOTHING_TO_RELOAD)
    if found[0].program != CLVMD:
        return Finish(ExitCode.SUCCESS)     # lvmlockd has nothing to read again
    restarted = case.done(deeds.restart)
    if restarted:
        return _restarted(case, found, restarted[-1])
    if case.done(deeds.refresh):
        return _refresh(case)
    step = common.ailment(case) or start.waiting(case) \
        or heldback.wait(case, reasons.HELD_BACK)
    if step:
        return step
    if case.parameters.on_reload == "restart" and (case.version.number or ()) >= _KEEPS_LOCKS:
        return Do(deeds.restart, (found[0].pid,))
    return _refresh(case)


def _refresh(case: "Case") -> "Step":
    done = case.done(deeds.refresh)
    if not done:
        return Do(deeds.refresh)
    attempt = done[-1].outcome
    if attempt.code == 0:
        if case.parameters.on_reload == "restart":
            return _warned(case, case.say(reasons.ONLY_REFRESHED, version=case.version))
        return Finish(ExitCode.SUCCESS)
    if attempt.peer is None:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.NOT_REFRESHED, says=attempt.says)
    if case.elapsed >= _PATIENCE:
        return _warned(case, case.say(reasons.NOBODY_REFRESHED, peer=attempt.peer))
    if case.elapsed - done[-1].at >= _PAUSE:
        return Do(deeds.refresh)
    return case.wait(reasons.PEER_WITHOUT, peer=attempt.peer)


def _warned(case: "Case", warning: "Said") -> "Do | Finish":
    """Success, once *warning* is in the system log."""
    return Finish(ExitCode.SUCCESS) if case.done(deeds.warn) else Do(deeds.warn, (warning,))


def _restarted(case: "Case", found: "tuple[Process, ...]", done: "Done[Attempt]") -> "Step":
    """The step after ``clvmd -S`` was sent: the new clvmd is another process."""
    attempt, pid = done.outcome, done.args[0]
    if attempt.code != 0:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.NOT_RESTARTED, says=attempt.says)
    step = common.ailment(case)
    if step is None and found[0].pid == pid:
        step = case.wait(reasons.NOT_REPLACED, pid=pid)
    if step is None and CLVMD in case.recovering:
        step = case.wait(reasons.NOT_JOINED, pid=found[0].pid)
    if step:
        return start.waiting(case) or step
    before, now = attempt.exclusive, case.exclusive
    lost = [] if before is None or now is None else sorted(before - now)
    if lost:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.LOCKS_LOST, says=listed(lost))
    if not case.done(deeds.remember):
        return Do(deeds.remember, found[:1])
    if case.parameters.daemon_timeout is not None:
        return _warned(case, case.say(reasons.TIMEOUT_LOST, pid=found[0].pid))
    return Finish(ExitCode.SUCCESS)
