# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on validate-all and reload-agent: level 0 checks the case, level 10 this host."""

from dualstor.action.steps import Finish
from dualstor.agents.drbd_dualprimary import checks
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Do, Step
    from dualstor.agents.drbd_dualprimary.seen import Case


def decide(case: "Case") -> "Step":
    """Level 0 checks the case, level 10 the configuration on this host."""
    # a resource is validated before there is a clone of it
    step: "Do | Finish | None" = checks.clone(case) if case.request.of_clone else None
    if step is None and case.request.level >= 10:
        step = checks.known(case) \
            or checks.configuration(case) \
            or checks.handler_fits(case) \
            or checks.warnings(case) \
            or checks.auto_promote_warning(case)
    return step or Finish(ExitCode.SUCCESS)


def reload(case: "Case") -> "Finish":
    """Each action reads the parameters again: nothing is left to do except to check them."""
    return checks.clone(case) or Finish(ExitCode.SUCCESS)
