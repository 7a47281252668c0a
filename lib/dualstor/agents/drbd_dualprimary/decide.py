# SPDX-License-Identifier: GPL-2.0-or-later
"""What drbd-dualprimary does next: a pure function of what is asked and what is known."""

from dualstor.agents.drbd_dualprimary import checks, down, monitor, notify, up
from dualstor.ocf.codes import ExitCode
from dualstor.steps import Finish


def _validate(request, parameters, facts):
    """Level 0 judges the parameters, level 10 the configuration on this host."""
    refusal = checks.clone(request, parameters)
    if refusal is None and request.level >= 10:
        refusal = checks.known(request, parameters, facts) \
            or checks.configuration(request, parameters, facts) \
            or checks.warnings(parameters, facts)
    return refusal or Finish(ExitCode.SUCCESS)


def _reload(request, parameters, _facts):
    """Each action reads the parameters anew: nothing is left to do but to judge them."""
    return checks.clone(request, parameters) or Finish(ExitCode.SUCCESS)


_ACTIONS = {"start": up.start, "promote": up.promote, "demote": down.demote, "stop": down.stop,
            "monitor": monitor.decide, "notify": notify.decide, "validate-all": _validate,
            "reload-agent": _reload}


def decide(request, parameters, facts):
    """The next step.

    :raises Unseen: a facet has to be looked at first
    """
    return _ACTIONS[request.action](request, parameters, facts)
