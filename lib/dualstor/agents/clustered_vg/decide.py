# SPDX-License-Identifier: GPL-2.0-or-later
"""What clustered-vg does next: a pure function of the request and what is known."""

from dualstor.action.steps import PROPAGATE
from dualstor.agents.clustered_vg import monitor, propagate, start, stop, validate

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step
    from dualstor.agents.clustered_vg.seen import Case

_DECISIONS = {
    "start": start.decide, "stop": stop.decide, "monitor": monitor.decide,
    "validate-all": validate.decide, "reload-agent": validate.reload,
    PROPAGATE: propagate.decide,
}


def decide(case: "Case") -> "Step":
    """The next step.

    :raises Unseen: a facet has to be observed first
    """
    return _DECISIONS[case.request.action](case)
