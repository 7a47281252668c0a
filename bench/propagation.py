# SPDX-License-Identifier: GPL-2.0-or-later
"""In the lab: how long after ``lvcreate`` on one node the other one can open the LV, and what ``dualstor volume`` takes.

Both are seconds of this host's clock, so they have the way of an answer out of a guest in them, twice. Another LV is being
written to on both nodes meanwhile.
"""

import os
import threading
import time

from bench import report
from dualstor.agents.clustered_vg.interface import LEAVING_TAG
from lablib import Lab, cib
from lablib.waiting import wait_until

_HERE = os.path.dirname(os.path.abspath(__file__))
_LIMIT = 120        # seconds for an LV to appear, or to go
_REST = 3.0         # seconds between changes
_TOGETHER = 8       # LVs that are removed at once

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


def _emptied(lab, names):
    """Removes LVs that both nodes have active: their watchers let go of what is tagged, then LVM removes it."""
    both = " ".join("%s/%s" % (cib.VG, name) for name in names)
    lab.nodes[0].ok("lvchange --addtag %s %s" % (LEAVING_TAG, both), 120)
    gone = "! dmsetup ls | grep -E '^%s-(%s)\\b'" % (cib.VG, "|".join(names))
    for node in lab.nodes:
        wait_until(lambda node=node: node.run(gone).rc == 0, "%s to deactivate what leaves" % node.name, _LIMIT)
    wait_until(lambda: lab.nodes[0].run("lvremove -y %s" % both, 120).rc == 0, "the LVs to be removed", _LIMIT)


def run(rounds, operations, progress=print):
    """{key of TITLES: [seconds]}; None for an LV that did not appear.

    rounds: creates by lvcreate on each node; operations: of `dualstor volume`, of each kind on each node
    """
    lab = Lab()
    lab.formed("dualstor")
    lab.wait_formed()
    found = {key: [] for key in TITLES}
    try:
        for node in lab.nodes:
            for name in ("appear", "write"):
                with open(os.path.join(_HERE, "guest_%s.py" % name), "rb") as stream:
                    node.push("/tmp/%s.py" % name, stream.read())
            node.ok("setsid python3 -IS /tmp/write.py /dev/%s/lv0 %d >/tmp/write.log 2>&1 </dev/null &" % (cib.VG, node.number))
        made = []
        for number in range(rounds):
            for maker in lab.nodes:
                name = "p%d%s" % (number, maker.name)
                took, _ = _appears(maker, maker.peer, name, "lvcreate -y -l 1 -n %s %s" % (name, cib.VG))
                found[maker.name].append(took)
                made.append(name)
                progress("%d on %s: %s s" % (number + 1, maker.name, "never" if took is None else "%.2f" % took))
                time.sleep(_REST)
            if len(made) >= _TOGETHER or number == rounds - 1:
                _emptied(lab, made)
                made = []
        for number in range(rounds // 2):
            for node in lab.nodes:
                found["lvchange"].append(_timed(node, "lvchange --addtag bench%d%s %s/lv0" % (number, node.name, cib.VG)))
                time.sleep(_REST)
        for number in range(operations):
            for maker in lab.nodes:
                name = "o%d" % number
                found["create"].append(_timed(maker, "dualstor volume create %s/%s -L 4M" % (cib.VG, name)))
                found["grow"].append(_timed(maker.peer, "dualstor volume grow %s/%s -L +4M" % (cib.VG, name)))
                found["remove"].append(_timed(maker, "dualstor volume remove %s/%s" % (cib.VG, name)))
                progress("volume create %.1f s, grow %.1f s, remove %.1f s" % tuple(
                    found[key][-1] for key in ("create", "grow", "remove")))
        for node in lab.nodes:
            node.ok("pgrep -f /tmp/[w]rite.py")     # it has written all the time
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


def picture(found):
    """An SVG of all tries and the bound."""
    bound = bounds(found)[3]
    return report.strips("From lvcreate on one node to the LV being usable on the other, in the lab", [
        (TITLES[key], [value for value in found[key] if value is not None], "ours") for key in ("node1", "node2")],
        ("1 s + 3 x lvchange = %.1f s" % bound, bound), "s")
