# SPDX-License-Identifier: GPL-2.0-or-later
"""A node is rebooted, switched off, or its Pacemaker stopped by systemd, while both nodes write: nobody is fenced."""
import time

import pytest

from lablib import cib
from lablib.faults.stage import Stage
from lablib.waiting import Unmet

pytestmark = [pytest.mark.lab, pytest.mark.long]

BOOT_ID = ["cat", "/proc/sys/kernel/random/boot_id"]
TIMES = 10
ENDS = 240      # seconds for a node to stop everything
BACK = 420      # seconds until both nodes run everything again


@pytest.fixture(scope="module")
def stage(ground):
    """Of machines whose init is systemd, in the directory of the lab of all tests, which gets its own machines back later."""
    lab = ground.other("trixie-systemd")
    made = Stage(lab, cib.DUALSTOR)
    made.set()
    yield made
    made.close()
    lab.down()


def reboot(stage, node):
    """Types `systemctl reboot`; returns when the machine has booted again."""
    before = node.ok(BOOT_ID)
    node.ok("systemctl reboot --no-block")
    stage.wait(lambda: node.run(BOOT_ID, 10).stdout not in (before, ""),
               f"{node.name} to boot again", ENDS)


def poweroff(stage, node):
    """Types `systemctl poweroff`, and switches the machine on again."""
    node.ok("systemctl poweroff --no-block")
    stage.wait(lambda: not node.alive(), f"{node.name} to be off", ENDS)
    assert not [each for each in stage.fencing() if each["killed"]], "it was not systemd that switched it off"
    node.start()


def stop(stage, node):
    """Types `systemctl stop pacemaker`, and starts it again."""
    node.ok("systemctl stop pacemaker", ENDS)
    stage.writing(node.peer)
    assert node.run("test -e /sys/class/block/drbd0 && dmsetup ls | grep -q ^vg0").rc, "an LV is active yet"
    node.ok("systemctl start pacemaker", 120)


@pytest.mark.parametrize("way", [reboot, poweroff, stop])
def test_nobody_is_fenced(stage, way):
    """Ten times, of either node in turn; the writers hold an LV open, as resources of the cluster."""
    for turn in range(TIMES):
        node = stage.lab.nodes[turn % 2]
        began = time.monotonic()
        way(stage, node)
        stage.writing(node.peer)
        stage.watch(node)
        stage.whole(BACK)
        stage.writing(node)
        stage.mark(f"{way.__name__} of {node.name}, {turn + 1} of {TIMES}: whole again after {time.monotonic() - began:.0f} s")
        assert stage.fencing() == [], f"{way.__name__} {turn + 1}"
    for node in stage.lab.nodes:
        stage.holds(node)
    assert all(check.ok for check in stage.checks), stage.checks


def hold(node):
    """A program that the cluster does not know opens the LV; systemd ends it at a shutdown, beside Pacemaker."""
    node.ok("systemd-run --quiet --unit=holder sh -c 'exec 9</dev/vg0/lv0; exec sleep 100000'")


def test_a_reboot_ends_a_program_that_has_an_lv_open_and_nobody_is_fenced(stage):
    hold(stage.two)
    reboot(stage, stage.two)
    stage.whole(BACK)
    assert stage.fencing() == []


def test_an_lv_that_stays_open_outside_the_cluster_has_the_node_fenced(stage):
    """The one case in which there must be a fencing: nobody knows who else writes. docs/boot.md names it."""
    node = stage.two
    hold(node)
    node.ok("systemctl stop pacemaker --no-block")
    stage.off(node, ENDS)
    stage.wait(lambda: [each["target"] for each in stage.fencing() if each["killed"]] == [node.name] or Unmet(stage.fencing()),
               "one death, by fencing", 60)
    stage.confirmed(node)
    stage.writing(node.peer)
    stage.start(node)
    stage.whole(BACK)
