# SPDX-License-Identifier: GPL-2.0-or-later
"""What drbd-dualprimary does next: a pure function of what is asked and what is known.

The modules that decide are imported with their action: a monitor pays for its own alone.
"""

from dualstor.ocf.codes import ExitCode
from dualstor.steps import Finish


def _validate(request, parameters, facts):
    """Level 0 judges the parameters, level 10 the configuration on this host."""
    from dualstor.agents.drbd_dualprimary import checks
    refusal = checks.clone(request, parameters)
    if refusal is None and request.level >= 10:
        refusal = checks.known(request, parameters, facts) \
            or checks.configuration(request, parameters, facts) \
            or checks.warnings(parameters, facts)
    return refusal or Finish(ExitCode.SUCCESS)


def _notify(request, _parameters, facts):
    """Peers came, went or changed roles: the score may be another one. Never fails."""
    if request.notification is None or request.notification.type != "post":
        return Finish(ExitCode.SUCCESS)
    from dualstor.agents.drbd_dualprimary import monitor, seen
    return monitor.publish(request, facts, seen.score(facts.state)) or Finish(ExitCode.SUCCESS)


def _reload(request, parameters, _facts):
    """Each action reads the parameters anew: nothing is left to do but to judge them."""
    from dualstor.agents.drbd_dualprimary import checks
    return checks.clone(request, parameters) or Finish(ExitCode.SUCCESS)


def _decision(action):
    """The function that decides on *action*."""
    if action == "monitor":
        from dualstor.agents.drbd_dualprimary import monitor
        return monitor.decide
    if action in ("start", "promote"):
        from dualstor.agents.drbd_dualprimary import up
        return up.start if action == "start" else up.promote
    if action in ("demote", "stop"):
        from dualstor.agents.drbd_dualprimary import down
        return down.demote if action == "demote" else down.stop
    return {"notify": _notify, "validate-all": _validate, "reload-agent": _reload}[action]


def decide(request, parameters, facts):
    """The next step.

    :raises Unseen: a facet has to be looked at first
    """
    return _decision(request.action)(request, parameters, facts)
