# SPDX-License-Identifier: GPL-2.0-or-later
"""lvmlockd is killed while a VG is active: what Pacemaker does then ends without a fenced node.

The scenario lockd-killed plays the same on the lab's machines, as tests/lab/test_faults.py does.
"""

import signal

import pytest

from dualstor.kernel.locksocket import LVMLOCKD
from model.actions import DAEMON, GROUP, act
from simulator import locking, world
from simulator.host import Simulation


@pytest.fixture
def killed():
    simulation = Simulation(world.reach("active"))
    node = simulation.cluster.nodes["node1"]
    locking.receive(simulation.cluster, node, locking.daemon(node, LVMLOCKD), signal.SIGKILL)
    simulation.advance(1)
    assert act(simulation, DAEMON, "monitor", "node1").code == 1
    return simulation


def test_all_stops_and_starts_again(killed):
    node = killed.cluster.nodes["node1"]
    assert act(killed, GROUP, "stop", "node1").code == 0
    assert node.locks, "nobody has given them back"
    assert act(killed, DAEMON, "stop", "node1").code == 0
    assert not node.lockspaces and not node.locks and not killed.cluster.harm
    for agent in (DAEMON, GROUP):
        assert act(killed, agent, "start", "node1").code == 0
        assert act(killed, agent, "monitor", "node1").code == 0


def test_no_lock_of_an_active_lv_is_taken_away(killed):
    """A stop that comes without that of the VG."""
    node = killed.cluster.nodes["node1"]
    assert act(killed, DAEMON, "stop", "node1").code == 1
    assert node.locks and node.mappings and not killed.cluster.harm
