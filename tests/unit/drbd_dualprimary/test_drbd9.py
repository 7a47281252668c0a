# SPDX-License-Identifier: GPL-2.0-or-later
"""What DRBD 9 does otherwise, on a simulated pair: readers of a Secondary, a connection that is gone."""

import pytest

from model import actions
from model.actions import DRBD
from simulator import drbd, faults, world
from simulator.host import Simulation
from simulator.state import DRBD_9, HANDLER, STOCK_HANDLER

ONE, TWO = "node1", "node2"
LINE = 'set `fence-peer "%s";`' % HANDLER


@pytest.fixture
def simulation():
    """Both Secondary and connected."""
    return Simulation(world.reach("both-secondary", drbd_version=DRBD_9))


def act(simulation, action, node=TWO, timeout=60.0, **more):
    return actions.act(simulation, DRBD, action, node, timeout, **more)


def resource(simulation, node=TWO):
    return simulation.cluster.nodes[node].drbd.get("r0")


def closes(simulation, after):
    """Whoever reads the device ends in *after* seconds."""
    simulation.meanwhile = [(simulation.clock() + after, resource(simulation).readers.clear)]


def stopped_in_vain(simulation):
    """A stop that was refused for a reader has left a disk without a connection."""
    resource(simulation).readers.append("blkid")
    stopped = act(simulation, "stop", timeout=20.0)
    assert stopped.code == 1 and not resource(simulation).connection
    resource(simulation).readers.clear()
    return stopped


def test_it_runs_on_drbd_9_at_all(simulation):
    for node in (ONE, TWO):
        assert act(simulation, "promote", node).code == 0
    assert [act(simulation, "monitor", node).code for node in (ONE, TWO)] == [8, 8]
    assert act(simulation, "demote").code == act(simulation, "stop").code == 0
    assert act(simulation, "probe").code == 7
    assert act(simulation, "start").code == 0
    assert act(simulation, "monitor").code == 0


def test_stop_waits_for_a_reader_to_end(simulation):
    resource(simulation).readers.append("blkid")
    closes(simulation, 8.0)
    stopped = act(simulation, "stop", timeout=100.0)
    assert stopped.code == 0 and stopped.seconds >= 8.0
    assert resource(simulation) is None


def test_stop_waits_for_a_reader_beside_a_primary_too(simulation):
    """There the refused `down` leaves the connection: leaving a Primary would outdate the disk."""
    assert act(simulation, "promote", ONE).code == 0
    resource(simulation).readers.append("blkid")
    closes(simulation, 8.0)
    assert act(simulation, "stop", timeout=100.0).code == 0


def test_a_stop_in_vain_names_the_reader(simulation):
    stopped = stopped_in_vain(simulation)
    assert "in use by blkid[9001], waited " in stopped.reasons[0] and stopped.seconds > 10.0


def test_start_connects_again_what_a_refused_down_has_left(simulation):
    stopped_in_vain(simulation)
    started = act(simulation, "start")
    assert started.code == 0, started
    assert resource(simulation).cstate == "Connected"
    assert act(simulation, "monitor").code == 0
    assert act(simulation, "promote").code == 0


def test_monitor_tells_of_it_and_what_it_says_mends_it(simulation):
    stopped_in_vain(simulation)
    told = act(simulation, "monitor")
    assert told.code == 190 and "`drbdadm adjust r0`" in told.reasons[0]
    assert not [call for call in told.calls if call[0] == "drbdadm" and call[1:2] == ("adjust",)]
    host = simulation.host(TWO)
    assert host.run(("drbdadm", "adjust", "r0")).ok
    simulation.advance(2.0)
    assert resource(simulation).cstate == "Connected"
    assert act(simulation, "monitor").code == 0


def test_start_leaves_a_connection_alone_that_a_person_has_cut(simulation):
    drbd.disconnect(simulation.cluster, simulation.cluster.nodes[TWO], "r0")
    started = act(simulation, "start")
    assert started.code == 1 and "dualstor status" in started.reasons[0]
    assert resource(simulation).cstate == "StandAlone"
    assert act(simulation, "start", split_brain="degraded").code == 0
    assert resource(simulation).cstate == "StandAlone"


def test_a_disk_comes_back_beside_such_a_connection(simulation):
    drbd.disconnect(simulation.cluster, simulation.cluster.nodes[TWO], "r0")
    resource(simulation).dstate = "Diskless"
    assert act(simulation, "start", split_brain="degraded").code == 0
    assert resource(simulation).cstate == "StandAlone" and resource(simulation).dstate != "Diskless"


# -- the fence-peer handler ---------------------------------------------------------------------


def handler(simulation, command):
    for node in simulation.cluster.nodes.values():
        node.config["r0"].handlers["fence-peer"] = command


def asked(result):
    return [call for call in result.calls if call[:1] == ("drbdadm",) and "dump" in call]


def test_the_stock_handler_is_refused_by_promote_and_warned_of_by_start(simulation):
    handler(simulation, STOCK_HANDLER)
    assert act(simulation, "start").code == 0
    refused = act(simulation, "promote")
    assert refused.code == 2 and LINE in refused.reasons[0]
    assert act(simulation, "validate-all", level=10).code == 2
    assert act(simulation, "promote", require_fencing="false").code == 0


def test_a_primary_with_it_is_degraded_until_the_line_is_corrected(simulation):
    assert act(simulation, "promote").code == 0
    handler(simulation, STOCK_HANDLER)      # edited while it ran, or DRBD was updated
    assert act(simulation, "monitor").code == 8, "level 0 goes by what promote has seen"
    told = act(simulation, "monitor", level=10)
    assert told.code == 191 and LINE in told.reasons[0]
    assert act(simulation, "monitor").code == 191
    handler(simulation, HANDLER)
    assert act(simulation, "monitor").code == 8
    quiet = act(simulation, "monitor")
    assert quiet.code == 8 and not asked(quiet)


def test_what_nobody_has_seen_yet_is_asked_once(simulation):
    """As after an update of dualstor on a running pair."""
    assert act(simulation, "promote").code == 0
    files = simulation.cluster.nodes[TWO].files
    for name in [name for name in files if name.endswith("~fence-peer") or "/well~" in name]:
        del files[name]
    assert [len(asked(act(simulation, "monitor"))) for _ in range(3)] == [1, 0, 0]


@pytest.mark.parametrize("text", ["", "no end", "two\nlines\n"])
def test_a_memory_of_another_form_is_no_memory(simulation, text):
    assert act(simulation, "promote").code == 0
    files = simulation.cluster.nodes[TWO].files
    for name in [name for name in files if name.endswith("~fence-peer") or "/well~" in name]:
        files[name] = text
    told = act(simulation, "monitor")
    assert told.code == 8 and len(asked(told)) == 1


def test_drbdadm_that_does_not_answer_does_not_fail_the_monitor(simulation):
    assert act(simulation, "promote").code == 0
    simulation.cluster.nodes[TWO].files.clear()
    simulation.cluster.faults = [faults.fault("drbdadm", faults.HANG, TWO)]
    assert act(simulation, "monitor", timeout=30.0).code == 8
    assert act(simulation, "monitor", timeout=30.0, level=10).code == 8


# -- files, and promoting by itself ---------------------------------------------------------------

REFUSED = ("/etc/drbd.d/r0.res:10: Parse error: 'resync-rate | c-plan-ahead | bitmap' expected,\n"
           "\tbut got 'fencing'")


@pytest.mark.parametrize("version, right", [(DRBD_9, "9"), ("8.4.11", "8.4")])
@pytest.mark.parametrize("action, level", [("start", 0), ("promote", 0), ("validate-all", 10)])
def test_a_file_for_another_drbd_is_told_as_one(action, level, version, right):
    """As DRBD 9's drbdadm refused `fencing` in the disk section, exit code 10."""
    cluster = world.reach("both-secondary", drbd_version=version)
    cluster.faults = [faults.fault("drbdadm", faults.EXIT, TWO, code=10, match="dump", text=REFUSED)]
    refused = act(Simulation(cluster), action, level=level)
    assert refused.code == 2 and "`dualstor configure --drbd %s`" % right in refused.reasons[0]
    assert "but got 'fencing'" in refused.reasons[0]
    assert act(Simulation(cluster), "stop").code == 0


def opened(simulation, node=TWO):
    """A program opens the device for writing."""
    attempt = drbd.open_to_write(simulation.cluster, simulation.cluster.nodes[node], "r0", "sh")
    while True:
        try:
            simulation.advance(next(attempt))
        except StopIteration as ended:
            return ended.value


def test_whoever_opens_a_device_promotes_it_unless_told_not_to(simulation, said):
    assert not opened(simulation) and resource(simulation).role == "Secondary"
    for node in simulation.cluster.nodes.values():
        del node.config["r0"].options["auto-promote"]
    assert act(simulation, "validate-all", level=10).code == 0
    assert act(simulation, "start").code == 0
    assert sum(line.startswith("DRBD r0 has auto-promote: ") for line in said) == 2
    assert opened(simulation) and resource(simulation).role == "Primary"
    assert act(simulation, "monitor").code == 8, "which Pacemaker did not ask for"
    demoted = act(simulation, "demote", timeout=20.0)
    assert demoted.code == 1 and "in use by sh[" in demoted.reasons[0]
    drbd.close(simulation.cluster.nodes[TWO], "r0", "sh")
    assert act(simulation, "stop").code == 0


@pytest.mark.parametrize("kind", [faults.HANG, faults.EXIT, faults.GARBAGE, faults.ABSENT])
def test_a_drbdsetup_that_is_of_no_use_fails_no_monitor_of_a_healthy_resource(simulation, kind):
    for node in (ONE, TWO):
        assert act(simulation, "promote", node).code == 0
    simulation.cluster.faults = [faults.fault("drbdsetup", kind, TWO)]
    told = act(simulation, "monitor", timeout=30.0)
    assert told.code == 8 and told.seconds < 1.0
    assert not [call for call in told.calls if call[0] == "drbdsetup"]
    simulation.cluster.faults = []
    simulation.cluster.replication_link = simulation.cluster.fencing_works = False
    simulation.advance(0.5)
    told = act(simulation, "monitor", timeout=30.0)
    assert told.code == 191 and [call for call in told.calls if call[0] == "drbdsetup"]


@pytest.mark.parametrize("kind", [faults.HANG, faults.SLOW])
@pytest.mark.parametrize("action", ["promote", "stop", "demote"])
def test_a_hung_look_does_not_take_the_place_of_the_reason(simulation, kind, action):
    """The time of a wait runs out in a look: what was waited for is told."""
    if action == "promote":
        simulation.cluster.replication_link = simulation.cluster.fencing_works = False
        simulation.advance(1)
        wanted = "is neither connected nor fenced"
    else:
        resource(simulation).role = "Primary"
        resource(simulation).openers.append("multipathd")
        wanted = "in use by multipathd["
    simulation.meanwhile = [(simulation.clock() + 15.0, lambda: simulation.cluster.faults.append(
        faults.fault("drbdsetup", kind, TWO, seconds=30.0)))]
    told = act(simulation, action, timeout=20.0)
    assert told.code == 1 and wanted in told.reasons[0], told


def test_with_drbd_8_the_stock_handler_stays():
    cluster = world.reach("both-secondary")
    simulation = Simulation(cluster)
    handler(simulation, STOCK_HANDLER)
    promoted = act(simulation, "promote")
    assert promoted.code == 0, promoted
    assert act(simulation, "monitor").code in (8, 191)
    assert act(simulation, "monitor", level=10).code in (8, 191)
    assert act(simulation, "validate-all", level=10).code == 0


def test_a_probe_that_cannot_look_does_not_ban_the_node():
    simulation = Simulation(world.reach("survivor", drbd_version=DRBD_9))
    simulation.cluster.faults.append(faults.fault("*", faults.ABSENT))
    (node,) = [node.name for node in simulation.cluster.nodes.values() if node.up]
    assert actions.act(simulation, DRBD, "probe", node).code == 1


@pytest.mark.parametrize("action, code", [("stop", 0), ("probe", 7)])
def test_nothing_in_the_kernel_is_nothing_whatever_is_missing(action, code):
    """debugfs has the module's folder, and no resource in it."""
    simulation = Simulation(world.reach("cluster-up", drbd_version=DRBD_9))
    simulation.cluster.nodes[ONE].modules.append("drbd")
    simulation.cluster.faults.append(faults.fault("*", faults.ABSENT))
    result = actions.act(simulation, DRBD, action, ONE)
    assert result.code == code, result
