# SPDX-License-Identifier: GPL-2.0-or-later
"""clvmd and clustered-vg with every LVM 2.02 and both engines, on the simulated cluster."""

import signal

import pytest

from dualstor.agents.clvmd import reasons
from dualstor.tools import quorum
from simulator import faults, locking, membership, volumes, world
from unit.generations.helpers import ENGINES, cluster, environ, fitted, run

LVMS = ("2.02.84", "2.02.98", "2.02.118", "2.02.188")
MANAGER = "pacemaker-1.1.18-cman"

every_lvm = pytest.mark.parametrize("lvm", LVMS)
every_engine = pytest.mark.parametrize("engine", ENGINES)


def clvmd(simulation, action, node="node1", seconds=None, **parameters):
    call = "clvmd-monitor" if action == "monitor" else "clvmd-start"
    variables = dict(environ(MANAGER, call), **{"OCF_RESKEY_" + k: v for k, v in parameters.items()})
    level = variables.pop("OCF_RESKEY_level", None)
    if level:
        variables["OCF_CHECK_LEVEL"] = level
    return run(simulation, "clvmd", action, variables, node, seconds)


def group(simulation, action, node="node1", seconds=None, **parameters):
    call = {"monitor": "vg-monitor", "probe": "vg-probe", "stop": "vg-stop"}.get(action, "vg-start")
    variables = dict(environ(MANAGER, call), **{"OCF_RESKEY_" + k: v for k, v in parameters.items()})
    if parameters.get("activation_mode") == "exclusive":
        variables.pop("OCF_RESKEY_CRM_meta_clone_max")
    word = "monitor" if action == "probe" else action
    return run(simulation, "clustered-vg", word, variables, node, seconds)


def daemon(simulation, node="node1"):
    return locking.daemon(simulation.cluster.nodes[node], "clvmd")


# -- start ------------------------------------------------------------------------------------------


@every_lvm
@every_engine
def test_start_finds_its_settings_while_clvmd_does_not_run(lvm, engine):
    simulation = cluster("both-primary", lvm, engine)
    code, reason, calls = clvmd(simulation, "start", cluster_engine=engine, daemon_timeout="30",
                                daemon_options="-d0")
    assert code == 0, reason
    (launch,) = [c for c in calls if c[0] == "clvmd"]
    assert launch[1:] == ("-T10", "-I", engine, "-t30", "-d0")
    assert clvmd(simulation, "monitor", level="10")[0] == 0


@pytest.mark.parametrize("name, value, line", [
    ("locking_type", 1, "locking_type = 3"),
    ("fallback_to_local_locking", 1, "fallback_to_local_locking = 0"),
    ("fallback_to_local_locking", None, "fallback_to_local_locking = 0"),
    ("use_lvmetad", 1, "use_lvmetad = 0")])
@every_lvm
def test_start_names_the_line_that_is_wrong(lvm, name, value, line):
    simulation = cluster("both-primary", lvm)
    conf = simulation.cluster.nodes["node1"].lvm
    conf.pop("global/" + name)
    if value is not None:
        conf["global/" + name] = value
    code, reason, _ = clvmd(simulation, "start")
    assert code == 2 and line in fitted(reason) and "/etc/lvm/lvm.conf" in fitted(reason)
    assert daemon(simulation) is None


def test_lvmetad_that_runs_is_named_with_the_line():
    simulation = cluster("both-primary")
    node = simulation.cluster.nodes["node1"]
    node.lvm["global/use_lvmetad"] = 1
    pid = locking.spawn(simulation.cluster, node, "lvmetad", ["lvmetad"]).pid
    code, reason, _ = clvmd(simulation, "start")
    assert code == 2 and "use_lvmetad = 0" in fitted(reason)
    assert "lvmetad (pid %d): stop it" % pid in fitted(reason)


def test_singlenode_waits_for_nothing():
    simulation = cluster("fresh")
    simulation.cluster.engine = "corosync"      # a build for cman does not have it
    code, reason, calls = clvmd(simulation, "start", cluster_engine="singlenode")
    assert code == 0, reason
    assert not [c for c in calls if c[0] in ("cman_tool", "fence_tool", "dlm_tool")]


@every_engine
def test_no_quorum_is_waited_for_and_told(engine):
    simulation = cluster("both-primary", engine=engine)
    simulation.cluster.two_node = simulation.cluster.cluster_link = False
    simulation.cluster.fencing_works = False
    simulation.advance(2)
    code, reason, calls = clvmd(simulation, "start", seconds=30)
    assert code == 1 and reason.reason.id == reasons.NO_QUORUM.id
    assert "there is no quorum" in fitted(reason) and "Activity blocked" in reason
    assert not [c for c in calls if c[0] == "clvmd"], "a clvmd without quorum answers nobody"


def test_fencing_is_waited_for_and_the_node_named():
    simulation = cluster("both-primary")
    simulation.cluster.fencing_works = False
    world.crash(simulation.cluster, simulation.cluster.nodes["node2"])
    simulation.advance(2)
    code, reason, _ = clvmd(simulation, "start", seconds=30)
    assert code == 1 and "node2 (id 2) is not fenced yet, waited" in fitted(reason)
    assert "`fence_tool ls` and `dualstor status`" in fitted(reason)


def test_a_fence_domain_that_is_not_joined_is_told():
    simulation = cluster("both-primary")
    simulation.cluster.nodes["node1"].fenced = False
    code, reason, _ = clvmd(simulation, "start", seconds=20)
    assert code == 1 and "this node has not joined the fence domain, waited" in fitted(reason)


def test_dlm_is_waited_for_and_told():
    simulation = cluster("both-primary")
    simulation.cluster.nodes["node1"].dlm_controld = False
    code, reason, _ = clvmd(simulation, "start", seconds=20)
    assert code == 1 and "cman's dlm_controld does not run on this node, waited" in fitted(reason)


def test_exit_code_5_is_not_yet_and_clvmd_is_waited_for():
    simulation = cluster("both-primary")
    simulation.cluster.startup_seconds = 25.0
    code, reason, calls = clvmd(simulation, "start")
    assert code == 0, reason
    assert [c for c in calls if c[0] == "clvmd"] == [("clvmd", "-T10")]
    assert daemon(simulation).ready


def test_exit_code_5_ends_with_what_was_waited_for():
    simulation = cluster("both-primary")
    simulation.cluster.startup_seconds = 1000.0
    code, reason, _ = clvmd(simulation, "start", seconds=40)
    assert code == 1 and reason.reason.id == reasons.DLM_WAITS.id and ", waited " in reason
    assert daemon(simulation) is not None, "it goes on starting"


def test_quorum_that_is_lost_while_clvmd_starts_is_told():
    simulation = cluster("both-primary")
    simulation.cluster.startup_seconds = 15.0

    def lose():
        simulation.cluster.two_node = simulation.cluster.cluster_link = False
        simulation.cluster.fencing_works = False
    simulation.meanwhile.append([simulation.clock() + 3.0, lose])
    code, reason, _ = clvmd(simulation, "start", seconds=60)
    assert code == 1 and reason.reason.id == reasons.NO_QUORUM.id


def test_stale_files_of_a_clvmd_that_was_killed_do_not_hinder():
    simulation = cluster("daemons")
    node = simulation.cluster.nodes["node1"]
    locking.end(simulation.cluster, node, daemon(simulation), clean=False)
    node.files["/run/clvmd.pid"] = "1\n"       # a number that is another process by now
    assert clvmd(simulation, "monitor")[0] == 1, "the lockspace is left"
    assert clvmd(simulation, "start")[0] == 0
    assert clvmd(simulation, "monitor")[0] == 0


def test_a_process_with_the_number_of_a_dead_clvmd_is_none():
    simulation = cluster("daemons")
    node = simulation.cluster.nodes["node1"]
    assert clvmd(simulation, "start")[0] == 0
    pid = daemon(simulation).pid
    locking.end(simulation.cluster, node, daemon(simulation), clean=True)
    other = locking.spawn(simulation.cluster, node, "lvmetad", ["lvmetad"], pid=pid)
    node.files["/run/clvmd.pid"] = "%d\n" % pid
    code, reason, _ = clvmd(simulation, "monitor")
    assert code == 7
    assert clvmd(simulation, "stop")[0] == 0
    assert locking.daemon(node, "lvmetad") is other


def test_two_clvmd_are_told_with_their_numbers():
    simulation = cluster("daemons")
    node = simulation.cluster.nodes["node1"]
    second = locking.spawn(simulation.cluster, node, "clvmd", ["clvmd"])
    code, reason, _ = clvmd(simulation, "monitor")
    assert code == 1 and "2 lock daemons run at once" in reason and str(second.pid) in reason


# -- the running daemon --------------------------------------------------------------------------------


def test_clvmd_left_behind_by_a_dead_corosync_is_seen_by_both_monitors():
    simulation = cluster("active", engine="corosync")
    simulation.cluster.fencing_works = False
    node = simulation.cluster.nodes["node1"]
    membership.lose_engine(simulation.cluster, node)
    assert daemon(simulation) is not None, "with corosync it does not end"
    for level in ("0", "10"):
        code, reason, calls = clvmd(simulation, "monitor", level=level)
        assert code == 1 and "reboot" in reason, reason
        assert ("clvmd", "-R") not in calls
    code, reason, _ = clvmd(simulation, "stop")
    assert code == 1 and "vg0/lv0" in reason, "its LVs are active and would lose their locks"


def test_clvmd_ends_with_cman():
    simulation = cluster("daemons")
    assert clvmd(simulation, "start")[0] == 0
    membership.lose_engine(simulation.cluster, simulation.cluster.nodes["node1"])
    code, reason, _ = clvmd(simulation, "monitor")
    assert code == 7 and "ended by itself or was killed" in reason


def test_a_monitor_without_quorum_does_not_ask_clvmd():
    simulation = cluster("daemons")
    simulation.cluster.two_node = simulation.cluster.cluster_link = False
    simulation.cluster.fencing_works = False
    simulation.advance(2)
    code, _, calls = clvmd(simulation, "monitor", level="10")
    assert code == 0 and ("clvmd", "-R") not in calls


def test_a_peer_without_clvmd_is_no_trouble_of_this_node():
    simulation = cluster("daemons")
    two = simulation.cluster.nodes["node2"]
    locking.end(simulation.cluster, two, daemon(simulation, "node2"), clean=True)
    assert clvmd(simulation, "monitor", level="10")[0] == 0
    volumes.create_volume(simulation.cluster, volumes.create_group(simulation.cluster, "vg0"), "lv0")
    assert group(simulation, "start")[0] == 0


def test_stop_is_refused_under_active_volumes():
    simulation = cluster("active")
    code, reason, _ = clvmd(simulation, "stop")
    assert code == 1 and "vgchange -aln vg0" in reason and daemon(simulation) is not None


def test_a_clvmd_that_ignores_sigterm_is_killed():
    simulation = cluster("daemons")
    daemon(simulation).state = "T"
    assert clvmd(simulation, "stop")[0] == 0
    assert daemon(simulation) is None


# -- reload ------------------------------------------------------------------------------------------


@every_engine
def test_reload_with_a_peer_that_lacks_clvmd(engine):
    simulation = cluster("daemons", engine=engine)
    two = simulation.cluster.nodes["node2"]
    locking.end(simulation.cluster, two, daemon(simulation, "node2"), clean=True)
    code, _, calls = clvmd(simulation, "reload", seconds=60)
    asked = [c for c in calls if c == ("clvmd", "-R")]
    assert code == 0 and (len(asked) > 1 if engine == "cman" else len(asked) == 1)


def test_reload_without_quorum_ends_in_time_and_says_why():
    simulation = cluster("daemons")
    simulation.cluster.two_node = simulation.cluster.cluster_link = False
    simulation.cluster.fencing_works = False
    simulation.advance(2)
    code, reason, calls = clvmd(simulation, "reload", seconds=20)
    assert code == 1 and reason.reason.id == reasons.NO_QUORUM.id
    assert ("clvmd", "-R") not in calls


@pytest.mark.parametrize("lvm", LVMS[1:])
def test_restart_keeps_exclusive_locks(lvm):
    simulation = cluster("exclusive", lvm)
    before = daemon(simulation).pid
    code, reason, calls = clvmd(simulation, "reload", on_reload="restart")
    assert code == 0, reason
    assert ("clvmd", "-S") in calls and daemon(simulation).pid != before
    assert volumes.lock_of(simulation.cluster.nodes["node1"], "vg0", "lv1") == "ex"
    assert "-E" in daemon(simulation).arguments and daemon(simulation).ready
    assert clvmd(simulation, "monitor", level="10")[0] == 0


def test_an_lvm_whose_restart_loses_locks_is_refreshed():
    simulation = cluster("exclusive", "2.02.84")
    before = daemon(simulation).pid
    code, _, calls = clvmd(simulation, "reload", on_reload="restart")
    assert code == 0 and ("clvmd", "-S") not in calls and daemon(simulation).pid == before


def test_restart_that_loses_a_lock_fails():
    simulation = cluster("exclusive", "2.02.188")
    node = simulation.cluster.nodes["node1"]

    def lose():
        volumes.lock(node, "vg0", "lv1", "sh")
    simulation.meanwhile.append([simulation.clock() + 0.6, lose])
    code, reason, _ = clvmd(simulation, "reload", on_reload="restart")
    assert code == 1 and reason.reason is reasons.LOCKS_LOST


# -- cmirrord ----------------------------------------------------------------------------------------


def test_cmirrord_comes_first_is_watched_and_goes_last():
    simulation = cluster("both-primary")
    node = simulation.cluster.nodes["node1"]
    wanted = dict(with_cmirrord="true")
    code, reason, calls = clvmd(simulation, "start", **wanted)
    assert code == 0, reason
    started = [c[0] for c in calls if c[0] in ("cmirrord", "clvmd")]
    assert started == ["cmirrord", "clvmd"]
    assert clvmd(simulation, "monitor", **wanted)[0] == 0
    mirror = locking.daemon(node, "cmirrord")
    locking.receive(simulation.cluster, node, mirror, signal.SIGKILL)
    code, reason, _ = clvmd(simulation, "monitor", **wanted)
    assert code == 1 and "cmirrord has ended" in reason
    assert clvmd(simulation, "start", **wanted)[0] == 0
    assert clvmd(simulation, "stop", **wanted)[0] == 0
    assert daemon(simulation) is None and locking.daemon(node, "cmirrord") is None


def test_cmirrord_that_is_not_installed_is_told_by_its_package():
    simulation = cluster("both-primary")
    simulation.cluster.faults.append(faults.fault("cmirrord", faults.ABSENT))
    code, reason, _ = clvmd(simulation, "start", with_cmirrord="true")
    assert code == 5 and "install cmirror" in reason and daemon(simulation) is None


# -- clustered-vg --------------------------------------------------------------------------------------


@every_lvm
@every_engine
def test_the_group_goes_up_is_watched_and_goes_down(lvm, engine):
    simulation = cluster("group", lvm, engine)
    one, two = simulation.cluster.nodes.values()
    for name in ("node1", "node2"):
        code, reason, calls = group(simulation, "start", name)
        assert code == 0, reason
        assert ("lvchange", "-aly", "vg0/lv0", "vg0/lv1") in calls
        assert group(simulation, "monitor", name)[0] == 0
    options = {w.partition("=")[0] for c in simulation.calls() for w in c if w.startswith("--")}
    assert options <= {"--noheadings", "--nosuffix", "--units", "--separator", "--type"}
    assert group(simulation, "stop")[0] == 0
    assert volumes.mapped(one, "vg0") == [] and sorted(volumes.mapped(two, "vg0")) == ["lv0", "lv1"]
    assert not simulation.cluster.harm


@every_lvm
def test_a_group_without_the_clustered_flag_is_refused(lvm):
    simulation = cluster("group", lvm)
    simulation.cluster.groups["vg0"].kind = "local"
    code, reason, _ = group(simulation, "start")
    assert code == 6 and reason.reason.id == "vg-not-clustered" and "`vgchange -c y vg0`" in reason


@every_lvm
@every_engine
def test_an_lv_that_is_exclusive_on_the_other_node_is_not_taken_for_started(lvm, engine):
    simulation = cluster("exclusive", lvm, engine)
    assert group(simulation, "stop", "node2")[0] == 0
    code, reason, _ = group(simulation, "start", "node2")
    two = simulation.cluster.nodes["node2"]
    assert code == 0 and volumes.mapped(two, "vg0") == ["lv0"], reason
    assert group(simulation, "monitor", "node2")[0] == 0


@every_lvm
def test_exclusive_activation_that_only_seems_to_work_fails(lvm):
    simulation = cluster("exclusive", lvm)
    two = simulation.cluster.nodes["node2"]
    volumes.unmap_volume(two, "vg0", "lv0")
    volumes.lock(two, "vg0", "lv0", None)
    code, reason, _ = group(simulation, "start", "node2", activation_mode="exclusive")
    assert code == 1 and reason.reason.id == "vg-lv-elsewhere" and "lvchange -aln" in reason


def test_exclusive_activation_over_a_shared_lv_fails():
    simulation = cluster("active")
    code, reason, _ = group(simulation, "start", activation_mode="exclusive")
    assert code == 1 and reason.reason.id == "vg-not-exclusive", reason


@every_lvm
def test_exclusive_activation(lvm):
    simulation = cluster("group", lvm)
    code, reason, calls = group(simulation, "start", activation_mode="exclusive")
    assert code == 0, reason
    assert ("lvchange", "-aey", "vg0/lv0", "vg0/lv1") in calls
    one = simulation.cluster.nodes["node1"]
    assert {volumes.lock_of(one, "vg0", lv) for lv in ("lv0", "lv1")} == {"ex"}
    assert group(simulation, "monitor", activation_mode="exclusive")[0] == 0


@every_lvm
def test_an_lv_that_is_exclusive_here_stays_and_the_start_goes_well(lvm):
    simulation = cluster("exclusive", lvm)
    code, reason, _ = group(simulation, "start")
    assert code == 0, reason
    assert volumes.lock_of(simulation.cluster.nodes["node1"], "vg0", "lv1") == "ex"


@every_lvm
def test_remotely_exclusive_lvs_are_no_matter_of_a_stop(lvm):
    simulation = cluster("exclusive", lvm)
    code, reason, _ = group(simulation, "stop", "node2")
    assert code == 0, reason
    one = simulation.cluster.nodes["node1"]
    assert volumes.lock_of(one, "vg0", "lv1") == "ex" and "lv1" in volumes.mapped(one, "vg0")


@every_lvm
def test_a_new_lv_is_active_on_the_other_node_at_once(lvm):
    simulation = cluster("group", lvm)
    for name in ("node1", "node2"):
        assert group(simulation, "start", name)[0] == 0
    made = simulation.host("node1", 60).run(("lvcreate", "-n", "new", "-L", "4m", "vg0"))
    assert made.ok
    assert "new" in volumes.mapped(simulation.cluster.nodes["node2"], "vg0")
    code, reason, calls = group(simulation, "monitor", "node2")
    assert code == 0 and not [c for c in calls if c[0] == "lvchange"], "verified, not repeated"


@every_lvm
def test_a_new_lv_that_clvmd_did_not_activate_is_picked_up_by_the_next_monitor(lvm):
    simulation = cluster("group", lvm, "corosync")
    for name in ("node1", "node2"):
        assert group(simulation, "start", name)[0] == 0
    two = simulation.cluster.nodes["node2"]
    made = simulation.host("node1", 60).run(("lvcreate", "-n", "new", "-L", "4m", "vg0"))
    volumes.unmap_volume(two, "vg0", "new")
    volumes.lock(two, "vg0", "new", None)
    code, reason, calls = group(simulation, "monitor", "node2")
    assert made.ok and code == 0 and ("lvchange", "-aly", "vg0/new") in calls
    assert "new" in volumes.mapped(two, "vg0")


@every_lvm
def test_falling_back_to_local_locking_fails_the_start(lvm):
    simulation = cluster("group", lvm)
    node = simulation.cluster.nodes["node1"]
    node.lvm["global/fallback_to_local_locking"] = 1
    process = daemon(simulation)
    locking.end(simulation.cluster, node, process, clean=False)
    node.sockets["/run/lvm/clvmd.sock"] = locking.spawn(
        simulation.cluster, node, "lvmetad", ["lvmetad"]).pid    # somebody else accepts
    code, reason, _ = group(simulation, "start")
    assert code == 2 and reason.reason.id == "vg-fell-back"
    assert "fallback_to_local_locking = 0" in fitted(reason)


@every_lvm
def test_stop_ends_without_quorum_by_device_mapper(lvm):
    simulation = cluster("inquorate", lvm)
    code, reason, calls = group(simulation, "stop")
    assert code == 0, reason
    assert not [c for c in calls if c[0] in ("vgchange", "lvchange", "vgs", "lvs")]
    assert volumes.mapped(simulation.cluster.nodes["node1"], "vg0") == []


def test_a_clustered_group_of_before_is_told_by_todays_lvm():
    from simulator.host import Simulation
    made = world.reach("daemons")
    volumes.create_volume(made, volumes.create_group(made, "vg0", kind="clustered"), "lv0")
    simulation = Simulation(made)
    variables = dict(environ(MANAGER, "vg-start"), OCF_RESKEY_crm_feature_set="3.16.1")
    code, reason, _ = run(simulation, "clustered-vg", "start", variables)
    assert code == 6 and reason.reason.id == "vg-clustered" and "2.03.16" in reason
    assert "`dualstor check` shows how" in reason


@every_engine
def test_quorum_is_asked_of_the_engine_that_runs(engine):
    simulation = cluster("active", engine=engine)
    seen = quorum.look(simulation.host("node1", 60))
    assert (seen.engine, seen.quorate, set(seen.members)) == (engine, True, {"node1", "node2"})


def test_a_quorum_disk_is_no_member():
    simulation = cluster("cluster-up")
    simulation.cluster.quorum_disk, simulation.cluster.two_node = 1, False
    seen = quorum.look(simulation.host("node1", 60))
    assert seen.quorate and set(seen.members) == {"node1", "node2"}
