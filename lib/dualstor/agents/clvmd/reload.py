# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on reload: clvmd reads its configuration anew, or is replaced and keeps its locks.

``clvmd -R`` is a round trip through clvmd of every node; where one is missing, none takes part.
``clvmd -S`` only sends the wish: the new clvmd is there when its process is another one. It
hands the exclusive locks over by name; whether it got them back, the kernel says.
Sources: LVM2 daemons/clvmd/{refresh_clvmd,clvmd-command}.c.
"""

from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents.clvmd import common, start
from dualstor.agents.clvmd.seen import CLVMD
from dualstor.ocf.codes import ExitCode

#: First version whose -S hands all exclusive locks on, and the cluster manager.
_KEEPS_LOCKS = (2, 2, 89)

_PATIENCE = 15.0    # seconds for clvmd of another node to appear
_PAUSE = 2.0        # seconds between two tries


def decide(request, parameters, facts):
    """The next step of reload-agent."""
    found = common.processes(parameters, facts)
    if not found:
        return common.refuse(request, ExitCode.ERR_GENERIC,
                             "no lock daemon runs on this node: there is nothing to reload, start "
                             "this resource")
    if found[0].program != CLVMD:
        return Finish(ExitCode.SUCCESS)     # lvmlockd has nothing that can be read anew
    restarted = facts.done("restart")
    if restarted:
        return _restarted(request, parameters, facts, found, restarted[-1])
    if facts.done("refresh"):
        return _refresh(request, parameters, facts)
    step = common.ailment(request, parameters, facts) or start.waiting(request, parameters, facts)
    if step:
        return step
    if parameters.on_reload == "restart" and (facts.version.number or ()) >= _KEEPS_LOCKS:
        return Do("restart", (found[0].pid,))
    return _refresh(request, parameters, facts)


def _refresh(request, parameters, facts):
    done = facts.done("refresh")
    if not done:
        return Do("refresh")
    attempt = done[-1].outcome
    if attempt.code == 0:
        if parameters.on_reload == "restart":
            return _warned(facts, "clvmd of LVM before 2.02.89 loses exclusive locks when it is "
                                  "restarted with -S: it was only refreshed")
        return Finish(ExitCode.SUCCESS)
    if attempt.peer is None:
        return common.refuse(request, ExitCode.ERR_GENERIC,
                             f"clvmd was not refreshed ({attempt.says}): look at `dlm_tool ls` and "
                             "the system log")
    if facts.elapsed >= _PATIENCE:
        return _warned(facts, f"clvmd does not run on {attempt.peer}, so no node read its "
                              "configuration anew: run `clvmd -R` when it does")
    if facts.elapsed - done[-1].at >= _PAUSE:
        return Do("refresh")
    return Wait(f"clvmd on {attempt.peer}", "start it there, or take that node out of the cluster")


def _warned(facts, text):
    """Success, once the administrator has been told *text*."""
    return Finish(ExitCode.SUCCESS) if facts.done("warn") else Do("warn", (text,))


def _restarted(request, parameters, facts, found, done):
    """The step after ``clvmd -S`` was sent: the new clvmd is another process."""
    attempt, pid = done.outcome, done.args[0]
    if attempt.code != 0:
        return common.refuse(request, ExitCode.ERR_GENERIC,
                             f"clvmd could not be restarted ({attempt.says}): look at the system "
                             "log")
    step = common.ailment(request, parameters, facts)
    if step is None and found[0].pid == pid:
        step = Wait(f"the new clvmd in place of pid {pid}",
                    "look at the system log, then restart this resource")
    if step is None and CLVMD in facts.recovering:
        step = Wait(f"the new clvmd (pid {found[0].pid}) to join its lockspace",
                    "look at `dlm_tool ls`")
    if step:
        return start.waiting(request, parameters, facts) or step
    lost = sorted(attempt.exclusive - facts.exclusive) \
        if None not in (attempt.exclusive, facts.exclusive) else ()
    if lost:
        return common.refuse(
            request, ExitCode.ERR_GENERIC,
            f"the new clvmd has lost the exclusive lock of {len(lost)} LVs (uuid {lost[0]}), which "
            "another node may take now: compare `lvs -o+lv_uuid,lv_active` on both nodes")
    if not facts.done("remember"):
        return Do("remember", found[:1])
    if parameters.daemon_timeout is not None:
        return _warned(facts, "clvmd runs without daemon_timeout until the next start of this "
                              "resource: -S does not hand it on")
    return Finish(ExitCode.SUCCESS)
