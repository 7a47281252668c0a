# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on notify: peers came, went or changed roles. Never fails."""

from dualstor.action.steps import Finish
from dualstor.agents.drbd_dualprimary import frozen, monitor, seen
from dualstor.ocf.codes import ExitCode


def decide(request, _parameters, facts):
    """The next step of notify."""
    if request.notification is None or request.notification.type != "post":
        return Finish(ExitCode.SUCCESS)
    return frozen.resume(facts) or monitor.publish(request, facts, seen.score(facts.state)) \
        or Finish(ExitCode.SUCCESS)
