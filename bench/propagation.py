# SPDX-License-Identifier: GPL-2.0-or-later
"""In the lab: how long after ``lvcreate`` on one node the other one can open the LV, and what ``dualstor volume`` takes.

Both are seconds of this host's clock, so they have the way of an answer out of a guest in them, twice. Another LV is being
written to on both nodes meanwhile.
"""

import os
import threading
import time

from lablib import Lab, cib

_HERE = os.path.dirname(os.path.abspath(__file__))
_LIMIT = 120        # seconds for an LV to appear

#: What is measured, by the key of its figures.
TITLES = {
    "node1": "made on node1, usable on node2", "node2": "made on node2, usable on node1",
    "create": "`dualstor volume create`", "grow": "`dualstor volume grow`", "remove": "`dualstor volume remove`",
    "lvchange": "`lvchange --addtag` (one command that changes the metadata)"}


def _appears(maker, other, name, command):
    """(seconds from the end of *command* on a node until the other one can open the LV, seconds of the command)."""
    seen = {}

    def wait():
        result = other.run("python3 -IS /tmp/appear.py %s-%s %d" % (cib.VG, name, _LIMIT), _LIMIT + 30)
        seen["at"] = time.monotonic() if result.rc == 0 else None

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.5)     # it waits by now
    began = time.monotonic()
    maker.ok(command, 90)
    made = time.monotonic()
    thread.join()
    return (None if seen["at"] is None else max(0.0, seen["at"] - made)), made - began


def _timed(node, command):
    began = time.monotonic()
    node.ok(command, 120)
    return time.monotonic() - began


def run(rounds, progress=print):
    """{key of TITLES: [seconds]}; None for an LV that did not appear.

    rounds: creates on each node
    """
    lab = Lab()
    lab.formed("dualstor")
    lab.wait_formed()
    found = {key: [] for key in TITLES}
    try:
        with open(os.path.join(_HERE, "guest_appear.py"), "rb") as stream:
            program = stream.read()
        for node in lab.nodes:
            node.push("/tmp/appear.py", program)
        for number in range(rounds):
            for maker in lab.nodes:
                name = "p%d" % number
                took, _ = _appears(maker, maker.peer, name, "lvcreate -y -L 4M -n %s %s" % (name, cib.VG))
                found[maker.name].append(took)
                found["lvchange"].append(_timed(maker, "lvchange --addtag bench%d %s/lv0" % (number, cib.VG)))
                maker.ok("lvchange --deltag bench%d %s/lv0" % (number, cib.VG), 60)
                found["remove"].append(_timed(maker.peer, "dualstor volume remove %s/%s" % (cib.VG, name)))
                found["create"].append(_timed(maker, "dualstor volume create %s/%s -L 4M" % (cib.VG, name)))
                found["grow"].append(_timed(maker.peer, "dualstor volume grow %s/%s -L +4M" % (cib.VG, name)))
                maker.ok("dualstor volume remove %s/%s" % (cib.VG, name), 120)
                progress("%d on %s: %s s, volume create %.1f s" % (
                    number + 1, maker.name, "never" if took is None else "%.2f" % took, found["create"][-1]))
    finally:
        lab.down()
    return found


def _share(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def lines(found):
    """Lines of a table, and how many tries were within the bound in this run."""
    yield "| | tries | min | median | 95 % | max |"
    yield "|---|---|---|---|---|---|"
    for key, title in TITLES.items():
        values = [value for value in found[key] if value is not None]
        if values:
            yield "| %s | %d | %.2f | %.2f | %.2f | %.2f s |" % (
                title, len(found[key]), min(values), _share(values, 0.5), _share(values, 0.95), max(values))
    bound = bounds(found)
    if bound:
        yield "\nOf %d creates %d were usable on the other node within 1 s + 3 x %.2f s (median of `lvchange`) = %.2f s." % bound


def bounds(found):
    """(creates, those within the bound, median of lvchange, the bound); None without figures."""
    made = found["node1"] + found["node2"]
    if not made or not found["lvchange"]:
        return None
    median = _share(found["lvchange"], 0.5)
    bound = 1.0 + 3.0 * median
    return len(made), sum(value is not None and value <= bound for value in made), median, bound
