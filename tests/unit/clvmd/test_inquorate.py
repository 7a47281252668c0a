# SPDX-License-Identifier: GPL-2.0-or-later
"""clvmd without quorum takes no connection and is busy, not dead, on the simulated pair."""

import pytest

from contract import situations
from model import actions
from model.actions import DAEMON, GROUP
from simulator import locking, world
from simulator.host import Simulation
from simulator.state import CLVMD

ONE = "node1"
TIME = 30.0


@pytest.fixture
def simulation():
    """LVs are active on both nodes."""
    made = Simulation(world.reach("active", CLVMD))
    for agent, action in ((DAEMON, "start"), (GROUP, "start"), (GROUP, "monitor")):
        assert actions.act(made, agent, action, ONE).code == 0
    return made


def lose_quorum(simulation):
    situations.CHANGES["no quorum"](simulation)
    node = simulation.cluster.nodes[ONE]
    node.drbd["r0"].suspended = False
    return node


def act(simulation, agent, action, **more):
    return actions.act(simulation, agent, action, ONE, TIME, **more)


@pytest.mark.parametrize("level", [0, 10])
def test_no_monitor_fails_however_often_it_looks(simulation, level):
    node = lose_quorum(simulation)
    for _ in range(6):
        for agent in (DAEMON, GROUP):
            result = act(simulation, agent, "monitor", level=level)
            assert result.code == 0, result
    assert locking.daemon(node, "clvmd").queue == locking.BACKLOG + 1


@pytest.mark.parametrize("agent, action", [(DAEMON, "reload-agent"), (GROUP, "start")])
def test_what_needs_its_locks_waits_for_quorum_and_says_so(simulation, agent, action):
    lose_quorum(simulation)
    for _ in range(4):
        (reason,) = act(simulation, agent, action).reasons
        assert "there is no quorum" in reason and ", waited " in reason, reason


def test_start_of_one_that_runs_waits_for_quorum_too(simulation):
    lose_quorum(simulation)
    for _ in range(4):
        (reason,) = act(simulation, DAEMON, "start").reasons
        assert "there is no quorum" in reason and ", waited " in reason, reason


def test_with_quorum_again_all_goes_on(simulation):
    cluster = simulation.cluster
    lose_quorum(simulation)
    for _ in range(4):
        act(simulation, DAEMON, "monitor")
    cluster.two_node = cluster.cluster_link = True
    simulation.advance(5)
    for agent, action, level in ((DAEMON, "monitor", 10), (DAEMON, "reload-agent", 0),
                                 (GROUP, "start", 0)):
        assert act(simulation, agent, action, level=level).code == 0


def test_the_group_is_stopped_without_it(simulation):
    node = lose_quorum(simulation)
    for _ in range(4):
        act(simulation, DAEMON, "monitor")
    result = act(simulation, GROUP, "stop")
    assert result.code == 0 and not node.mappings
    assert not {call[0] for call in result.calls} & {"vgchange", "lvchange", "vgs", "lvs"}


@pytest.mark.parametrize("state, words", [
    ("T", "stopped by a signal"), ("D", "hangs in the kernel")])
def test_one_that_is_stopped_is_still_told(simulation, state, words):
    locking.daemon(simulation.cluster.nodes[ONE], "clvmd").state = state
    for _ in range(4):
        result = act(simulation, DAEMON, "monitor")
        assert result.code == 1 and words in result.reasons[0], result


@pytest.mark.parametrize("level", [0, 10])
def test_one_that_takes_connections_and_answers_none_is_told_by_the_round_trip(simulation, level):
    simulation.cluster.nodes[ONE].stuck.append("clvmd")
    result = act(simulation, DAEMON, "monitor", level=level)
    assert result.code == 1 and "LVM commands hang" in result.reasons[0], result
