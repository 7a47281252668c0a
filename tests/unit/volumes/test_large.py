# SPDX-License-Identifier: GPL-2.0-or-later
"""A VG of 5,000 LVs: start, monitor, status, stop; of hundreds, volume. As few commands as for two."""

import pytest

from dualstor.command.status import advice, observe
from model import actions
from model.actions import GROUP
from simulator import volumes, world
from simulator.host import Simulation
from simulator.state import Volume
from unit.volumes.pair import NODES, Pair

MANY, HUNDREDS = 5000, 300
#: Seconds: an action on so many takes longer than by default; see docs/performance.md.
TIMEOUT = 300.0


def large(cluster, count=MANY):
    """Give vg0 so many LVs of one extent each, as if they had been made long ago."""
    group = cluster.groups["vg0"]
    begin = max(start + mib * 2048 for each in group.volumes.values() for start, mib in each.pieces)
    for number in range(count - len(group.volumes)):
        name = f"lv-{number}"
        group.volumes[name] = Volume(name=name, uuid=volumes.make_uuid(cluster.next()), mib=4,
                                     start=begin + number * 8192)
    group.mib = 4 * count + 256
    group.sequence += 1


@pytest.fixture(scope="module", name="told")
def _told():
    """[(what, Result of 5,000, Result of two)] of the actions in turn, and the report between."""
    found = []
    for count in (2, MANY):
        cluster = world.reach("group")
        large(cluster, count)
        simulation = Simulation(cluster)

        def act(action, simulation=simulation):
            return actions.act(simulation, GROUP, action, "node1", timeout=TIMEOUT)
        results = [act(action) for action in ("start", "monitor", "monitor")]
        active = len(cluster.nodes["node1"].mappings)
        report = observe.look(lambda simulation=simulation: simulation.host("node1", 60),
                              observe.one_by_one)
        results.append(act("stop"))
        found.append((results, active, report, len(cluster.nodes["node1"].mappings)))
    return found


def test_all_are_active_after_the_start_and_none_after_the_stop(told):
    (_, few, _, _), (results, active, _, left) = told
    assert (few, active, left) == (2, MANY, 0)
    assert [each.code for each in results] == [0, 0, 0, 0], results


def test_there_are_no_more_commands_than_for_two(told):
    """One command has all names: none is run for each LV."""
    (few, _, _, _), (many, _, _, _) = told
    assert [len(each.calls) for each in many] == [len(each.calls) for each in few]


def test_a_healthy_monitor_is_one_look(told):
    assert told[1][0][2].calls == []


def test_status_shows_all(told):
    report = told[1][2]
    assert len(report.listed) == MANY
    assert [one for one in advice.advise(report) if one.severity == advice.ERROR] == []


def test_an_lv_is_made_and_removed_on_both_nodes():
    """In a VG whose other LVs are active already: hundreds, as the simulation takes its time."""
    pair = Pair()
    large(pair.cluster, HUNDREDS)
    group = pair.cluster.groups["vg0"]
    for node in (pair.cluster.nodes[name] for name in NODES):
        for minor, volume in enumerate(each for each in group.volumes.values()
                                       if each.name.startswith("lv-")):
            volumes.lock(node, "vg0", volume.name, "sh")
            volumes.make_mapping(node, group, volume, 100 + minor)
    before = len(pair.simulation.calls())
    made = pair.volumes(seconds=TIMEOUT).create("new", "4M")
    assert pair.active("new") == NODES, made
    assert len(pair.simulation.calls()) - before < 60, "none for each LV"
    pair.volumes(seconds=TIMEOUT).remove("new")
    assert pair.active("new") == () and len(group.volumes) == HUNDREDS
