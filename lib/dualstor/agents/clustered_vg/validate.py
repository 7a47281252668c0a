# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on validate-all and reload-agent: level 0 checks the case, level 10 this host."""

from dualstor.action.steps import Finish
from dualstor.agents import lvmversion
from dualstor.agents.clustered_vg import checks, locking, watching
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step, Wait
    from dualstor.agents.clustered_vg.seen import Case


def decide(case: "Case") -> "Step":
    """Level 0 checks the case, level 10 this host, and the VG where LVM may be asked."""
    step: "Finish | Wait | None" = checks.exclusive_clone(case)
    if step is None and case.request.level >= 10:
        step = lvmversion.refusal(case) or checks.settings(case)
        if step is None and locking.obstacle(case) is None:
            step = checks.group(case)
    return step or Finish(ExitCode.SUCCESS)


def reload(case: "Case") -> "Step":
    """Each action reads the parameters again, but not the watcher, which is replaced."""
    return checks.exclusive_clone(case) or case.remembered and watching.step(case, fresh=True) \
        or Finish(ExitCode.SUCCESS)
