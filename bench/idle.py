# SPDX-License-Identifier: GPL-2.0-or-later
"""On any host: what a watcher takes while nothing changes.

The real process with the real kernel's files and a sector of a block device; only its one round, which would ask a cluster, is
told what it depends on.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time

import psutil

from bench import report
from dualstor.host.files import Files
from dualstor.look import sights

_WARM = 5.0     # seconds until it has settled

_PROGRAM = """
import sys
sys.path.insert(0, %(lib)r)
from dualstor.host.files import Files
from dualstor.host.memory import STATE_DIR, Memory
from dualstor.watcher import resident
files = Files(%(root)r)
lock = Memory(files.file(STATE_DIR)).lock_file(*resident.place.words("vg0"))
def work(said):
    from dualstor.look import sights
    from dualstor.watcher import result
    from dualstor.watcher.schedule import Result
    return result.to_text(Result(sights=sights.see(files, %(wanted)r)))
resident.Resident(files, work).run(lock)
"""


@contextlib.contextmanager
def _disk(folder):
    """The kernel's name of a loop device, as the disk with LVM's metadata."""
    below = os.path.join(folder, "disk")
    with open(below, "wb") as stream:
        stream.truncate(8 << 20)
    device = subprocess.check_output(["losetup", "--find", "--show", below], text=True).strip()
    try:
        with open(device, "rb"):    # somebody has it open, as DRBD has its backing device
            yield os.path.basename(device)
    finally:
        subprocess.check_call(["losetup", "--detach", device])


def run(windows, seconds, lib):
    """{"cpu": [share of a core in each window], "pss": KiB, "children": processes that it started meanwhile}."""
    with tempfile.TemporaryDirectory() as root, _disk(root) as disk:
        wanted = [("content", "/proc/sys/kernel/random/boot_id"), ("devices", "vg0"), ("node", "/sys/kernel/dlm/lvm_vg0"),
                  ("folder", "/sys/kernel/config/dlm/cluster/spaces/lvm_vg0/nodes"), ("process", str(os.getpid())),
                  ("header", disk + " 4096")]
        assert sights.see(Files(), wanted) is not None
        for name in ("proc", "sys", "dev"):
            os.symlink("/" + name, os.path.join(root, name))
        os.mkdir(os.path.join(root, "run"))
        child = subprocess.Popen([sys.executable, "-IS", "-c", _PROGRAM % {"lib": lib, "root": root, "wanted": wanted}])
        try:
            time.sleep(_WARM)
            process, found = psutil.Process(child.pid), {"cpu": [], "children": 0}
            for _ in range(windows):
                before, began = sum(process.cpu_times()[:4]), time.monotonic()
                time.sleep(seconds)
                found["cpu"].append((sum(process.cpu_times()[:4]) - before) / (time.monotonic() - began))
                found["children"] += len(process.children())
            found["pss"] = process.memory_full_info().pss // 1024
        finally:
            child.kill()
            child.wait()
    return found


def lines(found):
    """Lines of text."""
    yield "an idle watcher: %.3f %% of a core (median of %d windows, %.3f to %.3f), %d KiB, %s" % (
        report.median(found["cpu"]) * 100, len(found["cpu"]), min(found["cpu"]) * 100, max(found["cpu"]) * 100, found["pss"],
        "no child process" if not found["children"] else "%d child processes" % found["children"])
