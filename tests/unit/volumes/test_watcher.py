# SPDX-License-Identifier: GPL-2.0-or-later
"""What the watcher does on a simulated pair: changes are taken over without a monitor."""

import signal

import pytest

from dualstor.agents.clustered_vg import published
from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG, LEAVING_TAG
from model import actions, events
from simulator import locking
from simulator.host import SimHost

from .pair import NODES, Pair


@pytest.fixture
def pair():
    return Pair()


def said(pair, node):
    return published.parse(pair.cluster.nodes[node].published["dualstor-vg0"])


def test_start_leaves_a_watcher_and_stop_ends_it(pair):
    assert all(pair.watcher(node) for node in NODES)
    pair.act("stop", "node1")
    assert pair.watcher("node1") is None and pair.watcher("node2")
    assert "dualstor-vg0" not in pair.cluster.nodes["node1"].published


@pytest.mark.parametrize("creator, other", [NODES, NODES[::-1]])
def test_a_new_lv_is_active_on_both(pair, creator, other):
    assert pair.run(creator, "lvcreate", "-n", "new", "-L", "4m", "vg0") == 0
    pair.watching.settle()
    assert pair.active("new") == NODES
    assert {pair.cluster.nodes[node].locks["vg0/new"] for node in NODES} == {"sh"}
    for node in NODES:
        assert said(pair, node).lacking == () and said(pair, node).active == 3
        assert said(pair, node).sequence == pair.cluster.groups["vg0"].sequence


@pytest.mark.parametrize("creator, other", [NODES, NODES[::-1]])
def test_a_change_takes_one_round_on_each_node(pair, creator, other):
    """LVM's commands are dear, and what a round has done itself is no news to it."""
    for node in NODES:
        pair.act("monitor", node)
    pair.run(creator, "lvcreate", "-n", "new", "-L", "4m", "vg0")
    for node in (creator, other):
        del pair.cluster.calls[:]
        pair.watching.turn(node, "vg0")
        assert [words[1] for words in pair.cluster.calls] == ["cibadmin", "lvchange", "attrd_updater"]
        pair.simulation.advance(1.0)
    for node in NODES:
        assert pair.watching.turn(node, "vg0") is None and said(pair, node).exclusive == 0


def test_a_monitor_that_leaves_the_news_to_a_round_leaves_it_what_is_known(pair, monkeypatch):
    """Else the round would ask LVM where the headers are, and that waits for lvcreate's lock."""
    for node in NODES:
        pair.act("monitor", node)
    pair.run("node1", "lvcreate", "-n", "new", "-L", "4m", "vg0")
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(SimHost, "lock", lambda host, name, seconds: None)
        assert pair.act("monitor", "node1").calls == []
    del pair.cluster.calls[:]
    pair.watching.turn("node1", "vg0")
    assert [words[1] for words in pair.cluster.calls] == ["cibadmin", "lvchange", "attrd_updater"]
    pair.watching.settle()
    assert pair.active("new") == NODES


def test_monitors_are_spared_what_a_round_has_seen(pair):
    for node in NODES:
        pair.act("monitor", node)
    pair.run("node1", "lvcreate", "-n", "new", "-L", "4m", "vg0")
    pair.watching.settle()
    for node in NODES:
        del pair.cluster.calls[:]
        pair.act("monitor", node)
        assert not pair.cluster.calls


@pytest.mark.parametrize("spoil", [
    lambda pair: pair.run("node1", "lvchange", "-aln", "vg0/lv1"),
    lambda pair: pair.run("node1", "lvchange", "-aey", "vg0/lv1") or pair.run("node2", "lvchange", "-aln", "vg0/lv1")])
def test_what_is_not_healthy_is_left_to_monitors(pair, spoil):
    """A round says nothing in their place of an LV that was active and is not any more."""
    for node in NODES:
        pair.act("monitor", node)
    spoil(pair)
    pair.run("node2", "lvcreate", "-n", "new", "-L", "4m", "vg0")
    pair.watching.settle()
    for node in NODES:
        result = actions.act(pair.simulation, actions.GROUP, "monitor", node)
        assert result.code in (0, 190), result
    assert pair.active("lv1") == NODES


def test_what_cannot_be_read_is_said_and_tried_again(pair):
    events.proc_is_unreadable(pair.simulation, pair.cluster.nodes["node1"])
    found = pair.watching.turn("node1", "vg0")
    assert found.sights is None and "/proc" in found.says


def test_what_is_tagged_is_left_alone(pair):
    pair.run("node1", "lvcreate", "-n", "alone", "-L", "4m", "--addtag", EXCLUSIVE_TAG, "vg0")
    pair.watching.settle()
    assert pair.active("alone") == ("node1",)
    assert pair.cluster.nodes["node1"].locks["vg0/alone"] == "ex"


def test_a_new_size_is_taken_over(pair):
    assert pair.run("node2", "lvextend", "--lockopt", "shupdate", "-L", "+4M", "vg0/lv0") == 0
    pair.watching.settle()
    sizes = {m.mib for node in NODES for m in pair.cluster.nodes[node].mappings.values()
             if m.lv == "lv0"}
    assert sizes == {pair.cluster.groups["vg0"].volumes["lv0"].mib}


def test_what_is_to_leave_leaves_unless_it_is_open(pair):
    pair.cluster.nodes["node2"].mappings["vg0-lv0"].openers.append("mount:/srv")
    pair.run("node1", "lvchange", "--addtag", LEAVING_TAG, "vg0/lv0")
    pair.watching.settle()
    assert pair.active("lv0") == ("node2",)
    assert said(pair, "node2").open == (("lv0", "mounted_on_/srv"),)
    pair.cluster.nodes["node2"].mappings["vg0-lv0"].openers.clear()
    pair.watching.settle()
    assert pair.active("lv0") == ()


def test_one_round_waits_for_the_node_that_has_made_an_lv_to_share_it(pair):
    """lvcreate leaves it exclusive; another round would load and ask everything again."""
    pair.run("node1", "lvcreate", "-n", "new", "-L", "4m", "vg0")
    before = len(pair.cluster.calls)
    pair.watching.turn("node2", "vg0")
    tried = [call for call in pair.cluster.calls[before:] if call[:2] == ["node2", "lvchange"]]
    assert len(tried) > 2 and pair.active("new") == ("node1",)
    assert said(pair, "node2").lacking == ("new",)
    pair.watching.settle()
    assert pair.active("new") == ("node1", "node2")


def test_an_lv_that_a_person_deactivated_is_left_to_the_monitor(pair):
    assert pair.run("node1", "lvchange", "-aln", "vg0/lv0") == 0
    pair.watching.settle()
    assert pair.active("lv0") == ("node2",)
    assert said(pair, "node1").lacking == ("lv0",)


@pytest.mark.parametrize("held", ["maintenance", "standby", "unmanaged"])
def test_nothing_is_changed_while_it_is_to_be_left_alone(pair, held):
    if held == "maintenance":
        pair.cluster.maintenance = True
    else:
        pair.cluster.nodes["node2"].wishes = held
    pair.run("node1", "lvcreate", "-n", "new", "-L", "4m", "vg0")
    pair.watching.settle()
    assert "node2" not in pair.active("new")
    assert "new" in said(pair, "node2").lacking


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_monitor_replaces_a_watcher_that_does_not_work(pair, number):
    node = pair.cluster.nodes["node1"]
    before = pair.watcher("node1")
    locking.receive(pair.cluster, node, before, number)
    pair.act("monitor", "node1")
    after = pair.watcher("node1")
    assert after and after.pid != before.pid and after.state == "S"


def test_without_the_wish_there_is_none(pair):
    pair.act("reload-agent", "node1", propagation="monitor")
    assert pair.watcher("node1") is None
    pair.act("monitor", "node1", propagation="monitor")
    assert pair.watcher("node1") is None
    pair.act("reload-agent", "node1")
    assert pair.watcher("node1")


def test_without_quorum_lvm_is_not_asked(pair):
    pair.cluster.cluster_link = False
    pair.cluster.fencing_works = False
    pair.simulation.advance(30)
    before = len(pair.cluster.calls)
    pair.watching.seen.clear()
    pair.turns()
    assert not {call[1] for call in pair.cluster.calls[before:]} & {"lvs", "vgs", "lvchange"}
