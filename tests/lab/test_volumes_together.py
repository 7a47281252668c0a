# SPDX-License-Identifier: GPL-2.0-or-later
"""`dualstor volume` from both nodes at once, and with a fault in the middle of a change."""
import threading
import time

import pytest

from lablib import Unmet, cib

pytestmark = [pytest.mark.lab, pytest.mark.long]

STORM = 120  # seconds
COMMAND = 180  # seconds for one command beside another node's
UNFINISHED = 4  # exit code of a command that has to be given again
KINDS = ["watcher-killed", "watcher-stopped", "node-dies"]


class Worker(threading.Thread):
    """Makes, grows, renames and removes one volume after the other on a node until its time is over."""

    def __init__(self, node, seconds):
        super().__init__(daemon=True)
        self.node, self.until = node, time.monotonic() + seconds
        self.done = 0
        self.wrong = []

    def volume(self, *words):
        result = self.node.run(["dualstor", "volume", *words, "--timeout", "150"], COMMAND)
        self.done += 1
        if result.rc:
            self.wrong.append(f"{' '.join(words)}: {result.rc}: {result.stdout}{result.stderr}")

    def run(self):
        number = 0
        while time.monotonic() < self.until and not self.wrong:
            number += 1
            name = f"{cib.VG}/w{self.node.number}n{number}"
            self.volume("create", name, "-L", "4M")
            self.volume("grow", name, "-L", "+4M")
            self.volume("rename", name, f"w{self.node.number}r{number}")
            self.volume("remove", f"{cib.VG}/w{self.node.number}r{number}")


def names(node):
    return set(node.ok(f"lvs --noheadings -o lv_name {cib.VG}", 60).split())


@pytest.mark.parametrize("stage", ["dualstor"], indirect=True)
def test_both_nodes_change_volumes_at_once(stage):
    """No error that a retry would have avoided, and nothing is left half done."""
    workers = [Worker(node, STORM) for node in stage.lab.nodes]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.wrong for worker in workers] == [[], []]
    assert all(worker.done >= 4 for worker in workers)
    assert names(stage.one) == names(stage.two) == {"lv0"}
    for node in stage.lab.nodes:
        assert node.ok("dmsetup ls").split()[::2] == [f"{cib.VG}-lv0"]
    stage.wait(stage.settled, "the cluster to be as before", 60)


@pytest.mark.parametrize("stage", ["dualstor"], indirect=True)
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_in_the_middle_and_the_same_command_again(stage, kind):
    """What is said is true, and the same command again finishes what is left."""
    command = ["dualstor", "volume", "create", f"{cib.VG}/new", "-L", "8M", "--timeout", "40"]
    first = []
    thread = threading.Thread(target=lambda: first.append(stage.one.run(command, 90)))
    thread.start()
    stage.wait(lambda: "new" in names(stage.one) or Unmet("not yet"), "the LV to be made", 60)
    if kind == "node-dies":
        stage.kill(stage.two)
    else:
        number = "KILL" if kind == "watcher-killed" else "STOP"
        stage.two.ok(f"kill -{number} $(pgrep -f '[c]lustered-vg watch {cib.VG}')")
    thread.join()
    assert first[0].rc in (0, UNFINISHED), first
    if first[0].rc:
        assert f"{cib.VG}/new is made" in first[0].stderr and "again" in first[0].stderr
    if kind == "node-dies":
        stage.confirmed(stage.two)

    def finished():
        again = stage.one.run([*command[:-1], "60"], 90)
        return again.rc == 0 or Unmet(again.stderr)

    stage.wait(finished, "the same command to finish", 180)
    if kind == "node-dies":
        assert "node2" in stage.one.run(["dualstor", "volume", "wait", f"{cib.VG}/new"], 90).stdout, "it says who is down"
        stage.start(stage.two)
    stage.whole()
    stage.wait(lambda: stage.two.run(f"test -b /dev/{cib.VG}/new").rc == 0 or Unmet("not there"), "node2 to have it, too", 60)
    assert not stage.seen().failures
