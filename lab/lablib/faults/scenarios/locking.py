# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of lock daemon, dlm and quorum."""
import time

from ...waiting import Unmet
from .. import wrappers
from ..scenario import BACK, NOBODY, NODE2, scenario

# Seconds in which a recurring monitor must have noticed: its interval, its timeout, and the cluster's reaction.
NOTICED = 30 + 60 + 20


def _pid(node):
    return node.run("pidof lvmlockd").stdout.strip()


def _replaced(stage, node, old):
    """Waits until another lock daemon runs on a node."""

    def met():
        now = _pid(node)
        return (now and now != old) or Unmet(f"lvmlockd: {now or 'none'}")

    stage.wait(met, "another lvmlockd", NOTICED)
    stage.mark("another lvmlockd runs")


@scenario("lockd-killed", "the lock daemon is killed with SIGKILL", fencing=NOBODY, stall=20, writers=("node1",))
def lockd_killed(stage):
    """Noticed by its monitor; everything above it stops, it starts again, everything comes back."""
    old = _pid(stage.two)
    stage.mark("lvmlockd on node2 gets SIGKILL")
    stage.two.ok(["kill", "-KILL", old])
    _replaced(stage, stage.two, old)
    stage.whole(BACK)


@scenario("lockd-stopped", "the lock daemon accepts and never answers (SIGSTOP)", fencing=NOBODY, stall=20, writers=("node1",))
def lockd_stopped(stage):
    """Its monitor says so in time, and the recovery needs no answer of it."""
    old = _pid(stage.two)
    name = stage.agents.locking[1].name
    stage.mark("lvmlockd on node2 gets SIGSTOP")
    stage.two.ok(["kill", "-STOP", old])
    try:
        stage.reported(name, timeout=NOTICED)
        _replaced(stage, stage.two, old)
    finally:
        stage.two.run(["kill", "-CONT", old])
    stage.whole(BACK)


@scenario("fencing-refused", "a node dies and fencing does not work at first: dlm and DRBD wait", fencing=NODE2)
def fencing_refused(stage):
    """Nothing moves without the word that node2 is down; no monitor hangs or fails; then all continues."""
    stage.lab.refuse_fencing(True)
    try:
        stage.mark("fencing does not work from now on")
        stage.kill(stage.two)

        def waits():
            text = stage.one.run("dlm_tool ls").stdout
            return "kern_stop" in text or Unmet(text)

        stage.wait(waits, "dlm to wait for fencing", 60)
        stage.mark("dlm waits for fencing")
        before = len(stage.lines("witness"))
        time.sleep(45)
        timed_out = stage.results(stage.one, "Timed Out")
        stage.check("no agent's action timed out meanwhile", not timed_out, timed_out)
        stage.check("the VG did not count as failed meanwhile", not stage.failed("vg0", stage.one), stage.failures("vg0"))
        stage.check("nobody wrote meanwhile", len(stage.lines("witness")) == before, len(stage.lines("witness")) - before)
    finally:
        stage.lab.refuse_fencing(False)
    stage.mark("fencing works again")
    stage.confirmed(stage.two, 120)
    stage.mark("node2 is confirmed as down")
    stage.writing(stage.one, 120)
    stage.mark("node1 writes")
    stage.holds(stage.one)
    stage.start(stage.two)
    stage.whole(BACK)


@scenario("quorum-lost", "quorum is lost: no command that takes LVM's locks is started", fencing=NODE2)
def quorum_lost(stage):
    """Two votes are needed of two; one node dies; the other must stand still and know why."""
    for node in stage.lab.nodes:
        node.ok("sed -i 's/two_node: 1/two_node: 0\\n\\texpected_votes: 2/' /etc/corosync/corosync.conf")
    stage.one.ok("corosync-cfgtool -R")

    def needs_two():
        text = stage.one.run("corosync-quorumtool -s").stdout
        return "2Node" not in text or Unmet(text)

    stage.wait(needs_two, "corosync to need both votes", 20)
    wrappers.audit(stage.one, "lvm")
    stage.kill(stage.two)

    def inquorate():
        text = stage.one.run("corosync-quorumtool -s").stdout
        return "Activity blocked" in text or Unmet(text)

    stage.wait(inquorate, "quorum to be lost", 30)
    stage.mark("quorum is lost")
    time.sleep(2)
    wrappers.clear_audit(stage.one)
    time.sleep(60)
    taking = [line for line in wrappers.audited(stage.one) if not line.split()[0].endswith(("lvmconfig", "version"))]
    stage.check("no LVM command was run without quorum", not taking, taking[:3])
    timed_out = stage.results(stage.one, "Timed Out")
    stage.check("no agent's action timed out meanwhile", not timed_out, timed_out)
    wrappers.restore(stage.one, "lvm")
    stage.start(stage.two)
    stage.whole(BACK)
    for node in stage.lab.nodes:
        stage.writing(node)
