# SPDX-License-Identifier: GPL-2.0-or-later
"""While DRBD holds I/O back clvmd is not made to read: `clvmd -R` has it read every device."""

import pytest

from dualstor.agents import catalogue
from dualstor.agents.clvmd import reasons
from model import actions
from model.actions import DAEMON
from simulator import world
from simulator.host import Simulation
from simulator.state import CLVMD, LVMLOCKD

ONE = "node1"


@pytest.fixture(params=(CLVMD, LVMLOCKD))
def simulation(request):
    """LVs are active; node1 has lost its peer's DRBD, and nobody gets that fenced."""
    made = Simulation(world.reach("active", request.param))
    assert actions.act(made, DAEMON, "start", ONE).code == 0
    made.cluster.fencing_works = made.cluster.replication_link = False
    made.advance(10)
    assert made.cluster.nodes[ONE].drbd["r0"].suspended and not made.cluster.nodes[ONE].unclean
    return made


@pytest.mark.parametrize("level", [0, 10])
def test_no_monitor_makes_it_read(simulation, level):
    for _ in range(3):
        result = actions.act(simulation, DAEMON, "monitor", ONE, 30.0, level=level)
        assert result.code == 0 and ("clvmd", "-R") not in map(tuple, result.calls), result


def test_a_reload_waits_and_says_for_what(simulation):
    result = actions.act(simulation, DAEMON, "reload-agent", ONE, 30.0)
    if simulation.cluster.generation == LVMLOCKD:       # which has nothing to read again
        assert result.code == 0
        return
    (reason,) = result.reasons
    assert "DRBD holds back the I/O of drbd0" in reason and ", waited " in reason
    assert catalogue.recognised(reason, catalogue.CLVMD).reason.id == reasons.HELD_BACK.id
    assert ("clvmd", "-R") not in map(tuple, result.calls)


def test_when_it_goes_on_it_is_asked_again(simulation):
    simulation.cluster.fencing_works = simulation.cluster.replication_link = True
    simulation.advance(10)
    for action, level in (("monitor", 10), ("reload-agent", 0)):
        result = actions.act(simulation, DAEMON, action, ONE, 30.0, level=level)
        assert result.code == 0, result
    assert (("clvmd", "-R") in map(tuple, result.calls)) is \
        (simulation.cluster.generation == CLVMD)
