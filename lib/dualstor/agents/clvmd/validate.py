# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on validate-all: level 0 judges what is configured, level 10 this host."""

from dualstor.action.steps import Do, Finish
from dualstor.agents.clvmd import common, start
from dualstor.agents.clvmd.seen import CLVMD
from dualstor.ocf.codes import ExitCode


def decide(request, parameters, facts):
    """Level 0 judges the parameters, level 10 this host's programs and lvm.conf."""
    refusal = None
    if parameters.daemon != "auto":
        refusal = start.options(request, parameters, parameters.daemon)
    if refusal is None and request.level >= 10:
        refusal = start.program(request, parameters, facts) \
            or start.options(request, parameters, start.kind(parameters, facts)) \
            or _programs(request, parameters, facts) \
            or start.settings(request, parameters, facts)
    return refusal or _cluster_conf(request, parameters, facts) or Finish(ExitCode.SUCCESS)


def _cluster_conf(request, parameters, facts):
    """A warning about cman's configuration: cman itself starts with one that does not validate."""
    if request.level < 10 or start.kind(parameters, facts) != CLVMD \
            or parameters.cluster_engine not in ("auto", "cman") or facts.done("warn"):
        return None
    text = facts.configuration
    return Do("warn", (f"cluster.conf does not validate ({text}): run `ccs_config_validate`",)) \
        if text else None


def _programs(request, parameters, facts):
    """A refusal when the daemon's program is not on this host, else None."""
    daemon = start.kind(parameters, facts)
    if daemon in facts.installed:
        return None
    return common.refuse(request, ExitCode.ERR_INSTALLED,
                         f"{daemon} is not installed on this node: install {start.PACKAGES[daemon]}")
