# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading past the page cache: what is on the disk now, within a bound, and never asleep."""

import _thread
import os
import stat
import subprocess
import sys
import threading
import types

import pytest

import dualstor
from dualstor.agents.clustered_vg import headers
from dualstor.host import freshread
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
    for offset in (1 << 30, 1 << 63, 1 << 70):     # damaged metadata may name any place
        assert freshread.read(device, offset, 512, 5.0) == freshread.IMPOSSIBLE
    assert freshread.read(str(tmp_path / "absent"), 0, 512, 1.0) == freshread.IMPOSSIBLE


# -- kernels that have not been to hand ---------------------------------------------------


class Kernel:
    """A page cache over a disk whose pages hold the number of their version, and the calls for it.

    It takes the place of posix and of mmap, and has no more of them than Python 3.6 has.

    :param page: bytes of a page
    :param piece: bytes of what is cached and dropped as one
    :param stubborn: how many requests to drop come to nothing
    :param rival: how many times another process reads a page as soon as it is dropped
    :param ahead: whether it fetches what it is told will be needed
    :param counts: whether it counts what it fetches
    :param release: what uname says
    """

    O_RDONLY, O_NONBLOCK, O_CLOEXEC = os.O_RDONLY, os.O_NONBLOCK, os.O_CLOEXEC
    POSIX_FADV_DONTNEED, POSIX_FADV_WILLNEED = os.POSIX_FADV_DONTNEED, os.POSIX_FADV_WILLNEED
    DISK, COUNT, READER, WRITER = range(4, 8)

    def __init__(self, page=4096, piece=4096, stubborn=0, rival=0, ahead=True, counts=True,
                 release="4.18.0-553.el8_10.x86_64"):
        self.page, self.piece, self.stubborn, self.rival = page, piece, stubborn, rival
        self.ahead, self.counts, self.release = ahead, counts, release
        self.now = 0            # version of what is on the disk
        self.cached = {}        # number of a page: version
        self.fetched = 0        # bytes
        self.answers = threading.Event()
        self.answers.set()
        self.broken = False
        self.piped = b""
        self.calls = []

    def pages(self, piece):
        """Numbers of the pages of a piece."""
        return range(piece * self.piece // self.page, (piece + 1) * self.piece // self.page)

    def cache(self, offset, length):
        """Have whole pieces cached as they are on the disk; returns the bytes that this took."""
        pieces = range(offset // self.piece, -(-(offset + length) // self.piece))
        missing = [n for piece in pieces for n in self.pages(piece) if n not in self.cached]
        self.cached.update((number, self.now) for number in missing)
        return len(missing) * self.page

    # -- posix

    def open(self, path, _flags):
        if path.startswith("/proc/"):
            assert path == "/proc/77/task/77/io"
            if not self.counts:
                raise FileNotFoundError(2, "No such file or directory", path)
            return self.COUNT
        return self.DISK

    def close(self, number):
        self.calls.append(("close", number))

    @staticmethod
    def getpid():
        return 77

    def uname(self):
        return types.SimpleNamespace(release=self.release)

    def sysconf(self, name):
        assert name == "SC_PAGESIZE"
        return self.page

    @staticmethod
    def fstat(_number):
        return types.SimpleNamespace(st_mode=stat.S_IFBLK | 0o660)

    def posix_fadvise(self, number, offset, length, advice):
        assert number == self.DISK and offset % self.page == length % self.page == 0
        if advice == os.POSIX_FADV_WILLNEED:
            if self.ahead:
                self.fetched += self.cache(offset, length)
            return
        if self.stubborn:
            self.stubborn -= 1
            return
        # whole pieces only
        for piece in range(-(-offset // self.piece), (offset + length) // self.piece):
            for page in self.pages(piece):
                self.cached.pop(page, None)
        if self.rival:
            self.rival -= 1
            self.cache(offset, length)

    def pread(self, number, length, offset):
        if number == self.COUNT:
            return b"rchar: 1\nwchar: 1\nread_bytes: %d\nwrite_bytes: 5\n" % self.fetched
        assert number == self.DISK
        self.calls.append("pread")
        return self._bytes(offset, length)

    def sendfile(self, writer, number, offset, length):
        assert (number, writer) == (self.DISK, self.WRITER)
        self.calls.append("sendfile")
        self.piped = self._bytes(offset, length)
        return len(self.piped)

    def _bytes(self, offset, length):
        assert threading.current_thread() is not threading.main_thread(), "it may sleep for ever"
        self.answers.wait()
        if self.broken:
            raise OSError(5, "Input/output error")
        self.cache(offset, length)
        return b"%08d" % self.cached[offset // self.page] * (length // 8)

    def read(self, number, length):
        assert number == self.READER
        assert ("close", self.WRITER) in self.calls, "an empty pipe would be waited for"
        return self.piped[:length]

    def pipe(self):
        return self.READER, self.WRITER

    def write(self, number, data):
        assert number == self.WRITER
        self.piped = bytes(data)
        return len(data)

    # -- mmap

    PAGESIZE, MAP_SHARED, PROT_READ = property(lambda self: self.page), 1, 1

    def mmap(self, number, length, flags, prot, offset):
        assert (number, flags, prot, offset % self.page) == (self.DISK, 1, 1, 0)
        self.calls.append("mmap")
        return self._bytes(offset, length)


@pytest.fixture
def use(monkeypatch):
    """A function that has freshread run on a Kernel and reads 512 bytes at 4608 from it."""
    kernels = []

    def run(kernel, seconds=30.0):
        kernels.append(kernel)
        monkeypatch.setattr(freshread, "posix", kernel)
        monkeypatch.setitem(sys.modules, "mmap", kernel)
        found = freshread.read("/dev/sdb", 4608, 512, seconds)
        return int(found[:8]) if isinstance(found, bytes) else found
    yield run
    for kernel in kernels:
        kernel.answers.set()
    freshread._LEFT.clear()


def stale(**how):
    """A Kernel that has version 0 in its cache, and the disk is at 1."""
    kernel = Kernel(**how)
    kernel.cache(0, 1 << 20)
    kernel.now = 1
    return kernel


@pytest.mark.parametrize("how", [
    {}, {"page": 65536, "piece": 65536}, {"piece": 1 << 16}, {"piece": 1 << 21},
    {"stubborn": 1}, {"stubborn": 2}, {"rival": 1}, {"rival": 2},
    {"release": "3.10.0-1160.el7.x86_64"}, {"release": "6.1.0-40-amd64"},
    {"release": "7.2.12+deb14-amd64"}, {"release": "6.12-rc1", "piece": 1 << 16}],
    ids=lambda how: " ".join(f"{name}={value}" for name, value in how.items()) or "plain")
def test_what_is_on_the_disk_comes_from_the_disk(use, how):
    assert use(stale(**how)) == 1
    assert use(Kernel(**how)) == 0, "nothing was cached"


@pytest.mark.parametrize("how", [
    {"stubborn": 3}, {"rival": 3}, {"piece": 1 << 22}, {"ahead": False}, {"counts": False}],
    ids=lambda how: " ".join(f"{name}={value}" for name, value in how.items()))
def test_what_may_be_from_the_cache_is_not_told(use, how):
    assert use(stale(**how)) == freshread.IMPOSSIBLE


def test_a_page_that_another_reads_again_is_as_new_as_the_disk_yet_not_told(use):
    """It was dropped, but is not known to have been: the kernel fetched nothing for us."""
    kernel = stale(rival=3)
    assert use(kernel) == freshread.IMPOSSIBLE and kernel.cached[1] == 1


@pytest.mark.parametrize("release, call", [
    ("3.10.0-1160.el7.x86_64", "pread"), ("5.2-rc12", "pread"), ("5.11.22", "pread"),
    ("5.12-rc1", "mmap"), ("5.14.0-427.el9.x86_64", "mmap"), ("6.4.16", "mmap"),
    ("6.5.0", "sendfile"), ("6.12.118+deb13-amd64", "sendfile"), ("10.0.0", "sendfile")])
def test_the_page_is_taken_in_the_way_in_which_one_can_be_killed(use, release, call):
    kernel = stale(release=release)
    assert use(kernel) == 1
    assert [each for each in kernel.calls if isinstance(each, str)] == [call]


def test_a_disk_that_does_not_answer_is_given_up_and_its_thread_left_behind(use):
    kernel = stale()
    kernel.answers.clear()
    began = threading.active_count()
    assert use(kernel, 0.05) == freshread.SILENT
    assert use(kernel, -1.0) == freshread.SILENT, "the action's time is over"
    assert ("close", kernel.DISK) in kernel.calls and ("close", kernel.COUNT) in kernel.calls
    for _ in range(5):
        assert use(kernel, 0.01) == freshread.SILENT
    assert threading.active_count() <= began + 1, "one, however often it is asked again"
    kernel.answers.set()
    assert use(kernel) == 1


def test_what_another_process_fetches_just_then_is_waited_for_and_read_anew(use):
    """A page in the cache without content yet is not dropped, and tells nothing when it comes."""
    kernel = stale(stubborn=1)
    kernel.answers.clear()
    timer = threading.Timer(0.05, kernel.answers.set)
    timer.start()
    assert use(kernel) == 1
    timer.join()


def test_an_error_of_the_disk_is_no_silence(use):
    kernel = stale()
    kernel.broken = True
    assert use(kernel) == freshread.IMPOSSIBLE


def test_where_no_thread_can_be_had_nothing_is_told(use, monkeypatch):
    def none(*_):
        raise RuntimeError("can't start new thread")
    monkeypatch.setattr(_thread, "start_new_thread", none)
    assert use(stale()) == freshread.IMPOSSIBLE


def test_nothing_that_makes_a_process_is_needed():
    library = os.path.dirname(os.path.dirname(dualstor.__file__))
    code = (f"import sys; sys.path.insert(0, {library!r})\n"
            "from dualstor.host import freshread\n"
            "dear = {'os', 'subprocess', 'mmap', 'ctypes', 'threading'}\n"
            "print(sorted(dear & set(sys.modules)))\n")
    done = subprocess.run([sys.executable, "-IS", "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"[]\n"


# -- the headers of a VG whose PVs are as real LVM made them ----------------------------


class Disks(PaperHost):
    """A host with DRBD devices whose disks hold golden PVs: {kernel's name: {offset: sector}}."""

    def __init__(self, disks):
        super().__init__(
            devices={f"/dev/drbd{n}": (147, n) for n in range(len(disks))},
            links={f"/sys/dev/block/147:{n}/slaves/{name}": "../" + name
                   for n, name in enumerate(sorted(disks))})
        self.disks = disks

    def read_fresh(self, name, offset, length, seconds):
        sectors = self.disks[name[len("/dev/"):]]
        if not isinstance(sectors, dict):
            return sectors
        return b"".join(sectors.get(at, b"\0" * 512) for at in range(offset, offset + length, 512))


def pvs(count):
    return [PhysicalVolume(name=f"/dev/drbd{n}", uuid="x", attr="a--", vg="vg0")
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
        assert len(found) == areas and all(kind == "header" for kind, _, _ in found)
        seen.append(found)
    assert len(set(seen)) == 5


def test_a_vg_that_cannot_be_watched_has_no_headers():
    disks = at_step("one-of-two-pvs-without.txt", 0)
    without = {name: sectors for name, sectors in disks.items() if 4096 not in sectors}
    assert len(without) == 1
    assert headers.read(Disks(without), pvs(1)) is None, "LVM writes into no area of it"
    for reason in (freshread.SILENT, freshread.IMPOSSIBLE):
        assert headers.read(Disks(dict(disks, loop3=reason)), pvs(2)) is None
    assert headers.read(Disks(dict(disks, loop3={})), pvs(2)) is None, "a disk is no PV"
    damaged = {512: b"LABELONE".ljust(24, b"\0") + b"LVM2 001".ljust(488, b"x")}
    assert headers.read(Disks(dict(disks, loop3=damaged)), pvs(2)) is None
    assert headers.read(Disks(disks), pvs(3)) is None, "a PV is not on DRBD, or missing"
