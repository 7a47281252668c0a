# SPDX-License-Identifier: GPL-2.0-or-later
"""Several DRBD resources, each with its VG: what their monitors do to each other."""
import pytest

pytestmark = [pytest.mark.lab, pytest.mark.long]

COUNT = 4
MONITOR = """
import os, sys
sys.path.insert(0, "/usr/lib/ocf/lib")
from dualstor.look import well
from dualstor.host.files import Files
from dualstor.host.memory import STATE_DIR, Memory
root = "/usr/lib/ocf/resource.d/dualstor/clustered-vg"
def environment(vg):
    return {"OCF_ROOT": "/usr/lib/ocf", "OCF_RESOURCE_INSTANCE": vg, "OCF_RESKEY_vgname": vg,
            "OCF_RESKEY_CRM_meta_interval": "10000", "OCF_RESKEY_CRM_meta_timeout": "90000",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
def place(number):
    return well.place("clustered-vg", "vg%d" % number)
def kept():
    return sum(Files().recall(*place(number)) is not None for number in range(count))
count, rounds = int(sys.argv[1]), int(sys.argv[2])
for number in range(count):
    Memory(STATE_DIR).forget(*place(number))
assert kept() == 0
for done in range(1, rounds + 1):
    pids = [os.posix_spawn(root, [root, "monitor"], environment("vg%d" % number)) for number in range(count)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    assert codes == [0] * count, codes
    if kept() == count:
        break
print(done, kept())
"""
INFO = """
import sys; sys.path.insert(0, "/usr/lib/ocf/lib")
from dualstor.host.host import Host
from dualstor.host.deadline import Deadline
from dualstor.tools import lvmlock
print(len(lvmlock.lockspaces(Host(Deadline(60)), 30.0)))
"""


@pytest.fixture
def several(lab):
    lab.formed("dualstor", COUNT)
    lab.wait_formed()
    # Pacemaker's monitors of the same VGs would keep what ours must keep.
    lab.node(1).ok("crm_attribute --name maintenance-mode --update true")
    return lab


def test_all_vgs_that_must_be_looked_at_at_once_are_kept_within_a_few_monitors(several):
    node = several.node(1)
    node.push("/tmp/monitors.py", MONITOR.encode())
    # more rounds than there are VGs would mean that they hinder each other
    _, kept = node.ok(["python3", "-IS", "/tmp/monitors.py", str(COUNT), str(COUNT + 1)], 300).split()
    assert int(kept) == COUNT


def test_lvmlockd_tells_all_that_ask_at_once(several):
    node = several.node(1)
    node.push("/tmp/info.py", INFO.encode())
    told = node.ok("for n in 1 2 3 4; do python3 -IS /tmp/info.py & done; wait", 120).split()
    assert told == [str(COUNT + 1)] * 4, "the global lockspace is one, too"
