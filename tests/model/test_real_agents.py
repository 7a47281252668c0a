# SPDX-License-Identifier: GPL-2.0-or-later
"""The agents over real processes: when every program hangs and ignores SIGTERM, nothing is left behind."""

import contextlib
import io

import pytest

from dualstor.agents.catalogue import load
from dualstor.host.deadline import Deadline
from dualstor.main import conclude, perform
from dualstor.ocf.codes import MONITOR_ONLY
from model import actions
from model.actions import DAEMON, DRBD, GROUP
from model.leftovers import Leftovers
from simulator import faults

SECONDS = 4.0       # when every program hangs
ENOUGH = 100.0      # when none does, on a host that has other things to do


def _run(lab, agent, action, seconds):
    """Exit code and exit reasons of an action on node1."""
    said = io.StringIO()
    environ = actions.environ(agent, action, "node1", seconds)
    with contextlib.redirect_stderr(said):
        code = conclude(agent, action, lambda: perform(
            load(agent), action, environ, lambda _: lab.host("node1", Deadline(seconds))))
    return code, [line for line in said.getvalue().splitlines()
                  if line.startswith("ocf-exit-reason:")]


@pytest.mark.parametrize("agent, action", [
    (GROUP, "start"), (GROUP, "stop"), (DAEMON, "start"), (DAEMON, "stop"), (DRBD, "promote"),
    (DRBD, "stop")])
def test_nothing_is_left_when_every_program_hangs(lab, agent, action):
    lab.inject(faults.fault("*", faults.HANG_HARD))
    leftovers = Leftovers(lab)
    code, reasons = _run(lab, agent, action, SECONDS)
    assert code not in MONITOR_ONLY
    assert len(reasons) == (code != 0)
    assert "unexpected" not in "".join(reasons)
    leftovers.check()


@pytest.mark.parametrize("agent", [GROUP, DAEMON, DRBD])
def test_what_runs_is_seen_running_with_real_programs(lab, agent):
    code, reasons = _run(lab, agent, "monitor", ENOUGH)
    assert code == (8 if agent == DRBD else 0), reasons
