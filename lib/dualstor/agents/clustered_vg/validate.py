# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on validate-all and reload-agent: level 0 judges what is configured, level 10 this host."""

from dualstor.action.steps import Finish
from dualstor.agents.clustered_vg import checks, locking
from dualstor.ocf.codes import ExitCode


def decide(request, parameters, facts):
    """Level 0 judges the parameters, level 10 this host, and the VG where LVM may be asked."""
    refusal = checks.exclusive_clone(request, parameters)
    if refusal is None and request.level >= 10:
        refusal = checks.program(request, parameters, facts) \
            or checks.settings(request, parameters, facts)
        if refusal is None and locking.obstacle(facts) is None:
            refusal = checks.group(request, parameters, facts)
    return refusal or Finish(ExitCode.SUCCESS)


def reload(request, parameters, _facts):
    """Each action reads the parameters anew: nothing is left to do but to judge them."""
    return checks.exclusive_clone(request, parameters) or Finish(ExitCode.SUCCESS)
