# SPDX-License-Identifier: GPL-2.0-or-later
"""The agents under Heartbeat 3 and under Pacemaker 1.1 on cman, with what these pass them."""

import pytest

from dualstor.main import metadata
from dualstor.ocf.environment import Environment
from simulator import volumes
from unit.generations.helpers import MANAGERS, cluster, environ, run

each = pytest.mark.parametrize("manager", MANAGERS)


@each
def test_what_the_manager_knows(manager):
    seen = Environment(environ(manager, "drbd-promote"))
    assert seen.in_cluster and not seen.knows_promoted and not seen.knows_degraded
    assert (seen.resource, seen.clone_max, seen.promoted_max, seen.promoted_node_max) == (
        "p_drbd", 2, 2, 1)
    assert seen.notifies is True and seen.timeout == 90.0 and seen.interval == 0.0
    assert Environment(environ(manager, "vg-monitor")).promoted_max is None


@each
def test_notifications_have_the_old_role_names(manager):
    told = Environment(environ(manager, "drbd-notify-pre-promote")).notification()
    assert (told.type, told.operation) == ("pre", "promote")
    assert told.promote == ("node1", "node2") and told.unpromoted == ("node1",)
    assert told.promoted == told.active == told.start == ()


@each
@pytest.mark.parametrize("agent, call, reload", [
    ("drbd-dualprimary", "drbd-start", False), ("clvmd", "clvmd-start", True),
    ("clustered-vg", "vg-start", False)])
def test_metadata_is_of_ocf_1_0(manager, agent, call, reload):
    text = metadata(agent, environ(manager, call))
    assert "<version>1.0</version>" in text and "ra-api-1.dtd" in text
    assert ('name="reload"' in text) is reload
    for word in ("reload-agent", "Promoted", "unique-group", "reloadable", 'type="select"'):
        assert word not in text


@each
def test_both_nodes_become_master(manager):
    simulation = cluster("cluster-up")
    for node in ("node1", "node2"):
        code, _, calls = run(simulation, "drbd-dualprimary", "start",
                             environ(manager, "drbd-start"), node)
        assert code == 0
    simulation.advance(2)
    code, _, _ = run(simulation, "drbd-dualprimary", "notify",
                     environ(manager, "drbd-notify-pre-promote"))
    assert code == 0
    code, _, calls = run(simulation, "drbd-dualprimary", "monitor",
                         environ(manager, "drbd-monitor-slave"))
    assert code == 0
    scores = [c for c in simulation.calls() if c[0] in ("crm_master", "crm_attribute") and "-v" in c]
    assert scores and all(c[0] == "crm_master" for c in scores), scores
    for node in ("node1", "node2"):
        assert run(simulation, "drbd-dualprimary", "promote",
                   environ(manager, "drbd-promote"), node)[0] == 0
        assert run(simulation, "drbd-dualprimary", "monitor",
                   environ(manager, "drbd-monitor-master"), node)[0] == 8
    assert {n.drbd["r0"].role for n in simulation.cluster.nodes.values()} == {"Primary"}


@each
def test_a_master_in_trouble_is_never_called_degraded(manager):
    simulation = cluster("both-primary")
    node = simulation.cluster.nodes["node1"]
    node.drbd["r0"].cstate, node.drbd["r0"].peer_dstate = "WFConnection", "DUnknown"
    code, _, _ = run(simulation, "drbd-dualprimary", "monitor",
                     environ(manager, "drbd-monitor-master"))
    assert code in (8, 9, 1)


@each
def test_the_way_up_and_down(manager):
    simulation = cluster("both-primary")
    volumes.create_volume(simulation.cluster, volumes.create_group(simulation.cluster, "vg0"), "lv0")
    assert run(simulation, "clustered-vg", "monitor", environ(manager, "vg-probe"))[0] == 7
    for node in ("node1", "node2"):
        assert run(simulation, "clvmd", "start", environ(manager, "clvmd-start"), node)[0] == 0
    for node in ("node1", "node2"):
        assert run(simulation, "clustered-vg", "start", environ(manager, "vg-start"), node)[0] == 0
        assert run(simulation, "clvmd", "monitor", environ(manager, "clvmd-monitor"), node)[0] == 0
        assert run(simulation, "clustered-vg", "monitor", environ(manager, "vg-monitor"),
                   node)[0] == 0
        assert volumes.mapped(simulation.cluster.nodes[node], "vg0") == ["lv0"]
    assert run(simulation, "clustered-vg", "stop", environ(manager, "vg-stop"))[0] == 0
    assert run(simulation, "clustered-vg", "monitor", environ(manager, "vg-probe"))[0] == 7
    assert volumes.mapped(simulation.cluster.nodes["node2"], "vg0") == ["lv0"]


@each
def test_a_new_volume_that_cannot_be_picked_up_is_told_in_the_log_alone(manager):
    simulation = cluster("active")
    one = simulation.cluster.nodes["node1"]
    run(simulation, "clustered-vg", "start", environ(manager, "vg-start"))
    new = volumes.create_volume(simulation.cluster, simulation.cluster.groups["vg0"], "new", 4)
    simulation.cluster.faults.append({"program": "lvchange", "kind": "exit", "node": "node1",
                                      "times": -1, "match": "", "code": 5, "text": "  Cannot.",
                                      "seconds": 1.0})
    code, _, _ = run(simulation, "clustered-vg", "monitor", environ(manager, "vg-monitor"))
    assert code == 0 and new.name not in volumes.mapped(one, "vg0")


@each
def test_reload_by_the_name_that_the_manager_knows(manager):
    simulation = cluster("active")
    code, _, calls = run(simulation, "clvmd", "reload", environ(manager, "clvmd-reload"))
    assert code == 0 and calls.count(("clvmd", "-R")) == 1
    code, reason, _ = run(simulation, "clustered-vg", "reload", environ(manager, "vg-start"))
    assert code == 3 and "no action reload" in reason
