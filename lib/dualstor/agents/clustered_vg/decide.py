# SPDX-License-Identifier: GPL-2.0-or-later
"""What clustered-vg does next: a pure function of what is asked and what is known.

The modules that decide are imported with their action: a monitor pays for its own alone.
"""

from dualstor.ocf.codes import ExitCode
from dualstor.steps import Finish


def refuse(request, parameters, code, text):
    """A Finish whose reason names the resource, the action and the VG."""
    return Finish(code, "%s %s: VG %s: %s" % (request.resource, request.action,
                                              parameters.vgname, text))


def not_started(request, parameters):
    """The Finish of a monitor that finds nothing of the VG."""
    return refuse(request, parameters, ExitCode.NOT_RUNNING,
                  "not started on this node: none of its LVs is active")


def _monitor(request, parameters, facts):
    """Nothing is here, nothing has changed since all was well, or the VG gets a full look."""
    if request.probe and facts.remembered is None:
        return Finish(ExitCode.SUCCESS) if facts.present else not_started(request, parameters)
    if request.level == 0 and not request.probe and facts.unchanged:
        return Finish(ExitCode.SUCCESS)
    from dualstor.agents.clustered_vg import monitor
    return monitor.decide(request, parameters, facts)


def _decision(action):
    """The function that decides on *action*."""
    if action == "monitor":
        return _monitor
    if action == "start":
        from dualstor.agents.clustered_vg import start
        return start.decide
    if action == "stop":
        from dualstor.agents.clustered_vg import stop
        return stop.decide
    if action in ("validate-all", "reload-agent"):
        from dualstor.agents.clustered_vg import validate
        return validate.decide if action == "validate-all" else validate.reload
    raise KeyError(action)


def decide(request, parameters, facts):
    """The next step.

    :raises Unseen: a facet has to be looked at first
    """
    return _decision(request.action)(request, parameters, facts)
