# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM with lvmlockd: what the wrappers promise of reports, locks and activation."""

import pytest

from dualstor.agents.clustered_vg import headers
from dualstor.kernel import devmapper
from dualstor.tools import dmsetup, lvm, lvmlock, lvmtext

TAG = "dualstor.exclusive"      # keeps a running clustered-vg from helping


@pytest.fixture
def guest_volume(place):
    """The name of an LV that node1 made and so holds exclusively; gone afterwards."""
    one = place.host("node1")
    made = one.run(("lvcreate", "--yes", "-Wn", "-n", "guest", "-L", "4m", "--addtag", TAG, "vg0"))
    assert made.ok, made.complaint()
    yield "guest"
    for name in ("node2", "node1"):
        lvm.deactivate(place.host(name), "vg0", ("guest",))
    one.run(("lvremove", "--yes", "vg0/guest"))


def test_version(place):
    assert lvm.version(place.host("node1")) >= lvm.NO_CLVMD


def test_settings(place):
    host = place.host("node1")
    version = lvm.version(host)
    assert lvm.setting(host, "global/use_lvmlockd", version) == "1"
    assert lvm.setting(host, "global/no_such_setting", version) is None


@pytest.mark.parametrize("name", ["node1", "node2"])
def test_group_with_its_device(place, name):
    report = lvm.group(place.host(name), "vg0")
    assert report.outcome.ok
    assert report.group.name == "vg0" and report.group.attr[5] == "s"
    assert [d.name for d in report.devices] == ["/dev/drbd0"]


def test_group_that_is_not_there(place):
    report = lvm.group(place.host("node1"), "nosuch")
    assert report.group is None and not report.outcome.ok
    assert "no group" in report.outcome.kinds


@pytest.mark.parametrize("name", ["node1", "node2"])
def test_volumes(place, name):
    host = place.host(name)
    report = lvm.volumes(host, "vg0", lvm.version(host))
    lv0 = next(v for v in report.volumes if v.name == "lv0")
    assert report.outcome.ok and lv0.active_here and lv0.type == "-"


@pytest.mark.parametrize("name", ["node1", "node2"])
def test_the_metadata_on_the_disk_say_what_lvs_says(place, name, guest_volume):
    """As of plain LVs; which are active is not in there."""
    host = place.host(name)
    told = lvm.volumes(host, "vg0", lvm.version(host))
    assert host.run(("lvchange", "-ky", "vg0/" + guest_volume)).ok
    skipped = lvm.volumes(host, "vg0", lvm.version(host))
    found = lvmtext.volumes(headers.metadata(
        host, headers.read(host, lvm.group(host, "vg0").devices)), "vg0")
    assert found.sequence == skipped.sequence == told.sequence + 1
    for report in (found, skipped):
        assert [each.name for each in report.volumes if each.skipped] == [guest_volume]
    assert [plain(each) for each in found.volumes] == [plain(each) for each in skipped.volumes]


def plain(volume):
    """Of an LV what does not depend on where it is active."""
    return volume.name, volume.uuid, volume.type, volume.size, volume.tags, volume.segment_types, volume.skipped


def test_shared_volume_has_shared_locks_on_both(place):
    for name in ("node1", "node2"):
        host = place.host(name)
        lv0 = next(v for v in lvm.volumes(host, "vg0", lvm.version(host)).volumes
                   if v.name == "lv0")
        assert dict(lvmlock.modes(host, "vg0"))[lvmlock.plain_id(lv0.uuid)] == "sh"


def test_device_mapper_as_the_kernel_and_dmsetup_have_it(place):
    host = place.host("node2")
    assert "lv0" in [v.lv for v in devmapper.of_group(host, "vg0")]
    assert "vg0-lv0" in host.run(("dmsetup", "ls")).stdout


def test_creator_holds_a_new_volume_exclusively(place, guest_volume):
    one = place.host("node1")
    volume = next(v for v in lvm.volumes(one, "vg0", lvm.version(one)).volumes
                  if v.name == guest_volume)
    assert volume.active_here and volume.tags == (TAG,)
    assert dict(lvmlock.modes(one, "vg0"))[lvmlock.plain_id(volume.uuid)] == "ex"


def test_other_node_is_refused_until_the_creator_shares(place, guest_volume):
    one, two = place.host("node1"), place.host("node2")
    refused = lvm.activate(two, "vg0", "-asy", (guest_volume,))
    assert not refused.ok and "elsewhere" in refused.kinds
    assert guest_volume not in [v.lv for v in devmapper.of_group(two, "vg0")]
    assert lvm.activate(one, "vg0", "-asy", (guest_volume,)).ok
    assert lvm.activate(two, "vg0", "-asy", (guest_volume,)).ok
    assert guest_volume in [v.lv for v in devmapper.of_group(two, "vg0")]


def test_deactivation_is_of_this_node_only(place, guest_volume):
    one, two = place.host("node1"), place.host("node2")
    assert lvm.activate(one, "vg0", "-asy", (guest_volume,)).ok
    assert lvm.activate(two, "vg0", "-asy", (guest_volume,)).ok
    assert lvm.deactivate(two, "vg0", (guest_volume,)).ok
    assert guest_volume not in [v.lv for v in devmapper.of_group(two, "vg0")]
    assert guest_volume in [v.lv for v in devmapper.of_group(one, "vg0")]


def test_unknown_volume_does_not_stop_the_others(place, guest_volume):
    one = place.host("node1")
    outcome = lvm.deactivate(one, "vg0", ("nosuch", guest_volume))
    assert not outcome.ok and "no volume" in outcome.kinds
    assert guest_volume not in [v.lv for v in devmapper.of_group(one, "vg0")]


def test_lock_start_of_a_started_group_is_well(place):
    assert lvm.start_locking(place.host("node1"), "vg0").ok


def test_lock_stop_is_refused_while_volumes_are_active(place):
    outcome = lvm.stop_locking(place.host("node1"), "vg0")
    assert not outcome.ok and "locks remain" in outcome.kinds


def test_dmsetup_refuses_a_name_that_is_not_there(place):
    assert not dmsetup.remove(place.host("node1"), "vg0-nosuch").ok
