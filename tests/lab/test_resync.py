# SPDX-License-Identifier: GPL-2.0-or-later
"""The link is lost while one of two resources is resynced: the node with good copies of both survives."""
import pytest

from lablib import Unmet, cib
from lablib.faults.scenarios.disks import resync
from lablib.faults.stage import Stage

pytestmark = [pytest.mark.lab, pytest.mark.long]

WHOLE = 480  # seconds until a node with two resources has caught up


@pytest.fixture
def stage(ground):
    ground.clean = False
    made = Stage(ground.lab, cib.DUALSTOR, resources=2)
    try:
        made.set()
        yield made
    finally:
        made.close()


def test_the_only_good_copy_of_either_resource_survives_and_both_are_thawed(stage):
    """r0 is UpToDate on both nodes, r1 on node2 alone; by their devices' delays node1 would be the one to survive."""
    resync(stage, "r1")
    stage.cut("replication")
    survivor, victim = stage.one_off()
    assert survivor is stage.two
    stage.confirmed(victim)
    stage.writing(survivor)
    stage.wait(lambda: not any(each.suspended for each in survivor.drbds(2)) or Unmet(survivor.drbds(2)),
               "both resources to be thawed", 60)
    stage.holds(survivor)
    assert len([each for each in stage.fencing() if each["killed"]]) == 1
    stage.heal("replication")
    stage.start(victim)
    stage.whole(WHOLE)
    for node in stage.lab.nodes:
        stage.holds(node)
    assert all(check.ok for check in stage.checks), stage.checks
