# SPDX-License-Identifier: GPL-2.0-or-later
"""How long start waits for the peer and for a resync, on the simulated pair."""

import pytest

from model import actions, events
from model.actions import DRBD
from simulator import faults, world
from simulator.host import Simulation

ONE, TWO = "node1", "node2"
TIME = 240.0


@pytest.fixture
def simulation():
    """node1 is alone with the data; node2 was off and is about to start DRBD."""
    made = Simulation(world.reach("survivor"))
    events.boot(made, made.cluster.nodes[TWO])
    return made


def start(simulation):
    done = actions.act(simulation, DRBD, "start", TWO, TIME)
    assert done.code == 0, done
    return done


def score(simulation):
    return [str(value) for value in simulation.cluster.nodes[TWO].scores.values()]


def test_a_short_resync_ends_within_start_so_that_promote_need_not_wait_for_a_monitor(simulation):
    simulation.cluster.resync_seconds = 6.0
    start(simulation)
    assert simulation.cluster.nodes[TWO].drbd["r0"].dstate == "UpToDate"
    assert score(simulation) == ["10000"]


def test_a_long_one_does_not_hold_start_up(simulation):
    simulation.cluster.resync_seconds = 3600.0
    assert start(simulation).seconds < TIME / 2
    assert simulation.cluster.nodes[TWO].drbd["r0"].dstate == "Inconsistent"
    assert score(simulation) == []


def test_the_peer_has_its_time_even_where_the_way_up_took_long(simulation):
    simulation.cluster.replication_link = False
    simulation.cluster.faults = [faults.fault("drbdadm", faults.SLOW, TWO, match="up r0", seconds=20.0)]
    simulation.meanwhile = [(simulation.clock() + 28.0, lambda: events.heal_replication(
        simulation, simulation.cluster.nodes[TWO]))]
    simulation.cluster.resync_seconds = 1.0
    start(simulation)
    assert score(simulation) == ["10000"]


def test_what_kept_start_from_succeeding_is_told_by_the_demote_that_follows(simulation):
    net = simulation.cluster.nodes[TWO].config["r0"].net
    net["allow-two-primaries"] = "no"
    started = actions.act(simulation, DRBD, "start", TWO, TIME)
    demoted = actions.act(simulation, DRBD, "demote", TWO, TIME)
    assert started.code == 2 and "allow-two-primaries" in started.reasons[0]
    assert demoted.code == 1 and demoted.reasons == started.reasons


def test_a_start_that_succeeds_makes_the_failed_one_forgotten(simulation):
    net = simulation.cluster.nodes[TWO].config["r0"].net
    net["allow-two-primaries"] = "no"
    assert actions.act(simulation, DRBD, "start", TWO, TIME).code == 2
    net["allow-two-primaries"] = "yes"
    start(simulation)
    assert actions.act(simulation, DRBD, "stop", TWO, TIME).code == 0
    assert "not started" in actions.act(simulation, DRBD, "demote", TWO, TIME).reasons[0]
