# SPDX-License-Identifier: GPL-2.0-or-later
"""What clustered-vg does next: a pure function of what is asked and what is known."""

from dualstor.agents.clustered_vg import checks, locking, monitor, start, stop
from dualstor.ocf.codes import ExitCode
from dualstor.steps import Finish


def _validate(request, parameters, facts):
    """Level 0 judges the parameters, level 10 this host, and the VG where LVM may be asked."""
    refusal = checks.exclusive_clone(request, parameters)
    if refusal is None and request.level >= 10:
        refusal = checks.program(request, parameters, facts) \
            or checks.settings(request, parameters, facts)
        if refusal is None and locking.obstacle(facts) is None:
            refusal = checks.group(request, parameters, facts)
    return refusal or Finish(ExitCode.SUCCESS)


def _reload(request, parameters, _facts):
    """Each action reads the parameters anew: nothing is left to do but to judge them."""
    return checks.exclusive_clone(request, parameters) or Finish(ExitCode.SUCCESS)


_ACTIONS = {"start": start.decide, "stop": stop.decide, "monitor": monitor.decide,
            "validate-all": _validate, "reload-agent": _reload}


def decide(request, parameters, facts):
    """The next step.

    :raises Unseen: a facet has to be looked at first
    """
    return _ACTIONS[request.action](request, parameters, facts)
