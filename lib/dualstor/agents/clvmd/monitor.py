# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on monitor: the kernel first, then the daemon itself is asked."""

from dualstor.action.steps import Finish
from dualstor.agents.clvmd import common, mirror
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
        step = mirror.monitor(case, found[0].program)
    if step is not None:
        return step
    if case.request.probe:
        return Finish(ExitCode.SUCCESS)
    return _round_trip(case, found[0])


def _absent(case: "Case") -> "Finish":
    left = common.lockspaces(case)
    if left:
        return case.refuse(ExitCode.ERR_GENERIC,
            f"no lock daemon runs but it has left dlm lockspaces ({listed(left)}): it was "
            "killed or crashed, look at the system log; the stop of this resource clears them")
    text = "no lock daemon runs on this node"
    if case.remembered is not None and not case.request.probe:
        text = (f"{case.remembered.program} (pid {case.remembered.pid}) has ended by itself or "
                "was killed: look at the system log")
    return case.refuse(ExitCode.NOT_RUNNING, text)


def _round_trip(case: "Case", process: "Process") -> "Finish":
    """The verdict on a daemon that is healthy as far as the kernel shows: does it answer?"""
    if process.program == CLVMD and case.parameters.cluster_engine != common.SINGLENODE:
        quorum = case.quorum
        if case.request.level >= 10 and quorum.engine is not None and not quorum.running:
            return case.refuse(ExitCode.ERR_GENERIC,
                f"clvmd (pid {process.pid}) runs but the cluster engine does not ({quorum.says}): "
                "LVM commands hang on this node; stop what uses the storage, then reboot it")
        if quorum.quorate is not True:
            return Finish(ExitCode.SUCCESS)     # it answers nobody without quorum
    if case.answer is None:
        return Finish(ExitCode.SUCCESS, well=None if case.history else ())
    return case.refuse(ExitCode.ERR_GENERIC,
        f"{process.program} (pid {process.pid}) accepts connections but gives no answer "
        f"({case.answer}): LVM commands hang on this node; look at `dlm_tool ls` and the system "
        "log")
