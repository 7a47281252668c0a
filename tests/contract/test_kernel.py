# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own account: dlm, processes, block devices, holders."""

import pytest

from dualstor.kernel import block, dlm, holders, process

NODES = ["node1", "node2"]


@pytest.mark.parametrize("name", NODES)
def test_lockspaces(place, name):
    host = place.host(name)
    assert {"lvm_global", "lvm_vg0"} <= set(dlm.lockspaces(host))
    assert dlm.recovered(host, "lvm_vg0") is True
    assert dlm.recovered(host, "nosuch") is None


@pytest.mark.parametrize("name", NODES)
def test_dlm_is_ready_and_knows_both_nodes(place, name):
    host = place.host(name)
    assert dlm.ready(host) and dlm.nodes(host) == (1, 2)


@pytest.mark.parametrize("name", NODES)
def test_lock_daemon_by_identity(place, name):
    host = place.host(name)
    found = process.running(host, "lvmlockd")
    assert len(found) == 1 and not found[0].over
    now = process.look(host, found[0].pid)
    assert (now.start_time, now.program) == (found[0].start_time, "lvmlockd")


def test_socket_of_the_lock_daemon(place):
    host = place.host("node1")
    assert host.connect("/run/lvm/lvmlockd.socket", 5) is None
    assert host.connect("/run/lvm/nosuch.socket", 5) == "No such file or directory"


@pytest.mark.parametrize("name", NODES)
def test_drbd_device(place, name):
    host = place.host(name)
    number = host.device("/dev/drbd/by-res/r0/0") or host.device("/dev/drbd/by-res/r0")
    assert number == (block.DRBD_MAJOR, 0)
    assert block.kernel_name(host, *number) == "drbd0" and block.number(host, "drbd0") == number


def test_volumes_stand_on_drbd_and_hold_it(place):
    host = place.host("node1")
    volume = host.device("/dev/vg0/lv0")
    assert block.on_drbd(host, *volume)
    assert not block.on_drbd(host, *block.number(host, "vdb"))
    assert "LV vg0/lv0" in holders.holders(host, block.DRBD_MAJOR, 0)
    assert holders.holders(host, *volume) == ()
