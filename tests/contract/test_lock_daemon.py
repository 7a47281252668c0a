# SPDX-License-Identifier: GPL-2.0-or-later
"""What an lvmlockd that was killed leaves, and what the next one makes of it.

The locks of LVs that were made inactive meanwhile, without it, keep nothing: the next lvmlockd does
not know them, leaves the lockspace all the same, and they are gone with it.
"""

import time

import pytest

from dualstor.kernel import dlm, locksocket
from dualstor.tools import dmsetup, lockdaemon, lvm, lvmlock

NODE, SPACE = "node2", "lvm_vg0"
MAINTENANCE = ("crm_attribute", "--name", "maintenance-mode")
SOON = 60   # looks, a second apart on a real machine


def until(place, met):
    for _ in range(SOON):
        if met(place.host(NODE)):
            return True
        place.settle()
        time.sleep(0 if hasattr(place, "_simulation") else 1)
    return False


def answers(host):
    return lockdaemon.silence(host, locksocket.LVMLOCKD, 20.0) is None


@pytest.fixture
def killed(place):
    """lvmlockd on node2 is dead, and lv0 inactive; all is as before afterwards."""
    host = place.host(NODE)
    assert host.run((*MAINTENANCE, "--update", "true")).ok
    place.kill(NODE, "lvmlockd")
    for each in ("vg0-lv0", "vg0-lv1"):
        if each in host.run(("dmsetup", "ls")).stdout:
            assert dmsetup.remove(host, each).ok
    yield place
    host = place.host(NODE)
    if not answers(host):
        lockdaemon.launch(host, locksocket.LVMLOCKD)
        assert until(place, answers)
    assert host.run(("vgchange", "--lockstart", "vg0")).ok
    assert lvm.activate(host, "vg0", "-asy", ("lv0",)).ok
    assert host.run((*MAINTENANCE, "--delete")).ok


def test_its_locks_are_left_in_the_kernel(killed):
    assert SPACE in dlm.lockspaces(killed.host(NODE))


def test_the_next_one_leaves_the_lockspace_in_spite_of_orphans(killed):
    host = killed.host(NODE)
    code, says = lockdaemon.launch(host, locksocket.LVMLOCKD)
    assert code == 0, says
    assert until(killed, answers)
    assert "sh" not in dict(lvmlock.modes(killed.host(NODE), "vg0")).values()
    code, says = lockdaemon.stop_lockspaces(killed.host(NODE), 30.0)
    assert code == 0, says
    assert until(killed, lambda host: SPACE not in dlm.lockspaces(host))
