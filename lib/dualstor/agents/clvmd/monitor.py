# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on monitor: the kernel first, then the daemon itself is asked."""

from dualstor.action.steps import Finish
from dualstor.agents.clvmd import common, mirror, reasons
from dualstor.errors import listed
from dualstor.kernel.locksocket import CLVMD
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step
    from dualstor.agents.clvmd.seen import Case
    from dualstor.kernel.process import Process


def decide(case: "Case") -> "Step":
    """The next step of monitor."""
    found = common.processes(case)
    if not found:
        return _absent(case)
    step = common.ailment(case)
    if step is None and case.parameters.with_cmirrord:
        step = mirror.monitor(case, found[0])
    if step is not None:
        return step
    if case.request.probe:
        return Finish(ExitCode.SUCCESS)
    return _round_trip(case, found[0])


def _absent(case: "Case") -> "Finish":
    left = common.lockspaces(case)
    if left:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.LEFT, daemon=common.running(case),
                           lockspaces=listed(left))
    if case.remembered is not None and not case.request.probe:
        return case.refuse(ExitCode.NOT_RUNNING, reasons.ENDED, daemon=case.remembered.program,
                           pid=case.remembered.pid)
    return case.refuse(ExitCode.NOT_RUNNING, reasons.NOT_RUNNING)


def _round_trip(case: "Case", process: "Process") -> "Finish":
    """The verdict on a daemon that is healthy as far as the kernel shows: does it answer?"""
    if process.program == CLVMD and case.parameters.cluster_engine != common.SINGLENODE:
        quorum = case.quorum
        if case.request.level >= 10 and quorum.engine is not None and not quorum.running:
            return case.refuse(ExitCode.ERR_GENERIC, reasons.ENGINE_ENDED, daemon=process.program,
                               pid=process.pid, says=quorum.says)
        if quorum.quorate is not True:
            return Finish(ExitCode.SUCCESS)     # it answers nobody without quorum
    if process.program == CLVMD and case.held_back:
        return Finish(ExitCode.SUCCESS)     # to be asked, it would read what DRBD holds back
    if case.answer is None:
        return Finish(ExitCode.SUCCESS, well=None if case.history else ())
    return case.refuse(ExitCode.ERR_GENERIC, reasons.NO_ANSWER, daemon=process.program,
                       pid=process.pid, says=case.answer)
