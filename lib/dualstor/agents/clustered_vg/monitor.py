# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on monitor: nothing has changed since all was well, or the VG is inspected."""

from dualstor.ocf.codes import ExitCode
from dualstor.steps import Finish


def decide(request, parameters, facts):
    """The next step of monitor."""
    if request.level == 0 and not request.probe and facts.unchanged:
        return Finish(ExitCode.SUCCESS)
    from dualstor.agents.clustered_vg import inspection
    return inspection.decide(request, parameters, facts)
