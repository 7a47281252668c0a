# SPDX-License-Identifier: GPL-2.0-or-later
"""lvmlockd was killed: the stops that follow clear what it left, whatever was locked in it."""

import signal

import pytest

from model.actions import DAEMON, GROUP, act
from simulator import locking, world
from simulator.host import Simulation

ONE = "node1"


@pytest.fixture
def killed():
    simulation = Simulation(world.reach("active"))
    node = simulation.cluster.nodes[ONE]
    locking.receive(simulation.cluster, node, locking.daemon(node, "lvmlockd"), signal.SIGKILL)
    simulation.advance(1)
    assert act(simulation, DAEMON, "monitor", ONE).code == 1
    return simulation


def test_the_stop_after_that_of_the_vg_leaves_nothing(killed):
    node = killed.cluster.nodes[ONE]
    assert [act(killed, agent, "stop", ONE).code for agent in (GROUP, DAEMON)] == [0, 0]
    assert node.lockspaces == {} and node.locks == {} and node.mappings == {}
    assert [act(killed, agent, "start", ONE).code for agent in (DAEMON, GROUP)] == [0, 0]
    assert [act(killed, agent, "monitor", ONE).code for agent in (DAEMON, GROUP)] == [0, 0]


def test_while_lvs_are_active_the_next_one_adopts_their_locks(killed):
    node = killed.cluster.nodes[ONE]
    assert killed.host(ONE, 60).run(("lvmlockd", "--adopt", "1"), 60).ok
    assert node.locks and node.orphans == []
    refused = act(killed, DAEMON, "stop", ONE)
    assert refused.code == 1 and "lvm_vg0" in node.lockspaces, "they are in use"
