# SPDX-License-Identifier: GPL-2.0-or-later
"""What the measurements in the lab make of what they saw; no lab is needed."""

import json
import os
import sys

import pytest

from lablib.errors import LabError
from lablib.faults.records import Line
from sourcetree import TREE

sys.path.append(TREE)

from bench import eight, load, losses, lossreport, page  # noqa: E402

from dualstor.tools import drbdconf  # noqa: E402

NOW = 1000.0
EXECD = os.path.join(TREE, "tests", "data", "bench", "pacemaker-execd.log")


def a_round(name="ours", kind="crash", stall=8.0, boots=False, killed=(True, False)):
    return {"set": name, "kind": kind, "stall": stall, "boots": boots, "drbd": "8.4",
            "deaths": sum(killed), "requests": [{"killed": each} for each in killed]}


# -- what a set is made of --------------------------------------------------------------


@pytest.mark.parametrize("version", ["8.4", "9"])
@pytest.mark.parametrize("each", losses.SETS.values(), ids=list(losses.SETS))
def test_a_set_is_what_configure_writes_but_for_its_handler_and_times(each, version):
    conf = drbdconf.parse(losses._COMMON + losses._resource(each, version))
    assert (conf.allow_two_primaries, conf.fencing) == (True, "resource-and-stonith")
    assert conf.fence_peer.replace(".9.sh", ".sh") == each.handler
    assert conf.notice == (5.0 if each.written else 20.5)
    undo = [value for section, name, value in conf.options if section == "handlers"
            and name in ("unfence-peer", "after-resync-target")]
    assert len(undo) == ("crm" in each.name)


def test_corosync_has_the_written_times_or_those_of_the_lab():
    written, own = (losses._membership(losses.SETS[name]) for name in ("ours", "stonith-default"))
    assert "\ttoken: 3000\n\tconsensus: 1500\n" in written
    assert "consensus" not in own and written.replace("\tconsensus: 1500\n", "") == own


def test_an_overlay_is_the_same_each_time(tmp_path):
    top = losses.overlay(losses.SETS["stonith"], "8.4", str(tmp_path))
    first = sorted(os.path.join(where, name) for where, _, names in os.walk(top) for name in names)
    assert losses.overlay(losses.SETS["stonith"], "8.4", str(tmp_path)) == top
    assert os.readlink(top + "/usr/lib/drbd/stock-fence-peer") == "stonith_admin-fence-peer.sh"
    assert len(first) == 4


# -- what is still to be played ---------------------------------------------------------


def test_crashes_and_cuts_take_turns_and_rounds_that_failed_are_played_again():
    played = [a_round(), a_round(kind="cut"), {"set": "ours", "kind": "cut", "drbd": "8.4",
                                               "boots": False, "error": "no"}]
    counts = {"crash": 2, "cut": 3}
    assert losses.due(played, ["ours", "crm"], counts, "8.4", False) == [
        ("ours", "cut"), ("ours", "crash"), ("ours", "cut"),
        ("crm", "cut"), ("crm", "crash"), ("crm", "cut"), ("crm", "crash"), ("crm", "cut")]
    assert len(losses.due(played, ["ours"], counts, "9", False)) == 5
    assert len(losses.due(played, ["ours"], counts, "8.4", True)) == 5


def test_rounds_are_kept(tmp_path):
    path = str(tmp_path / "rounds.json")
    assert losses.load(path) == []
    losses._save(path, [a_round()])
    assert losses.load(path) == [a_round()]


class NoLab:
    """In the place of a Lab that nothing is done with."""

    def __init__(self):
        self.downs = 0
        self.fencer = self

    def end(self):
        pass

    def down(self):
        self.downs += 1


@pytest.fixture
def no_lab(monkeypatch):
    """run() without machines; returns (the NoLab, what is played, in order)."""
    lab, played = NoLab(), []

    def play(each, version, kind, boots):
        played.append((each.name, kind))
        if len(played) == 2:
            raise LabError("the machine is on fire")
        return a_round(each.name, kind, boots=boots)

    monkeypatch.setattr(losses, "lab_of", lambda each, version: lab)
    monkeypatch.setattr(losses, "play", play)
    return lab, played


def test_a_round_that_fails_is_noted_and_played_again(no_lab, tmp_path):
    lab, played = no_lab
    path, counts = str(tmp_path / "rounds.json"), {"crash": 1, "cut": 1}
    assert losses.run(path, ["ours"], counts, "8.4", False, progress=str)
    assert played == [("ours", "crash"), ("ours", "cut"), ("ours", "cut")]
    assert ["error" in each for each in losses.load(path)] == [False, True, False]
    assert losses.run(path, ["ours"], counts, "8.4", False, progress=str) and len(played) == 3
    assert lab.downs == 1


def test_no_round_begins_that_would_end_too_late(no_lab, tmp_path):
    _, played = no_lab
    assert not losses.run(str(tmp_path / "r.json"), ["ours"], {"crash": 1, "cut": 0}, "8.4", False, 0.1, str)
    assert played == []


# -- what was seen ----------------------------------------------------------------------


def acknowledged(node, *moments):
    return [Line(NOW + moment, node, ("ack", "1", "2")) for moment in moments]


def test_a_node_writes_again_after_a_standstill():
    lines = acknowledged("node1", -0.1, 0.0, 0.02, 7.5, 7.6) + acknowledged("node2", 0.0)
    assert losses.first_record(lines, "node1", NOW) == NOW + 7.5
    assert losses.first_record(lines, "node2", NOW) is None


def test_when_drbd_noticed():
    lines = [Line(NOW - 5, "node1", ("drbd", "cs:Connected")), Line(NOW - 1, "node1", ("volumes", "x")),
             Line(NOW + 1, "node2", ("drbd", "cs:WFConnection")),
             Line(NOW + 3.21, "node1", ("drbd", "cs:NetworkFailure", "ro:Primary/Unknown"))]
    assert losses.noticed(lines, "node1", NOW) == 3.2
    assert losses.noticed(lines[:2], "node1", NOW) is None


def test_only_requests_for_power_count():
    event = {"time": NOW + 4.44, "by": "node1", "target": "node2", "operation": "off", "killed": True}
    assert losses.requests([event, dict(event, operation="status")], NOW) == [
        {"at": 4.4, "by": "node1", "target": "node2", "operation": "off", "killed": True}]


# -- tables -----------------------------------------------------------------------------


def test_the_tables_have_medians_requests_deaths_and_who_writes_beside_a_living_peer():
    rounds = [a_round(stall=stall) for stall in (7.0, 9.0, 8.0)] + [
        a_round("crm-default", "cut", 12.0, killed=()), a_round("crm-default", stall=16.0),
        a_round(boots=True, kind="cut", killed=(True, True)), a_round(boots=True, kind="cut")]
    table = list(lossreport.stall_table(rounds))
    assert "| dualstor-fence-peer, written times | a node loses its power | 8.0 s | 7.0 8.0 9.0 | 2, 1 |  |" in table
    assert table[-1].endswith("| 12.0 s | 12.0 | 0, 0 | 1 |")
    assert list(lossreport.ratios(rounds)) == [
        "crm-fence-peer.sh, default times, a node loses its power: 8.0 s / 16.0 s = 0.50"]
    assert list(lossreport.death_table(rounds))[2:] == [
        "| dualstor-fence-peer, written times | the replication link is cut | 2 | 1 | 2 | 1 to 2 |"]
    assert lossreport.picture(rounds).startswith("<svg")


def test_a_new_block_goes_to_its_place_and_is_renewed_there(tmp_path):
    text = "a\n![stall of writes after a crash](bench/stall.svg)\nb\n"
    once = page.filled(text, {"stall": "one\n", "deaths": "two\n"})
    assert once.index("one\n") < once.index("two\n") < once.index("\nb\n")
    assert page.filled(once, {"stall": "one\n", "deaths": "two\n"}) == once
    assert "three\n" in page.filled(once, {"deaths": "three\n"}) and "\n\n\n" not in once


# -- load -------------------------------------------------------------------------------

STATS = "stats.srp.%s (u64) = %d\n"


def stats(lost):
    return STATS % ("operational_token_lost", lost) + STATS % ("mtu", 1500) \
        + "runtime.totem.pg.mrp.srp.consensus_timeouts (u64) = 3\n"


def test_a_lost_connection_and_a_lost_token_are_found():
    found = load.counted(
        "[1.0] drbd r0: PingAck did not arrive in time.\n"
        "[1.0] drbd r0: conn( Connected -> NetworkFailure )\n[2.0] drbd r0: conn( Connected -> Disconnecting )\n"
        "[3.0] drbd r0: [drbd_w_r0/9] sock_sendmsg time expired, ko = 27\n",
        "[MAIN ] Completed service synchronization\n[TOTEM ] A processor failed, forming new configuration:\n",
        stats(2), stats(3))
    assert (len(found["connections"]), len(found["late"]), len(found["tokens"])) == (2, 1, 1)
    assert found["counters"] == {"operational_token_lost": 1}


@pytest.mark.parametrize("change, well", [
    ({}, True), ({"connections": ["x"]}, False), ({"tokens": ["x"]}, False), ({"late": ["x"]}, True),
    ({"counters": {"operational_token_lost": 1}}, False)])
def test_a_part_is_good_if_nothing_was_lost(change, well):
    told = dict({"connections": [], "late": [], "tokens": [], "counters": {}}, **change)
    part = {"fenced": [], "nodes": {"node1": told}, "minutes": 30.0, "failures": []}
    assert load.good(part) is well
    assert not load.good(dict(part, fenced=["node2"]))
    assert next(load.lines([part])).startswith("30 minutes of load on both nodes, in 1 parts: ")


# -- eight resources --------------------------------------------------------------------


def test_actions_of_pacemakers_log():
    with open(EXECD, encoding="utf-8") as stream:
        found = eight.actions(stream.read())
    assert [(resource, action) for resource, action, _, _ in found] == [
        ("dlm", "start"), ("drbd", "start"), ("drbd", "notify"), ("clvmd", "start")]
    took = {(resource, action): end - start for resource, action, start, end in found}
    assert took["dlm", "start"] == pytest.approx(11.82)
    assert took["drbd", "start"] == pytest.approx(24.536)


@pytest.mark.parametrize("words, seconds", [("850ms", 0.85), ("12s", 12.0), ("1m2.500s", 62.5)])
def test_each_form_of_a_time(words, seconds):
    line = "Nov 26 22:58:12.820 node1 pacemaker-execd [315] (log_finished) \tinfo: r0 start (call 1, PID 2) " \
           "exited with status 0 (execution time %s)" % words
    (_, _, start, end), = eight.actions(line)
    assert end - start == pytest.approx(seconds)


def test_pacemakers_share_is_when_no_action_runs():
    found = eight.shares(20.0, {"node1": [("r0", "start", 1.0, 5.0), ("r1", "start", 3.0, 7.0)],
                                "node2": [("r0", "start", 6.0, 8.0)]}, (9.0, 3.0))
    assert (found["actions"], found["pacemaker"]) == (7.0, 13.0)
    assert found["at once"] == pytest.approx(10 / 7)
    assert found["kinds"] == {"start": {"runs": 3, "seconds": 10.0, "longest": 4.0}}
    monitors = {"node1": {"seconds": 30.0, "agents": {"drbd-dualprimary": {"cpu": 1.0, "runs": 4}}}}
    figures = {"dualstor": {"1": {"start": [found], "stop": []},
                            "8": {"start": [dict(found, seconds=50.0)], "monitors": [monitors], "crash": [8.5]}}}
    lines = list(eight.lines(json.loads(json.dumps(figures))))
    assert [line.split(" | ")[4] for line in lines[2:4]] == ["1.0", "2.5"]
    assert lines[-1] == "| dualstor | 8 | 2.0 s | 8 | 8.5 s |"
