#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Proves on this host, with its kernel and Python, what healthy monitors of clustered-vg rest on.

Run as root: python3 tests/contract/fresh_reads.py [FOLDER WITH THE PACKAGE dualstor]

Makes a loop device over a file in /tmp (or $TMPDIR) and, of device-mapper, devices over it that
do not answer; takes all of it away again. Nothing else on the host is touched. Prints a line for
each claim; ends with 0 when all of them hold, 1 when one does not, 2 when one was not tried.
"""

import mmap
import os
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "..", "lib")
sys.path.insert(0, os.path.abspath(LIBRARY))

from dualstor.host import freshread  # noqa: E402  pylint: disable=wrong-import-position

SIZE = 16 << 20
PLACE = 4096            # of the sector that is read
ROUNDS = 100
WAIT = 1.0              # seconds that a read is given
ENDS = 15.0             # seconds in which a process that has its answer has ended, on a slow host
PATIENCE = 90.0         # seconds until others have let go of what is to be removed
NAME = f"dualstor-proof-{os.getpid()}-"


class NotTried(Exception):
    """This host lacks what a claim needs."""


def command(*argv):
    """Standard output of a program; an error when it fails."""
    done = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)
    out, err = done.communicate()
    if done.returncode:
        said = err.decode("utf-8", "replace").strip().splitlines()
        raise RuntimeError("{}: {}".format(" ".join(argv), said[0] if said else "failed"))
    return out.decode("utf-8", "replace")


class Disk:
    """A loop device and what device-mapper makes of it; to be closed."""

    def __init__(self, folder):
        self.file = os.path.join(folder, "disk")
        with open(self.file, "wb") as stream:
            stream.truncate(SIZE)
        self.loop = command("losetup", "--find", "--show", self.file).strip()
        self.names = []

    def mapped(self, name, target):
        """Path of a device of device-mapper over the loop device; one over it holds it, as DRBD.

        :param target: "linear DEVICE 0", ...
        """
        try:
            command("dmsetup", "--noudevsync", "create", NAME + name,
                    "--table", self._table(target))
        except (OSError, RuntimeError) as problem:
            raise NotTried(str(problem)) from problem
        self.names.insert(0, NAME + name)
        path = "/dev/mapper/" + NAME + name
        if not os.path.exists(path):
            command("dmsetup", "mknodes")
        command("dmsetup", "--noudevsync", "create", NAME + name + "-over",
                "--table", self._table(f"linear {path} 0"))
        self.names.insert(0, NAME + name + "-over")
        return path

    def change(self, name, target):
        """Make what ``mapped`` made another one."""
        command("dmsetup", "reload", NAME + name, "--table", self._table(target))
        command("dmsetup", "--noudevsync", "suspend", NAME + name)
        command("dmsetup", "--noudevsync", "resume", NAME + name)

    def _table(self, target):
        return f"0 {SIZE // 512} {target}".replace("DEVICE", self.loop)

    def close(self):
        """All of it is gone."""
        end = time.time() + PATIENCE
        for name in self.names:
            while subprocess.call(["dmsetup", "--noudevsync", "remove", name],
                                  stderr=subprocess.DEVNULL):
                if time.time() > end:
                    raise RuntimeError(f"somebody has /dev/mapper/{name} open")
                time.sleep(1)
        command("losetup", "--detach", self.loop)

    def write(self, data):
        """Put *data* at PLACE of the file below: another way in than the one that is cached."""
        with open(self.file, "rb+") as stream:
            stream.seek(PLACE)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())


def cache(path, size):
    """Have the first *size* bytes of a device cached, in as large pieces as the kernel likes."""
    with open(path, "rb", 0) as stream:
        for _ in range(0, size, 1 << 16):
            stream.read(1 << 16)


READ = """
import sys, time
sys.path.insert(0, %r)
from dualstor.host import freshread
began = time.time()
found = freshread.read(%r, %d, 8, %r)
import posix
found = found.decode() if isinstance(found, bytes) else repr(found)
posix.write(1, ("%%.3f %%s" %% (time.time() - began, found)).encode())
posix._exit(0)
"""


def outcome(path, seconds=WAIT):
    """(seconds, what a process of its own reads at PLACE of a device); that process has ended."""
    code = READ % (os.path.abspath(LIBRARY), path, PLACE, seconds)
    child = subprocess.Popen([sys.executable, "-IS", "-c", code], stdout=subprocess.PIPE)
    end = time.time() + ENDS
    while child.poll() is None:
        if time.time() > end:
            child.kill()
            raise AssertionError(f"process {child.pid} does not end: {states(child.pid)}")
        time.sleep(0.02)
    took, _, word = child.stdout.read().decode().partition(" ")
    child.stdout.close()
    return float(took), word


def states(pid):
    """States of the threads of a process (proc(5)), with where they sleep."""
    told = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        where = f"/proc/{pid}/task/{thread}/"
        with open(where + "stat") as stream:
            state = stream.read().rpartition(")")[2].split()[0]
        with open(where + "wchan") as stream:
            told.append(f"{state} in {stream.read()}")
    return ", ".join(told)


def expect(what, wanted):
    """An error unless both are the same."""
    if what != wanted:
        raise AssertionError(f"{what!r} instead of {wanted!r}")


# -- the claims ---------------------------------------------------------------


def what_is_written_below_is_read(disk, way):
    """%d times, what another way in has written is read past the cache"""
    for number in range(ROUNDS):
        cache(disk.loop, 1 << (12 + number % 11))   # 4 KiB to 4 MiB
        disk.write(b"%08d" % number)
        expect(way(disk.loop), b"%08d" % number)


what_is_written_below_is_read.__doc__ %= ROUNDS


def a_page_that_is_held_is_not_believed(disk, way):
    """a cached page that another process has mapped is not taken for what is on the disk"""
    with open(disk.loop, "rb", 0) as stream:
        held = mmap.mmap(stream.fileno(), 2 * PLACE, prot=mmap.PROT_READ)
        held[PLACE]     # pylint: disable=pointless-statement
        disk.write(b"newer   ")
        expect(way(disk.loop), freshread.IMPOSSIBLE)
        held.close()
    expect(way(disk.loop), b"newer   ")


def no_such_place(disk, way):
    """the end of a device, no device: not to be had, and the disk is not blamed"""
    for path, place in ((disk.loop, SIZE), (disk.loop, 1 << 70), (disk.loop + "0000", 0)):
        expect(freshread.read(path, place, 8, WAIT), freshread.IMPOSSIBLE)
    disk.write(b"is there")
    expect(way(disk.loop), b"is there")


def an_error_is_no_silence(disk, _way):
    """a disk that answers with an error: not to be had, at once"""
    path = disk.mapped("error", "error")
    took, word = outcome(path, 60.0)
    expect((word, took < 30), (repr(freshread.IMPOSSIBLE), True))


def silence_is_given_up(disk, _way):
    """a disk that takes nothing: given up, twice; the processes end; awake again, it is read"""
    path = disk.mapped("silent", "linear DEVICE 0")
    command("dmsetup", "--noudevsync", "suspend", NAME + "silent")
    for _ in range(2):
        expect(outcome(path)[1], repr(freshread.SILENT))
    disk.write(b"awake   ")
    command("dmsetup", "--noudevsync", "resume", NAME + "silent")
    expect(outcome(path, 30.0)[1], "awake   ")


def a_late_answer_is_given_up(disk, _way):
    """a disk that answers too late: given up, twice; when one waits longer, it is read anew"""
    path = disk.mapped("late", "delay DEVICE 0 4000")
    try:
        for _ in range(2):
            expect(outcome(path)[1], repr(freshread.SILENT))
        disk.write(b"at last ")
        expect(outcome(path, 60.0)[1], "at last ")
    finally:    # or udev, which looks at each new device, would be busy with it for minutes
        disk.change("late", "linear DEVICE 0")


def others_that_hang_do_not_matter(disk, _way):
    """a silent disk that another process reads, and on which a third one seeks: given up, too"""
    path = disk.mapped("crowded", "linear DEVICE 0")
    command("dmsetup", "--noudevsync", "suspend", NAME + "crowded")
    hung = []
    for code in ("open(%r, 'rb', 0).read(512)", "open(%r, 'rb', 0).seek(512)"):
        hung.append(subprocess.Popen([sys.executable, "-IS", "-c", code % path]))
        end = time.time() + ENDS
        while hung[-1].poll() is None and time.time() < end and "D in" not in states(hung[-1].pid):
            time.sleep(0.1)
    seeks = "hangs: " + states(hung[1].pid) if hung[1].poll() is None else "does not hang here"
    try:
        expect(outcome(path)[1], repr(freshread.SILENT))
    finally:
        command("dmsetup", "--noudevsync", "resume", NAME + "crowded")
        for child in hung:
            child.wait()
    print(f"      (the third one {seeks})")


def here(path):
    """What is read in the way of this kernel."""
    return freshread.read(path, PLACE, 8, 30.0)


def in_the_way_of(linux):
    """A function for what is read in the way of a version of Linux, by this kernel."""
    def way(path):
        sound, freshread._linux = freshread._linux, lambda: linux
        try:
            return freshread.read(path, PLACE, 8, 30.0)
        finally:
            freshread._linux = sound
    return way


WAYS = {"read(2)": (3, 10), "page fault": freshread._FAULTS_LET_GO,
        "sendfile(2)": freshread._SENDS_WITHOUT_LOCK}

CLAIMS = tuple(
    (claim, in_the_way_of(linux), ", by " + word) for word, linux in sorted(WAYS.items())
    for claim in (what_is_written_below_is_read, a_page_that_is_held_is_not_believed)) + tuple(
    (claim, here, "") for claim in (
        no_such_place, an_error_is_no_silence, silence_is_given_up, a_late_answer_is_given_up,
        others_that_hang_do_not_matter))


def main():
    """Play all claims; see the module's documentation."""
    if os.getuid() != 0:
        sys.exit("a loop device is made: run this as root")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    way = max((linux, word) for word, linux in WAYS.items() if linux <= freshread._linux())[1]
    print(f"Linux {os.uname().release}, Python {sys.version.split()[0]}, by {way}")
    folder = tempfile.mkdtemp()
    disk = Disk(folder)
    results = []
    try:
        for claim, way, how in CLAIMS:
            said = claim.__doc__ + how
            try:
                claim(disk, way)
                results.append("ok")
                print("ok    " + said)
            except NotTried as problem:
                results.append("not tried")
                print(f"--    {said}: not tried: {problem}")
            except AssertionError as problem:
                results.append("FAILED")
                print(f"FAIL  {said}: {problem}")
            sys.stdout.flush()
    finally:
        disk.close()
        os.unlink(disk.file)
        os.rmdir(folder)
    print(f"{results.count('ok')} of {len(CLAIMS)} hold")
    return 1 if "FAILED" in results else 2 if "not tried" in results else 0


if __name__ == "__main__":
    sys.exit(main())
