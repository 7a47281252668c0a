# SPDX-License-Identifier: GPL-2.0-or-later
"""What drbd-dualprimary does next: a pure function of the request and what is known."""

from dualstor.agents.drbd_dualprimary import down, monitor, notify, up, validate

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step
    from dualstor.agents.drbd_dualprimary.seen import Case

_DECISIONS = {
    "start": up.start, "promote": up.promote, "demote": down.demote, "stop": down.stop,
    "monitor": monitor.decide, "notify": notify.decide, "validate-all": validate.decide,
    "reload-agent": validate.reload,
}


def decide(case: "Case") -> "Step":
    """The next step.

    :raises Unseen: a facet has to be observed first
    """
    return _DECISIONS[case.request.action](case)
