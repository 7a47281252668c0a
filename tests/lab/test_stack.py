# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole stack under Pacemaker with our agents: started, crossed by LVs and data, in standby, killed and back."""
import io
import threading

import pytest
from lablib import Unmet, cib, demo, wait_until

pytestmark = pytest.mark.lab

# Writes numbered blocks to a shared LV until /tmp/stop is there; /tmp/written holds the last number that was written.
WRITER = b"""
import mmap, os, time
device = os.open("/dev/vg0/lv0", os.O_RDWR | os.O_DIRECT | os.O_SYNC)
block = mmap.mmap(-1, 4096)
count = 0
while not os.path.exists("/tmp/stop"):
    count += 1
    block[:8] = b"%08d" % count
    os.pwrite(device, block, 8192)
    with open("/tmp/written.new", "w") as progress:
        progress.write(str(count))
    os.rename("/tmp/written.new", "/tmp/written")
    time.sleep(0.05)
"""


def running_on(seen, node):
    return {each.resource: each.role for each in seen.instances if each.node == node and each.active}


def written(node):
    return int(node.run("cat /tmp/written").stdout or 0)


def test_everything_runs_on_both_nodes(cluster):
    for node in cluster.nodes:
        drbd = node.drbd()
        assert (drbd.connection, drbd.role, drbd.disk) == ("Connected", "Primary", "UpToDate")
        mine = running_on(node.cluster(), node.name)
        assert (mine["drbd"], mine["dlm"], mine["clvmd"], mine[cib.VG]) == ("Promoted", "Started", "Started", "Started")
        assert node.run(f"test -b /dev/{cib.VG}/lv0").rc == 0
    assert cluster.node(1).cluster().failures == ()


def test_lvs_and_blocks_cross_in_both_directions(cluster):
    text = io.StringIO()
    demo.prove(cluster, demo.Paper(text))
    assert text.getvalue().count("ok  ") == 6


def test_standby_stops_all_of_one_node_and_brings_it_back_without_fencing(cluster):
    one, two = cluster.nodes
    before = len(cluster.fenced())
    one.ok("crm_attribute --node node2 --name standby --update on --lifetime reboot")

    def stopped():
        left = set(running_on(one.cluster(), two.name))
        return not left or Unmet(f"still on {two.name}: {', '.join(sorted(left))}")

    wait_until(stopped, f"{two.name} in standby", 150, 0.5)
    assert two.drbd() is None, "nothing is left in its kernel"
    assert two.run("dmsetup ls").stdout.startswith("No devices")
    assert (one.drbd().role, one.run(f"test -b /dev/{cib.VG}/lv0").rc) == ("Primary", 0)
    one.ok("crm_attribute --node node2 --name standby --delete --lifetime reboot")
    cluster.wait_formed(240)
    assert len(cluster.fenced()) == before
    seen = one.cluster()
    assert seen.failures == ()
    # A monitor that fell into the time without node2 has said so; whether one did is a matter of timing.
    assert {(each.operation, each.node) for each in seen.degraded} <= {("drbd_monitor_20000", one.name)}


def test_a_killed_node_is_confirmed_dead_writes_go_on_and_it_joins_again_by_itself(cluster):
    one, two = cluster.nodes
    before = len(cluster.fenced())
    one.push("/tmp/writer.py", WRITER)
    results = []
    writer = threading.Thread(target=lambda: results.append(one.run("python3 /tmp/writer.py", 300)))
    writer.start()
    wait_until(lambda: written(one) > 0, "the first block to be written", 20)
    two.kill()

    def confirmed():
        seen = one.cluster()
        gone = two.name not in seen.online | seen.unclean
        return gone or Unmet(f"online {sorted(seen.online)}, unclean {sorted(seen.unclean)}")

    wait_until(confirmed, f"{two.name} to be fenced", 60, 0.5)
    then = written(one)
    wait_until(lambda: written(one) > then, "writes to go on", 60)
    drbd = one.drbd()
    assert (drbd.role, drbd.disk, drbd.peer_disk) == ("Primary", "UpToDate", "Outdated")
    assert [event for event in cluster.fenced()[before:] if event["target"] == one.name] == []
    two.start()
    cluster.wait_formed(300)
    one.ok("touch /tmp/stop")
    writer.join(60)
    assert [result.rc for result in results] == [0], results
    block = f"dd if=/dev/{cib.VG}/lv0 bs=4096 skip=2 count=1 iflag=direct status=none | head -c 8"
    assert one.ok(block) == two.ok(block) == f"{written(one):08d}"
