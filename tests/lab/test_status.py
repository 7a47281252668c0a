# SPDX-License-Identifier: GPL-2.0-or-later
"""`dualstor status` in the states an administrator meets. With DUALSTOR_GOLDEN=1 the recordings behind docs/screens
are made anew: run tests/unit/status with it afterwards."""
import json
import os
from pathlib import Path

import pytest

from lablib import Unmet, wait_until

pytestmark = pytest.mark.lab

RECORDER = Path(__file__).parents[1] / "unit" / "status" / "replay.py"
RECORDINGS = Path(__file__).parents[1] / "data" / "status"
WAIT = 20   # seconds for a part: programs of an emulated machine are slow to start, more so beside other tests
LIMIT = 80  # seconds: far below what the parts together could wait


def status(node, *options):
    """(exit code, document) of `dualstor status --json`."""
    result = node.run(["dualstor", "status", "--json", "--wait", str(WAIT), *options], LIMIT)
    return result.rc, json.loads(result.stdout)


def record(node, name):
    """Records what status looks at, when that is asked for."""
    if os.environ.get("DUALSTOR_GOLDEN"):
        node.push("/tmp/replay.py", RECORDER.read_bytes())
        text = node.ok("PYTHONPATH=/usr/lib/ocf/lib python3 /tmp/replay.py", LIMIT)
        (RECORDINGS / f"{name}.json").write_text(text + "\n")


def advice(document):
    return " ".join(each["what"] for each in document["advice"])


def test_a_healthy_pair_and_the_last_line_says_so(whole):
    for node in whole.nodes:
        rc, told = status(node)
        assert (rc, told["advice"]) == (0, []), told
        assert [(each["lv"], each["state"]) for each in told["volumes"]] == [("lv0", "sh")]
    assert whole.node(1).ok(f"dualstor status --wait {WAIT}", LIMIT).endswith("\nNothing: all is well.\n")
    record(whole.node(1), "healthy")


def test_a_stopped_lock_daemon_and_lvm_is_not_asked(cluster):
    node = cluster.node(2)
    node.ok("crm_attribute --name maintenance-mode --update true && sleep 2 && kill -KILL $(pidof lvmlockd)")
    rc, told = status(node)
    assert rc == 1 and not told["lvm_asked"]
    assert "lvmlockd does not answer" in advice(told) or "no LVM lock daemon" in advice(told)
    assert [each["lv"] for each in told["volumes"]] == ["lv0"], "device-mapper still has it"
    record(node, "lock-daemon-stopped")


def test_a_pacemaker_that_hangs_does_not_hide_the_rest(cluster):
    node = cluster.node(2)
    node.ok("crm_attribute --name maintenance-mode --update true && sleep 2")
    node.ok("kill -STOP $(pidof pacemakerd pacemaker-based pacemaker-controld)")
    rc, told = status(node)
    node.ok("kill -CONT $(pidof pacemakerd pacemaker-based pacemaker-controld)")
    assert rc == 1 and "no answer" in told["cluster"]["silent"]
    assert told["quorum"]["quorate"] and told["drbd"]["resources"][0]["state"]["role"] == "Primary"


def test_a_split_brain_and_the_way_out(cluster):
    one, two = cluster.nodes
    one.ok("crm_attribute --name maintenance-mode --update true && sleep 2")
    # an option of the disk in DRBD 8.4, of the connection in 9
    cluster.each(lambda node: node.ok("drbdadm disk-options --fencing=dont-care r0 || drbdadm net-options --fencing=dont-care r0"))
    one.ok("drbdadm disconnect r0")
    cluster.each(lambda node: node.ok("dd if=/dev/urandom of=/dev/vg0/lv0 bs=4k count=4 seek=8 oflag=direct status=none"))
    one.ok("drbdadm connect r0")

    def apart():
        seen = [node.drbd().connection for node in cluster.nodes]
        return "StandAlone" in seen or Unmet(seen)
    wait_until(apart, "the split brain to be found", 60)
    torn = one if one.drbd().connection == "StandAlone" else two
    rc, told = status(torn)
    assert rc == 1 and "StandAlone" in advice(told)
    assert any("--discard-my-data" in words for each in told["advice"] for part in each["parts"]
               for step in part["steps"] for words in step["commands"])
    record(torn, "split-brain")


def test_a_dead_peer_and_the_resync_when_it_is_back(cluster):
    one, two = cluster.nodes
    two.kill()

    def fenced():
        seen = one.cluster()
        return two.name not in seen.online | seen.unclean or Unmet("it is not fenced yet")
    wait_until(fenced, f"{two.name} to be fenced", 90, 0.5)
    wait_until(lambda: status(one)[1]["locking"]["waits"] is None or Unmet("dlm waits"), "dlm to go on", 60, 1)
    rc, told = status(one)
    assert rc == 3 and f"{two.name} is down; {one.name} works alone" in advice(told)
    record(one, "peer-dead")
    one.ok("dd if=/dev/urandom of=/dev/vg0/lv0 bs=1M count=14 oflag=direct status=none", 120)
    two.start(rejoin=False)
    # Each side sends its rate to the other when they connect.
    slower = "sed -i 's/resync-rate 100M/resync-rate 150k/' /etc/drbd.d/global_common.conf"
    one.ok(f"{slower} && drbdadm adjust r0")
    two.ok(slower)
    two.ok("cluster start", 60)

    def syncing():
        seen = one.drbd()
        return seen.connection == "SyncSource" or Unmet(seen)
    wait_until(syncing, "the resync to begin", 180)
    rc, told = status(one)
    volume = told["drbd"]["resources"][0]["state"]["volumes"][0]
    assert rc == 3 and 0 <= volume["resync"] < 100 and "resyncing" in advice(told)
    record(one, "resync")
