# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs in a guest: full load of its CPU and disks.

usage: SECONDS NODE DEVICE DISK; two processes that only compute, two that write to NODE's half of DEVICE and one that
reads DISK, none of them through the cache. Prints {"busy": share of the CPU, "writes": ..., "written": MiB, "longest":
seconds of the slowest write, "read": MiB}.
"""

import json
import mmap
import os
import sys
import time

_BLOCK = 128 << 10
_HALVES = 2
_WRITERS = 2
_BURNERS = 2


def _compute(end):
    number = 1
    while time.monotonic() < end:
        for _ in range(10000):
            number = number * 48271 % 2147483647
    return {}


def _write(end, device, start, length):
    target, block = os.open(device, os.O_RDWR | os.O_DIRECT | os.O_DSYNC), mmap.mmap(-1, _BLOCK)
    block[:] = os.urandom(_BLOCK)
    count, longest, before = 0, 0.0, time.monotonic()
    while before < end:
        os.pwrite(target, block, start + count * _BLOCK % (length // _BLOCK * _BLOCK))
        count += 1
        now = time.monotonic()
        longest, before = max(longest, now - before), now
    return {"writes": count, "longest": longest}


def _read(end, disk):
    source, block = os.open(disk, os.O_RDONLY | os.O_DIRECT), mmap.mmap(-1, 1 << 20)
    size, count = os.lseek(source, 0, os.SEEK_END) >> 20, 0
    while time.monotonic() < end:
        os.preadv(source, [block], (count % size) << 20)
        count += 1
    return {"read": count}


def _child(work, *arguments):
    """(pid, where it answers) of a process that does the work."""
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(there, json.dumps(work(*arguments)).encode())
            os._exit(0)
        except OSError as problem:
            os.write(there, json.dumps({"problem": str(problem)}).encode())
        os._exit(1)
    os.close(there)
    return pid, here


def _ticks():
    with open("/proc/stat", encoding="ascii") as stream:
        times = [int(word) for word in stream.readline().split()[1:9]]
    return sum(times), times[3] + times[4]


def load(seconds, node, device, disk):
    """What the module's documentation says, as a dictionary."""
    end, before = time.monotonic() + seconds, _ticks()
    target = os.open(device, os.O_RDONLY)
    share = os.lseek(target, 0, os.SEEK_END) // _HALVES // _WRITERS
    os.close(target)
    children = [_child(_compute, end) for _ in range(_BURNERS)] + [_child(_read, end, disk)] + [
        _child(_write, end, device, ((node - 1) * _WRITERS + number) * share, share) for number in range(_WRITERS)]
    found = {"writes": 0, "longest": 0.0, "read": 0, "problems": []}
    for pid, answers in children:
        told = json.loads(os.read(answers, 4096) or b"{}")
        os.waitpid(pid, 0)
        found["writes"] += told.get("writes", 0)
        found["longest"] = max(found["longest"], told.get("longest", 0.0))
        found["read"] += told.get("read", 0)
        found["problems"] += [told["problem"]] if "problem" in told else []
    every, idle = (after - first for after, first in zip(_ticks(), before))
    return dict(found, busy=1 - idle / every, written=found["writes"] * _BLOCK >> 20)


if __name__ == "__main__":
    json.dump(load(float(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5]), sys.stdout)
