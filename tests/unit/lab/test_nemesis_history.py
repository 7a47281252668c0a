# SPDX-License-Identifier: GPL-2.0-or-later
"""Random histories: the same for the same seed, nothing at a time that cannot be, short when shrunk, counted by pairs."""
import itertools
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lablib.errors import LabError
from lablib.faults import scenario
from lablib.nemesis import faults, found, history, matrix, runner, shrink, work
from lablib.nemesis.history import Fault, History, Work

KINDS = list(faults.KINDS.values())
SEEDS = st.integers(0, 10**6)


def make(seed, seconds=180, kinds=None):
    return history.make(seed, seconds, kinds or KINDS, work.PLANS["dualstor"])


def fault(kind, begin=0.0, end=10.0, node=1, number=0, **options):
    return Fault(number, kind, node, begin, end, options)


@settings(max_examples=30)
@given(SEEDS, st.integers(30, 400))
def test_a_seed_gives_the_same_history_each_time_and_json_gives_it_back(seed, seconds):
    one = make(seed, seconds)
    assert one == make(seed, seconds)
    assert history.from_json(json.loads(history.to_text(one))) == one


def test_a_seed_gives_this_history_on_every_machine():
    assert [(each.kind, each.node, each.begin) for each in make(1, 60, faults.choose(faults.FIRST)).faults] == FIRST_OF_SEED_1


def test_seeds_differ():
    assert len({history.to_text(make(seed)) for seed in range(50)}) == 50


@given(SEEDS)
def test_what_needs_the_same_thing_never_overlaps_and_nothing_acts_inside_a_machine_that_is_off(seed):
    told = make(seed)
    assert told.faults and told.work
    for one, other in itertools.combinations(told.faults, 2):
        if one.begin < other.end and other.begin < one.end:
            kinds = faults.KINDS[one.kind], faults.KINDS[other.kind]
            assert not kinds[0].apart(one) & kinds[1].apart(other), (one, other)
            if one.node == other.node and kinds[0].halts:
                assert not (kinds[1].inside and one.begin <= other.begin), (one, other)


@given(SEEDS)
def test_faults_are_as_long_as_their_kind_allows_and_end_in_time(seed):
    told = make(seed)
    assert [each.number for each in told.faults] == list(range(len(told.faults)))
    for each in told.faults:
        kind = faults.KINDS[each.kind]
        assert kind.seconds[0] - 0.11 <= each.end - each.begin <= kind.seconds[1] + 0.11
        assert history.QUIET <= each.begin and each.end <= told.seconds
        assert (each.node == 0) == (kind.where == "both")


def test_up_to_three_faults_last_at_a_time_and_often_two():
    busy = 0
    for seed in range(20):
        told = make(seed)
        for moment in range(180):
            count = sum(1 for each in told.faults if each.begin <= moment < each.end)
            assert count <= history.LANES
            busy += count >= 2
    assert busy > 20 * 180 / 3


def test_every_kind_comes_up_and_each_pair_of_a_few():
    assert {each.kind for seed in range(60) for each in make(seed).faults} == set(faults.KINDS)
    few, counts = faults.choose(faults.FIRST), {}
    for seed in range(60):
        counts = matrix.merged(counts, matrix.pairs(make(seed, kinds=few).faults))
    assert matrix.lacking(counts, faults.FIRST, matrix.impossible(few)) == []


def test_another_version_of_a_history_is_refused():
    with pytest.raises(ValueError, match="no history of this version"):
        history.from_json({"schema": "something/9"})


def test_an_unknown_kind_is_refused_and_the_first_choice_is_known():
    with pytest.raises(LabError, match="no kind of fault earthquake"):
        faults.choose(["earthquake"])
    assert len(faults.choose(faults.FIRST)) == len(faults.FIRST) == 8
    assert len(faults.choose([])) == len(KINDS)


# -- work -------------------------------------------------------------------------------


@given(SEEDS)
def test_volume_commands_are_in_an_order_that_can_succeed(seed):
    there = set()
    for each in work.volumes(random.Random(seed), 300):
        name, what = each.options["name"], each.options["what"]
        assert (name in there) == (what != "create")
        if what in ("remove", "rename"):
            there.discard(name)
        if what != "remove":
            there.add(f"{name}r" if what == "rename" else name)
        words = work.command(each)
        assert words[:3] == ["dualstor", "volume", what] and words[3] == f"vg0/{name}"


def test_somebody_looks_all_the_time_with_each_command():
    for seed in range(30):
        told = work.looks(random.Random(seed), 180)
        assert all(other.at - one.at <= 14.1 for one, other in zip(told, told[1:]))
    assert {each.kind for each in told} == set(work.COMMANDS)


class FakeNode:
    def __init__(self, answer, alive=True):
        self.answer, self.alive = answer, lambda: alive

    def run(self, command, timeout):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer, alive, wanted", [
    ("ok", True, ("done", 0)), ("ok", False, ("off", None)), (LabError("silent"), True, ("gone", None)), ("hung", True, ("hung", None)),
])
def test_what_a_command_led_to_is_noted(answer, alive, wanted):
    from lablib.agent import Result
    from lablib.errors import CommandTimeout
    if answer == "hung":
        answer = CommandTimeout("not done after 90 s", Result(None, "", ""))
    elif answer == "ok":
        answer = Result(0, "", "")
    lab = type("FakeLab", (), {"node": lambda self, number: FakeNode(answer, alive)})()
    worker = work.Worker(lab, [Work(1.0, "status", 2, {})], 0.0, clock=lambda: 5.0, sleep=None)
    worker.run()
    (result,) = worker.results
    assert (result["end"], result["code"]) == wanted
    assert json.loads(json.dumps(result))["command"] == "dualstor status --json"


# -- shrinking --------------------------------------------------------------------------


@given(st.lists(st.integers(0, 30), min_size=1, max_size=25, unique=True), st.data())
def test_what_is_left_is_what_is_needed(items, data):
    needed = set(data.draw(st.lists(st.sampled_from(items), unique=True)))
    asked = []

    def fails(part):
        asked.append(tuple(part))
        return needed <= set(part)

    assert set(shrink.ddmin(items, fails)) == needed
    assert len(asked) == len(set(asked)), "each part is played once"


def test_of_two_that_fail_in_any_way_one_is_left():
    assert len(shrink.ddmin(list(range(10)), lambda part: 3 in part or 7 in part)) == 1


def test_a_history_loses_its_needless_faults_and_work_and_its_end():
    whole = make(5)
    needed = {whole.faults[1].number, whole.faults[4].number}

    def fails(part):
        return needed <= {each.number for each in part.faults}

    short = shrink.shrink(whole, fails)
    assert {each.number for each in short.faults} == needed and short.work == ()
    assert short.seconds == min(whole.seconds, round(max(each.end for each in short.faults) + 1))
    kept = shrink.shrink(whole, lambda part: fails(part) and whole.work[3] in part.work)
    assert kept.work == (whole.work[3],)


# -- scenario files ---------------------------------------------------------------------


@pytest.mark.parametrize("kinds, allowed", [
    ([("standby", 1)], scenario.NOBODY), ([("killed", 2)], scenario.NODE2), ([("paused", 1), ("standby", 2)], scenario.NODE1),
    ([("cluster-cut", 0)], scenario.ONE), ([("killed", 1), ("killed", 2)], scenario.ONE),
])
def test_a_scenario_allows_the_fencing_that_its_faults_explain(kinds, allowed):
    told = History(1, 60, "dualstor", tuple(fault(kind, node=node) for kind, node in kinds), ())
    assert found.fencing(told) == allowed


def test_a_failing_history_is_a_scenario_that_can_be_played(tmp_path, monkeypatch):
    monkeypatch.setattr(scenario, "_SCENARIOS", {})
    told = shrink.ended(History(7, 60, "dualstor", (fault("killed", 3.0, 30.0, node=2),), ()))
    path = found.write("seed-7", "a node loses its power", told, tmp_path / "found")
    assert found.register(path.parent) == ["seed-7"]
    made = scenario.registered()["seed-7"]
    assert (made.fencing, made.only, made.title) == (scenario.NODE2, "dualstor", "a node loses its power")
    played = []
    monkeypatch.setattr(found.conductor, "replay", lambda stage, wanted: played.append((stage, wanted)))
    made.act("stage")
    assert played == [("stage", told)]


def test_the_scenario_files_of_the_tree_can_be_read(monkeypatch):
    monkeypatch.setattr(scenario, "_SCENARIOS", {})
    assert len(found.register()) == len(list(found.FOLDER.glob("*.json")))


# -- pairs and campaigns ----------------------------------------------------------------


def test_pairs_of_different_kinds_that_overlap_are_counted_in_either_order():
    told = [fault("killed", 0, 10), fault("standby", 5, 20), fault("killed", 8, 30, node=2), fault("cleanup", 20, 25)]
    assert matrix.pairs(told) == {"killed+standby": 2, "cleanup+killed": 1}
    assert matrix.pairs([each._asdict() for each in told]) == matrix.pairs(told)
    assert matrix.merged({"a+b": 1, "killed+standby": 1}, matrix.pairs(told)) == {"a+b": 1, "cleanup+killed": 1, "killed+standby": 3}


def test_a_pair_is_lacking_until_it_has_overlapped_twice():
    assert matrix.lacking({"a+b": 1, "a+c": 2}, ["a", "b", "c"], {"b+c"}) == ["a+b"]


def test_pairs_that_need_the_same_thing_are_impossible_and_others_are_not():
    none = matrix.impossible(KINDS)
    assert "disk-fails+disk-pulled" in none and "fencing-refuses+fencing-slow" in none and "cluster-cut+cluster-flaps" in none
    assert "killed+paused" not in none, "on two nodes"
    assert "cluster-cut+replication-cut" not in none


def test_the_table_has_a_cell_for_each_pair():
    lines = matrix.markdown({"a+b": 3}, ["a", "b", "c"], {"b+c"})
    assert lines[2:] == ["| 1 a |  |  |  |", "| 2 b | 3 |  |  |", "| 3 c | · | × |  |"]


def test_a_campaign_is_histories_of_consecutive_seeds_until_the_minutes_are_used_up():
    told = list(runner.histories(10, 7))
    assert [(each.seed, each.seconds) for each in told] == [(10, 180), (11, 180), (12, 60)]
    assert all(each.kind in ("killed", "standby") for each in next(runner.histories(1, 3, kinds=["killed", "standby"])).faults)
    assert next(runner.histories(1, 3, "stock")).work == ()


def test_a_covering_campaign_has_more_new_pairs_than_one_of_consecutive_seeds():
    def pairs(histories):
        counts = {}
        for each in histories:
            counts = matrix.merged(counts, matrix.pairs(each.faults))
        return len(counts)

    assert pairs(runner.covering(1, 6, {"pairs": {}})) > pairs(runner.histories(1, 6))


FIRST_OF_SEED_1 = [
    ("standby", 2, 7.7),
    ("disk-pulled", 2, 9.5),
    ("lockd-killed", 1, 13.0),
    ("standby", 1, 26.8),
    ("lockd-killed", 2, 27.8),
    ("paused", 2, 34.0),
    ("fencing-refuses", 0, 40.7),
    ("paused", 2, 54.0),
    ("standby", 1, 54.4),
]
