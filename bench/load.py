# SPDX-License-Identifier: GPL-2.0-or-later
"""In the lab: whether a connection of DRBD or a token of corosync is lost under full load, with the times that configure writes."""

import json
import os
import re
import time

from lablib.errors import LabError
from lablib.waiting import wait_until

from bench import losses

_HERE = os.path.dirname(os.path.abspath(__file__))
_MARK = "bench: the load begins"
_LOOK = 15          # seconds between two looks: the load is not to be disturbed
_COROSYNC_LOG = "/var/log/corosync/corosync.log"

#: Lines of the kernel's log: the connection was lost; a packet or its answer was late, and it was not.
LOST = re.compile(r"PingAck did not arrive|conn\( Connected -> (?!Disconnecting)|meta connection shut down|"
                  r"Remote failed to finish a request|sock was shut down")
LATE = re.compile(r"sock_sendmsg time expired")
#: Lines of corosync's log: the token was lost, a new membership was formed.
TOKEN = re.compile(r"Token has not been received|A processor failed|token was lost|forming new configuration|"
                   r"A new membership")


def counted(kernel, corosync, stats_before, stats_after):
    """Figures of one node.

    kernel: its log since the load began; corosync: its log since then; stats_*: text of corosync-cmapctl.
    """
    before, after = statistics(stats_before), statistics(stats_after)
    return {"connections": _matching(LOST, kernel), "late": _matching(LATE, kernel), "tokens": _matching(TOKEN, corosync),
            "counters": {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}}


def _matching(pattern, text):
    return [line.strip()[:200] for line in text.splitlines() if pattern.search(line)]


def statistics(text):
    """{key: number} of corosync's counters of lost tokens and of membership changes."""
    return {key: int(number) for key, number in re.findall(
        r"^\S*?srp\.(\w*token_lost|consensus_timeouts|gather_entered) \(u\w+\) = (\d+)$", text, re.MULTILINE)}


def good(found):
    """Whether neither a connection nor a token was lost, and nobody was fenced."""
    return not found["fenced"] and all(
        not told["connections"] and not told["tokens"]
        and not any("token_lost" in key for key in told["counters"]) for told in found["nodes"].values())


def _stats(node):
    return node.run("corosync-cmapctl -m stats stats.srp. 2>/dev/null; corosync-cmapctl runtime.totem.pg.mrp.srp. 2>/dev/null",
                    60).stdout


def part(minutes, version, progress=print):
    """Loads both nodes of a formed cluster for so many minutes; returns the figures."""
    lab = losses.lab_of(losses.SETS[losses.OURS], version)
    lab.fencer.end()
    lab.formed("dualstor")
    lab.wait_formed()
    fenced, began = len(lab.fenced()), time.time()
    with open(os.path.join(_HERE, "guest_load.py"), "rb") as stream:
        program = stream.read()
    before = {}
    for node in lab.nodes:
        node.push("/tmp/load.py", program)
        node.ok("echo '%s' >/dev/kmsg" % _MARK)
        size = int(node.ok("stat -c %%s %s" % _COROSYNC_LOG))
        before[node.name] = size, _stats(node)
        node.ok("rm -f /tmp/load.json; setsid sh -c 'python3 -IS /tmp/load.py %d %d /dev/vg0/lv0 /dev/vdb >/tmp/load.new 2>&1;"
                " mv /tmp/load.new /tmp/load.json' >/dev/null 2>&1 </dev/null &" % (minutes * 60, node.number))
    ends = time.monotonic() + minutes * 60
    while time.monotonic() < ends and all(node.alive() for node in lab.nodes):
        time.sleep(min(_LOOK, max(0.0, ends - time.monotonic())))
    found = {"minutes": round((time.time() - began) / 60, 1), "drbd": version, "suite": lab.suite, "nodes": {},
             "fenced": [event["target"] for event in lab.fenced()[fenced:]], "began": round(began)}
    for node in lab.nodes:
        try:
            found["nodes"][node.name] = _told(node, *before[node.name])
        except LabError as error:
            progress("%s: %s" % (node.name, error))
            found["nodes"][node.name] = {"connections": [str(error)[:200]], "late": [], "tokens": [], "counters": {}}
    try:
        found["failures"] = ["%s on %s: %s" % (each.operation, each.node, each.reason) for each in lab.node(1).cluster().failures]
    except LabError as error:
        found["failures"] = [str(error)[:200]]
    lab.down()
    return found


def _told(node, size, stats):
    def answered():
        return node.run("cat /tmp/load.json", 60).stdout
    wait_until(answered, "the load of %s to end" % node.name, 120, 2)
    kernel = node.ok("dmesg", 60).rpartition(_MARK)[2]
    corosync = node.ok("tail -c +%d %s" % (size + 1, _COROSYNC_LOG), 60)
    return dict(counted(kernel, corosync, stats, _stats(node)), load=json.loads(answered()))


def lines(parts):
    """Lines for people: the sum of all parts."""
    total = {key: sum(len(told[key]) for each in parts for told in each["nodes"].values())
             for key in ("connections", "late", "tokens")}
    tokens = sum(number for each in parts for told in each["nodes"].values()
                 for key, number in told["counters"].items() if key.endswith("token_lost"))
    yield "%.0f minutes of load on both nodes, in %d parts: %d lost connections, %d lost tokens (corosync counts %d), %d fenced" % (
        sum(each["minutes"] for each in parts), len(parts), total["connections"], total["tokens"], tokens,
        sum(len(each["fenced"]) for each in parts))
    yield "late sends: %d; failed actions: %d" % (total["late"], sum(len(each["failures"]) for each in parts))
    for each in parts:
        for name, told in each["nodes"].items():
            if "load" in told:
                yield "%s: CPU %.0f %% busy, %d MiB written in %d writes, the slowest %.1f s, %d MiB read" % (
                    name, 100 * told["load"]["busy"], told["load"]["written"], told["load"]["writes"], told["load"]["longest"],
                    told["load"]["read"])
