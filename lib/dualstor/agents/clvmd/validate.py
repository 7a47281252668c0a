# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on validate-all: level 0 checks the case, level 10 this host."""

from dualstor.action.steps import Do, Finish
from dualstor.agents import lvmversion
from dualstor.agents.clvmd import common, deeds, reasons, start
from dualstor.kernel.locksocket import CLVMD
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step
    from dualstor.agents.clvmd.seen import Case


def decide(case: "Case") -> "Step":
    """Level 0 checks the case, level 10 this host's programs and lvm.conf."""
    refusal = start.admissible_for_any(case, common.programs(case))
    if refusal is None and case.request.level >= 10:
        refusal = lvmversion.refusal(case) \
            or start.admissible(case, start.kind(case)) \
            or _programs(case) \
            or start.settings(case)
    return refusal or _cluster_conf(case) or Finish(ExitCode.SUCCESS)


def _cluster_conf(case: "Case") -> "Do | None":
    """A warning about cman's configuration: cman itself starts with one that does not validate."""
    if case.request.level < 10 or start.kind(case) != CLVMD \
            or case.parameters.cluster_engine not in ("auto", "cman") or case.done(deeds.warn):
        return None
    if not case.configuration:
        return None
    return Do(deeds.warn, (case.say(reasons.CLUSTER_CONF, says=case.configuration),))


def _programs(case: "Case") -> "Finish | None":
    """A refusal when the daemon's program is not on this host, else None."""
    daemon = start.kind(case)
    if daemon is None or daemon in case.installed:
        return None
    return case.refuse(ExitCode.ERR_INSTALLED, reasons.NOT_INSTALLED, daemon=daemon,
                       package=start.PACKAGES[daemon])
