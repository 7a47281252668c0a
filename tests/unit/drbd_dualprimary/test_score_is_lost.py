# SPDX-License-Identifier: GPL-2.0-or-later
"""A promotion score that the cluster lost is given again, on the simulated pair.

When a controller ends, the CIB forgets its node's attributes, but the attribute daemon does not:
it takes the same score for no news, and writes nothing.
"""

import pytest

from model import actions, events
from model.actions import DRBD
from simulator import faults, kernelfiles, world
from simulator.host import Simulation
from simulator.state import CLVMD, LVMLOCKD

ONE = "node1"


@pytest.fixture(params=(LVMLOCKD, CLVMD))
def simulation(request):
    """Both nodes are Primary and have told it the cluster."""
    made = Simulation(world.reach("both-primary", request.param))
    actions.act(made, DRBD, "monitor", ONE)
    assert score(made) == ["10000"]
    return made


def score(simulation):
    return [str(value) for value in simulation.cluster.nodes[ONE].scores.values()]


@pytest.mark.parametrize("event", [events.controller_dies, events.attrd_dies])
@pytest.mark.parametrize("action", ["probe", "monitor", "notify"])
def test_the_next_look_gives_it_again(simulation, event, action):
    event(simulation, simulation.cluster.nodes[ONE])
    assert score(simulation) == []
    actions.act(simulation, DRBD, action, ONE)
    assert score(simulation) == ["10000"]


def test_once_is_enough(simulation):
    events.controller_dies(simulation, simulation.cluster.nodes[ONE])
    actions.act(simulation, DRBD, "probe", ONE)
    assert actions.act(simulation, DRBD, "monitor", ONE).calls == []


def test_what_failed_is_tried_again(simulation):
    events.controller_dies(simulation, simulation.cluster.nodes[ONE])
    simulation.cluster.faults = [faults.fault("attrd_updater", faults.EXIT, ONE)]
    assert actions.act(simulation, DRBD, "monitor", ONE).code == 8
    assert score(simulation) == []
    simulation.cluster.faults = []
    actions.act(simulation, DRBD, "monitor", ONE)
    assert score(simulation) == ["10000"]


def test_while_the_controller_is_not_back_nothing_is_believed(simulation, monkeypatch):
    """The CIB may forget the score after this monitor has given it again."""
    both = kernelfiles.managers
    monkeypatch.setattr(kernelfiles, "managers", lambda cluster, node: both(cluster, node)[:1])
    simulation.cluster.nodes[ONE].scores = {}
    actions.act(simulation, DRBD, "monitor", ONE)
    simulation.cluster.nodes[ONE].scores = {}
    monkeypatch.undo()
    actions.act(simulation, DRBD, "monitor", ONE)
    assert score(simulation) == ["10000"]
