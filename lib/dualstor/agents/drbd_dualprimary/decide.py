# SPDX-License-Identifier: GPL-2.0-or-later
"""What drbd-dualprimary does next: a pure function of what is asked and what is known.

The modules that decide are imported with their action: a monitor pays for its own alone.
"""


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
    if action == "notify":
        from dualstor.agents.drbd_dualprimary import notify
        return notify.decide
    if action in ("validate-all", "reload-agent"):
        from dualstor.agents.drbd_dualprimary import validate
        return validate.decide if action == "validate-all" else validate.reload
    raise KeyError(action)


def decide(request, parameters, facts):
    """The next step.

    :raises Unseen: a facet has to be looked at first
    """
    return _decision(request.action)(request, parameters, facts)
