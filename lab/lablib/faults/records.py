# SPDX-License-Identifier: GPL-2.0-or-later
"""The witness's notes on the host: which records were acknowledged and when, and whether a device holds them.

The guests' half is lab/guest/usr/local/lib/lab/witness.
"""
import os
import threading
import time
from collections import namedtuple

# One line that a guest reported: when it arrived, in seconds of time.time(), and its words.
Line = namedtuple("Line", "time node words")


class Port(threading.Thread):
    """Follows the file in which one port of one machine ends, and notes when each line came.

    The file outlives the machine; lines are never lost, only their time is as exact as the look (20 ms).
    """

    LOOK = 0.02

    def __init__(self, machine, name):
        super().__init__(daemon=True)
        self.node = machine.name
        self.path = machine.file(name)
        self.lines = []
        self._ending = threading.Event()
        self._at = self.path.stat().st_size if self.path.exists() else 0
        self._rest = b""

    def run(self):
        while not self._ending.wait(self.LOOK):
            self._read()
        self._read()

    def _read(self):
        try:
            with open(self.path, "rb") as stream:
                stream.seek(self._at)
                data = stream.read()
        except OSError:
            return
        self._at += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        now = time.time()
        for line in whole:
            self.lines.append(Line(now, self.node, tuple(line.decode(errors="replace").split())))

    def stop(self):
        """Reads what is left and ends."""
        self._ending.set()
        self.join()


def acknowledged(lines):
    """Returns {(node number, run): set of numbers} of the records that Lines acknowledge."""
    found = {}
    for line in lines:
        if line.words[:1] == ("ack",) and len(line.words) == 3:
            key = (int(line.node[-1]), int(line.words[1]))
            found.setdefault(key, set()).add(int(line.words[2]))
    return found


def held(text):
    """Returns the same of what `witness scan` printed."""
    found = {}
    for line in text.splitlines():
        node, run, first, last = map(int, line.split())
        found.setdefault((node, run), set()).update(range(first, last + 1))
    return found


def lost(wanted, there):
    """Returns [(node number, run, number)] of records that are wanted and not there."""
    return sorted(
        (node, run, number)
        for (node, run), numbers in wanted.items()
        for number in numbers - there.get((node, run), set())
    )


def greatest_stall(lines, node, began, ended):
    """Returns the longest time in seconds without an acknowledged record of a node between two moments."""
    times = [line.time for line in lines if line.node == node and line.words[:1] == ("ack",) and began <= line.time <= ended]
    edges = [began, *times, ended]
    return max(after - before for before, after in zip(edges, edges[1:]))


def stretches(lines, node, gap=0.5):
    """Returns [(from, to)] in which a node's records came without a gap of more than `gap` seconds."""
    found = []
    for line in lines:
        if line.node != node or line.words[:1] != ("ack",):
            continue
        if found and line.time - found[-1][1] <= gap:
            found[-1][1] = line.time
        else:
            found.append([line.time, line.time])
    return [tuple(each) for each in found]


def clear(machine, names):
    """Empties the files of a machine's ports, which QEMU appends to."""
    for name in names:
        path = machine.file(name)
        if path.exists():
            os.truncate(path, 0)
