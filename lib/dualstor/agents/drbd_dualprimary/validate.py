# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on validate-all and reload-agent: level 0 judges what is configured, level 10 this host."""

from dualstor.action.steps import Finish
from dualstor.agents.drbd_dualprimary import checks
from dualstor.ocf.codes import ExitCode


def decide(request, parameters, facts):
    """Level 0 judges the parameters, level 10 the configuration on this host."""
    refusal = checks.clone(request, parameters)
    if refusal is None and request.level >= 10:
        refusal = checks.known(request, parameters, facts) \
            or checks.configuration(request, parameters, facts) \
            or checks.handler_fits(request, parameters, facts) \
            or checks.warnings(parameters, facts)
    return refusal or Finish(ExitCode.SUCCESS)


def reload(request, parameters, _facts):
    """Each action reads the parameters anew: nothing is left to do but to judge them."""
    return checks.clone(request, parameters) or Finish(ExitCode.SUCCESS)
