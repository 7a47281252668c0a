# SPDX-License-Identifier: GPL-2.0-or-later
"""What clvmd does next: a pure function of what is asked and what is known.

The modules that decide are imported with their action: a monitor pays for its own alone.
"""

from dualstor.ocf.codes import ExitCode
from dualstor.steps import Finish


def _validate(request, parameters, facts):
    """Level 0 judges the parameters, level 10 this host's programs and lvm.conf."""
    from dualstor.agents.clvmd import start
    refusal = None
    if parameters.daemon != "auto":
        refusal = start.options(request, parameters, parameters.daemon)
    if refusal is None and request.level >= 10:
        refusal = start.program(request, parameters, facts) \
            or start.options(request, parameters, start.kind(parameters, facts)) \
            or _programs(request, parameters, facts) \
            or start.settings(request, parameters, facts)
    return refusal or Finish(ExitCode.SUCCESS)


def _programs(request, parameters, facts):
    """A refusal when the daemon's program is not on this host, else None."""
    from dualstor.agents.clvmd import common, start
    daemon = start.kind(parameters, facts)
    if daemon in facts.installed:
        return None
    return common.refuse(request, ExitCode.ERR_INSTALLED,
                         "%s is not installed on this node: install %s" % (
                             daemon, start.PACKAGES[daemon]))


def _decision(action):
    """The function that decides on *action*."""
    if action == "monitor":
        from dualstor.agents.clvmd import monitor
        return monitor.decide
    if action == "start":
        from dualstor.agents.clvmd import start
        return start.decide
    if action == "stop":
        from dualstor.agents.clvmd import stop
        return stop.decide
    return {"validate-all": _validate}[action]


def decide(request, parameters, facts):
    """The next step.

    :raises Unseen: a facet has to be looked at first
    """
    return _decision(request.action)(request, parameters, facts)
