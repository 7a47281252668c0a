# SPDX-License-Identifier: GPL-2.0-or-later
"""In the lab, by agents and by the number of DRBD resources, each with its VG: start, stop, standby, a crash, monitors.

Of starts and stops also who takes the time.
"""

import json
import re
import threading
import time

from lablib import Lab, cib

from bench.lab import source, stall

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


def _timed(nodes, count, what, work):
    """What ``shares`` says of *work* until each of the nodes is "up" or "down"."""
    lab = nodes[0].lab
    sizes = {node.name: int(node.ok("stat -c %%s %s" % _LOG)) for node in lab.nodes}
    problems = []

    def wait(node):
        result = node.run("python3 -IS /tmp/wait.py %s %d %d" % (what, _LIMIT, count), _LIMIT + 60)
        if result.rc:
            problems.append("%s: %s" % (node.name, (result.stdout + result.stderr).strip()[-300:]))

    busy, began = lab.each(_busy), time.monotonic()
    threads = [threading.Thread(target=wait, args=(node,)) for node in nodes]
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


def _monitors(lab, agents, seconds=60):
    """{node: what guest_monitors.py tells of the agents' monitors in so many seconds}."""
    names = [agent.spec.rpartition(":")[2] for agent in (agents.drbd, agents.locking[1], agents.vg)]
    watch = "python3 /tmp/guest_monitors.py %d %s" % (seconds, " ".join(names))
    told = lab.each(lambda node: json.loads(node.ok(watch, seconds + 60)))
    return {node.name: each for node, each in zip(lab.nodes, told)}


def run(counts, rounds, agents="dualstor", limits=None, progress=print):
    """{"1": {"stop": [figures], "start": [figures] ..., "monitors": [...], "crash": [seconds]}} by the number of resources.

    limits: {name: value} of properties of the cluster to play it with, e.g. node-action-limit.
    """
    found = {}
    for count in counts:
        lab = Lab()
        progress("%s, %d resources: form" % (agents, count))
        lab.formed(agents, count)
        lab.wait_formed()
        try:
            one, two = lab.nodes
            for name, value in (limits or {}).items():
                one.ok(["crm_attribute", "--name", name, "--update", value])
            for node in lab.nodes:
                node.push("/tmp/wait.py", source("guest_wait.py"))
                for name in ("measure.py", "guest_monitors.py"):
                    node.push("/tmp/" + name, source(name))
            figures = found["%d" % count] = {}

            def timed(what, nodes, state, *command):
                told = _timed(nodes, count, state, lambda: one.ok(["crm_attribute", *command]))
                figures.setdefault(what, []).append(told)
                progress("%d resources, %s: %.1f s, %.1f s of it without any action%s" % (
                    count, what, told["seconds"], told["pacemaker"],
                    "; " + "; ".join(told["problems"]) if told["problems"] else ""))
                lab.wait_formed(_LIMIT) if state == "up" else time.sleep(5)

            figures["monitors"] = [_monitors(lab, cib.SETS[agents])]
            standby = ("--node", two.name, "--name", "standby", "--lifetime", "reboot")
            for _ in range(rounds):
                timed("stop", lab.nodes, "down", "--name", "stop-all-resources", "--update", "true")
                timed("start", lab.nodes, "up", "--name", "stop-all-resources", "--update", "false")
                timed("standby", [two], "down", *standby, "--update", "on")
                timed("back", [two], "up", *standby, "--delete")
            figures["crash"] = [stall(lab)]
            progress("%d resources, crash: writes stood still for %.1f s" % (count, figures["crash"][0]))
        finally:
            lab.down()
    return found


#: What is timed, in the words of the table.
OPERATIONS = {"start": "start", "stop": "stop", "standby": "a node to standby", "back": "a node back"}


def lines(figures):
    """Lines of tables of all agents: seconds by count, their growth, and the shares; then the other figures."""
    yield "| | agents | resources | seconds | times one | no action runs (Pacemaker) | CPU busy, each node | actions at once | actions |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for what, words in OPERATIONS.items():
        for agents, by_count in figures.items():
            unit = None
            for count in sorted(by_count, key=int):
                rounds = by_count[count].get(what)
                if not rounds:
                    continue
                best = sorted(rounds, key=lambda each: each["seconds"])[len(rounds) // 2]
                unit = unit or best["seconds"]
                longest = sorted(best["kinds"].items(), key=lambda item: -item[1]["seconds"])[:4]
                yield "| %s | %s | %s | %.1f | %.1f | %.1f s | %s | %.1f | %s |" % (
                    words, agents, count, best["seconds"], best["seconds"] / unit, best["pacemaker"],
                    " / ".join("%.0f s" % seconds for seconds in best["busy"]), best["at once"],
                    ", ".join("%s: %d runs, %.0f s in all, %.1f s at most" % (name, row["runs"], row["seconds"], row["longest"])
                              for name, row in longest))
    yield ""
    yield "| agents | resources | CPU of all monitors a minute, each node | runs | writes stand still after a crash |"
    yield "|---|---|---|---|---|"
    for agents, by_count in figures.items():
        for count in sorted(by_count, key=int):
            nodes = by_count[count].get("monitors", [{}])[-1].values()
            costs, runs = ([" / ".join(form % (sum(row[key] for row in node["agents"].values()) * 60 / node["seconds"])
                                       for node in nodes)] for key, form in (("cpu", "%.1f s"), ("runs", "%.0f")))
            yield "| %s | %s | %s | %s | %s |" % (
                agents, count, costs[0], runs[0], ", ".join("%.1f s" % each for each in by_count[count].get("crash", ())))
