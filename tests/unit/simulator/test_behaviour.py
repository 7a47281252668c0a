# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulated cluster behaves as real ones were seen to."""

import signal

import pytest

from dualstor.errors import DeadlineReached, ToolHung, ToolMissing
from simulator import drbd, faults, locking, state, volumes, world
from simulator.host import NodeDied, Simulation


def simulate(name, generation=state.LVMLOCKD):
    simulation = Simulation(world.reach(name, generation))
    return simulation, simulation.host("node1", 200), simulation.host("node2", 200)


def nodes(simulation):
    return tuple(simulation.cluster.nodes.values())


# -- DRBD -------------------------------------------------------------------------

def test_fresh_nodes_meet_and_are_uptodate():
    simulation, one, two = simulate("cluster-up")
    assert one.run(("drbdadm", "up", "r0")).ok
    assert one.run(("drbdadm", "dstate", "r0")).stdout == "Consistent/DUnknown\n"
    assert two.run(("drbdadm", "adjust", "r0")).ok
    simulation.advance(1)
    assert one.run(("drbdadm", "dstate", "r0")).stdout == "UpToDate/UpToDate\n"


def test_promotion_without_the_peer_fences_it_first():
    simulation, one, _ = simulate("both-secondary")
    simulation.cluster.replication_link = False
    assert one.run(("drbdadm", "primary", "r0")).ok
    assert not simulation.cluster.nodes["node2"].up and not simulation.cluster.harm


def test_promotion_without_the_peer_is_refused_when_fencing_fails():
    simulation, one, _ = simulate("both-secondary")
    simulation.cluster.replication_link = simulation.cluster.fencing_works = False
    refused = one.run(("drbdadm", "primary", "r0"))
    assert refused.returncode == 11
    assert "(-7) Refusing to be Primary while peer is not outdated" in refused.stderr


def test_without_a_fencing_policy_both_become_primary_and_that_is_noted_as_harm():
    simulation, one, two = simulate("both-secondary")
    for node in nodes(simulation):
        node.config["r0"].disk["fencing"] = "dont-care"
    simulation.cluster.replication_link = False
    assert one.run(("drbdadm", "primary", "r0")).ok
    assert two.run(("drbdadm", "primary", "r0")).ok
    assert simulation.cluster.harm
    simulation.cluster.replication_link = True
    simulation.advance(2)
    assert [n.drbd["r0"].cstate for n in nodes(simulation)] == ["StandAlone", "StandAlone"]


def test_two_primaries_need_the_option():
    simulation, one, two = simulate("both-secondary")
    for node in nodes(simulation):
        node.config["r0"].net["allow-two-primaries"] = "no"
    assert one.run(("drbdadm", "primary", "r0")).ok
    refused = two.run(("drbdadm", "primary", "r0"))
    assert refused.returncode == 11
    assert "(-1) Multiple primaries not allowed by config" in refused.stderr


def test_stale_disk_is_not_promoted_alone():
    simulation, one, _ = simulate("cluster-up")
    simulation.cluster.nodes["node1"].disks["r0"].outdated = True
    assert one.run(("drbdadm", "up", "r0")).ok
    refused = one.run(("drbdadm", "primary", "r0"))
    assert refused.returncode == 17 and "Need access to UpToDate data" in refused.stderr


def test_held_open_by_a_volume():
    _, one, _ = simulate("active")
    refused = one.run(("drbdadm", "secondary", "r0"))
    assert refused.returncode == 11 and "(-12) Device is held open by someone" in refused.stderr
    assert one.run(("drbdadm", "down", "r0")).returncode == 11


def test_survivor_resyncs_the_node_that_crashed():
    simulation, _, _ = simulate("survivor")
    node = simulation.cluster.nodes["node2"]
    world.boot(simulation.cluster, node)
    world.start_cluster(simulation.cluster, node)
    two = simulation.host("node2", 100)
    assert two.run(("drbdadm", "up", "r0")).ok
    simulation.advance(1)
    assert two.run(("drbdadm", "cstate", "r0")).stdout == "WFSyncUUID\n"
    assert two.run(("drbdadm", "dstate", "r0")).stdout == "Outdated/UpToDate\n"
    simulation.advance(1)
    assert two.run(("drbdadm", "cstate", "r0")).stdout == "SyncTarget\n"
    assert "Inconsistent" in two.read("/proc/drbd")
    simulation.advance(10)
    assert two.run(("drbdadm", "dstate", "r0")).stdout == "UpToDate/UpToDate\n"


def test_automatic_loss_is_noted_as_harm():
    simulation, _, _ = simulate("split-brain")
    for node in nodes(simulation):
        node.config["r0"].net["after-sb-2pri"] = "discard-younger-primary"
        drbd.connect(simulation.cluster, node, "r0")
    simulation.advance(2)
    assert simulation.cluster.harm


# -- cluster and time ---------------------------------------------------------------

def test_lost_replication_link_between_primaries_ends_one_node():
    simulation, _, _ = simulate("active")
    simulation.cluster.replication_link = False
    simulation.advance(0.1)
    assert [n.drbd["r0"].suspended for n in nodes(simulation)] == [True, True]
    simulation.advance(20)
    assert [n.up for n in nodes(simulation)] == [True, False]
    assert not simulation.cluster.nodes["node1"].drbd["r0"].suspended


def test_agent_on_a_node_that_is_fenced_is_no_more():
    simulation, _, two = simulate("active")
    simulation.cluster.cluster_link = False
    with pytest.raises(NodeDied):
        two.sleep(30)


def test_quorum_is_lost_without_the_two_node_rule():
    _, one, _ = simulate("inquorate")
    assert one.run(("corosync-quorumtool", "-s")).returncode == 2


# -- LVM with lvmlockd ----------------------------------------------------------------

def test_lvm_waits_while_inquorate_and_the_virtual_clock_runs():
    simulation, one, _ = simulate("inquorate")
    began = simulation.clock()
    with pytest.raises(ToolHung):
        one.run(("vgs",), timeout=10)
    assert 10 <= simulation.clock() - began <= 11
    with pytest.raises((ToolHung, DeadlineReached)):
        while True:
            one.run(("vgs",))


def test_lvmlockd_serves_until_its_lockspaces_are_stopped():
    simulation, one, _ = simulate("active")
    pid = locking.daemon(simulation.cluster.nodes["node1"], "lvmlockd").pid
    one.kill(pid, signal.SIGTERM)
    assert one.exists("/proc/%d" % pid)
    assert one.run(("vgchange", "-aln", "vg0")).ok
    assert one.run(("lvmlockctl", "--stop-lockspaces")).ok
    one.kill(pid, signal.SIGTERM)
    assert not one.exists("/proc/%d" % pid) and one.list("/sys/kernel/dlm") == ()


def test_lock_stop_names_what_is_in_the_way():
    _, one, _ = simulate("active")
    refused = one.run(("vgchange", "--lockstop", "vg0"))
    assert refused.returncode == 5
    assert refused.stderr == "  VG vg0 stop failed: LVs must first be deactivated\n"


def test_volume_group_is_not_seen_on_a_secondary():
    _, one, _ = simulate("both-secondary")
    done = one.run(("vgs", "vg0"))
    assert done.returncode == 5 and 'Volume group "vg0" not found' in done.stderr


def test_disk_below_drbd_seen_as_well_is_a_duplicate():
    simulation, one, _ = simulate("active")
    simulation.cluster.nodes["node1"].visible_lower = True
    assert "prefers device /dev/drbd0" in one.run(("pvs",)).stderr


def test_lvm_that_sees_only_the_disk_below_drbd_activates_there():
    simulation, one, _ = simulate("group")
    node = simulation.cluster.nodes["node1"]
    node.visible_lower = True
    del node.drbd["r0"], node.config["r0"]
    assert "/dev/vdb" in one.run(("pvs", "--noheadings", "-o", "pv_name")).stdout
    assert one.run(("vgchange", "--lockstart", "vg0")).ok
    assert one.run(("lvchange", "-asy", "vg0/lv0")).ok
    assert one.run(("dmsetup", "table")).stdout == "vg0-lv0: 0 32768 linear 254:16 2048\n"
    assert one.list("/sys/block/dm-0/slaves") == ("vdb",)
    assert one.list("/sys/block/vdb/holders") == ("dm-0",)


# -- LVM with clvmd -------------------------------------------------------------------

def test_clvmd_needs_its_cluster():
    _, one, _ = simulate("fresh", state.CLVMD)
    done = one.run(("clvmd", "-T30"))
    assert (done.returncode, done.stderr) == (3, "clvmd could not connect to cluster manager\n"
                                                 "Consult syslog for more information\n")


def test_clvmd_that_waits_for_quorum_exits_5_and_becomes_ready_later():
    simulation, one, _ = simulate("both-primary", state.CLVMD)
    simulation.cluster.two_node = False
    simulation.cluster.nodes["node1"].members = [1]
    simulation.cluster.cluster_link = False
    simulation.cluster.fencing_works = False
    done = one.run(("clvmd", "-T4"))
    assert (done.returncode, done.stderr) == (5, "clvmd startup timed out\n")
    assert one.connect("/run/lvm/clvmd.sock", 1) is None
    assert "wait_condition 2 quorum" in one.run(("dlm_tool", "ls")).stdout
    simulation.cluster.two_node = True
    simulation.advance(1)
    assert one.run(("vgs",)).ok and one.list("/sys/kernel/dlm") == ("clvmd",)


def test_clvmd_is_ready_when_its_time_has_come_and_not_only_when_more_has_passed():
    simulation, _, _ = simulate("both-primary", state.CLVMD)
    cluster, node = simulation.cluster, simulation.cluster.nodes["node1"]
    process = locking.spawn(cluster, node, "clvmd", ["clvmd", "-T1"])
    process.ready = False
    simulation.advance(cluster.startup_seconds)
    assert process.ready


def test_exclusive_elsewhere_is_refused_with_exit_code_0():
    simulation, one, two = simulate("group", state.CLVMD)
    assert two.run(("vgchange", "-aey", "vg0")).ok
    done = one.run(("vgchange", "-aly", "vg0"))
    assert done.returncode == 0
    assert done.stdout == '  0 logical volume(s) in volume group "vg0" now active\n'
    assert "Volume is busy on another node" in done.stderr
    assert not simulation.cluster.nodes["node1"].mappings


def test_deactivation_without_l_takes_the_peers_volumes_and_is_harm():
    simulation, one, _ = simulate("active", state.CLVMD)
    assert one.run(("vgchange", "-an", "vg0")).ok
    assert not simulation.cluster.nodes["node2"].mappings and simulation.cluster.harm


def test_without_clvmd_nothing_works():
    _, one, _ = simulate("both-primary", state.CLVMD)
    done = one.run(("vgs",))
    assert (done.returncode, done.stderr) == (
        5, "  connect() failed on local socket: No such file or directory\n"
           "  Internal cluster locking initialisation failed.\n")


def test_fallback_to_local_locking_skips_what_is_clustered():
    simulation, one, _ = simulate("group", state.CLVMD)
    node = simulation.cluster.nodes["node1"]
    node.lvm["global/fallback_to_local_locking"] = 1
    locking.end(simulation.cluster, node, locking.daemon(node, "clvmd"), clean=True)
    done = one.run(("vgs",))
    assert done.returncode == 5 and "Skipping clustered volume group vg0" in done.stderr


def test_cman_status():
    _, one, _ = simulate("active", state.CLVMD)
    lines = one.run(("cman_tool", "status")).stdout.splitlines()
    assert "Quorum: 1  " in lines and "Flags: 2node " in lines and "Ports Bound: 0 11  " in lines
    assert "wait state    none" in one.run(("fence_tool", "ls")).stdout


# -- faults -------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", [faults.HANG, faults.HANG_HARD, faults.UNKILLABLE, faults.DRIP,
                                  faults.HANG_AFTER])
def test_hangs_end_with_the_timeout(kind):
    simulation, one, _ = simulate("active")
    simulation.cluster.faults.append(faults.fault("vgs", kind, times=1))
    began = simulation.clock()
    with pytest.raises(ToolHung) as caught:
        one.run(("vgs",), timeout=5)
    assert simulation.clock() - began <= 6
    assert caught.value.abandoned == (kind == faults.UNKILLABLE)
    assert one.run(("vgs",)).ok


def test_missing_programs():
    simulation, one, _ = simulate("active")
    simulation.cluster.faults.append(faults.fault("vgs", faults.ABSENT, node="node1"))
    with pytest.raises(ToolMissing):
        one.run(("vgs",))


def test_state_survives_being_stored():
    simulation, _, _ = simulate("exclusive")
    text = state.dumps(simulation.cluster)
    assert state.dumps(state.loads(text)) == text


def test_dead_nodes_locks_hold_until_it_is_fenced():
    simulation, one, _ = simulate("active")
    cluster = simulation.cluster
    node = cluster.nodes["node2"]
    volumes.lock(node, "vg0", "lv1", "ex")
    cluster.fencing_works = False
    world.crash(cluster, node)
    simulation.advance(5)
    assert one.read("/sys/kernel/dlm/lvm_vg0/recover_status") == "1\n"
    with pytest.raises(ToolHung):
        one.run(("vgchange", "-asy", "vg0"), timeout=5)
    world.boot(cluster, node)
    assert one.run(("drbdadm", "resume-io", "r0")).ok   # LVM reads from DRBD, too
    assert one.run(("vgchange", "-asy", "vg0"), timeout=5).ok


def test_who_reads_while_drbd_holds_io_back_cannot_be_ended_and_holds_the_device():
    simulation, one, _ = simulate("active")
    node = simulation.cluster.nodes["node1"]
    node.drbd["r0"].suspended = True
    for argv, openers in ((("dd", "if=/dev/dm-0"), node.mappings["vg0-lv0"].openers),
                          (("vgs",), node.drbd["r0"].openers)):
        with pytest.raises(ToolHung) as caught:
            one.run(argv, timeout=5)
        assert caught.value.abandoned and openers == [argv[0]]
    node.drbd["r0"].suspended = False
    simulation.advance(1)
    assert not node.mappings["vg0-lv0"].openers and not node.drbd["r0"].openers
