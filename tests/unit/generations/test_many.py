# SPDX-License-Identifier: GPL-2.0-or-later
"""1, 8 and 32 pairs of a DRBD resource and a VG: start, stop, monitor, and what each of them costs.

What is ours is counted: commands, and files read. Never seconds.
"""

import io

import pytest

from dualstor.command.console import Console
from dualstor.command.status import advice, observe, screen
from model import actions
from model.actions import DAEMON, DRBD, GROUP
from simulator import world
from simulator.host import SimHost, Simulation
from simulator.state import CLVMD, LVMLOCKD

NODES = ("node1", "node2")
#: So much may grow what one pair costs.
MOST = 1.5


class Cost:
    """What an action of ours takes: programs that it runs, files of the kernel that it reads."""

    def __init__(self, commands=0, files=0):
        self.commands, self.files = commands, files

    def __repr__(self):
        return f"{self.commands} commands, {self.files} files"

    def __add__(self, other):
        return Cost(self.commands + other.commands, self.files + other.files)


def counted(simulation, work):
    """(result, Cost) of *work*."""
    files, before = 0, len(simulation.cluster.calls)
    read = SimHost.read

    def reading(host, name):
        nonlocal files
        files += 1
        return read(host, name)
    SimHost.read = reading
    try:
        result = work()
    finally:
        SimHost.read = read
    return result, Cost(len(simulation.cluster.calls) - before, files)


class Pairs:
    """A cluster with so many pairs, all of them up."""

    def __init__(self, count, generation=LVMLOCKD):
        cluster = world.reach("active", generation)
        world.many_pairs(cluster, count)
        self.count = count
        self.simulation = Simulation(cluster)

    @property
    def node(self):
        return self.simulation.cluster.nodes["node1"]

    def act(self, agent, action, number, node="node1"):
        """An action that has to succeed; its Cost."""
        parameters = {DRBD: {"drbd_resource": f"r{number}"}, GROUP: {"vgname": f"vg{number}"}}
        name = {DRBD: f"r{number}", GROUP: f"vg{number}"}.get(agent, agent)
        result, cost = counted(self.simulation, lambda: actions.act(
            self.simulation, agent, action, node,
            changes=[("OCF_RESOURCE_INSTANCE", name)], **parameters.get(agent, {})))
        assert result.code in ((8,) if (agent, action) == (DRBD, "monitor") else (0,)), \
            (agent, action, number, result)
        return cost

    def each(self, agent, action):
        """The Cost of an action on all resources of an agent."""
        return sum((self.act(agent, action, number) for number in range(self.count)), Cost())


#: An action on each pair, in the order of a node that goes away and comes back.
ROUND = [(GROUP, "start"), (GROUP, "monitor"), (DRBD, "monitor"), (GROUP, "monitor"),
         (DRBD, "monitor"), (GROUP, "stop"), (DRBD, "demote"), (DRBD, "stop"),
         (DRBD, "start"), (DRBD, "promote"), (GROUP, "start")]


def played(count, generation):
    """[(agent, action, Cost of all pairs)] of a round."""
    pairs = Pairs(count, generation)
    found = [(agent, action, pairs.each(agent, action)) for agent, action in ROUND]
    assert {mapping.vg for mapping in pairs.node.mappings.values()} == {
        f"vg{number}" for number in range(count)}
    assert all(each.role == "Primary" for each in pairs.node.drbd.values())
    assert pairs.simulation.cluster.harm == []
    return found


@pytest.mark.parametrize("count, generation", [
    (8, LVMLOCKD), (8, CLVMD), (32, LVMLOCKD)])
def test_what_is_ours_grows_with_the_number_of_pairs_and_hardly_faster(count, generation):
    for (agent, action, one), (_, _, found) in zip(played(1, generation),
                                                   played(count, generation)):
        assert found.commands <= MOST * count * one.commands, (agent, action, one, found)
        assert found.files <= MOST * count * one.files, (agent, action, one, found)


def test_the_daemon_of_many_costs_what_that_of_one_does():
    """It is there once, whatever the number of pairs."""
    one, many = (Pairs(count).act(DAEMON, "monitor", 0) for count in (1, 32))
    assert many.commands <= one.commands and many.files <= MOST * one.files, (one, many)


@pytest.mark.parametrize("generation", [LVMLOCKD, CLVMD])
def test_status_shows_all_pairs(generation):
    costs = []
    for count in (1, 32):
        pairs = Pairs(count, generation)
        report, cost = counted(pairs.simulation, lambda: observe.look(
            lambda: pairs.simulation.host("node1", 20), observe.one_by_one))
        costs.append(cost)
        assert [(name, state.role) for name, state in report.drbd.resources] == [
            (f"r{number}", "Primary") for number in range(count)]
        assert {each.vg for each in report.listed} == {f"vg{number}" for number in range(count)}
        assert [one for one in advice.advise(report) if one.severity == advice.ERROR] == []
        stream = io.StringIO()
        screen.show(Console(stream, stream, "status"), report, advice.advise(report))
        assert all(f"r{number}" in stream.getvalue() for number in range(count))
    one, many = costs
    assert many.commands <= MOST * 32 * one.commands and many.files <= MOST * 32 * one.files
