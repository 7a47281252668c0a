# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of logical volumes: in use at stop, another node's, and changed by the hundred."""
import collections
import threading
import time

from ... import cib
from ...errors import LabError
from ...waiting import Unmet
from ..scenario import BACK, NOBODY, NODE2, scenario
from ..stage import PATH

_LEFT_ALONE = "dualstor.exclusive"
_STORM = 60  # seconds before the plug is pulled, and after


@scenario("held-open", "an LV is held open when its VG is to stop", fencing=NOBODY, stall=20, writers=("node1",))
def held_open(stage):
    """The holder is named, nothing hangs, and on-fail decides what follows (here: block).

    Pacemaker continues with what is below a blocked resource, so the agents there must refuse, and be blocked, too.
    """
    for operation in ("vg0-stop", f"{stage.agents.locking[1].name}-stop", "drbd-demote", "drbd-stop"):
        stage.one.ok(["cibadmin", "--modify", "--xml-text", f'<op id="{operation}-0s" on-fail="block"/>'])
    stage.two.ok(f"setsid sh -c 'exec 3<{PATH}; exec sleep 1000' >/dev/null 2>&1 </dev/null & echo $! >/run/holder.pid")
    stage.mark("a process on node2 has the LV open")
    stage.standby(stage.two)

    def blocked():
        return any(each.blocked for each in stage.seen().instances if (each.resource, each.node) == ("vg0", "node2"))

    stage.wait(blocked, "the failed stop to be reported", 150)
    told = stage.reported("vg0", timeout=30)
    stage.check("the reason names the holder", "sleep" in told, told)
    stage.mark("the holder ends")
    stage.two.ok("kill -KILL $(cat /run/holder.pid)")
    stage.refresh()
    stage.stopped(stage.two)
    stage.standby(stage.two, on=False)
    stage.whole(BACK)


@scenario("peer-exclusive", "an LV is exclusive on the peer when the VG stops here", fencing=NOBODY, stall=20, writers=("node1",))
def peer_exclusive(stage):
    """It is none of this node's business, at stop or at start."""
    stage.one.ok(["lvcreate", "--yes", "-L", "8M", "-n", "alone", "--addtag", "dualstor.exclusive", "-aey", cib.VG], 60)
    stage.standby(stage.two)
    stage.stopped(stage.two)
    stage.standby(stage.two, on=False)
    stage.whole(BACK)
    locks = stage.one.ok("lvmlockctl --info")
    held = [line for line in locks.splitlines() if line.startswith("LK LV ex")]
    stage.check("it still is exclusive on node1", len(held) == 1, locks)
    stage.check("it is not active on node2", stage.two.run(["test", "-b", f"/dev/{cib.VG}/alone"]).rc, "it is")


class _Storm(threading.Thread):
    """Creates, extends, renames, tags and removes LVs from one node until it is to stop; notes what was acknowledged.

    They have the tag of LVs that our agents leave alone: what both nodes have active LVM does not rename or remove.
    """

    KEPT = 3

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node = node
        self.done = 0
        self.refused = []
        self.there = []  # names acknowledged as created and not to be removed
        self.stopping = threading.Event()

    def _lvm(self, *words):
        result = self.node.run(list(words), 90)
        self.done += 1
        if result.rc:
            self.refused.append(f"{' '.join(words)}: {result.stderr.strip()[-200:]}")
        return result.rc == 0

    def run(self):
        count = 0
        try:
            while not self.stopping.is_set():
                count += 1
                name = f"s{self.node.number}n{count}"
                if not self._lvm("lvcreate", "--yes", "-Wn", "-an", "-L", "4M", "--addtag", _LEFT_ALONE, "-n", name, cib.VG):
                    continue
                self.there.append(name)
                self._lvm("lvchange", "--addtag", "storm", f"{cib.VG}/{name}")
                if count % 3 == 0:
                    self._lvm("lvextend", "-L", "+4M", f"{cib.VG}/{name}")
                if count % 2 == 0 and self._renamed(name):
                    self.there[-1] = f"{name}r"
                if len(self.there) > self.KEPT:
                    self._lvm("lvremove", "--yes", f"{cib.VG}/{self.there.pop(0)}")
        except LabError:
            pass  # its machine is off: what was acknowledged until then counts

    def _renamed(self, name):
        return self._lvm("lvrename", cib.VG, name, f"{name}r")


@scenario("metadata-storm", "LVs are made, grown, renamed and removed from both nodes while one is killed", fencing=NODE2, stall=40,
          writers=("node1",))  # fmt: skip
def metadata_storm(stage):
    """Each LV whose creation was acknowledged exists on both nodes in the end."""
    storms = [_Storm(node) for node in stage.lab.nodes]
    for storm in storms:
        storm.start()
    time.sleep(_STORM)
    stage.mark(f"{sum(storm.done for storm in storms)} LVM commands so far")
    stage.kill(stage.two)
    stage.confirmed(stage.two)
    before = storms[0].done

    def goes_on():
        return storms[0].done > before + 2 or Unmet(f"{storms[0].done - before} commands since")

    stage.wait(goes_on, "LVM on node1 to continue", 90)
    stage.mark("LVM on node1 continues")
    time.sleep(_STORM)
    stage.start(stage.two)
    stage.whole(BACK)
    storms[0].stopping.set()
    for storm in storms:
        storm.join(120)
    done = sum(storm.done for storm in storms)
    refused = [text for storm in storms for text in storm.refused]
    stage.mark(f"{done} LVM commands in all, {len(refused)} refused")
    for text, count in collections.Counter(text.splitlines()[-1] for text in refused).most_common(2):
        stage.mark(f"{count} times: {text[:160]}")
    stage.check("the storm blew on both nodes", all(storm.done > 5 for storm in storms), [storm.done for storm in storms])
    wanted = {name for storm in storms for name in storm.there}
    for node in stage.lab.nodes:
        there = set(node.ok(["lvs", "--noheadings", "-o", "lv_name", cib.VG], 60).split())
        stage.check(f"every LV acknowledged exists, seen from {node.name}", wanted <= there, sorted(wanted - there))
