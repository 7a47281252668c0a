# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of DRBD's backing devices and of the two copies."""
import json
import time

from ... import cib
from ...errors import LabError
from ...waiting import Unmet
from .. import apart
from ..scenario import BACK, NOBODY, NODE1, NODE2, scenario

_LOWER = "/dev/vdb"
_LONG = 60  # seconds in which every handler and monitor has had its turn


@scenario("disk-fails", "the backing device of DRBD is pulled", fencing=NOBODY, stall=20, writers=("node1", "node2"))
def disk_fails(stage):
    """Both write on, node2 over the network; it is reported as degraded; the disk comes back and is brought up to date."""
    stage.pull_disk(stage.two)

    def diskless():
        drbd = stage.two.drbd()
        return drbd.disk in ("Diskless", "Failed") or Unmet(drbd)

    stage.wait(diskless, "DRBD on node2 to let go of the disk", 60)
    stage.mark("DRBD on node2 continues without a disk")
    stage.writing(stage.two)
    told = stage.reported("drbd", timeout=90, node=stage.two)
    stage.check("it counts as degraded, not as failed", "degraded" in told, told)
    stage.holds(stage.two)
    stage.return_disk(stage.two)
    stage.whole(BACK)


@scenario("cut-in-resync", "the replication link is cut in the middle of a resync", fencing=NODE1, stall=40,
          writers=("node2",), only=cib.DUALSTOR.name)
def cut_in_resync(stage):
    """The node with the good copy writes on, although the other one is preferred: its device has the longer delay.

    DRBD 8.4 calls no handler there: a peer that is Inconsistent cannot continue alone. It does on node1, which must not
    have node2 fenced; node1's I/O waits for the link.
    """
    resync(stage, "r0")
    stage.cut("replication")
    time.sleep(_LONG)
    stage.writing(stage.two)
    stage.mark("node2 writes")
    stage.check("node2 has the good copy, and is alive", stage.two.alive(), "it is off")
    stage.holds(stage.two)
    stage.heal("replication")
    if not stage.one.alive():
        stage.start(stage.one)
    stage.whole(BACK)


def resync(stage, resource):
    """Has node1 copy a resource from node2 again, slowly; returns in the middle of it."""
    for node in stage.lab.nodes:
        node.ok(f"drbdadm disk-options --c-plan-ahead=0 --resync-rate=1M {resource}", 60)
    stage.mark(f"node1 copies {resource} from node2 once more")
    stage.one.ok(f"drbdadm invalidate {resource}", 60)

    def behind():
        told = stage.one.run(f"drbdadm dstate {resource}", 30).stdout.strip()
        return told.startswith("Inconsistent/") or Unmet(told)

    stage.wait(behind, f"{resource} to be resynced", 30)


@scenario("split-brain", "split brain after fencing was waived", fencing=NOBODY)
def split_brain(stage):
    """Both sides end StandAlone, say what to do, and discard nothing; after the recipe the cluster is healthy."""
    apart.waive(stage)
    stage.whole(60)
    apart.part(stage)
    since = time.time() - 20
    stage.mark("both write on without each other")
    time.sleep(10)
    split = stage.owed()
    apart.meet(stage)
    stage.reported("drbd", timeout=90, words="split brain")
    time.sleep(20)
    for node in stage.lab.nodes:
        mine = {key: numbers for key, numbers in split.items() if key[0] == node.number}
        stage.holds(node, _LOWER, mine)
    stage.forgive(stage.two, since)
    stage.mark("a person follows dualstor status: node2's writes are to be lost")
    typed(stage, parts(stage.one), f"the writes of {stage.two.name} are to be lost")
    apart.insist(stage)
    stage.refresh()
    stage.whole(BACK)


def parts(node):
    """Returns the parts of the first advice with any that `dualstor status` gives on a node, with the title of each."""
    told = json.loads(node.run(["dualstor", "status", "--json", "--wait", "20"], 90).stdout)
    found = [each["parts"] for each in told["advice"] if each.get("parts")]
    if not found:
        raise LabError(f"dualstor status on {node.name} has nothing to type: {told['advice']}")
    return found[0]


def typed(stage, told, choice):
    """Types what was printed: what is for all, and the part whose title has `choice`. Only what may fail does."""
    for part in told:
        if part["title"].startswith(("If ", "Only if ")) and choice not in part["title"]:
            continue
        for step in part["steps"]:
            for node in map(stage.lab.node, step["nodes"]):
                if not step["commands"]:
                    node.run("for pid in $(cat /run/witness.pid 2>/dev/null); do kill -KILL $pid; done", 60)
                for words in step["commands"]:
                    if "Wait until it says" in step["why"]:
                        wanted = step["why"].split("says ")[1].split()[0]
                        stage.wait(lambda: says(node, words, wanted), f"{' '.join(words)} to say {wanted}", 120)
                    elif "An error is fine" in step["why"]:
                        node.run(words, 60)
                    else:
                        stage.wait(lambda: done(node, words), f"{' '.join(words)} to be done on {node.name}", 30)
        stage.mark(f"typed: {part['title']}")
        time.sleep(3)


def says(node, words, wanted):
    """Whether a command prints what is wanted: True, or an Unmet."""
    printed = node.run(words, 60).stdout.strip()
    return printed == wanted or Unmet(printed)


def done(node, words):
    """Whether a command succeeds: True, or an Unmet. A device is held open for a moment by whatever reads it."""
    result = node.run(words, 60)
    return result.rc == 0 or Unmet(f"{result.rc}: {result.stdout}{result.stderr}")


@scenario("rejoin-in-resync", "a node comes back with a long resync to do", fencing=NODE2, stall=30, writers=("node1",))
def rejoin_in_resync(stage):
    """It is never Primary on an Inconsistent disk."""
    stage.one.ok(f"lvcreate -an -L 48M -n bulk {cib.VG} && lvchange -asy {cib.VG}/bulk", 60)
    stage.kill(stage.two)
    stage.confirmed(stage.two)
    stage.mark("node1 writes 48 MiB that node2 lacks")
    stage.one.ok(f"dd if=/dev/urandom of=/dev/{cib.VG}/bulk bs=1M oflag=direct status=none || true", 180)
    stage.start(stage.two)
    stage.whole(BACK)
    told = [" ".join(line.words) for line in stage.lines("watch") if line.node == "node2" and line.words[0] == "drbd"]
    behind = [text for text in told if "ds:Inconsistent" in text]
    stage.check("node2's disk was Inconsistent for a while", behind, told)
    wrong = [text for text in behind if "ro:Primary" in text]
    stage.check("node2 was never Primary on an Inconsistent disk", not wrong, wrong)


