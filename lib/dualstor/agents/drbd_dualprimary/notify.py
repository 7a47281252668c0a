# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on notify: peers came, went or changed roles. Never fails."""

from dualstor.action.steps import Finish
from dualstor.agents.drbd_dualprimary import frozen, monitor, seen
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step
    from dualstor.agents.drbd_dualprimary.seen import Case


def decide(case: "Case") -> "Step":
    """The next step of notify."""
    if case.request.notification is None or case.request.notification.type != "post":
        return Finish(ExitCode.SUCCESS)
    if case.hold:
        return Finish(ExitCode.SUCCESS)
    return frozen.resume(case) or monitor.publish(case, seen.score(case.state)) \
        or Finish(ExitCode.SUCCESS)
