# SPDX-License-Identifier: GPL-2.0-or-later
"""In the lab: start and stop of everything by the number of DRBD resources, each with its VG, and who takes the time."""

import os
import re
import threading
import time

from lablib import Lab

_HERE = os.path.dirname(os.path.abspath(__file__))
_LOG = "/var/log/pacemaker/pacemaker.log"
_LIMIT = 500        # seconds for everything to start or stop

#: Pacemaker's executor writes when an action begins and when it has ended; "Nov 25 09:56:42.436 node1 pacemaker-execd ...".
_STAMP = r"^\w{3} +\d+ (\d\d):(\d\d):(\d\d(?:\.\d+)?) .*"
_BEGINS = re.compile(_STAMP + r"executing - rsc:(\S+) action:([\w-]+) call_id:(\d+)")
_ENDS = re.compile(_STAMP + r"\s(\S+) ([\w-]+) \(call (\d+)[,)].*\(execution time ([\d.dhms]+)")
_PART = re.compile(r"([\d.]+)(ms|[dhms])")
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}

MONITOR = "monitor"


def _seconds(hours, minutes, seconds):
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def actions(text):
    """[(resource, action, from, to)] of the actions that a log tells the end of; times in seconds of the day."""
    begun, found = {}, []
    for line in text.splitlines():
        match = _BEGINS.match(line)
        if match:
            begun[match.group(6)] = _seconds(*match.groups()[:3])
            continue
        match = _ENDS.match(line)
        if match:
            end = _seconds(*match.groups()[:3])
            took = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(match.group(7)))
            start = begun.pop(match.group(6), end - took)
            found.append((match.group(4), match.group(5), start, end))
    return found


def union(spans):
    """Seconds that at least one of the spans (from, to) covers."""
    total, reached = 0.0, None
    for start, end in sorted(spans):
        if reached is None or start > reached:
            total, reached = total + end - start, end
        elif end > reached:
            total, reached = total + end - reached, end
    return total


def shares(took, by_node, busy=()):
    """Who takes the seconds *took* of an operation.

    by_node: {node: what ``actions`` returns}; busy: seconds of CPU time that each node used meanwhile. Pacemaker's share
    is the time in which no action ran on either node: it plans, and passes orders and results on.
    """
    spans = [(start, end) for found in by_node.values() for _, _, start, end in found]
    kinds = {}
    for found in by_node.values():
        for _, action, start, end in found:
            row = kinds.setdefault(action, {"runs": 0, "seconds": 0.0, "longest": 0.0})
            row["runs"] += 1
            row["seconds"] += end - start
            row["longest"] = max(row["longest"], end - start)
    running = union(spans)
    return {"seconds": took, "busy": list(busy), "actions": running, "pacemaker": max(0.0, took - running),
            "at once": sum(end - start for start, end in spans) / running if running else 0.0, "kinds": kinds}


def _busy(node):
    """Seconds in which the CPU of a node was not idle since it booted."""
    times = [int(word) for word in node.ok(["head", "-n", "1", "/proc/stat"]).split()[1:9]]
    return (sum(times) - times[3] - times[4]) / 100


def _timed(lab, count, what, work):
    """What ``shares`` says of *work* until every node is "up" or "down"."""
    sizes = {node.name: int(node.ok("stat -c %%s %s" % _LOG)) for node in lab.nodes}
    problems = []

    def wait(node):
        result = node.run("python3 -IS /tmp/wait.py %s %d %d" % (what, _LIMIT, count), _LIMIT + 60)
        if result.rc:
            problems.append("%s: %s" % (node.name, (result.stdout + result.stderr).strip()[-300:]))

    busy, began = lab.each(_busy), time.monotonic()
    threads = [threading.Thread(target=wait, args=(node,)) for node in lab.nodes]
    work()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    busy = [after - before for after, before in zip(lab.each(_busy), busy)]
    found = shares(took, {node.name: [each for each in actions(node.ok("tail -c +%d %s" % (sizes[node.name] + 1, _LOG), 60))
                                      if each[1] != MONITOR] for node in lab.nodes}, busy)
    return dict(found, problems=problems)


def run(counts, rounds, limits=None, progress=print):
    """{"1": {"stop": [figures], "start": [figures]}} by the number of resources.

    limits: {name: value} of properties of the cluster to play it with, e.g. node-action-limit.
    """
    found = {}
    for count in counts:
        lab = Lab()
        progress("%d resources: form" % count)
        lab.formed("dualstor", count)
        lab.wait_formed()
        try:
            one = lab.node(1)
            for name, value in (limits or {}).items():
                one.ok(["crm_attribute", "--name", name, "--update", value])
            with open(os.path.join(_HERE, "guest_wait.py"), "rb") as stream:
                program = stream.read()
            for node in lab.nodes:
                node.push("/tmp/wait.py", program)
            figures = found["%d" % count] = {"stop": [], "start": []}
            for number in range(rounds):
                for what, value, state in (("stop", "true", "down"), ("start", "false", "up")):
                    told = _timed(lab, count, state, lambda value=value: one.ok(
                        ["crm_attribute", "--name", "stop-all-resources", "--update", value]))
                    figures[what].append(told)
                    progress("%d resources, %s %d: %.1f s, %.1f s of it without any action%s" % (
                        count, what, number + 1, told["seconds"], told["pacemaker"],
                        "; " + "; ".join(told["problems"]) if told["problems"] else ""))
                    lab.wait_formed(_LIMIT) if what == "start" else time.sleep(5)
        finally:
            lab.down()
    return found


def lines(figures):
    """Lines of a table: seconds by count, their growth, and the shares."""
    yield "| | resources | seconds | times one | no action runs (Pacemaker) | CPU busy, each node | actions at once | actions |"
    yield "|---|---|---|---|---|---|---|---|"
    for what in ("start", "stop"):
        unit = None
        for count in sorted(figures, key=int):
            rounds = figures[count][what]
            if not rounds:
                continue
            best = sorted(rounds, key=lambda each: each["seconds"])[len(rounds) // 2]
            unit = unit or best["seconds"]
            longest = sorted(best["kinds"].items(), key=lambda item: -item[1]["seconds"])[:4]
            yield "| %s | %s | %.1f | %.1f | %.1f s | %s | %.1f | %s |" % (
                what, count, best["seconds"], best["seconds"] / unit, best["pacemaker"],
                " / ".join("%.0f s" % seconds for seconds in best["busy"]), best["at once"],
                ", ".join("%s: %d runs, %.0f s in all, %.1f s at most" % (name, row["runs"], row["seconds"], row["longest"])
                          for name, row in longest))
