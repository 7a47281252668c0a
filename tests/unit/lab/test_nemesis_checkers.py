# SPDX-License-Identifier: GPL-2.0-or-later
"""Each checker with a record that it must accept and records that it must refuse; the leftovers, the advice, the page."""
import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lablib.nemesis import advice, checkers, faults, history, leftovers, report


def fault(kind, node=1, begin=10.0, end=40.0, applied=True, losses=1):
    return {"number": 0, "kind": kind, "node": node, "begin": begin, "end": end, "options": {}, "applied": applied, "error": "",
            "fences": faults.KINDS[kind].fences, "losses": losses}  # fmt: skip


def death(node, at, by=None):
    return {"at": at, "node": node, "by": by or ("node2" if node == "node1" else "node1"), "operation": "off"}


def command(kind="status", node=1, began=20.0, seconds=3.0, end="done", code=0, said="", **options):
    return {"at": began, "kind": kind, "node": node, "options": options, "command": f"dualstor {kind}", "began": began,
            "seconds": seconds, "end": end, "code": code, "said": said}  # fmt: skip


def operation(result, resource="vg0", node="node1", at=50.0, name="monitor"):
    return {"at": at, "node": node, "operation": name, "resource": resource, "result": result}


HEALTHY = {
    "schema": "dualstor.lab.nemesis.record/1",
    "history": history.to_json(history.History(7, 180, "dualstor", (), ())),
    "faults": [],
    "deaths": [],
    "work": [command(), command("check", code=3), command("volume", what="create", name="w1")],
    "owed": {"/dev/vg0/lv0": {"1 77": [[0, 99]], "2 88": [[0, 49], [51, 60]]}, "/dev/vg0/alone": {"1 5": [[0, 9]]}},
    "held": {
        node: {
            "/dev/vg0/lv0": {"1 77": [[0, 100]], "2 88": [[0, 60]]},
            "/dev/vdb": {"1 77": [[0, 100]], "2 88": [[0, 60]], "1 5": [[0, 9]]},
        }
        for node in ("node1", "node2")
    },
    "exclusive": [{"node": "node1", "run": "5", "first": 1.0, "last": 20.0, "count": 10},
                  {"node": "node2", "run": "6", "first": 20.8, "last": 90.0, "count": 300},
                  {"node": "node2", "run": "8", "first": 89.0, "last": 99.0, "count": 30}],
    "copies": {"verified": True, "missing": {"node1": 0, "node2": 0}},
    "operations": [operation("ok"), operation("not running", name="stop"), operation("error (VG vg0: lvmlockd is stopped)"),
                   operation("Timed Out (Resource agent did not complete within 20s)", resource="fence-node1")],
    "reasons": {"node1 vg0_monitor_10000[4711]": 1},
    "whole": {"seconds": 44.0, "lacking": "", "steps": [], "after": None, "said": ""},
    "left": {"node1": {}, "node2": {"devices": ["vg0-w1"]}},
    "volumes": {"node1": ["lv0", "alone", "w1"], "node2": ["lv0", "alone", "w1"]},
    "trouble": [],
}  # fmt: skip


def changed(**values):
    return {**copy.deepcopy(HEALTHY), **values}


def test_a_healthy_record_passes_each_checker():
    assert {name: wrong for name, wrong in checkers.validate(HEALTHY).items() if wrong} == {}
    assert checkers.failed(checkers.validate(HEALTHY)) == []
    assert len(checkers.CHECKERS) == 10


@pytest.mark.parametrize("name", checkers.CHECKERS)
def test_each_checker_is_shown_here_both_ways(name):
    assert any(refused == name for refused, _, _ in WRONG), "a record that it must refuse"
    assert all(isinstance(each, str) for _, record, _ in WRONG for each in checkers.CHECKERS[name][1](record))


def _held(node, place, ranges):
    held = copy.deepcopy(HEALTHY["held"])
    held[node][place] = ranges
    return held


KILLED = fault("killed", node=2, begin=10.0, end=40.0)
WRONG = [
    ("no_write_lost", changed(held=_held("node2", "/dev/vg0/lv0", {"1 77": [[0, 99]], "2 88": [[0, 59]]})), "1 of 160 lost"),
    ("no_write_lost", changed(held=_held("node1", "/dev/vdb", {"1 77": [[0, 99]], "2 88": [[0, 60]]})), "10 of 170 lost"),
    ("no_write_lost", changed(held=_held("node1", "/dev/vg0/lv0", {"1 78": [[0, 99]], "2 88": [[0, 60]]})), "100 of 160 lost"),
    ("no_write_lost", changed(held={"node1": HEALTHY["held"]["node1"]}), "node2 has could not be read"),
    ("no_write_lost", changed(owed={"/dev/vg0/lv0": {}}), "nothing can be said"),
    ("one_writer", changed(exclusive=[{"node": "node1", "run": "5", "first": 1.0, "last": 20.0, "count": 10},
                                      {"node": "node2", "run": "6", "first": 19.0, "last": 90.0, "count": 3}]), "node2 from 19.0"),
    ("equal_copies", changed(copies={"verified": True, "missing": {"node1": 4, "node2": 4}}), "4 KiB differ"),
    ("equal_copies", changed(copies={"verified": True, "missing": {"node1": None, "node2": 0}}), "None KiB differ"),
    ("equal_copies", changed(copies={"verified": False, "why": "not connected"}), "could not be compared: not connected"),
    ("has_cause", changed(deaths=[death("node2", 30.0)]), "nothing in the history is a cause"),
    ("has_cause", changed(faults=[fault("standby", node=2)], deaths=[death("node2", 30.0)]), "nothing"),
    ("has_cause", changed(faults=[fault("paused", node=1)], deaths=[death("node2", 30.0)]), "nothing"),
    ("has_cause", changed(faults=[fault("paused", node=2, begin=50.0)], deaths=[death("node2", 30.0)]), "nothing"),
    ("has_cause", changed(faults=[fault("paused", node=2, applied=False)], deaths=[death("node2", 30.0)]), "nothing"),
    ("has_cause", changed(faults=[KILLED], deaths=[death("node2", 60.0)]), "nothing"),
    ("one_death_per_loss", changed(faults=[fault("cluster-cut", node=0)], deaths=[death("node1", 30.0), death("node2", 31.0)]),
     "more deaths than losses (2 deaths)"),
    ("one_death_per_loss", changed(faults=[fault("paused", node=2)], deaths=[death("node2", 30.0), death("node2", 90.0)]),
     "node2 was fenced at 90.0 s"),
    ("actions", changed(operations=[operation("Timed Out (Resource agent did not complete within 90s)")]), "Timed Out"),
    ("actions", changed(operations=[operation("error (Resource agent did not complete within 90s)")]), "did not complete"),
    ("actions", changed(operations=[operation("not configured (no such parameter)")]), "not configured"),
    ("actions", changed(operations=[operation("error")]), "no reason"),
    ("actions", changed(operations=[operation("error ()")]), "no reason"),
    ("actions", changed(faults=[fault("paused", node=2)], operations=[operation("Timed Out (20s)", node="node1")]), "Timed Out"),
    ("actions", changed(reasons={"node1 vg0_stop_0[9]": 2}), "2 reasons"),
    ("whole_again", changed(whole={"seconds": None, "lacking": "vg0 on node1 is Stopped", "steps": [], "after": None}),
     "no step was named: vg0 on node1"),
    ("whole_again", changed(whole={"seconds": None, "lacking": "vg0", "steps": ["node1: drbdadm attach r0"], "after": None}),
     "did not help (node1: drbdadm attach r0)"),
    ("commands", changed(work=[command(end="hung", code=None, seconds=90.0)]), "not done after 90 s"),
    ("commands", changed(work=[command(code=2)]), "exit code 2"),
    ("commands", changed(work=[command("volume", code=3, what="grow", name="w1")]), "exit code 3"),
    ("commands", changed(work=[command(code=143)]), "exit code 143"),
    ("commands", changed(work=[command(code=1, said="Traceback (most recent call last):\nValueError: x")]), "Traceback"),
    ("true_reports", changed(volumes={"node1": ["lv0"], "node2": ["lv0", "w1"]}), "w1 was made, and node1 does not see it"),
    ("true_reports", changed(work=[*HEALTHY["work"], command("volume", what="remove", name="w1")]), "w1 was removed, and node1 sees"),
    ("nothing_left", changed(left={"node1": {"processes": ["drbdadm adjust rN"]}, "node2": {}}), "node1: processes: drbdadm"),
    ("nothing_left", changed(left={"node1": {"devices": ["vg0-w9"]}}), "vg0-w9"),
]  # fmt: skip

RIGHT = [
    ("one_writer", changed(exclusive=[])),
    ("has_cause", changed(faults=[fault("paused", node=2)], deaths=[death("node2", 30.0)])),
    ("has_cause", changed(faults=[fault("cluster-cut", node=0)], deaths=[death("node1", 30.0)])),
    ("has_cause", changed(faults=[fault("dlm-killed", node=2, end=20.0)], deaths=[death("node2", 200.0)])),
    ("one_death_per_loss", changed(faults=[fault("cluster-cut", node=0)], deaths=[death("node1", 30.0)])),
    ("one_death_per_loss", changed(faults=[fault("cluster-flaps", node=0, losses=2)], deaths=[death("node1", 30.0), death("node1", 99.0)])),
    # The cut explains either, the pause only node2: the matching must find that.
    ("one_death_per_loss", changed(faults=[fault("cluster-cut", node=0), fault("paused", node=2)],
                                   deaths=[death("node2", 30.0), death("node1", 31.0)])),
    # Without any cause it is for has_cause alone to say so.
    ("one_death_per_loss", changed(deaths=[death("node2", 30.0)])),
    ("actions", changed(faults=[fault("paused", node=1)], operations=[operation("Timed Out (20s)")])),
    ("actions", changed(faults=[fault("agents-killed", node=1, begin=45.0)], operations=[operation("error")])),
    ("actions", changed(operations=[operation("error", resource="witness")])),
    ("whole_again", changed(whole={"seconds": None, "lacking": "vg0", "steps": ["node1: drbdadm attach r0"], "after": 20.0})),
    ("commands", changed(faults=[fault("paused", node=1)], work=[command(end="hung", code=None, seconds=90.0)])),
    ("commands", changed(deaths=[death("node1", 25.0)], work=[command(end="hung", code=None, seconds=90.0)])),
    ("commands", changed(deaths=[death("node1", 24.0)], work=[command(code=143)])),
    ("commands", changed(work=[command(end="gone", code=None, said="node1 does not answer"), command(end="off", code=None)])),
    # A command that did not succeed leaves it open.
    ("true_reports", changed(work=[*HEALTHY["work"], command("volume", code=4, what="remove", name="w1")],
                             volumes={"node1": [], "node2": []})),
    ("true_reports", changed(work=[*HEALTHY["work"], command("volume", what="rename", name="w1")],
                             volumes={"node1": ["w1r"], "node2": ["w1r"]})),
]  # fmt: skip


@pytest.mark.parametrize("name, record, words", WRONG)
def test_it_refuses(name, record, words):
    wrong = checkers.CHECKERS[name][1](record)
    assert wrong and any(words in text for text in wrong)


@pytest.mark.parametrize("name, record", RIGHT)
def test_it_accepts(name, record):
    assert checkers.CHECKERS[name][1](record) == []


@given(st.dictionaries(st.tuples(st.integers(1, 2), st.integers(0, 99)), st.sets(st.integers(0, 60), min_size=1), max_size=4))
def test_records_are_packed_without_loss(numbers):
    packed = json.loads(json.dumps(checkers.packed(numbers)))
    assert checkers.unpacked(packed) == numbers
    for ranges in packed.values():
        assert all(one[1] + 1 < other[0] for one, other in zip(ranges, ranges[1:]))


# -- leftovers --------------------------------------------------------------------------

LOOK = """\
== processes
1 init
400 /usr/sbin/lvmlockd -p /run/lvmlockd.pid
{monitor}
512 /usr/bin/timeout --kill-after=5 60 /bin/sh -c
== devices
vg0-lv0
{device}
== mounts
/
/run
== files
/run/dualstor/vg0.{pid}
== attributes
master-drbd
fail-count-vg0#monitor_10000
"""


def test_what_lasts_is_seen_and_a_monitor_or_a_number_is_not():
    def look(*monitors, device="", pid=3):
        return leftovers.lasting([leftovers.parsed(LOOK.format(monitor=each, device=device, pid=pid)) for each in monitors])

    before = look("600 python3 vg monitor", "", "601 python3 vg monitor")
    assert before["processes"] == ["/usr/sbin/lvmlockd -p /run/lvmlockd.pid", "init"]
    assert before["attributes"] == ["master-drbd"]
    assert leftovers.more(before, look("602 python3 vg monitor", "", "", pid=99)) == {}
    after = look("700 drbdadm adjust r0", "700 drbdadm adjust r0", "700 drbdadm adjust r0", device="vg0-old")
    assert leftovers.more(before, after) == {"devices": ["vg0-old"], "processes": ["drbdadm adjust rN"]}


# -- the step that is named -------------------------------------------------------------


@pytest.mark.parametrize("text, wanted", [
    ("attach it: `drbdadm attach r0`. Then `crm_resource --cleanup --resource drbd`",
     [["drbdadm", "attach", "r0"], ["crm_resource", "--cleanup", "--resource", "drbd"]]),
    ("see `man drbdsetup` and `journalctl -b`", []),
    ("`lvchange -aln VG/LV` on the other, `drbdadm connect RESOURCE`", []),
    ("a broken `drbdadm 'x` quotation", []),
    ("", []),
])
def test_commands_that_an_advice_names_are_found(text, wanted):
    assert advice.commands(text) == wanted


def test_the_most_urgent_advice_with_something_to_type_counts():
    parts = [{"title": "On both", "steps": []}]
    document = {"advice": [{"do": "wait"}, {"do": "x", "parts": parts}, {"do": "`drbdadm attach r0`"}]}
    assert advice.named(document) == (parts, [])
    assert advice.named({"advice": document["advice"][2:]}) == ([], [["drbdadm", "attach", "r0"]])
    assert advice.named({"advice": []}) == ([], [])


# -- the page ---------------------------------------------------------------------------


def test_runs_and_pairs_are_added_up_and_shown(tmp_path):
    record = changed(faults=[fault("killed", node=2), fault("standby"), fault("cleanup", applied=False)])
    found = {**checkers.validate(record), "actions": ["vg0 was | late"]}
    run = report.summary(record, found, "2026-11-27T20:00:00Z", "trixie")
    assert (run["faults"], run["records"], run["failed"]) == (2, 170, {"actions": ["vg0 was | late"]})
    document = report.added(report.read(tmp_path / "none.json"), record, run)
    assert document["pairs"] == {"killed+standby": 1} and report.EMPTY["runs"] == []
    (tmp_path / "some.json").write_text(json.dumps(document))
    again = report.added(report.read(tmp_path / "some.json"), record, run)
    assert again["pairs"] == {"killed+standby": 2} and len(again["runs"]) == 2
    stock = {**record, "history": {**record["history"], "agents": "stock"}}
    assert report.added(document, stock, run)["pairs"] == document["pairs"]
    page = report.markdown(again)
    assert "2 histories, 0.1 hours" in page and "vg0 was \\| late" in page
    assert all(kind in page for kind in faults.KINDS) and all(what in page for what, _ in checkers.CHECKERS.values())
