# SPDX-License-Identifier: GPL-2.0-or-later
"""1, 8 and 32 pairs of a DRBD resource and a VG: start, stop, monitor, and what each of them costs.

What is ours is counted: commands, files read, and lines of Python that run. Never seconds.
"""

import io

import pytest

from dualstor.command.console import Console
from dualstor.command.status import advice, observe, screen
from manypairs import GENERATIONS, Pairs, counted, played
from model.actions import DAEMON, GROUP
from simulator.state import CLVMD, DRBD_9, LVMLOCKD

#: So much may grow what one pair costs.
MOST = 1.5
#: DRBD 9 says in a file per resource and peer whether it holds back I/O: LVM reads all devices.
READ_ALL = (GROUP, DRBD_9)


@pytest.fixture(scope="module", name="one")
def _one():
    """{generation: what a round of one pair costs}, with all imported that is imported once."""
    return {each: [played(1, *each), played(1, *each)][1] for each in GENERATIONS}


@pytest.mark.parametrize("count, some, generation", [
    (8, False, GENERATIONS[0]), (8, False, GENERATIONS[2]), *((32, True, g) for g in GENERATIONS)])
def test_what_is_ours_grows_with_the_number_of_pairs_and_hardly_faster(
        one, count, some, generation):
    for (agent, action, special, few), (*_, many) in zip(
            one[generation], played(count, *generation, some)):
        if (agent, generation[1]) == READ_ALL:
            many.files = few.files
        assert many.within(MOST, few), (agent, action, special, few, many)


def test_the_daemon_of_many_costs_hardly_more_than_that_of_one():
    """It is there once, whatever the number of pairs."""
    one, many = (Pairs(count).act(DAEMON, "monitor", 0) for count in (1, 32))
    assert many.commands <= one.commands and many.files <= MOST * one.files, (one, many)
    assert many.lines <= 2 * one.lines, (one, many)


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
    assert many.within(MOST * 32, one), (one, many)
