# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD: what the kernel says and what drbdadm knows."""

import pytest

from dualstor.kernel import drbd
from dualstor.tools import drbdadm

NODES = ["node1", "node2"]


@pytest.mark.parametrize("name", NODES)
def test_resource_and_its_minor(place, name):
    assert drbd.minors(place.host(name), "r0") == ((0, 0),)


@pytest.mark.parametrize("name", NODES)
def test_disk_below(place, name):
    assert ("/dev/drbd0", "/dev/vdb") in tuple(drbdadm.backing_devices(place.host(name)))
