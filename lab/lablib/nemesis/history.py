# SPDX-License-Identifier: GPL-2.0-or-later
"""A seed gives a history: which faults begin and end when, on which node, and which ordinary work is done meanwhile.

Nothing here does anything; the same seed, length and kinds give the same history.
"""
import json
import random
from collections import namedtuple

SCHEMA = "dualstor.lab.nemesis.history/1"

# number: its place in the history; node: 1 or 2, 0 for a fault of both; begin, end: seconds; options: a dictionary of its kind
Fault = namedtuple("Fault", "number kind node begin end options")
Work = namedtuple("Work", "at kind node options")
History = namedtuple("History", "seed seconds agents faults work")

# At most so many faults at a time, and seconds without one between two of the same lane.
LANES = 3
PAUSE = (1.0, 12.0)
# Nothing happens at first, so that the picture shows a healthy pair.
QUIET = 3.0
TRIES = 20


def make(seed, seconds, kinds, plans, agents="dualstor"):
    """Returns the History of a seed.

    seconds: how long faults happen; kinds: objects with name, where ("node" or "both"), seconds (shortest, longest), apart,
    inside, and options (called with a random.Random), see faults.Kind; plans: functions that take a random.Random and
    seconds and return a list of Work.
    """
    chance = random.Random(f"nemesis {seed} {seconds} {' '.join(kind.name for kind in kinds)}")
    faults = []
    for _ in range(LANES):
        moment = QUIET + chance.uniform(*PAUSE)
        while moment < seconds:
            fault = _one(chance, moment, seconds, kinds, faults)
            if fault is None:
                moment += chance.uniform(*PAUSE)
                continue
            faults.append(fault)
            moment = fault.end + chance.uniform(*PAUSE)
    numbered = [fault._replace(number=number) for number, fault in enumerate(sorted(faults, key=_when))]
    work = [each for plan in plans for each in plan(chance, seconds)]
    return History(seed, seconds, agents, tuple(numbered), tuple(sorted(work, key=lambda each: each.at)))


def _when(fault):
    return fault.begin, fault.kind, fault.node


def _one(chance, moment, seconds, kinds, faults):
    """A fault that begins at a moment and may be together with those that are there, or None."""
    known = {kind.name: kind for kind in kinds}
    for _ in range(TRIES):
        kind = chance.choice(kinds)
        node = chance.choice((1, 2)) if kind.where == "node" else 0
        options = kind.options(chance)
        end = min(moment + chance.uniform(*kind.seconds), float(seconds))
        fault = Fault(0, kind.name, node, round(moment, 1), round(end, 1), options)
        others = [other for other in faults if other.begin < fault.end and fault.begin < other.end]
        if end - moment >= kind.seconds[0] and not any(_apart(fault, other, known) for other in others):
            return fault
    return None


def _apart(one, other, known):
    """Whether two faults must not overlap: they need the same thing, or one acts inside a machine that does not run."""
    kinds = known[one.kind], known[other.kind]
    if kinds[0].apart(one) & kinds[1].apart(other):
        return True
    if one.node != other.node:
        return False
    return any(
        down.halts and acts.inside and first.begin <= second.begin < first.end
        for down, acts, first, second in ((kinds[0], kinds[1], one, other), (kinds[1], kinds[0], other, one))
    )


def to_json(history):
    """Returns a History as a dictionary that JSON can hold."""
    return {
        "schema": SCHEMA, "seed": history.seed, "seconds": history.seconds, "agents": history.agents,
        "faults": [fault._asdict() for fault in history.faults], "work": [work._asdict() for work in history.work],
    }  # fmt: skip


def from_json(document):
    """Returns the History of such a dictionary. Raises ValueError for any other one."""
    if document.get("schema") != SCHEMA:
        raise ValueError(f"no history of this version ({SCHEMA}): {document.get('schema')}")
    faults = tuple(Fault(**each) for each in document["faults"])
    work = tuple(Work(**each) for each in document["work"])
    return History(document["seed"], document["seconds"], document["agents"], faults, work)


def to_text(history):
    """Returns a History as JSON text."""
    return json.dumps(to_json(history), indent=1) + "\n"


def story(history):
    """Returns one line per fault, for people."""
    return [
        f"{fault.begin:6.1f} to {fault.end:6.1f} s  {fault.kind}"
        + (f" on node{fault.node}" if fault.node else "")
        + "".join(f", {key} {value}" for key, value in sorted(fault.options.items()))
        for fault in history.faults
    ]
