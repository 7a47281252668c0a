# SPDX-License-Identifier: GPL-2.0-or-later
"""The life of a volume in docs/volumes.md, typed on a living pair while another LV is being written to."""
import time

import pytest

from lablib import Unmet, cib
from lablib.faults import records
from unit.docs import markdown

pytestmark = [pytest.mark.lab, pytest.mark.long]

PICKED_UP = 150  # seconds in which a monitor has noticed, even beside other tests
LEFT_ALONE = 25  # seconds: two intervals of the VG's monitor
STALL = 10  # seconds: nothing that is done to one LV holds up another


class Page:
    """Types the page's lines on the nodes that each block names."""

    def __init__(self, stage):
        self.stage = stage
        self.left = {block.words[1]: block for block in markdown.blocks(markdown.read("docs/volumes.md"), "sh")}

    def type(self, name, old="", new=""):
        block = self.left[name]
        for host in block.words[2:]:
            for line in block.text.splitlines():
                self.stage.lab.node(host).ok(line.replace(old, new) if old else line, 60)

    def sizes(self, name):
        """Returns the size of an LV on each node, in bytes; None where it is not active."""
        told = [node.run(f"blockdev --getsize64 /dev/{cib.VG}/{name}").stdout for node in self.stage.lab.nodes]
        return [int(text) if text else None for text in told]

    def wait(self, name, *sizes):
        """Waits until the LV has these sizes, in MiB."""
        wanted = [size and size << 20 for size in sizes]
        self.stage.wait(lambda: self.sizes(name) == wanted or Unmet(self.sizes(name)), f"{name} to have {sizes} MiB", PICKED_UP)


@pytest.mark.parametrize("stage", ["dualstor"], indirect=True)
def test_a_volume_is_made_grown_renamed_and_removed(stage):
    page = Page(stage)
    page.type("volume-alone")
    page.type("volume-new")
    page.wait("data", 8, 8)
    page.type("volume-grow")
    assert page.sizes("data") == [12 << 20, 8 << 20], "the page says that the other node has to be told"
    page.type("volume-refresh")
    assert page.sizes("data") == [12 << 20, 12 << 20]
    # As the page says: LVM refuses what the other node would not notice, and what is deactivated comes back.
    assert "locked" in stage.two.run("lvrename vg0 data archive").stderr
    assert "locked" in stage.two.run("lvremove --yes vg0/data").stderr
    stage.two.ok("lvchange -an vg0/data")
    page.wait("data", 12, 12)

    page.type("volume-leave")
    page.type("volume-off")
    time.sleep(LEFT_ALONE)
    assert page.sizes("data") == [None, None], "the agent leaves it alone"
    assert page.sizes("alone") == [8 << 20, None]
    page.type("volume-rename")
    page.type("volume-back")
    page.wait("archive", 12, 12)
    page.type("volume-leave", "data", "archive")
    page.type("volume-off", "data", "archive")
    page.type("volume-remove")
    time.sleep(LEFT_ALONE)
    assert not stage.seen().failures and not stage.seen().degraded
    assert set(stage.two.ok("lvs --noheadings -o lv_name vg0").split()) == {"alone", "lv0"}
    for node in stage.lab.nodes:
        assert records.greatest_stall(stage.lines("witness"), node.name, stage.began, time.time()) < STALL
