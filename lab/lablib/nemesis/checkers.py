# SPDX-License-Identifier: GPL-2.0-or-later
"""What must hold after a history: each checker is a function of the record of what happened, and returns what is wrong, as texts.

A record is a dictionary that JSON can hold; conductor.py writes it, and says what is in it.
"""
from ..faults import records
from .work import DONE, HUNG

# Seconds after a fault has ended in which a node may still be fenced because of it: Pacemaker waits 3 minutes for a peer whose
# controller does not get through its join.
GRACE = 240
# Seconds in which the cluster must be healthy again after all faults have ended.
WHOLE = 300
# Seconds by which the times of two nodes' lines may be wrong.
APART = 0.5
# Codes that a command may end with; 2 is a wrong command line.
CODES = {"status": (0, 1, 3, 4), "check": (0, 1, 3, 4), "recover": (0, 1, 3, 4), "volume": (0, 1, 4)}
# In Pacemaker's words: what none of these histories is a reason for.
NEVER = ("not configured", "invalid parameter", "insufficient privileges", "not installed", "unimplemented feature")
# Results that need no reason.
FINE = ("ok", "not running", "promoted", "cancelled", "done", "pending")
OURS = ("drbd", "clvmd", "vg0")
# On a machine that does not run at full speed, or whose executor does not, an action may take longer than its timeout.
STALLS = ("paused", "reset", "killed", "pressure", "pacemaker-stopped", "pacemaker-killed", "corosync-stopped", "corosync-killed",
          "dlm-killed", "dlm-stopped")  # fmt: skip
KILLS_AGENTS = ("agents-killed", "pacemaker-killed")
LONGEST = 240  # seconds of an action's timeout

CHECKERS = {}


def checker(what):
    """Registers the decorated function under its name, with what it says when all is right."""

    def register(function):
        CHECKERS[function.__name__] = (what, function)
        return function

    return register


def validate(record):
    """Returns {name: [what is wrong]} of all checkers for one record."""
    return {name: function(record) for name, (_, function) in CHECKERS.items()}


def failed(found):
    """Returns the names of the checkers that found something."""
    return sorted(name for name, wrong in found.items() if wrong)


def packed(numbers):
    """Returns {"node run": [[first, last], ...]} of {(node, run): set of numbers}."""
    found = {}
    for (node, run), each in sorted(numbers.items()):
        ranges = found.setdefault(f"{node} {run}", [])
        for number in sorted(each):
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1][1] = number
            else:
                ranges.append([number, number])
    return found


def unpacked(ranges):
    """Returns the same back."""
    return {
        tuple(map(int, key.split())): {number for first, last in each for number in range(first, last + 1)}
        for key, each in ranges.items()
    }


@checker("no acknowledged record is lost")
def no_write_lost(record):
    """On each device, seen from each node, and on both copies."""
    owed = {place: unpacked(each) for place, each in record["owed"].items()}
    wrong = [] if any(map(len, owed.values())) else ["no record was acknowledged: nothing can be said"]
    for node, places in record["held"].items():
        for place, ranges in places.items():
            wanted = owed[place] if place in owed else {key: each for some in owed.values() for key, each in some.items()}
            missing = records.lost(wanted, unpacked(ranges))
            if missing:
                total = sum(map(len, wanted.values()))
                wrong.append(f"{place} on {node}: {len(missing)} of {total} lost, the first: {missing[:3]}")
    for node in ("node1", "node2"):
        if not record["held"].get(node):
            wrong.append(f"what {node} has could not be read")
    return wrong


@checker("no two nodes wrote to the exclusive LV at the same time")
def one_writer(record):
    """Runs of two nodes that overlap in time: from the first to the last record that each acknowledged."""
    runs = sorted(record["exclusive"], key=lambda each: each["first"])
    return [
        f"{one['node']} wrote from {one['first']:.1f} to {one['last']:.1f} s, {other['node']} from {other['first']:.1f} to"
        f" {other['last']:.1f} s"
        for place, one in enumerate(runs)
        for other in runs[place + 1 :]
        if one["node"] != other["node"] and other["first"] < one["last"] - APART
    ]


@checker("both copies are equal")
def equal_copies(record):
    """By DRBD's verify, after the writers have ended."""
    copies = record["copies"]
    if not copies.get("verified"):
        return [f"they could not be compared: {copies.get('why', 'unknown')}"]
    return [f"{missing} KiB differ, says {node}" for node, missing in sorted(copies["missing"].items()) if missing != 0]


def _losses(record):
    """The losses of a history, each of which may cost one life: [(fault, whether that was the fault itself)]."""
    return [fault for fault in record["faults"] if fault["applied"] for _ in range(fault["losses"])
            if fault["fences"] != "nobody" and fault["kind"] != "killed"]  # fmt: skip


def _explains(fault, death):
    if fault["fences"] == "itself" and f"node{fault['node']}" != death["node"]:
        return False
    return fault["begin"] - 1 <= death["at"] <= fault["end"] + GRACE


@checker("nobody was fenced without a cause")
def has_cause(record):
    """A fault that the history names must explain each death, see faults.Kind."""
    losses = _losses(record)
    return [
        f"{death['node']} was fenced at {death['at']:.1f} s by {death['by']}, and nothing in the history is a cause"
        for death in record["deaths"]
        if not any(_explains(fault, death) for fault in losses)
    ]


@checker("each loss cost at most one life")
def one_death_per_loss(record):
    """Each death must have a loss of its own, so a single loss never costs both nodes; a matching of deaths and losses."""
    losses, taken = _losses(record), {}
    explained = [death for death in record["deaths"] if any(_explains(fault, death) for fault in losses)]

    def find(death, seen):
        for number, fault in enumerate(losses):
            if number not in seen and _explains(fault, explained[death]):
                seen.add(number)
                if number not in taken or find(taken[number], seen):
                    taken[number] = death
                    return True
        return False

    return [
        f"{death['node']} was fenced at {death['at']:.1f} s: more deaths than losses ({len(explained)} deaths)"
        for number, death in enumerate(explained)
        if not find(number, set())
    ]


def _during(record, node, kinds, begin, end):
    """Whether a fault of these kinds on a node (or on both) lasted at some time between two."""
    return any(
        fault["applied"] and fault["kind"] in kinds and fault["node"] in (0, int(node[-1]))
        and fault["begin"] <= end and begin <= fault["end"]
        for fault in record["faults"]
    )  # fmt: skip


def _died(record, node, begin, end):
    return any(death["node"] == node and begin <= death["at"] <= end for death in record["deaths"])


@checker("each action of an agent ended in time, with one reason and an allowed code")
def actions(record):
    """As Pacemaker's log has it. Whose executor was stopped, or who was killed, is excused."""
    wrong = []
    for each in record["operations"]:
        resource, result, node, moment = each["resource"], each["result"], each["node"], each["at"]
        if resource not in OURS:
            continue
        word, _, reason = result.partition(" (")
        text = f"{each['operation']} of {resource} on {node} at {moment:.0f} s: {result}"
        if word.lower() == "timed out" or "did not complete within" in result:
            if not _during(record, node, STALLS, moment - LONGEST, moment):
                wrong.append(text)
        elif word.lower() in NEVER:
            wrong.append(text)
        elif word.lower() not in FINE and not reason.strip(" )"):
            if not _during(record, node, KILLS_AGENTS, moment - 60, moment + 10):
                wrong.append(f"{text}: no reason")
    wrong += [f"{action}: {count} reasons" for action, count in sorted(record["reasons"].items()) if count > 1]
    return wrong


@checker("the cluster was healthy again in time, or after the step that was named")
def whole_again(record):
    """Within five minutes after everything is fixed, without a person; or the named step made it so."""
    whole = record["whole"]
    if whole["seconds"] is not None and whole["seconds"] <= WHOLE:
        return []
    if not whole["steps"]:
        return [f"not healthy after {WHOLE} s, and no step was named: {whole['lacking']}"]
    if whole["after"] is None:
        return [f"not healthy, and the step that was named did not help ({'; '.join(whole['steps'])}): {whole['lacking']}"]
    return []


@checker("status, check, recover --plan and volume ended in time, with an allowed code")
def commands(record):
    """They run all the time; one on a machine that stood still is excused."""
    wrong = []
    for each in record["work"]:
        node, begin, end = f"node{each['node']}", each["began"], each["began"] + each["seconds"]
        text = f"{each['command']} on {node} at {begin:.0f} s"
        if each["end"] == HUNG and not _during(record, node, STALLS, begin - 5, end) and not _died(record, node, begin, end):
            wrong.append(f"{text}: not done after {each['seconds']:.0f} s")
        if each["end"] == DONE and each["code"] not in CODES[each["kind"]] and not (
            each["code"] >= 128 and (_died(record, node, begin, end + 5) or _during(record, node, ("pressure",), begin, end))
        ):
            wrong.append(f"{text}: exit code {each['code']}: {each['said'][-200:]}")
        if "Traceback" in each["said"]:
            wrong.append(f"{text}: {each['said'][-200:]}")
    return wrong


def expected_volumes(work):
    """Returns ({names that must be there}, {names that must not}) from the results of the volume commands.

    What a command that did not succeed has done is open, so such a name is in neither, until a later command succeeds.
    """
    state = {}
    for each in work:
        if each["kind"] != "volume" or each["end"] == "off":
            continue
        name, what, ok = each["options"]["name"], each["options"]["what"], each["end"] == DONE and each["code"] == 0
        after = {"create": {name: True}, "grow": {name: True}, "rename": {name: False, f"{name}r": True}, "remove": {name: False}}
        for other, there in after[what].items():
            if ok:
                state[other] = there
            elif what != "grow":
                state[other] = None
    return {name for name, there in state.items() if there}, {name for name, there in state.items() if there is False}


@checker("what a volume command reported was true")
def true_reports(record):
    """An LV whose creation was reported exists, seen from each node; one whose removal was reported does not."""
    there, gone = expected_volumes(record["work"])
    wrong = []
    for node, names in sorted(record["volumes"].items()):
        wrong += [f"{name} was made, and {node} does not see it" for name in sorted(there - set(names))]
        wrong += [f"{name} was removed, and {node} sees it" for name in sorted(gone & set(names))]
    return wrong


@checker("nothing is left behind")
def nothing_left(record):
    """Processes, devices, mounts, files, attributes that were not there before the history."""
    known = {name for names in record["volumes"].values() for name in names}
    return [
        f"{node}: {kind}: {thing}"
        for node, kinds in sorted(record["left"].items())
        for kind, things in sorted(kinds.items())
        for thing in things
        if not (kind == "devices" and thing.partition("-")[2] in known)
    ]
