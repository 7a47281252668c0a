# SPDX-License-Identifier: GPL-2.0-or-later
"""The real fence-peer handler on the simulated cluster: what DRBD makes of what it answers."""

import collections

import pytest

from simulator import drbd, host, world
from simulator.helpers import Helpers
from simulator.state import CLVMD, DRBD_8, DRBD_9, LVMLOCKD

KINDS = [(LVMLOCKD, DRBD_8), (LVMLOCKD, DRBD_9), (CLVMD, DRBD_8)]


class Pair:
    """Two Primaries whose handler is run."""

    def __init__(self, kind, second=False):
        self.cluster = world.reach("both-primary", kind[0], drbd_version=kind[1])
        if second:
            world.second_resource(self.cluster)
        self.codes = collections.Counter()
        self.simulation = host.Simulation(self.cluster, 1.0, Helpers(self.codes))
        self.one, self.two = self.cluster.nodes.values()
        self.pass_time(5)

    def pass_time(self, seconds):
        self.simulation.advance(seconds)

    def cut(self, seconds=60):
        self.cluster.replication_link = False
        self.pass_time(seconds)

    def requests(self):
        return [(f.by, f.target, f.result) for f in self.cluster.fencings.values()]

    def sound(self):
        self.simulation.helpers.close()
        assert not self.cluster.torn and not self.cluster.twice and not self.cluster.harm


@pytest.fixture(params=KINDS, ids=["8", "9", "cman"])
def kind(request):
    return request.param


@pytest.mark.parametrize("second", [False, True])
def test_a_link_that_is_cut_has_one_node_fenced_and_all_of_the_other_continues(kind, second):
    pair = Pair(kind, second)
    pair.cluster.replication_link = False
    pair.pass_time(0.5)
    assert pair.one.drbd["r0"].suspended and pair.two.drbd["r0"].suspended
    pair.pass_time(30)
    assert not pair.two.up and pair.requests() == [("node1", "node2", "success")]
    assert [each.causes for each in pair.one.drbd.values()] == [[]] * (1 + second)
    assert pair.codes == {7: 1 + second, 0: 1 + second}, "those of node2 died with it"
    pair.sound()


def test_the_node_whose_fencing_is_delayed_survives(kind):
    pair = Pair(kind)
    pair.two.fence_delay = 5.0
    pair.cut()
    assert pair.two.up and not pair.one.up and not pair.two.drbd["r0"].causes
    pair.sound()


def test_a_node_that_crashes_is_fenced_by_nobody_twice(kind):
    pair = Pair(kind, second=True)
    world.crash(pair.cluster, pair.two)
    pair.pass_time(30)
    assert not any(each.causes for each in pair.one.drbd.values())
    assert len(pair.requests()) <= 1
    pair.sound()


def test_one_that_came_back_and_is_cut_off_again_within_a_minute_is_fenced_again(kind):
    pair = Pair(kind)
    pair.cut(15)
    pair.cluster.replication_link = True
    world.boot(pair.cluster, pair.two)
    world.start_cluster(pair.cluster, pair.two)
    world.start_drbd(pair.cluster, pair.two)
    pair.pass_time(8)
    world.make_primary(pair.cluster, pair.two)
    pair.one.wall += 3600
    pair.cut(30)
    assert not pair.two.up and len(pair.requests()) == 2 and not pair.one.drbd["r0"].causes
    pair.sound()


def test_a_device_that_lies_leaves_io_frozen_while_the_peer_is_a_member(kind):
    pair = Pair(kind)
    pair.cluster.fencing_mode = "lies"
    pair.cut(400)
    assert pair.one.up and pair.two.up and pair.codes == {1: 2}
    assert pair.one.drbd["r0"].suspended and pair.two.drbd["r0"].suspended
    pair.sound()


@pytest.mark.parametrize("mode, code", [("second", 7), ("slow", 7)])
def test_a_device_that_works_late(kind, mode, code):
    pair = Pair(kind)
    pair.cluster.fencing_mode = mode
    pair.cut(120)
    assert (pair.one.up, pair.two.up) == (True, False) and pair.codes[code] == 1
    pair.sound()


def test_without_fencing_without_quorum_or_pacemaker_both_stay_frozen(kind):
    for break_it in ("fencing", "quorum", "engine"):
        pair = Pair(kind)
        if break_it == "fencing":
            pair.cluster.fencing_works = False
        elif break_it == "quorum":
            pair.cluster.two_node = pair.cluster.cluster_link = pair.cluster.fencing_works = False
        else:
            for node in pair.cluster.nodes.values():
                node.engine = node.pacemaker = False
        pair.cut(700)
        assert pair.codes == {1: 2}, break_it
        assert pair.one.drbd["r0"].suspended and pair.two.drbd["r0"].suspended
        pair.sound()


def test_a_handler_that_is_killed_leaves_io_frozen_until_the_link_is_back(kind):
    pair = Pair(kind)
    pair.cluster.replication_link = False
    pair.pass_time(0.05)
    for run in pair.simulation.helpers.runs.values():
        run.kill()
    pair.pass_time(60)
    assert pair.codes == {0: 2} and pair.one.drbd["r0"].suspended and pair.two.up
    pair.cluster.replication_link = True
    pair.pass_time(2)
    assert not pair.one.drbd["r0"].suspended
    pair.sound()


def test_an_answer_that_comes_after_the_link_was_back_is_ignored(kind):
    pair = Pair(kind)
    number = drbd.call_helper(pair.cluster, pair.one, "r0")
    each = pair.one.drbd["r0"]
    each.cstate, each.suspended = "WFConnection", True
    drbd.helper_ends(pair.cluster, pair.one, "r0", number, each.met - 1, 7)
    assert each.suspended


@pytest.mark.parametrize("code, peer_disk, continues", [
    (3, "Inconsistent", True), (4, "Outdated", True), (5, "Outdated", True), (7, "Outdated", True),
    (6, "DUnknown", False), (1, "DUnknown", False), (0, "DUnknown", False), (20, "DUnknown", False)])
def test_what_drbd_makes_of_an_exit_code(kind, code, peer_disk, continues):
    """And that all which continue while the peer writes are caught."""
    pair = Pair(kind)
    for node in (pair.one, pair.two):
        node.config["r0"].handlers.clear()
    pair.cut(1)
    pair.two.drbd["r0"].suspended = False
    each = pair.one.drbd["r0"]
    drbd.helper_ends(pair.cluster, pair.one, "r0", "1", each.met, code)
    assert (each.peer_dstate, each.suspended, bool(pair.cluster.torn)) == (
        peer_disk, not continues, continues)
    assert each.dstate == ("Outdated" if code == 6 else "UpToDate")
