# SPDX-License-Identifier: GPL-2.0-or-later
"""The life of a volume in docs/volumes.md, typed on a living pair while another LV is being written to."""
import time

import pytest

from lablib import Unmet, cib
from lablib.faults import records
from unit.docs import markdown

pytestmark = [pytest.mark.lab, pytest.mark.long]

LEFT_ALONE = 25  # seconds: two intervals of the VG's monitor
MAINTAINED = 60  # seconds: several intervals of the VG's monitor
TAKEN_OVER = 60  # seconds in which a watcher has noticed, even beside other tests
STALL = 10  # seconds: nothing that is done to one LV holds up another


class Page:
    """Types the page's lines on the nodes that each block names."""

    def __init__(self, stage):
        self.stage = stage
        self.left = {block.words[1]: block for block in markdown.blocks(markdown.read("docs/volumes.md"), "sh")}

    def type(self, name):
        block = self.left.pop(name)
        for host in block.words[2:]:
            for line in block.text.splitlines():
                self.stage.lab.node(host).ok(line, 90)

    def sizes(self, name):
        """Returns the size of an LV on each node, in bytes; None where it is not active."""
        told = [node.run(f"blockdev --getsize64 /dev/{cib.VG}/{name}").stdout for node in self.stage.lab.nodes]
        return [int(text) if text else None for text in told]

    def wait(self, name, *sizes):
        """Waits until the LV has these sizes, in MiB."""
        wanted = [size and size << 20 for size in sizes]
        self.stage.wait(lambda: self.sizes(name) == wanted or Unmet(self.sizes(name)), f"{name} to have {sizes} MiB", TAKEN_OVER)


@pytest.mark.parametrize("stage", ["dualstor"], indirect=True)
def test_a_volume_is_made_grown_renamed_and_removed(stage):
    page = Page(stage)
    stage.wait(lambda: all(node.run("pgrep -f 'clustered-vg watch'").rc == 0 for node in stage.lab.nodes),
               "the watchers to be started", TAKEN_OVER)
    page.type("volume-alone")
    page.type("volume-new")
    assert page.sizes("data") == [8 << 20, 8 << 20], "it has returned, so both have it"
    page.type("volume-grow")
    assert page.sizes("data") == [12 << 20, 12 << 20]
    assert page.sizes("alone") == [8 << 20, None]
    # As the page says of LVM's own commands.
    assert "locked" in stage.two.run("lvrename vg0 data archive").stderr
    assert "locked" in stage.two.run("lvremove --yes vg0/data").stderr
    stage.two.ok("lvchange -an vg0/data")
    page.wait("data", 12, 12)
    stage.two.ok("lvcreate -L 8M -n plain vg0")
    page.wait("plain", 8, 8)
    stage.one.ok("lvextend --lockopt shupdate -L 16M vg0/plain")
    page.wait("plain", 16, 16)
    page.type("volume-rename")
    assert page.sizes("archive") == [12 << 20, 12 << 20]
    page.type("volume-exclusive")
    assert page.sizes("archive") == [None, 12 << 20]
    time.sleep(LEFT_ALONE)
    assert page.sizes("archive") == [None, 12 << 20], "the agent leaves it alone"
    page.type("volume-shared")
    assert page.sizes("archive") == [12 << 20, 12 << 20]
    page.type("volume-remove")
    page.type("volume-list")
    assert not page.left
    stage.one.ok("dualstor volume remove vg0/plain", 90)
    assert not stage.seen().failures
    assert set(stage.two.ok("lvs --noheadings -o lv_name vg0").split()) == {"alone", "lv0"}
    for node in stage.lab.nodes:
        assert records.greatest_stall(stage.lines("witness"), node.name, stage.began, time.time()) < STALL


@pytest.mark.parametrize("stage", ["dualstor"], indirect=True)
def test_in_maintenance_mode_nothing_is_undone(stage):
    """What a person deactivates stays inactive, and what is new stays where it was made, until maintenance mode ends."""
    page = Page(stage)
    stage.one.ok("lvcreate -L 8M -n spare vg0", 60)
    page.wait("spare", 8, 8)
    stage.property("maintenance-mode", "true")
    for node in stage.lab.nodes:
        node.ok("lvchange -an vg0/spare", 60)
    stage.one.ok("lvcreate -L 8M -n later vg0", 60)
    time.sleep(MAINTAINED)
    assert page.sizes("spare") == [None, None]
    assert page.sizes("later") == [8 << 20, None]
    stage.property("maintenance-mode", "false")
    page.wait("later", 8, 8)
    page.wait("spare", 8, 8)
    for name in ("spare", "later"):
        stage.one.ok(f"dualstor volume remove vg0/{name}", 90)
