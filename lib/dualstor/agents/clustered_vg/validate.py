# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on validate-all and reload-agent: level 0 judges what is configured, level 10 this host."""

from dualstor.action.steps import Finish
from dualstor.agents.clustered_vg import checks, locking
from dualstor.ocf.codes import ExitCode


def decide(case):
    """Level 0 judges the case, level 10 this host, and the VG where LVM may be asked."""
    refusal = checks.exclusive_clone(case)
    if refusal is None and case.request.level >= 10:
        refusal = checks.program(case) \
            or checks.settings(case)
        if refusal is None and locking.obstacle(case) is None:
            refusal = checks.group(case)
    return refusal or Finish(ExitCode.SUCCESS)


def reload(case):
    """Each action reads the parameters anew: nothing is left to do but to judge them."""
    return checks.exclusive_clone(case) or Finish(ExitCode.SUCCESS)
