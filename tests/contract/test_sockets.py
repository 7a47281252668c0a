# SPDX-License-Identifier: GPL-2.0-or-later
"""Which connections clvmd takes: all with quorum, none without, and then its queue is soon full.

On the simulator, with the simulated programs as real processes, and with ``--real "clvmd has no
quorum"`` on a machine on which clvmd runs and has none.
"""

import contextlib
import signal
import tempfile

import pytest

from contract import situations
from dualstor.host.deadline import Deadline
from dualstor.host.host import BUSY, Host
from dualstor.kernel import locksocket, process
from simulator import locking, path, world
from simulator.host import Simulation
from simulator.state import CLVMD, LVMLOCKD

ONE = "node1"
#: Connections that the kernel takes for somebody who accepts none of them.
PLACES = 2


@contextlib.contextmanager
def in_process(generation):
    """(function that returns a Host, function that changes the cluster)."""
    simulation = Simulation(world.reach("active", generation))

    def change(work):
        work(simulation)
        simulation.advance(1)
    yield lambda: simulation.host(ONE, 60), change


@contextlib.contextmanager
def as_programs(generation):
    """As ``in_process``, with real daemons and sockets."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:     # short: sockets lie below it
        lab = path.Lab(folder, world.reach("active", generation))

        def change(work):
            with lab.state() as cluster:
                simulation = Simulation(cluster)
                simulation.advance = lambda seconds: world.advance(cluster, seconds)
                work(simulation)
        try:
            yield lambda: lab.host(ONE, Deadline(60)), change
        finally:
            lab.close()


EITHER_WAY = pytest.mark.parametrize("way", [in_process, as_programs])


def knocks(host, program="clvmd", times=PLACES + 2):
    """What each of some attempts to connect came to."""
    return [locksocket.try_all(host(), (program,), 2.0)[0][2] for _ in range(times)]


def quorum_is_back(simulation):
    cluster = simulation.cluster
    cluster.two_node = cluster.cluster_link = cluster.fencing_works = True
    for node in cluster.nodes.values():
        node.members = [1, 2]


@EITHER_WAY
def test_clvmd_takes_all_with_quorum_and_none_without(way):
    with way(CLVMD) as (host, change):
        assert settled(host, None) == [None] * (PLACES + 2)
        change(situations.CHANGES["no quorum"])
        assert knocks(host) == [None] * PLACES + [BUSY] * 2
        assert knocks(host) == [BUSY] * (PLACES + 2)
        change(quorum_is_back)
        assert settled(host, None) == [None] * (PLACES + 2)


def settled(host, wanted):
    """As ``knocks``, once the daemon has had a moment for who is in its queue."""
    for _ in range(100):
        if locksocket.try_all(host(), ("clvmd",), 2.0)[0][2] == wanted:
            break
        Host(Deadline(1)).sleep(0.02)
    found = []
    for _ in range(PLACES + 2):
        found += knocks(host, times=1)
        Host(Deadline(1)).sleep(0.1)
    return found


@EITHER_WAY
def test_lvmlockd_takes_all_without_quorum_too(way):
    with way(LVMLOCKD) as (host, change):
        change(situations.CHANGES["no quorum"])
        for _ in range(PLACES + 2):
            assert knocks(host, "lvmlockd", 1) == [None]
            Host(Deadline(1)).sleep(0.1)


@pytest.mark.parametrize("state", ["T", "D"])
def test_one_that_is_stopped_is_not_busy(state):
    with in_process(CLVMD) as (host, change):
        change(lambda simulation: setattr(
            locking.daemon(simulation.cluster.nodes[ONE], "clvmd"), "state", state))
        found = knocks(host)
        assert found[:PLACES] == [None] * PLACES
        assert all(f"is in state {state}" in text for text in found[PLACES:])


def test_a_real_process_that_is_stopped_is_not_busy():
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        lab = path.Lab(folder, world.reach("active", CLVMD))
        try:
            lab.signal(ONE, "clvmd", signal.SIGSTOP)
            while process.running(lab.host(ONE, Deadline(60)), "clvmd")[0].state != "T":
                Host(Deadline(1)).sleep(0.01)   # it is not yet when the signal was sent
            found = knocks(lambda: lab.host(ONE, Deadline(60)))
            assert found[:PLACES] == [None] * PLACES
            assert all("is in state T" in str(text) for text in found[PLACES:]), found
        finally:
            lab.close()


@pytest.mark.real("clvmd has no quorum")
def test_on_this_machine():
    found = knocks(lambda: Host(Deadline(60)), times=PLACES + 1)
    assert found[-1] == BUSY
