# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading past the page cache: what is on the disk now, within a bound, and never asleep."""

import os
import subprocess
import sys

import pytest

from dualstor import freshread
from dualstor.agents.clustered_vg import headers
from dualstor.agents.clustered_vg.unchanged import Header
from dualstor.tools.lvm import PhysicalVolume
from unit.lvm.helpers import PaperHost
from unit.lvm.test_pvheader import steps


def loop(path, size):
    """A loop device over a file, with sectors of *size* bytes; None where none can be had."""
    done = subprocess.run(["losetup", "--find", "--show", "--sector-size", str(size), str(path)],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout.decode().strip() or None


@pytest.fixture(params=[512, 4096])
def disk(request, tmp_path):
    """(path of a block device or, where there are none, of a file; path of the file below it)."""
    below = tmp_path / "disk"
    below.write_bytes(bytes(range(256)) * 16 * 64)
    try:
        device = loop(below, request.param)
    except OSError:     # no losetup
        device = None
    yield device or str(below), str(below)
    if device:
        subprocess.run(["losetup", "--detach", device], check=True)


@pytest.mark.parametrize("offset, length", [(0, 2048), (512, 512), (4096, 512), (4000, 5000),
                                            (65536, 512)])
def test_the_bytes_of_the_disk(disk, offset, length):
    device, below = disk
    with open(below, "rb") as stream:
        stream.seek(offset)
        expected = stream.read(length)
    assert freshread.read(device, offset, length, 5.0) == expected


def test_what_another_wrote_below_is_seen_past_this_hosts_cache(disk):
    """As the peer's writes arrive below a DRBD device."""
    device, below = disk
    with open(device, "rb") as stream:
        cached = stream.read(8192)
        with open(below, "rb+") as lower:
            lower.seek(4096)
            lower.write(b"new metadata")
            os.fsync(lower.fileno())
        fresh = freshread.read(device, 4096, 512, 5.0)
    assert fresh[:12] == b"new metadata" != cached[4096:4108]


def test_beyond_the_end_and_nothing_there(disk, tmp_path):
    device, _ = disk
    assert freshread.read(device, 1 << 30, 512, 0.05) is None
    assert freshread.read(str(tmp_path / "absent"), 0, 512, 1.0) is None


class Silent:
    """The calls of a disk that takes no read, on a clock of its own."""

    def __init__(self, monkeypatch, cached):
        self.now, self.dropped = 0.0, 0
        monkeypatch.setattr(freshread, "_cached", cached)
        monkeypatch.setattr(freshread.posix, "posix_fadvise", self.advise)
        monkeypatch.setattr(freshread.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(freshread.time, "sleep", self.sleep)

    def advise(self, _number, _begin, _span, advice):
        self.dropped += advice == os.POSIX_FADV_DONTNEED

    def sleep(self, seconds):
        self.now += seconds


def test_a_disk_that_does_not_answer_is_waited_for_so_long(monkeypatch):
    silent = Silent(monkeypatch, lambda *_: None)
    assert freshread._past_the_cache(3, 4096, 512, 1.0) is None
    assert 1.0 <= silent.now < 1.01


def test_a_page_that_cannot_be_dropped_is_not_believed(monkeypatch):
    silent = Silent(monkeypatch, lambda *_: b"old" * 200)
    assert freshread._past_the_cache(3, 4096, 512, 1.0) is None
    assert (silent.now, silent.dropped) == (0.0, 3)


def test_a_python_that_cannot_do_it_says_so(monkeypatch, tmp_path):
    (tmp_path / "disk").write_bytes(b"x" * 4096)
    monkeypatch.delattr(freshread.posix, "preadv", raising=False)
    assert freshread.read(str(tmp_path / "disk"), 0, 512, 1.0) is None


def test_nothing_that_makes_a_process_is_needed():
    code = ("import sys; sys.path.insert(0, %r)\n"
            "from dualstor import freshread\n"
            "print(sorted({'os', 'subprocess', 'mmap', 'ctypes', 'threading'} & set(sys.modules)))\n"
            % os.path.dirname(os.path.dirname(freshread.__file__)))
    done = subprocess.run([sys.executable, "-IS", "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"[]\n"


# -- the headers of a VG whose PVs are as real LVM made them ----------------------------


class Disks(PaperHost):
    """A host with DRBD devices whose disks hold golden PVs: {kernel's name: {offset: sector}}."""

    def __init__(self, disks):
        super().__init__(
            devices={"/dev/drbd%d" % n: (147, n) for n in range(len(disks))},
            links={"/sys/dev/block/147:%d/slaves/%s" % (n, name): "../" + name
                   for n, name in enumerate(sorted(disks))})
        self.disks = disks

    def read_fresh(self, name, offset, length, seconds):
        sectors = self.disks[name[len("/dev/"):]]
        if sectors is None:
            return None
        return b"".join(sectors.get(at, b"\0" * 512) for at in range(offset, offset + length, 512))


def pvs(count):
    return [PhysicalVolume(name="/dev/drbd%d" % n, uuid="x", attr="a--", vg="vg0")
            for n in range(count)]


def at_step(name, number):
    """{kernel's name of a disk: sectors} after a change of a golden VG."""
    found = steps(name)
    count = len({device for _, device, _ in found})
    return {device: sectors for _, device, sectors in found[number * count:(number + 1) * count]}


@pytest.mark.parametrize("name, areas", [
    ("one-area.txt", 1), ("two-areas-4096.txt", 2), ("one-of-two-pvs-without.txt", 1),
    ("ignored.txt", 2), ("large-area.txt", 1)])
def test_the_headers_of_a_vg_change_with_each_change_of_it(name, areas):
    seen = []
    for number in range(5):
        disks = at_step(name, number)
        found = headers.read(Disks(disks), pvs(len(disks)))
        assert len(found) == areas and all(isinstance(h, Header) for h in found)
        seen.append(tuple(str(header) for header in found))
    assert len(set(seen)) == 5


def test_a_vg_that_cannot_be_watched_has_no_headers():
    disks = at_step("one-of-two-pvs-without.txt", 0)
    without = {name: sectors for name, sectors in disks.items() if 4096 not in sectors}
    assert len(without) == 1
    assert headers.read(Disks(without), pvs(1)) is None, "LVM writes into no area of it"
    assert headers.read(Disks(dict(disks, loop3=None)), pvs(2)) is None, "a disk is silent"
    assert headers.read(Disks(dict(disks, loop3={})), pvs(2)) is None, "a disk is no PV"
    damaged = {512: b"LABELONE".ljust(24, b"\0") + b"LVM2 001".ljust(488, b"x")}
    assert headers.read(Disks(dict(disks, loop3=damaged)), pvs(2)) is None
    assert headers.read(Disks(disks), pvs(3)) is None, "a PV is not on DRBD, or missing"
