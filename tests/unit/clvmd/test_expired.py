# SPDX-License-Identifier: GPL-2.0-or-later
"""A start whose time expires gives the cause that the last answered look found, whatever is left.

The commands of a look need time of their own; with some timeouts, 27, 55 and 83 s, the last one
has none.
"""

import pytest

from dualstor.agents import catalogue
from dualstor.agents.clvmd import reasons
from model import actions
from model.actions import DAEMON
from simulator import world
from simulator.host import Simulation


@pytest.mark.parametrize("seconds", [20, 26, 27, 28, 54, 55, 56, 82, 83, 84, 90])
def test_fencing_that_fails_is_the_cause_with_every_timeout(seconds):
    simulation = Simulation(world.reach("both-primary", "lvmlockd"))
    simulation.cluster.fencing_works = False
    world.crash(simulation.cluster, simulation.cluster.nodes["node2"])
    simulation.advance(30)
    result = actions.act(simulation, DAEMON, "start", "node1", timeout=seconds)
    (reason,) = result.reasons
    said = catalogue.recognised(reason, DAEMON)
    assert result.code == 1 and said.reason.id == reasons.DLM_WAITS.id, reason
    assert "dlm waits for fencing" in said.fact and ", waited " in said.fact
