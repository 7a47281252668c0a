# SPDX-License-Identifier: GPL-2.0-or-later
"""The story of one run as lanes of coloured stretches and single events, all in seconds since the damage began."""
import re
import time
from collections import namedtuple

from ..errors import LabError
from .records import stretches

# kind: what decides on the colour ("good", "bad", "odd", "off"); a stretch goes from `start` to `end`.
Stretch = namedtuple("Stretch", "start end text kind")
Event = namedtuple("Event", "time text kind")
Lane = namedtuple("Lane", "name stretches events")
Timeline = namedtuple("Timeline", "title length lanes")

# "Nov 25 09:48:01.123 node1 pacemaker-controld [312] (log_executor_event) notice: Result of start operation for vg0 on
#  node1: ok | CIB update 35, graph action confirmed; call=31 key=vg0_start_0 rc=0"
_RESULT = re.compile(
    r"^(\w{3} +\d+ [\d:]{8})(?:\.\d+)? .*Result of ([\w-]+) operation for (\S+?)(?::\d+)? on (\S+?): (.*?)(?: \||$)"
)
_GOOD_RESULTS = ("ok", "not running", "promoted", "Cancelled")
_SHOWN = 70  # characters of an event
_LOG = "grep -ah 'Result of' /var/log/pacemaker/pacemaker.log | tail -n 400"

_DAEMON_STATES = {"absent": "off", "D": "bad", "T": "bad", "Z": "bad"}


def operations(text, year):
    """Returns [(time, operation, resource, node, result)] of Pacemaker's log lines about results."""
    found = []
    for line in text.splitlines():
        match = _RESULT.match(line)
        if match:
            moment = time.mktime(time.strptime(f"{year} {match.group(1)}", "%Y %b %d %H:%M:%S")) - time.timezone
            found.append((moment, *match.groups()[1:]))
    return found


def _drbd_kind(text):
    if text == "absent":
        return "off"
    if "suspended" in text or "StandAlone" in text or "Diskless" in text or ("ro:Primary" in text and "ds:Inconsistent" in text):
        return "bad"
    return "good" if "cs:Connected ro:Primary/Primary ds:UpToDate/UpToDate" in text else "odd"


def _kind(key, text):
    if key == "drbd":
        return _drbd_kind(text)
    if key in ("lockspaces", "volumes"):
        return "off" if text == "none" else "good"
    return _DAEMON_STATES.get(text, "good")


def _watched(lines, node, key, began, ended):
    """The stretches of one thing that a node's watch reports."""
    found = []
    for line in lines:
        if line.node == node and line.words[:1] == (key,):
            text = " ".join(line.words[1:])
            if found:
                found[-1] = found[-1]._replace(end=line.time - began)
            found.append(Stretch(line.time - began, ended - began, text, _kind(key, text)))
    return found


def _result(moment, operation, resource, result):
    """The Event of one result; Pacemaker puts the exit reason in brackets behind it."""
    text = f"{operation} {resource}: {result}"
    good = result.partition(" (")[0] in _GOOD_RESULTS
    kind = "odd" if "degraded" in result.lower() else "good" if good else "bad"
    return Event(moment, text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…", kind)


def collect(stage, title):
    """Returns the Timeline of a stage on which everything has been played."""
    began, ended = stage.began, stage.ended
    watched = stage.lines("watch")
    lanes = [
        Lane("story", [], [Event(mark.time - began, mark.text, "odd") for mark in stage.marks]),
        Lane("fencing", [], [
            Event(each["time"] - began, f"{each['by']} asks: {each['operation']} {each['target']}", "bad")
            for each in stage.fencing()
            if each["operation"] in ("off", "reboot")
        ]),
    ]  # fmt: skip
    for node in stage.lab.nodes:
        done = []
        try:
            text = node.ok(_LOG, 30) if node.alive() else ""
            done = [each for each in operations(text, time.gmtime(began).tm_year) if -5 < each[0] - began < ended - began + 5]
        except LabError:
            pass  # a node that does not answer has no lane of agents
        lanes.append(Lane(f"{node.name} agents", [], [
            _result(moment - began, operation, resource, result)
            for moment, operation, resource, where, result in done
            if where == node.name and resource != "witness"
        ]))  # fmt: skip
        for key, name in (("drbd", "DRBD"), ("lockspaces", "dlm"), ("lvmlockd", "lvmlockd"), ("volumes", "LVs")):
            lanes.append(Lane(f"{node.name} {name}", _watched(watched, node.name, key, began, ended), []))
        lanes.append(Lane(f"{node.name} writes", [
            Stretch(start - began, end - began, "", "good") for start, end in stretches(stage.lines("witness"), node.name)
        ], []))  # fmt: skip
    return Timeline(title, ended - began, lanes)
