# SPDX-License-Identifier: GPL-2.0-or-later
"""While DRBD or device-mapper holds I/O back nothing reads: a reader could not be ended."""

import pytest

from dualstor.agents import catalogue
from dualstor.agents.clustered_vg import reasons
from dualstor.kernel import drbd
from dualstor.tools import drbdsetup
from model import actions, events
from model.actions import GROUP
from simulator import drbd as simulated
from simulator import world
from simulator.host import Simulation
from simulator.state import CLVMD, LVMLOCKD
from unit.drbd.helpers import PaperHost, golden, kernel_host

ONE = "node1"
_READ = set(simulated.READERS) - {"dd"}


@pytest.fixture(params=(LVMLOCKD, CLVMD))
def simulation(request):
    """LVs are active; node1 has lost its peer's DRBD, and nobody gets that fenced."""
    made = Simulation(world.reach("active", request.param))
    for action in ("start", "monitor"):
        assert actions.act(made, GROUP, action, ONE).code == 0
    made.cluster.fencing_works = made.cluster.replication_link = False
    made.advance(10)
    assert made.cluster.nodes[ONE].drbd["r0"].suspended and not made.cluster.nodes[ONE].unclean
    return made


def programs(result):
    return {call[0] for call in result.calls}


def test_a_thorough_monitor_reads_nothing_and_the_next_stop_succeeds(simulation):
    result = actions.act(simulation, GROUP, "monitor", ONE, 60.0, level=10)
    assert result.code == 0 and not programs(result) & set(simulated.READERS), result
    node = simulation.cluster.nodes[ONE]
    assert not any(mapping.openers for mapping in node.mappings.values())
    result = actions.act(simulation, GROUP, "stop", ONE, 60.0)
    assert result.code == 0 and not node.mappings and not programs(result) & _READ, result
    assert not node.drbd["r0"].openers


def test_a_start_waits_for_it(simulation):
    (reason,) = actions.act(simulation, GROUP, "start", ONE, 30.0).reasons
    assert reason.startswith("VG vg0: DRBD holds back the I/O of drbd"), reason
    assert catalogue.recognised(reason, catalogue.CLUSTERED_VG).reason.id == reasons.HELD_BACK.id
    assert not simulation.cluster.nodes[ONE].drbd["r0"].openers


def test_when_it_goes_on_all_is_read_again(simulation):
    simulation.cluster.fencing_works = simulation.cluster.replication_link = True
    simulation.advance(10)
    result = actions.act(simulation, GROUP, "monitor", ONE, 60.0, level=10)
    assert result.code == 0 and "dd" in programs(result)


def suspended(generation=LVMLOCKD):
    made = Simulation(world.reach("active", generation))
    assert actions.act(made, GROUP, "start", ONE).code == 0
    events.suspend(made, made.cluster.nodes[ONE])
    return made


def test_an_lv_that_stays_suspended_is_told_and_not_read():
    simulation = suspended()
    result = actions.act(simulation, GROUP, "monitor", ONE, 60.0, level=10)
    assert result.code == 1 and "device-mapper has LV lv0, lv1 suspended" in result.reasons[0]
    assert "dd" not in programs(result) and result.seconds < 20


def test_one_that_is_suspended_for_a_moment_is_read_then():
    simulation = suspended()
    simulation.meanwhile.append((simulation.clock() + 3.0, lambda: events.resume(
        simulation, simulation.cluster.nodes[ONE])))
    result = actions.act(simulation, GROUP, "monitor", ONE, 60.0, level=10)
    assert result.code == 0 and "dd" in programs(result), result


# -- what the kernel says ---------------------------------------------------------------------

PROC = " 0: cs:WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown C s-----\n" \
       " 1: cs:Connected ro:Primary/Primary ds:UpToDate/UpToDate C r-----\n"


@pytest.mark.parametrize("host, minors", [
    (PaperHost(), ()), (kernel_host("version: 8.4.11 (api:1)\n"), ()),
    (kernel_host("version: 8.4.11 (api:1/proto:86-101)\n" + PROC), (0,)),
    (kernel_host("version: 8.3.8 (api:88/proto:86-94)\n" + PROC.replace("s-----", "s----")), (0,)),
    (kernel_host("version: 9.2.18 (api:2/proto:86-122)\n"), None),
    (PaperHost({"/sys/module/drbd/version": "8.4.11\n"}), None)])
def test_the_kernel_tells_whose_io_stands_still(host, minors):
    assert drbd.held_back(host) == minors


@pytest.mark.parametrize("events2, minors", [
    ("exists -\n", ()), (golden("events2-9.txt"), ()),
    (golden("events2-9.txt").replace("suspended:no", "suspended:fencing"), (1000,)),
    (golden("events2-9.txt").replace("suspended:no", "suspended:quorum,no-data"), (1000,))])
def test_where_its_files_do_not_it_is_asked(events2, minors):
    host = kernel_host("version: 9.2.18 (api:2/proto:86-122)\n",
                       programs={"drbdsetup": lambda _: (0, events2, "")})
    assert drbdsetup.held_back(host) == minors
