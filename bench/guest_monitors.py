# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs in a guest: what its cluster manager's monitors cost meanwhile, by the kernel's process accounting.

usage: SECONDS AGENT...; prints {"seconds": ..., "busy": ..., "bare": [...], "agents": {AGENT: {...}}} as JSON.
``busy`` are the seconds in which the CPU was not idle, ``bare`` what bare Pythons took that ran now
and then: the unit of a busy host. Of each agent: ``runs``, ``full`` (those that started processes),
``children`` (processes, at any depth) and ``cpu`` (seconds of all of these).

Sources: acct(2), acct(5) (version 3, in Debian's kernels), Linux kernel/acct.c (encode_comp_t).
"""

import ctypes
import json
import os
import struct
import sys
import time

from measure import once

_FILE = b"/run/bench.acct"
_RECORD = struct.Struct("<BBHIIIIIIf8H16s")
_VERSION = 3
_TICKS = 100        # a second, whatever the kernel's
_COMM = 15          # characters that the kernel keeps of a name
_PAUSE = 3.0
_BARE = ["/usr/bin/python3", "-I", "-S", "-c", "pass"]


def _acct(name):
    if ctypes.CDLL(None, use_errno=True).acct(name):
        raise OSError(ctypes.get_errno(), "acct")


def _number(packed):
    """The integer of a comp_t: 13 bits, and 3 bits of an exponent of 8."""
    return (packed & 0x1fff) << 3 * (packed >> 13)


def records(data):
    """(name, pid, parent's pid, CPU seconds) of each process in an accounting file, as they ended."""
    for fields in _RECORD.iter_unpack(data):
        if fields[1] & 0xf != _VERSION:
            raise ValueError("accounting records of version %d" % (fields[1] & 0xf))
        yield (fields[-1].partition(b"\0")[0].decode(), fields[6], fields[7],
               (_number(fields[10]) + _number(fields[11])) / _TICKS)


def summed(ended, agents, executor):
    """{agent: {"runs": ..., "full": ..., "children": ..., "cpu": ...}} of ``records``.

    :param executor: pid of the cluster manager's process that starts agents
    """
    found = {name: {"runs": 0, "full": 0, "children": 0, "cpu": 0.0} for name in agents}
    names = {name[:_COMM]: name for name in agents}
    below = {}      # parent's pid: (processes, CPU) of its children that have ended
    for comm, pid, parent, cpu in ended:
        children, more = below.pop(pid, (0, 0.0))
        cpu += more
        if comm in names and parent == executor:
            row = found[names[comm]]
            row["runs"] += 1
            row["full"] += children > 0
            row["children"] += children
            row["cpu"] += cpu
        else:
            count, so_far = below.get(parent, (0, 0.0))
            below[parent] = (count + children + 1, so_far + cpu)
    return found


def _executor():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with open("/proc/%s/comm" % pid, encoding="ascii") as stream:
            if stream.read().startswith("pacemaker-exec"):
                return int(pid)
    raise LookupError("no pacemaker-execd runs here")


def _busy():
    with open("/proc/stat", encoding="ascii") as stream:
        times = [int(word) for word in stream.readline().split()[1:9]]
    return (sum(times) - times[3] - times[4]) / os.sysconf("SC_CLK_TCK")


def watch(seconds, agents):
    """What the module's documentation tells."""
    open(_FILE, "wb").close()
    null, executor = os.open(os.devnull, os.O_RDWR), _executor()
    bare, began, busy = [], time.monotonic(), _busy()
    _acct(_FILE)
    try:
        while time.monotonic() < began + seconds:
            time.sleep(_PAUSE)
            bare.append(once(_BARE, {}, null)[1])
    finally:
        _acct(None)
    took = time.monotonic() - began
    with open(_FILE, "rb") as stream:
        data = stream.read()
    os.unlink(_FILE)
    return {"seconds": took, "busy": _busy() - busy - sum(bare), "bare": bare,
            "agents": summed(records(data), agents, executor)}


if __name__ == "__main__":
    json.dump(watch(float(sys.argv[1]), sys.argv[2:]), sys.stdout)
