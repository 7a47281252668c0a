# SPDX-License-Identifier: GPL-2.0-or-later
"""Each kind of fault begins and ends on a stage whose nodes only take notes; the threads that play a history."""
import json
import pathlib
import random
import subprocess
import time
from types import SimpleNamespace

import pytest

from lablib import cib, fencelog
from lablib.agent import Result
from lablib.errors import LabError
from lablib.faults.records import Line
from lablib.faults.stage import Stage
from lablib.machine import Machine
from lablib.nemesis import checkers, conductor, faults, history, leftovers, runner
from lablib.observe import Cluster, Drbd, Instance
from lablib.progress import Silent
from lablib.waiting import Unmet


class Noted:
    """Notes each call of a method that it does not have."""

    def __init__(self, name, notes):
        self._name, self._notes = name, notes

    def __getattr__(self, method):
        return lambda *arguments: self._notes.append((self._name, method, *arguments))


class FakeNode:
    def __init__(self, number, notes):
        self.number, self.name, self.notes = number, f"node{number}", notes
        self.machine = Noted(self.name, notes)
        self.runs, self.disk, self.problem = True, "UpToDate", None

    def alive(self):
        return self.runs

    def run(self, command, timeout=60, stdin=None, check=False):
        if self.problem:
            raise self.problem
        if isinstance(command, str):
            subprocess.run(["sh", "-n", "-c", command], check=True)
        self.notes.append((self.name, command))
        return Result(0, "", "")

    def ok(self, command, timeout=60, stdin=None):
        return self.run(command, timeout).stdout

    def kill(self):
        self.notes.append((self.name, "killed"))
        self.runs = False

    def start(self, wait=True):
        self.notes.append((self.name, "started"))
        self.runs = True

    def wait(self, timeout=300):
        pass

    def drbd(self):
        return Drbd("Connected", "Primary", "Primary", self.disk, "UpToDate", False, 0)


class FakeLab(Noted):
    def __init__(self, notes):
        super().__init__("lab", notes)
        self.nodes = tuple(FakeNode(number, notes) for number in (1, 2))
        self.progress = SimpleNamespace(note=lambda text: None)
        self.log = []

    def node(self, which):
        return next(node for node in self.nodes if which in (node.number, node.name))

    def fenced(self):
        return self.log

    def each(self, work):
        return [work(node) for node in self.nodes]

    def package(self):
        return pathlib.Path("/nonexistent")


@pytest.fixture
def stage():
    made = Stage(FakeLab([]), cib.DUALSTOR)
    made.began = time.time()
    made.notes = made.lab._notes
    return made


def drawn(kind, seed=1, node=2):
    return history.Fault(0, kind.name, node if kind.where == "node" else 0, 0.0, 1.0, kind.options(random.Random(seed)))


@pytest.mark.parametrize("kind", faults.KINDS.values(), ids=list(faults.KINDS))
def test_a_fault_begins_and_ends(stage, kind, monkeypatch):
    monkeypatch.setattr(faults.time, "sleep", lambda seconds: None)
    for seed in range(2):
        fault = drawn(kind, seed)
        kind.begin(stage, fault)
        assert stage.notes, "something was done"
        begun = len(stage.notes)
        if kind.where == "node" and kind.inside:
            assert {note[0] for note in stage.notes} == {"node2"}
        stage.lab.nodes[1].disk = "Diskless"
        kind.end(stage, fault)
        lasts = kind.name.endswith("killed") or kind.name in ("cleanup", "upgraded")
        assert (len(stage.notes) == begun) == lasts, "what is over at once has no end"
        assert stage.marks and kind.losses(fault) >= 1
        stage.lab.nodes[1].runs = True
        del stage.notes[:]


@pytest.mark.parametrize("kind", faults.KINDS.values(), ids=list(faults.KINDS))
def test_a_fault_on_a_machine_that_does_not_answer_has_not_happened(stage, kind):
    """It raises nothing but a LabError, which is noted."""
    for node in stage.lab.nodes:
        node.problem = LabError("it does not answer")
        node.runs = False
    player = conductor.Player(stage, drawn(kind)._replace(begin=0.0, end=0.0))
    player.kind = kind._replace(begin=kind.begin if not kind.name.endswith("flaps") else (lambda stage, fault: None))
    player.run()
    if kind.inside:
        assert (player.happened["applied"], "does not answer" in player.happened["error"]) == (False, True)


@pytest.mark.parametrize("disk, attached", [("Diskless", True), ("UpToDate", False), ("Inconsistent", False)])
@pytest.mark.parametrize("name", ["disk-pulled", "disk-detached", "disk-fails"])
def test_a_disk_is_attached_by_hand_only_where_drbd_is_without_one(stage, name, disk, attached):
    stage.lab.nodes[1].disk = disk
    faults.KINDS[name].end(stage, drawn(faults.KINDS[name]))
    assert (("node2", "drbdadm attach r0") in stage.notes) == attached


def test_kinds_say_who_may_be_fenced_and_those_of_both_have_no_node():
    for kind in faults.KINDS.values():
        assert kind.fences in (faults.NOBODY, faults.ITSELF, faults.EITHER)
        assert kind.where in ("node", "both") and 0 < kind.seconds[0] <= kind.seconds[1] <= 60
        assert not (kind.where == "both" and kind.fences == faults.ITSELF)
        assert kind.apart(drawn(kind))


def test_everything_is_ended_in_the_end(stage):
    assert faults.quiet(stage) == []
    assert ("lab", "heal", "cluster") in stage.notes and ("node1", "throttle", 0) in stage.notes
    assert ("node2", "fail_disk") in stage.notes and ("lab", "fencing_is", "") in stage.notes
    stage.lab.nodes[0].disk = "Diskless"
    assert faults.quiet_inside(stage, stage.lab.nodes[0]) == []
    assert ("node1", "drbdadm attach r0") in stage.notes
    assert faults.quiet_cluster(stage) == []
    stage.lab.nodes[0].problem = LabError("silent")
    assert faults.quiet_inside(stage, stage.lab.nodes[0]) == ["silent"]


def test_the_scripts_for_guests_are_shell(stage):
    stage.lab.nodes[0].run(leftovers.SCRIPT)


# -- playing ----------------------------------------------------------------------------


def test_a_fault_is_noted_with_its_real_times(stage):
    fault = history.Fault(3, "standby", 2, 0.0, 0.2, {})
    player = conductor.Player(stage, fault)
    player.run()
    happened = player.happened
    assert happened["applied"] and happened["ended"] and not player.active
    assert 0.2 <= happened["end"] and (happened["fences"], happened["losses"]) == ("nobody", 1)


def test_a_machine_is_started_when_it_was_fenced_long_enough_ago_and_nobody_keeps_it_off(stage):
    node, now, held = stage.lab.nodes[1], [1000.0], []
    keeper = conductor.Keeper(stage, node, lambda each: each in held, clock=lambda: now[0])
    assert not keeper.due(), "it runs"
    node.runs = False
    assert keeper.due()
    stage.lab.log.append({"time": 990.0, "target": "node2", "killed": True, "by": "node1", "operation": "off"})
    assert not keeper.due(), "a second request may come"
    now[0] += conductor.RESTART
    assert keeper.due()
    held.append(node)
    assert not keeper.due()


def test_only_a_request_that_killed_is_a_death(stage):
    stage.began = 1000.0
    stage.lab.log += [{"time": 1010.0, "target": "node2", "killed": True, "by": "node1", "operation": "off"},
                      {"time": 1011.0, "target": "node2", "killed": False, "by": "node1", "operation": "reboot"}]  # fmt: skip
    assert conductor.deaths(stage) == [{"at": 10.0, "node": "node2", "by": "node1", "operation": "off"}]


# -- what the machines can do for it ------------------------------------------------------


class Monitored(Machine):
    def __init__(self, folder, named=()):
        super().__init__(folder, 1)
        self.calls, self.named = [], named

    def monitor(self, *calls):
        self.calls += calls
        return [{"node-name": name} for name in self.named]


def test_a_disk_is_throttled_and_fails_by_kind_of_request_and_works_again(tmp_path):
    machine = Monitored(tmp_path)
    machine.throttle(5)
    assert machine.calls[-1] == ("block_set_io_throttle", {
        "device": "data", "iops": 5, "bps": 0, "bps_rd": 0, "bps_wr": 0, "iops_rd": 0, "iops_wr": 0})
    machine.fail_disk("write")
    add, reopen = machine.calls[-2:]
    assert add[1]["inject-error"] == [{"event": "none", "iotype": "write", "errno": 5}]
    assert reopen[1]["options"][0]["file"] == add[1]["node-name"]
    machine.calls.clear()
    machine.fail_disk()
    assert machine.calls == [("query-named-block-nodes", {"flat": True})], "nothing fails: nothing to do"
    machine = Monitored(tmp_path, named=["data-failing"])
    machine.fail_disk()
    assert [name for name, _ in machine.calls[1:]] == ["blockdev-reopen", "blockdev-del"]


def test_a_mode_of_the_fence_device_is_kept_until_it_works(tmp_path):
    assert fencelog.mode(tmp_path) == ""
    for mode in fencelog.MODES:
        fencelog.set_mode(tmp_path, mode)
        assert fencelog.mode(tmp_path) == mode
    fencelog.set_mode(tmp_path, "")
    assert fencelog.mode(tmp_path) == "" and list(tmp_path.iterdir()) == []


# -- a whole run, of nodes that answer as healthy ones do ---------------------------------

LOG = """\
Nov 27 20:00:01.000 node1 pacemaker-controld [9] (log_executor_event) notice: Result of monitor operation for vg0 on node1: ok \
| CIB update 35
Nov 27 20:00:02.000 node1 pacemaker-execd [7] (log_op_output) notice: vg0_stop_0[4711] error output [ ocf-exit-reason:one ]
Nov 27 20:00:02.000 node1 pacemaker-execd [7] (log_op_output) notice: vg0_stop_0[4711] error output [ ocf-exit-reason:two ]
"""
ANSWERS = (
    ("stat -c", "1000"), ("scan", "1 77 0 9\n2 88 0 9\n1 5 0 3\n2 6 0 3\n"), ("lvs ", "  lv0\n  alone\n"), ("tail -c", LOG),
    ("sh-ll-dev", "/dev/vdb\n"), ("Result of", LOG), ("== processes", "== processes\n1 init\n"),
    ("crmadmin", "S_IDLE"),
)  # fmt: skip


class Answering(FakeNode):
    def run(self, command, timeout=60, stdin=None, check=False):
        result = super().run(command, timeout, stdin, check)
        text = command if isinstance(command, str) else " ".join(command)
        return result._replace(stdout=next((answer for part, answer in ANSWERS if part in text), ""))

    def cluster(self, timeout=20):
        instances = tuple(Instance(name, "agent", "Started", node, True, False, False, None)
                          for name, node in (("alone-writer", "node1"),) if not self.stopped)  # fmt: skip
        return Cluster(True, frozenset(cib.NODES), frozenset(), frozenset(), frozenset(), instances, (), (), False)

    @property
    def stopped(self):
        return any("target-role" in note[1] for note in self.notes if isinstance(note[1], list))


@pytest.fixture
def answering(stage, monkeypatch, tmp_path):
    """A stage whose nodes answer; its lab can be used by the runner, which sets and prepares the same stage."""
    lab = stage.lab
    lab.nodes = tuple(Answering(number, stage.notes) for number in (1, 2))
    stage.one, stage.two = lab.nodes
    lab.folder, lab.suite, lab.progress = tmp_path, "trixie", Silent()
    monkeypatch.setattr(Stage, "settled", lambda self: True)
    monkeypatch.setattr(Stage, "watch", lambda self, node: None)
    monkeypatch.setattr(leftovers, "PAUSE", 0.0)
    monkeypatch.setattr(leftovers.look, "__defaults__", (lambda seconds: None,))
    told = {"witness": [("node1", "77"), ("node2", "88")], "exclusive": [("node1", "5")], "watch": []}
    monkeypatch.setattr(Stage, "lines", lambda self, name: [
        Line(stage.began + number, node, ("ack", run, str(number))) for node, run in told[name] for number in range(3)])
    return stage


def test_a_whole_history_is_played_and_recorded(answering):
    wanted = history.History(1, 1, "dualstor", (
        history.Fault(0, "standby", 2, 0.0, 0.3, {}), history.Fault(1, "cluster-cut", 0, 0.1, 0.5, {}),
        history.Fault(2, "killed", 2, 0.2, 0.6, {}),
    ), (history.Work(0.1, "status", 1, {}), history.Work(0.2, "volume", 1, {"what": "create", "name": "w1"})))  # fmt: skip
    record = json.loads(json.dumps(conductor.play(answering, wanted)))
    assert [fault["applied"] for fault in record["faults"]] == [True, True, True]
    assert ("node2", "killed") in answering.notes and ("node2", "started") in answering.notes, "it is started by the keeper"
    assert record["whole"]["seconds"] is not None and record["trouble"] == []
    assert [each["end"] for each in record["work"]] == ["done", "done"]
    assert record["reasons"] == {"node1 vg0_stop_0[4711]": 2, "node2 vg0_stop_0[4711]": 2}
    assert {each["result"] for each in record["operations"]} == {"ok"}
    assert record["exclusive"] == [{"node": "node1", "run": "5", "count": 3, "first": 0.0, "last": 2.0}]
    wrong = checkers.validate(record)
    assert checkers.failed(wrong) == ["actions", "true_reports"], "two reasons, and w1 is not among the LVs"


def test_a_cluster_that_does_not_get_healthy_gets_what_is_named(answering, monkeypatch):
    monkeypatch.setattr(checkers, "WHOLE", 0.5)
    typed = []
    monkeypatch.setattr(conductor.advice, "follow", lambda stage: typed.append("drbdadm attach r0") or ["node1: drbdadm attach r0"])
    monkeypatch.setattr(Stage, "settled", lambda self: bool(typed) or Unmet("vg0 is Stopped"))
    whole = conductor._whole(answering)
    assert (whole["seconds"], whole["steps"]) == (None, ["node1: drbdadm attach r0"]) and whole["after"] is not None
    assert "vg0 is Stopped" in whole["lacking"]


def test_a_campaign_writes_records_pictures_and_the_page(answering, monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "Stage", lambda lab, agents: answering)
    monkeypatch.setattr(answering, "set", answering.notes.clear)
    monkeypatch.setattr(answering, "close", lambda: None)
    wanted = history.History(9, 1, "dualstor", (history.Fault(0, "cleanup", 0, 0.0, 0.3, {}),), ())
    (run,) = runner.run(answering.lab, [wanted], tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "nemesis").iterdir()) == ["9-dualstor.json", "9-dualstor.svg"]
    document = json.loads((tmp_path / "out/nemesis.json").read_text())
    assert document["runs"] == [run] and "| 9 | dualstor |" in (tmp_path / "out/nemesis.md").read_text()
    assert any("alone" in " ".join(note[1]) for note in answering.notes if isinstance(note[1], list)), "the exclusive LV is made"
    path, short = runner.make_short(answering.lab, wanted, "short", tmp_path / "found")
    assert path.exists() and short.faults == (), "the reasons are wrong whatever happens"


def test_a_history_is_replayed_as_a_scenario(answering):
    conductor.replay(answering, history.History(1, 1, "dualstor", (history.Fault(0, "standby", 1, 0.0, 0.2, {}),), ()))
    assert len(answering.checks) == 3 and all(check.ok for check in answering.checks)
