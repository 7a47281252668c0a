# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenario of a cluster file system on a shared LV."""
import time

from ... import cib
from ..scenario import BACK, NODE2, scenario

_DEVICE = f"/dev/{cib.VG}/files"
_FOLDER = "/srv/files"
_FILE = f"{_FOLDER}/records"


@scenario("gfs2", "a node loses its power while both write to a file on GFS2", fencing=NODE2, stall=40, writers=("node1",))
def gfs2(stage):
    """The survivor replays the journal of the other and writes on; the file holds the records of both."""
    _mounted(stage)
    stage.move_writers(_FILE)
    stage.began = time.time()
    stage.kill(stage.two)
    stage.confirmed(stage.two)
    stage.mark("node2 is confirmed as down")
    stage.writing(stage.one)
    stage.mark("node1 writes to the file")
    stage.holds(stage.one)
    stage.start(stage.two)
    stage.whole(BACK)
    stage.mark("both are whole again")
    kernel = stage.one.ok("dmesg | grep -i gfs2 || true")
    stage.check("GFS2 did not withdraw on node1", "withdraw" not in kernel.lower(), kernel[-600:])


def _mounted(stage):
    """Makes a GFS2 with a journal for each node, lets the cluster mount it on both, and puts the writers' file there."""
    stage.one.ok(f"lvcreate --yes -an -L 64M -n files {cib.VG}", 60)
    for node in stage.lab.nodes:
        node.ok(["mkdir", "-p", _FOLDER])
        node.ok(f"lvchange -asy {cib.VG}/files", 60)
    stage.one.ok(f"mkfs.gfs2 -O -p lock_dlm -t lab:files -j {len(cib.NODES)} -J 8 {_DEVICE}", 120)
    stage.merge(cib.file_system(_DEVICE, _FOLDER))
    stage.more.append("files")
    stage.whole(120)
    stage.one.ok(f"dd if=/dev/zero of={_FILE} bs=1M count=16 conv=fsync status=none", 60)
