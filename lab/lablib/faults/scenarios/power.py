# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of machines that go off and links that are cut."""
import time

from ..scenario import BACK, NOBODY, NODE2, ONE, scenario


@scenario("node-killed", "a node loses its power", fencing=NODE2, stall=30, writers=("node1",))
def node_killed(stage):
    """The survivor confirms by fencing that the node is down, writes on, and takes it back."""
    stage.kill(stage.two)
    stage.confirmed(stage.two)
    stage.mark("node2 is confirmed as down")
    stage.writing(stage.one)
    stage.mark("node1 writes")
    drbd = stage.one.drbd()
    stage.check("the survivor is Primary and UpToDate", (drbd.role, drbd.disk) == ("Primary", "UpToDate"), drbd)
    stage.holds(stage.one)
    stage.start(stage.two)
    stage.whole(BACK)


def _cut(stage, *links):
    """Cuts links until one node is off, then heals them and brings it back."""
    stage.cut(*links)
    survivor, victim = stage.one_off()
    stage.confirmed(victim)
    stage.writing(survivor)
    stage.mark(f"{survivor.name} writes")
    stage.holds(survivor)
    stage.heal(*links)
    stage.start(victim)
    stage.whole(BACK)


@scenario("replication-cut", "the replication link is cut", fencing=NODE2, stall=40, writers=("node1",))
def replication_cut(stage):
    """DRBD's handler has one node fenced; the one with the head start wins."""
    _cut(stage, "replication")


@scenario("cluster-cut", "the cluster link is cut", fencing=NODE2, stall=40, writers=("node1",))
def cluster_cut(stage):
    """Both want to fence; the delay lets node1 win."""
    _cut(stage, "cluster")


@scenario("both-cut", "both links are cut at once", fencing=NODE2, stall=40, writers=("node1",))
def both_cut(stage):
    """As for the cluster link, and DRBD's handlers want the same at the same time."""
    _cut(stage, "cluster", "replication")


@scenario("both-killed", "both nodes lose their power and come back", fencing=ONE)
def both_killed(stage):
    """Nobody helps: all of it comes back by itself."""
    for node in stage.lab.nodes:
        stage.kill(node)
    stage.start(*stage.lab.nodes)
    stage.whole(BACK)
    for node in stage.lab.nodes:
        stage.writing(node)


@scenario("standby", "a node to standby and back, then its cluster stopped and started", fencing=NOBODY, stall=20, writers=("node1",))
def standby(stage):
    """What an administrator does for maintenance: no fencing at all."""
    stage.standby(stage.two)
    stage.stopped(stage.two)
    stage.check("nothing is left of DRBD in node2's kernel", stage.two.drbd() is None, stage.two.drbd())
    left = stage.two.ok("dmsetup ls")
    stage.check("no LV is left on node2", left.startswith("No devices"), left)
    stage.standby(stage.two, on=False)
    stage.whole(BACK)
    stage.mark("node2's cluster is stopped")
    stage.two.ok("cluster stop", 180)
    time.sleep(5)
    stage.writing(stage.one)
    stage.holds(stage.one)
    stage.mark("node2's cluster is started")
    stage.two.ok("cluster start", 60)
    stage.whole(BACK)
