# SPDX-License-Identifier: GPL-2.0-or-later
"""LVs in device-mapper, what a device stands on, who holds it open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import HostUnreadable
from dualstor.kernel import block, devmapper, dlm, holders

from .helpers import PaperHost, golden

GROUP, LV0, LV1 = "smkfDsSuWte2JyANJtU0pBJ4d9hjeZ2Q", "IaK8XddwzKswnXpjmcDNA2Vifwcwef7S", \
    "Blm50V63FK1KrbUKORdo0L3jvNXawRxW"

names = st.text("abc-_+.09", min_size=1, max_size=8).filter(lambda n: n[0] != "-")


def dm(number, name, uuid, suspended="0", size="2048"):
    folder = f"/sys/block/dm-{number}"
    return {folder + "/dm/name": name + "\n", folder + "/dm/uuid": uuid + "\n",
            folder + "/dm/suspended": suspended + "\n", folder + "/size": size + "\n",
            folder + "/dev": f"253:{number}\n"}


def captured():
    """The files of a real capture: lines "PATH: TEXT"."""
    lines = [line.partition(": ") for line in golden("sys-block-dm.txt").splitlines()]
    return {path: text for path, colon, text in lines if colon and path.startswith("/sys/")}


def test_the_volumes_of_a_capture():
    found = devmapper.volumes(PaperHost(captured()))
    assert [(v.vg, v.lv, v.name, v.minor, v.suspended, v.layer) for v in found] == [
        ("vg0", "lv0", "vg0-lv0", 0, False, ""), ("vg0", "lv1", "vg0-lv1", 1, False, "")]
    assert [(v.uuid[4:36], v.lv_id, v.usable) for v in found] == [(GROUP, LV0, True),
                                                             (GROUP, LV1, True)]


@given(names, names, st.sampled_from(["", "real", "cow", "tpool"]))
def test_any_name_survives_device_mappers_way_of_writing_it(vg, lv, layer):
    name = "-".join(part.replace("-", "--") for part in (vg, lv, layer) if part)
    assert devmapper.split_name(name) == (vg, lv, layer)


@given(st.text("a-", max_size=9))
def test_a_foreign_name_is_none_or_three_parts(name):
    parts = devmapper.split_name(name)
    assert parts is None or (parts[0] and parts[1])


def test_layers_hidden_volumes_and_foreign_devices_are_told_apart():
    uuid = "LVM-" + GROUP + LV0
    host = PaperHost(dict(
        dm(0, "vg0-lv0", uuid), **dict(
            dm(1, "vg0-lv0-real", uuid + "-real"), **dict(
                dm(2, "vg0-r_rimage_0", "LVM-" + GROUP + LV1), **dict(
                    dm(3, "luks-x", "CRYPT-LUKS2-1234"), **dict(
                        dm(4, "vg0-half", "LVM-" + GROUP + LV0, size="0"), **dict(
                            dm(5, "vg0-pool", uuid + "-pool"), **{
                                "/sys/block/dm-6/dev": "253:6", "/sys/block/sda/dev": "8:0"})))))))
    found = devmapper.volumes(host)
    assert [(v.lv, v.layer, v.usable) for v in found] == [
        ("lv0", "", True), ("lv0", "real", False), ("r_rimage_0", "rimage", False),
        ("half", "", False), ("pool", "pool", False)]
    assert devmapper.of_group(host, "other") == ()


def test_depth_counts_what_stands_on_a_volume():
    host = PaperHost(dict(dm(0, "vg0-lv0", "LVM-" + GROUP + LV0), **dict(
        dm(1, "vg0-lv0-real", "LVM-" + GROUP + LV0 + "-real"),
        **{"/sys/block/dm-1/holders/dm-0": ""})))
    assert [devmapper.depth(host, v) for v in devmapper.volumes(host)] == [0, 1]


def test_what_stands_on_drbd():
    host = PaperHost({"/sys/dev/block/253:7/slaves/drbd0": "",
                      "/sys/class/block/drbd0/dev": "147:0",
                      "/sys/dev/block/253:8/slaves/drbd0": "",
                      "/sys/dev/block/253:8/slaves/vdb": "",
                      "/sys/class/block/vdb/dev": "252:16\n"},
                     {"/sys/dev/block/147:0": "../../devices/virtual/block/drbd0"})
    assert block.on_drbd(host, 147, 3) and block.on_drbd(host, 253, 7)
    assert not block.on_drbd(host, 253, 8) and not block.on_drbd(host, 252, 16)
    assert block.kernel_name(host, 147, 0) == "drbd0" and block.kernel_name(host, 1, 2) == "1:2"
    assert block.number(host, "vdb") == (252, 16) and block.number(host, "x") is None


MOUNTS = "36 35 147:0 / /srv/a\\040b rw,noatime shared:1 - ext4 /dev/drbd0 rw\n" \
         "37 35 8:1 / /boot rw - ext4 /dev/sda1 rw\n"


def holding():
    files = {
        "/sys/dev/block/147:0/holders/dm-0": "", "/sys/dev/block/147:0/holders/dm-1": "",
        "/sys/block/dm-0/dm/name": "vg0-lv0\n", "/sys/block/dm-0/dm/uuid": "LVM-" + GROUP + LV0,
        "/sys/block/dm-1/dm/name": "mpatha\n", "/sys/block/dm-1/dm/uuid": "mpath-1\n",
        "/sys/block/loop0/loop/backing_file": "/dev/drbd0\n",
        "/sys/block/loop1/loop/backing_file": "/srv/image\n",
        "/sys/kernel/config/target/core/iblock_0/disk1/udev_path": "/dev/drbd0\n",
        "/proc/self/mountinfo": MOUNTS, "/proc/4711/mountinfo": MOUNTS,
        "/proc/4711/comm": "qemu-system-x86\n", "/proc/12/comm": "sh\n",
        "/proc/swaps": "Filename Type Size Used Priority\n/dev/drbd0 partition 1 0 -2\n"}
    links = {"/proc/self/ns/mnt": "mnt:[1]", "/proc/12/ns/mnt": "mnt:[1]",
             "/proc/4711/ns/mnt": "mnt:[2]", "/proc/self": "99",
             "/proc/4711/exe": "/usr/bin/qemu-system-x86_64",
             "/proc/4711/fd/7": "/dev/drbd0", "/proc/4711/fd/8": "/dev/drbd0",
             "/proc/12/fd/0": "/mnt/dead-nfs/file", "/proc/99/fd/3": "/dev/drbd0"}
    devices = {"/dev/drbd0": (147, 0), "/proc/4711/fd/7": (147, 0), "/proc/4711/fd/8": (147, 0),
               "/proc/99/fd/3": (147, 0), "/proc/12/fd/0": (147, 0)}
    return PaperHost(files, links, devices)


def test_every_kind_of_holder_is_named_once_and_a_dead_mount_is_not_touched():
    assert holders.holders(holding(), 147, 0) == (
        "LV vg0/lv0", "device-mapper mpatha", "mounted on /srv/a b",
        "mounted on /srv/a b for qemu-system-x86_64[4711]", "swap", "/dev/loop0",
        "iSCSI/SCSI target disk1", "qemu-system-x86_64[4711]")
    assert holders.holders(holding(), 147, 1) == ()
    assert holders.stacked(holding(), 147, 0) == ("LV vg0/lv0", "device-mapper mpatha")
    assert holders.stacked(holding(), 147, 1) == ()


def test_a_mounted_partition_holds_the_whole_device():
    host = PaperHost({"/sys/dev/block/147:0/drbd0p1/partition": "1",
                      "/sys/dev/block/147:0/drbd0p1/dev": "259:3\n",
                      "/proc/self/mountinfo": MOUNTS.replace("147:0", "259:3")})
    assert holders.holders(host, 147, 0) == ("mounted on /srv/a b",)


def test_processes_that_may_not_be_looked_at_are_left_out():
    class Closed(PaperHost):
        def list(self, name):
            if name.endswith("/fd"):
                raise HostUnreadable(name, PermissionError(13, "Permission denied"))
            return super().list(name)
    assert holders.holders(Closed({"/proc/1/comm": "init"}), 147, 0) == ()


@pytest.mark.parametrize("text", ["", "garbage\n", "1 2 3\n", "36 35 147:0\n"])
def test_a_mountinfo_that_is_none_has_no_mounts(text):
    assert list(holders.mounted_on(text, {"147:0"})) == []


@pytest.mark.parametrize("text, recovered", [
    ("ff\n", True),    # captured: recovered, on the node with the lowest id
    ("55\n", True),    # captured: recovered, on the other node
    ("0\n", False),    # captured: kern_stop, the peer was killed a moment ago
    ("15\n", False), (None, None), ("x\n", None)])
def test_recovery_of_a_lockspace_is_told_on_either_node(text, recovered):
    files = {} if text is None else {"/sys/kernel/dlm/lvm_vg0/recover_status": text}
    assert dlm.recovered(PaperHost(files), "lvm_vg0") is recovered
