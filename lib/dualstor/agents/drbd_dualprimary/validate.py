# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on validate-all and reload-agent: level 0 judges what is configured, level 10 this host."""

from dualstor.action.steps import Finish
from dualstor.agents.drbd_dualprimary import checks
from dualstor.ocf.codes import ExitCode


def decide(case):
    """Level 0 judges the case, level 10 the configuration on this host."""
    refusal = checks.clone(case)
    if refusal is None and case.request.level >= 10:
        refusal = checks.known(case) \
            or checks.configuration(case) \
            or checks.handler_fits(case) \
            or checks.warnings(case)
    return refusal or Finish(ExitCode.SUCCESS)


def reload(case):
    """Each action reads the parameters anew: nothing is left to do but to judge them."""
    return checks.clone(case) or Finish(ExitCode.SUCCESS)
