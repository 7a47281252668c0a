# SPDX-License-Identifier: GPL-2.0-or-later
"""Each kind of fault begins and ends on a stage whose nodes only take notes; the threads that play a history."""
import pathlib
import random
import subprocess
import time
from types import SimpleNamespace

import pytest

from lablib import cib, fencelog
from lablib.agent import Result
from lablib.errors import LabError
from lablib.faults.stage import Stage
from lablib.machine import Machine
from lablib.nemesis import conductor, faults, history, leftovers
from lablib.observe import Drbd


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
