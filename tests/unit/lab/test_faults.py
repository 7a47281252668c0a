# SPDX-License-Identifier: GPL-2.0-or-later
"""The pure parts of the fault scenarios: the witness's records, what counts as lost, the picture and the table."""
import json
import runpy
import sys
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lablib import cib, paths
from lablib.errors import LabError
from lablib.faults import picture, records, runner, scenario, scenarios, table, timeline, wrappers

WITNESS = paths.GUEST_FILES / "usr/local/lib/lab/witness"


@pytest.fixture
def witness(monkeypatch):
    """The guests' program as a dictionary of its names."""
    monkeypatch.setattr(sys, "argv", ["witness"])
    monkeypatch.setattr(sys, "exit", lambda code: None)
    return runpy.run_path(str(WITNESS))


def line(time, node, *words):
    return records.Line(time, node, words)


@given(st.integers(1, 2), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 511))
def test_a_record_is_read_back_and_any_changed_byte_of_it_is_noticed(node, run, number, at):
    program = _program()
    sector = program["record"](node, run, number)
    assert len(sector) == 512 and program["parse"](sector) == (node, run, number)
    changed = bytearray(sector)
    changed[at % (program["HEAD"].size + 4)] ^= 0xFF
    assert program["parse"](bytes(changed)) is None


def _program():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["witness"])
        patch.setattr(sys, "exit", lambda code: None)
        return runpy.run_path(str(WITNESS))


def test_a_scan_tells_runs_of_records_and_nothing_torn(witness, tmp_path, capsys, monkeypatch):
    image = tmp_path / "disk"
    whole = [witness["record"](1, 7, number) for number in (0, 1, 2, 5)]
    torn = witness["record"](2, 9, 0)[:20].ljust(512, b"\0")
    image.write_bytes(b"\0" * 512 + b"".join(whole) + torn + b"\0" * 4096)
    # Not every file system of a host takes O_DIRECT; a block device does.
    monkeypatch.setitem(witness["scan"].__globals__, "opened", lambda path, flags: (
        witness["os"].open(path, flags), witness["mmap"].mmap(-1, witness["CHUNK"])))
    assert witness["scan"](str(image)) == 0
    text = capsys.readouterr().out
    assert text == "1 7 0 2\n1 7 5 5\n"
    assert records.held(text) == {(1, 7): {0, 1, 2, 5}}


def test_what_is_filled_is_found_by_a_scan_and_anywhere_in_a_file(witness, tmp_path, capsys, monkeypatch):
    image, kept = tmp_path / "disk", tmp_path / "kept"
    image.write_bytes(bytes(1 << 20))
    monkeypatch.setitem(witness["scan"].__globals__, "opened", lambda path, flags: (
        witness["os"].open(path, flags), witness["mmap"].mmap(-1, witness["CHUNK"])))
    assert witness["fill"](2, str(image), 9, 4096) == 0
    told = capsys.readouterr().out
    assert witness["scan"](str(image)) == 0 and capsys.readouterr().out == told
    ((node, _), numbers), = records.held(told).items()
    assert (node, numbers) == (2, set(range(9)))
    kept.write_bytes(b"head of 12 B" + image.read_bytes()[4096:8192] + b"another head" + image.read_bytes()[8192:])
    assert witness["sift"](str(kept)) == 0 and capsys.readouterr().out == told


def test_what_was_acknowledged_and_is_not_there_is_lost_and_a_later_run_does_not_stand_in():
    wanted = records.acknowledged([line(1, "node1", "ack", "7", "0"), line(2, "node1", "ack", "7", "1"),
                                   line(3, "node2", "run", "8", "0"), line(4, "node2", "ack", "8", "0")])
    assert wanted == {(1, 7): {0, 1}, (2, 8): {0}}
    assert records.lost(wanted, {(1, 7): {0, 1}, (2, 8): {0, 1}}) == []
    assert records.lost(wanted, {(1, 7): {0}, (1, 99): {1}, (2, 8): {0}}) == [(1, 7, 1)]


def test_the_greatest_stall_counts_from_the_beginning_and_to_the_end():
    told = [line(moment, "node1", "ack", "7", "0") for moment in (10, 11, 15, 16)] + [line(13, "node2", "ack", "1", "1")]
    assert records.greatest_stall(told, "node1", 10, 17) == 4
    assert records.greatest_stall(told, "node1", 10, 30) == 14
    assert records.greatest_stall(told, "node1", 2, 16) == 8
    assert records.greatest_stall([], "node1", 0, 5) == 5
    assert records.stretches(told, "node1", gap=1) == [(10, 11), (15, 16)]


def test_a_port_is_followed_from_where_it_stands_and_a_line_is_never_halved(tmp_path):
    path = tmp_path / "witness"
    path.write_bytes(b"ack 1 1\n")
    machine = SimpleNamespace(name="node1", file=lambda name: tmp_path / name)
    port = records.Port(machine, "witness")
    port.start()
    with open(path, "ab", buffering=0) as stream:
        stream.write(b"ack 1 2\nack 1")
        stream.write(b" 3\n")
    port.stop()
    assert [each.words for each in port.lines] == [("ack", "1", "2"), ("ack", "1", "3")]


@pytest.mark.parametrize("allowed, fenced, words", [
    (scenario.NOBODY, set(), ""),
    (scenario.NOBODY, {"node2"}, "needlessly"),
    (scenario.NODE2, {"node2"}, ""),
    (scenario.NODE2, set(), ""),
    (scenario.NODE2, {"node1"}, "not node2"),
    (scenario.ONE, {"node1"}, ""),
    (scenario.ONE, {"node1", "node2"}, "both"),
    (scenario.NODE2, {"node1", "node2"}, "both"),
])  # fmt: skip
def test_fencing_beyond_what_is_allowed_is_told(allowed, fenced, words):
    told = scenario.too_much_fencing(allowed, fenced)
    assert words in told and bool(told) == bool(words)


def test_pacemakers_log_gives_operations():
    text = ("Nov 25 09:56:42.436 node2 pacemaker-controld  [239] (log_executor_event) \tnotice: Result of probe operation for"
            " drbd on node2: not running (drbd monitor: not configured) | CIB update 45, graph action confirmed; call=24\n"
            "Nov 25 09:56:43 node2 pacemaker-execd [2] (x) info: something else\n")
    assert timeline.operations(text, 2026) == [
        (1795600602, "probe", "drbd", "node2", "not running (drbd monitor: not configured)")]


def test_the_picture_is_xml_and_shows_every_lane():
    story = timeline.Timeline("a <title>", 12.0, [
        timeline.Lane("story", [], [timeline.Event(0, "node2 & its power", "odd"), timeline.Event(0.1, "again", "bad")]),
        timeline.Lane("node1 DRBD", [timeline.Stretch(0, 12, "cs:Connected", "good")], []),
    ])
    svg = ET.fromstring(picture.draw(story))
    texts = [element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a <title>", "story", "node1 DRBD", "node2 & its power", "again"} <= set(texts)


@given(st.lists(st.tuples(st.floats(0, 12), st.integers(1, 60)), max_size=12))
def test_texts_of_events_do_not_cover_each_other(events):
    lane = timeline.Lane("story", [], [timeline.Event(time, "x" * length, "odd") for time, length in events])
    svg = ET.fromstring(picture.draw(timeline.Timeline("title", 12.0, [lane])))
    rows = {}
    for text in svg.iter("{http://www.w3.org/2000/svg}text"):
        if text.text.startswith("x"):
            x, width = float(text.get("x")), 6 * len(text.text)
            rows.setdefault(text.get("y"), []).append((x - width, x) if text.get("text-anchor") else (x, x + width))
    for texts in map(sorted, rows.values()):
        assert all(one[1] <= other[0] + 0.1 for one, other in zip(texts, texts[1:])), texts


def result(name, agents, ok):
    return {"scenario": name, "title": "a node | dies", "agents": agents, "allowed": "node2", "limit": 30, "ok": ok,
            "fenced": ["node2"], "stall": {"node1": 7.5}, "acknowledged": 9, "seconds": 88.4, "story": 61.2,
            "checks": [{"name": "data is there", "ok": ok, "detail": "" if ok else "2 | lost"}]}


def test_the_table_has_a_column_for_each_set_of_agents():
    about = {"machines": "Two machines", "seconds": 12}
    results = [result("node-killed", "dualstor", True), result("node-killed", "stock", False)]
    rows = table.markdown(results, about).splitlines()
    assert rows[-3].startswith("| scenario | allowed | dualstor | stock |")
    assert "as expected" in rows[-1] and "**1 of 1 checks failed**" in rows[-1] and "2 \\| lost" in rows[-1]
    assert "[61 s](node-killed-stock.svg)" in rows[-1]
    assert json.loads(table.as_json(results, about))["schema"] == table.SCHEMA


@pytest.mark.parametrize("runs, apart", [(("1", "1"), False), (("1", "2"), True), ((None, "1"), True), (("1",), False)])
def test_sets_that_were_not_played_in_one_run_are_marked(runs, apart):
    results = [result("standby", agents, True) for agents in ("dualstor", "stock")]
    for each, run in zip(results, runs):
        each.update({"run": run} if run else {})
    line = table.markdown(results[: len(runs)], {"machines": "Two machines", "seconds": 1}).splitlines()[-1]
    assert ("†" in line) == apart


def test_a_new_result_takes_the_place_of_its_like_and_the_scenarios_keep_their_order():
    earlier = [result("standby", "dualstor", False), result("standby", "stock", True), result("gone", "stock", True)]
    order = ["node-killed", "standby"]
    found = table.merged(earlier, result("standby", "dualstor", True), order)
    assert [(each["agents"], each["ok"]) for each in found] == [("dualstor", True), ("stock", True)]
    found = table.merged(found, result("node-killed", "stock", True), order)
    assert [each["scenario"] for each in found] == ["node-killed", "standby", "standby"]


def test_scenarios_are_chosen_by_name():
    assert [each.name for each in runner.choose(["standby", "node-killed"])] == ["standby", "node-killed"]
    assert len(runner.choose([])) == len(scenarios.every())
    with pytest.raises(LabError, match="no-such"):
        runner.choose(["no-such"])


def test_every_tool_that_is_slowed_is_called_by_its_path():
    assert all(path.startswith("/usr/sbin/") for path in wrappers.TOOLS)


def test_the_writers_run_where_the_vg_runs():
    root = ET.fromstring(cib.writers("/dev/vg0/lv0"))
    assert root.find(".//primitive").get("provider") == "lab"
    assert root.find(".//rsc_order").get("first") == root.find(".//rsc_colocation").get("with-rsc") == "vg0-clone"
