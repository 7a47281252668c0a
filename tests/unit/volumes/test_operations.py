# SPDX-License-Identifier: GPL-2.0-or-later
"""dualstor.volumes on a simulated pair: what is returned is true, what is left is finished by another call."""

import pytest

from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG, LEAVING_TAG
from dualstor.volumes import Refused, Unfinished, Volumes
from simulator import faults
from simulator.state import CLVMD, LVMLOCKD

from .pair import NODES, Pair

GENERATIONS = (LVMLOCKD, CLVMD)


@pytest.fixture(params=GENERATIONS)
def pair(request):
    return Pair(request.param)


@pytest.fixture
def shared():
    return Pair()


def tags(pair, name):
    return pair.cluster.groups["vg0"].volumes[name].tags


@pytest.mark.parametrize("node", NODES)
def test_a_volumes_life(pair, node):
    volumes = pair.volumes(node)
    done = volumes.create("data", "8M")
    assert done.nodes == NODES and pair.active("data") == NODES
    volumes.grow("data", "+4M")
    sizes = {m.mib for each in NODES for m in pair.cluster.nodes[each].mappings.values() if m.lv == "data"}
    assert sizes == {12}
    volumes.rename("data", "archive")
    assert pair.active("archive") == NODES and not pair.active("data") and not tags(pair, "archive")
    volumes.remove("archive")
    assert not pair.active("archive") and "archive" not in pair.cluster.groups["vg0"].volumes
    assert not pair.cluster.harm


@pytest.mark.parametrize("node", NODES)
def test_exclusive_and_back(shared, node):
    volumes = shared.volumes(node)
    volumes.create("data", "8M")
    volumes.exclusive("data")
    assert shared.active("data") == (node,) and tags(shared, "data") == [EXCLUSIVE_TAG]
    assert shared.cluster.nodes[node].locks["vg0/data"] == "ex"
    shared.volumes(NODES[node == "node1"]).share("data")
    assert shared.active("data") == NODES and not tags(shared, "data")


def test_made_exclusive(pair):
    """With clvmd lvcreate would activate it on both nodes."""
    pair.volumes().create("alone", "8M", exclusive=True)
    assert pair.active("alone") == ("node1",)


@pytest.mark.parametrize("operation", [
    lambda v: v.rename("lv0", "new"), lambda v: v.remove("lv0"), lambda v: v.exclusive("lv0")])
@pytest.mark.parametrize("user", NODES)
def test_what_is_in_use_is_refused_and_named(shared, user, operation):
    shared.cluster.nodes[user].mappings["vg0-lv0"].openers.append("mount:/srv")
    with pytest.raises(Refused) as caught:
        operation(shared.volumes())
    assert "in use on %s by mounted" % user in str(caught.value)
    shared.watching.settle()
    assert shared.active("lv0") == NODES and not tags(shared, "lv0")


def test_what_is_left_is_finished_by_the_same_call_again(shared):
    shared.cluster.nodes["node2"].processes.pop(str(shared.watcher("node2").pid))
    with pytest.raises(Unfinished) as caught:
        shared.volumes(seconds=20).create("data", "8M")
    assert "made" in str(caught.value) and "not yet on node2" in str(caught.value)
    assert shared.active("data") == ("node1",)
    shared.act("monitor", "node2")      # starts another watcher
    assert shared.volumes().create("data", "8M").nodes == NODES
    assert shared.active("data") == NODES


def test_a_removal_that_was_interrupted_goes_on(shared):
    shared.cluster.nodes["node2"].processes.pop(str(shared.watcher("node2").pid))
    with pytest.raises(Unfinished):
        shared.volumes(seconds=20).remove("lv1")
    assert tags(shared, "lv1") == [LEAVING_TAG]
    shared.act("monitor", "node2")
    shared.volumes().remove("lv1")
    assert "lv1" not in shared.cluster.groups["vg0"].volumes


def test_a_node_that_is_down_is_named(shared):
    shared.cluster.nodes["node2"].up = False
    shared.simulation.advance(60)
    done = shared.volumes().create("data", "8M")
    assert done.nodes == ("node1",) and done.absent == ("node2",)


def test_nothing_is_changed_without_replication_to_a_peer_that_is_up(shared):
    shared.cluster.nodes["node1"].config["r0"].fencing = "dont-care"
    shared.cluster.nodes["node2"].config["r0"].fencing = "dont-care"
    shared.cluster.replication_link = False
    shared.simulation.advance(10)
    before = shared.cluster.groups["vg0"].sequence
    with pytest.raises(Refused) as caught:
        shared.volumes().create("data", "8M")
    assert "drbd0 has no connection" in str(caught.value)
    assert shared.cluster.groups["vg0"].sequence == before


def test_the_list_shows_both_nodes(shared):
    shared.cluster.nodes["node1"].mappings["vg0-lv0"].openers.append("mount:/srv")
    first, second = shared.volumes().volumes()
    assert [(each.node, each.state, each.mode) for each in first.nodes] == [
        ("node1", "active", "sh"), ("node2", "active", None)]
    assert first.nodes[0].holders == ("mounted on /srv",) and second.nodes[0].holders == ()


@pytest.mark.parametrize("name", ["", "-x", "a/b", "."])
def test_a_name_that_is_none(name):
    with pytest.raises(ValueError):
        Volumes(name)


@pytest.mark.parametrize("kind", [faults.HANG, faults.HANG_AFTER, faults.EXIT, faults.KILLED, faults.UNKILLABLE])
@pytest.mark.parametrize("operation, program, match", [
    (lambda v: v.create("new", "8M"), "lvcreate", ""), (lambda v: v.create("new", "8M"), "lvchange", "-asy"),
    (lambda v: v.create("new", "8M"), "lvs", ""), (lambda v: v.grow("lv1", "12M"), "lvextend", ""),
    (lambda v: v.rename("lv1", "new"), "lvchange", "--addtag"), (lambda v: v.rename("lv1", "new"), "lvrename", ""),
    (lambda v: v.rename("lv1", "new"), "lvchange", "--deltag"), (lambda v: v.remove("lv1"), "lvremove", ""),
    (lambda v: v.exclusive("lv1"), "lvchange", EXCLUSIVE_TAG), (lambda v: v.exclusive("lv1"), "lvchange", "-aey")])
@pytest.mark.parametrize("first", [1, 2])
def test_a_command_of_lvm_that_fails_in_the_middle(shared, operation, program, match, kind, first):
    """Refused only where nothing was changed; otherwise what is done is told, and the same call again finishes it."""
    def state():
        return {name: (each.mib, tuple(each.tags)) for name, each in shared.cluster.groups["vg0"].volumes.items()}
    before = state()
    shared.cluster.faults += [faults.fault(program, faults.SLOW, "node1", times=first - 1, match=match)] * (first > 1)
    shared.cluster.faults.append(faults.fault(program, kind, "node1", times=1, match=match, code=9 if kind == faults.KILLED else 5))
    try:
        operation(shared.volumes(seconds=25))
    except Refused:
        assert state() == before
    except Unfinished as problem:
        assert problem.did and "again" in str(problem)
    del shared.cluster.faults[:]
    shared.watching.settle()
    operation(shared.volumes())
    assert not [name for name in state() if LEAVING_TAG in tags(shared, name)]
    if match not in (EXCLUSIVE_TAG, "-aey"):
        assert all(shared.active(name) == NODES for name in state())
