# SPDX-License-Identifier: GPL-2.0-or-later
"""What clvmd does next: a pure function of what is asked and what is known.

The modules that decide are imported with their action: a monitor pays for its own alone.
"""


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
    if action == "reload-agent":
        from dualstor.agents.clvmd import reload
        return reload.decide
    if action == "validate-all":
        from dualstor.agents.clvmd import validate
        return validate.decide
    raise KeyError(action)


def decide(request, parameters, facts):
    """The next step.

    :raises Unseen: a facet has to be looked at first
    """
    return _decision(request.action)(request, parameters, facts)
