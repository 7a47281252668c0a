# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays one history on a stage, and records what happened: the record that the checkers read.

schema, history         which history it was
faults                  what really happened: applied says whether a fault began; the times are those of its begin and its end
deaths                  who was fenced: killed by the fence device
work                    each command: seconds, end (see work.py), code, last words
owed, held              acknowledged records by device, and those that were found, by node and device; see checkers.packed
exclusive               each run of the writer of the exclusive LV: node, first and last time, number of records
copies                  what DRBD's verify found, by node in KiB
operations, reasons     results of Pacemaker's actions; how many exit reasons each action printed
whole                   seconds until the cluster was healthy after all was fixed; else what lacked, what was typed, and seconds then
left                    by node: what is there that was not before
volumes                 by node: the LVs that it sees
trouble                 what the lab itself could not do

All times are seconds since the history began.
"""
import re
import threading
import time
from collections import Counter

from .. import cib
from ..errors import LabError
from ..faults import records, timeline, verdict
from ..faults.stage import PATH, WITNESS
from ..waiting import Unmet
from . import advice, checkers, faults, history, leftovers, work

SCHEMA = "dualstor.lab.nemesis.record/1"
# A machine that was fenced is started so long after the last request about it, see lablib/fencing.py.
RESTART = 20.0
PATIENCE = 150  # for what is under way when a history ends
LOG = "/var/log/pacemaker/pacemaker.log"
# What a machine that was just killed may lead to; crm_mon's text may be half of one.
PROBLEMS = (LabError, OSError, ValueError)
_REASON = re.compile(r"(\w+_\w+_\d+\[\d+\]) error output \[ ocf-exit-reason")


class Keeper(threading.Thread):
    """Starts a node's machine when it is off, unless a fault keeps it off."""

    def __init__(self, stage, node, held, clock=time.time):
        super().__init__(daemon=True)
        self.stage, self.node, self.held, self.clock = stage, node, held, clock
        self.ending = threading.Event()
        self.trouble = []

    def due(self):
        """Whether the machine is off and may be started now."""
        if self.node.alive() or self.held(self.node):
            return False
        last = max((each["time"] for each in self.stage.fencing() if each["target"] == self.node.name), default=0.0)
        return self.clock() >= last + RESTART

    def run(self):
        while not self.ending.wait(1.0):
            if self.due():
                try:
                    self.stage.start(self.node)
                except PROBLEMS as error:  # it was killed while it booted, or does not boot
                    self.trouble.append(str(error)[:300])


class Player(threading.Thread):
    """Begins and ends one fault at its moments; notes what really happened in `happened`."""

    def __init__(self, stage, fault):
        super().__init__(daemon=True)
        self.stage, self.fault = stage, fault
        self.kind = faults.KINDS[fault.kind]
        self.active = False
        self.happened = {
            **fault._asdict(), "applied": False, "error": "", "fences": self.kind.fences, "losses": self.kind.losses(fault),
        }  # fmt: skip

    def _until(self, moment):
        while (left := self.stage.began + moment - time.time()) > 0:
            time.sleep(min(left, 0.5))

    def run(self):
        self._until(self.fault.begin)
        self.active = True
        self.happened["begin"] = round(time.time() - self.stage.began, 1)
        self._attempt(self.kind.begin, "applied")
        self._until(self.fault.end)
        self.active = False
        self._attempt(self.kind.end, "ended")
        self.happened["end"] = round(time.time() - self.stage.began, 1)

    def _attempt(self, act, word):
        try:
            act(self.stage, self.fault)
            self.happened[word] = True
        except PROBLEMS as error:
            self.happened["error"] = str(error)[:300]


def play(stage, wanted):
    """Plays a History on a stage that was set and prepared; returns the record."""
    before = _looks(stage)
    sizes = {node.name: int(node.ok(["stat", "-c", "%s", LOG]).strip()) for node in stage.lab.nodes}
    stage.began = time.time()
    happened, done, trouble = _storm(stage, wanted)
    trouble += _quiet(stage)
    whole = _whole(stage)
    record = {
        "schema": SCHEMA,
        "history": history.to_json(wanted),
        "faults": happened,
        "work": done,
        "whole": whole,
        "trouble": trouble,
        **_acknowledged(stage),
        **_settled(stage, before),
    }
    stage.ended = time.time()
    record.update(_logged(stage, sizes))
    record["deaths"] = deaths(stage)
    record["seconds"] = round(stage.ended - stage.began, 1)
    record["listed"] = verdict.trouble(stage)
    record["marks"] = [{"at": round(mark.time - stage.began, 1), "text": mark.text} for mark in stage.marks]
    return record


def replay(stage, wanted):
    """Plays a History as the story of a fault scenario, which checks everything else itself."""
    work.prepare(stage)
    stage.began = time.time()
    happened, done, _ = _storm(stage, wanted)
    _quiet(stage)
    stage.whole(checkers.WHOLE)
    if stage.ours:
        verdict.end_writers(stage, {"alone": "alone-writer"})
    record = {"faults": happened, "work": done, "deaths": deaths(stage)}
    for name in ("has_cause", "one_death_per_loss", "commands"):
        what, function = checkers.CHECKERS[name]
        wrong = function(record)
        stage.check(what, not wrong, "; ".join(wrong))


def deaths(stage):
    """Returns the deaths by fencing since the history began."""
    return [
        {"at": round(each["time"] - stage.began, 1), "node": each["target"], "by": each["by"], "operation": each["operation"]}
        for each in stage.fencing()
        if each.get("killed")
    ]


def _storm(stage, wanted):
    """Plays faults and work; returns (what happened, results of the work, trouble)."""
    players = [Player(stage, fault) for fault in wanted.faults]

    def held(node):
        return any(each.active and each.fault.kind == "killed" and each.fault.node == node.number for each in players)

    keepers = [Keeper(stage, node, held) for node in stage.lab.nodes]
    workers = work.workers(stage.lab, wanted, stage.began)
    trouble = []
    for thread in (*keepers, *workers, *players):
        thread.start()
    while time.time() < stage.began + wanted.seconds:
        time.sleep(0.5)
    end = time.time() + PATIENCE
    for worker in workers:
        worker.ending = True
    for thread in (*players, *workers):
        thread.join(max(0.0, end - time.time()))
        if thread.is_alive():
            trouble.append(f"{thread!r} did not end")
    _everybody(stage)
    for keeper in keepers:
        keeper.ending.set()
    for keeper in keepers:
        keeper.join(400)
        trouble += keeper.trouble
    return [each.happened for each in players], [result for worker in workers for result in worker.results], trouble


def _everybody(stage):
    """Ends what keeps machines from running, and waits until both run and answer; the keepers start them."""
    faults.quiet(stage)

    def answer():
        for node in stage.lab.nodes:
            if not node.alive():
                return Unmet(f"{node.name} is off")
            node.run(["true"], 20)
        return True

    stage.wait(answer, "both machines to answer", 240)


def _quiet(stage):
    trouble = faults.quiet(stage)
    for node in stage.lab.nodes:
        trouble += faults.quiet_inside(stage, node)
    trouble += faults.quiet_cluster(stage)
    stage.mark("everything is fixed")
    return trouble


def healthy(stage):
    """Whether everything runs, the exclusive LV and its writer somewhere: True, or an Unmet."""
    settled = stage.settled()
    if not settled or not stage.ours:
        return settled
    runs = [each.node for each in stage.seen().instances if each.resource == "alone-writer" and each.active]
    return len(runs) == 1 or Unmet(f"the writer of the exclusive LV runs on {runs or 'no node'}")


def _whole(stage):
    """Waits until the cluster is healthy; types what is named if it does not become so by itself."""
    began = time.time()
    found = {"seconds": None, "lacking": "", "steps": [], "after": None, "said": ""}
    try:
        stage.wait(lambda: _survived(stage), "the whole cluster to run", checkers.WHOLE)
        found["seconds"] = round(time.time() - began, 1)
        stage.mark("healthy again")
        return found
    except LabError as error:
        found["lacking"] = str(error)
    stage.mark(f"not healthy: {found['lacking']}"[:200])
    again = time.time()
    for _ in range(3):
        steps = advice.follow(stage) if stage.ours else []
        found["steps"] += steps
        try:
            stage.wait(lambda: _survived(stage), "the whole cluster to run", checkers.WHOLE / 3)
            found["after"] = round(time.time() - again, 1)
            break
        except LabError as error:
            found["said"] = str(error)
    return found


def _survived(stage):
    """The same as healthy; a machine that was fenced late is started."""
    for node in stage.lab.nodes:
        if not node.alive():
            last = max((each["time"] for each in stage.fencing() if each["target"] == node.name), default=0.0)
            if time.time() >= last + RESTART:
                stage.start(node)
            return Unmet(f"{node.name} is off")
    try:
        return healthy(stage)
    except ValueError as error:
        return Unmet(error)


def _acknowledged(stage):
    """Returns what the writers acknowledged, and the runs of the exclusive one."""
    lines = stage.lines(work.EXCLUSIVE)
    runs = {}
    for line in lines:
        if line.words[:1] == ("ack",) and len(line.words) == 3:
            each = runs.setdefault((line.node, line.words[1]), {"first": line.time, "count": 0})
            each["last"] = line.time
            each["count"] += 1
    return {
        "owed": {
            PATH: checkers.packed(records.acknowledged(stage.lines(WITNESS))),
            work.ALONE: checkers.packed(records.acknowledged(lines)),
        },
        "exclusive": [
            {"node": node, "run": run, "count": each["count"], "first": round(each["first"] - stage.began, 2),
             "last": round(each["last"] - stage.began, 2)}
            for (node, run), each in runs.items()
        ],
    }  # fmt: skip


def _settled(stage, before):
    """Ends the writers and reads what is on both nodes."""
    found = {"held": {}, "copies": {}, "left": {}, "volumes": {}}
    writers = {"writers": WITNESS, **({"alone": "alone-writer"} if stage.ours else {})}
    try:
        verdict.end_writers(stage, writers)
    except LabError as error:
        stage.mark(f"the writers do not end: {str(error)[:150]}")
    found.update(_acknowledged(stage))
    for node in stage.lab.nodes:
        try:
            below = node.ok("drbdadm sh-ll-dev r0", 30).strip()
            found["held"][node.name] = {
                place: checkers.packed(records.held(node.ok(["/usr/local/lib/lab/witness", "scan", place], 120)))
                for place in (PATH, below)
            }
            found["volumes"][node.name] = node.ok(["lvs", "--noheadings", "-o", "lv_name", cib.VG], 60).split()
        except LabError as error:
            stage.mark(f"{node.name} could not be read: {str(error)[:150]}")
    try:
        verdict.verify(stage)
        seen = {node.name: node.drbd() for node in stage.lab.nodes}
        found["copies"] = {"verified": None not in seen.values(), "missing": {name: drbd.missing for name, drbd in seen.items() if drbd}}
    except LabError as error:
        found["copies"] = {"verified": False, "why": str(error)[:300]}
    found["left"] = {name: leftovers.more(before[name], after) for name, after in _looks(stage).items()}
    return found


def _looks(stage):
    """Returns {node's name: what is there}; both are asked at once, as emulated machines are slow."""
    return dict(zip((node.name for node in stage.lab.nodes), stage.lab.each(leftovers.look)))


def _logged(stage, sizes):
    """Returns results and reasons from Pacemaker's logs since the history began."""
    operations, reasons, year = [], Counter(), time.gmtime(stage.began).tm_year
    for node in stage.lab.nodes:
        try:
            text = node.ok(f"tail -c +{sizes[node.name] + 1} {LOG} | grep -a 'Result of\\|error output' || true", 60)
        except LabError as error:
            stage.mark(f"no log of {node.name}: {str(error)[:100]}")
            continue
        for moment, operation, resource, where, result in timeline.operations(text, year):
            operations.append({
                "at": round(moment - stage.began, 1), "node": where, "operation": operation, "resource": resource, "result": result,
            })  # fmt: skip
        reasons.update(f"{node.name} {action}" for action in _REASON.findall(text))
    return {"operations": operations, "reasons": dict(reasons)}
