# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of recover: what it takes, its exit codes, and the hold that it lifts."""

import io
import json
import os

import jsonschema
import pytest

from dualstor.command import main
from dualstor.command.codes import ExitStatus
from dualstor.command.recover import command, finding, screen
from dualstor.command.console import Console
from dualstor.command.status import command as status
from dualstor.command.status import observe
from dualstor.tools import hold
from model.actions import DRBD, act
from simulator import drbd, world
from simulator.host import Simulation
from sourcetree import TREE
from unit.command.recover.player import schema
from unit.drbd_dualprimary import test_hold
from unit.status.replay import Replay
from unit.status.test_screens import report_of, tape

ONE = "node1"


@pytest.fixture
def on(monkeypatch):
    """Lets ``dualstor recover`` look at node1 of a simulation, or at a recorded host."""
    def place(where):
        if isinstance(where, str):
            monkeypatch.setattr(status, "host", lambda seconds: Replay(tape(where)))
            return
        monkeypatch.setattr(status, "host", lambda seconds: where.host(ONE, 60))
        monkeypatch.setattr(observe, "at_once", observe.one_by_one)
        monkeypatch.setattr(observe.look, "__defaults__", (observe.one_by_one, *observe.look.__defaults__[1:]))
    return place


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    return main.main(["recover", *words], out, err), out.getvalue(), err.getvalue()


def split():
    simulation = Simulation(world.reach("active"))
    for node in simulation.cluster.nodes.values():
        node.drbd["r0"].cstate, node.drbd["r0"].peer_dstate = "StandAlone", "DUnknown"
        drbd.new_generation(simulation.cluster, node, "r0")
    return simulation


def test_of_a_healthy_pair(on):
    on("healthy")
    code, out, err = run()
    assert (code, err) == (ExitStatus.OK, "") and "Nothing that has to be recovered." in out


def test_a_finding_decides_on_the_exit_code(on):
    on(split())
    code, out, _ = run("r0")
    assert code == ExitStatus.ERROR and "If the writes of node2 are to be lost" in out
    simulation = Simulation(world.reach("active"))
    simulation.cluster.constraints = [
        '<rsc_location id="cli-ban-clone" rsc="clone" node="node1" score="-INFINITY"/>']
    on(simulation)
    assert run()[0] == ExitStatus.WARNING


def test_as_json(on):
    on(split())
    code, out, _ = run("--json", "--plan")
    told = json.loads(out)
    jsonschema.validate(told, schema())
    assert code == ExitStatus.ERROR and told["findings"][0]["kind"] == "split-brain"
    assert told["peer_asked"] is False and told["resources"][1]["up"] is None


def test_a_peer_that_cannot_be_asked_is_no_good_news(on):
    on("healthy")
    code, out, _ = run("--peer", "node2")
    assert code == ExitStatus.INCOMPLETE and "--peer: ssh" in out
    assert run("--peer=-oProxyCommand=id")[0] == ExitStatus.ERROR


def test_a_resource_that_is_not_there(on):
    on("healthy")
    code, _, err = run("r7")
    assert code == ExitStatus.ERROR and "DRBD r7 is not configured on" in err and "r0" in err


@pytest.mark.parametrize("words, lifted", [
    (["r0"], True), (["r0", "--json"], True), ([], False), (["--plan"], False), (["r0", "--plan"], False)])
def test_the_hold_of_one_that_has_died_is_lifted_by_running_it_again(on, words, lifted):
    simulation = Simulation(world.reach("active"))
    test_hold.held(simulation, dead=True)
    on(simulation)
    assert act(simulation, DRBD, "monitor", ONE).code == 191
    code, out, err = run(*words)
    assert ("lifted the hold on DRBD r0" in err) == lifted
    assert (test_hold.look(simulation) is None) == (
        test_hold.look(simulation, hold.VG, "vg0") is None) == lifted
    assert (act(simulation, DRBD, "monitor", ONE).code == 8) == lifted
    assert code == (ExitStatus.OK if lifted else ExitStatus.ERROR)
    assert lifted or "`dualstor recover r0`" in out or "--json" in words


@pytest.mark.parametrize("more", [dict(begun=True), dict()])
def test_a_hold_that_lives_or_has_begun_something_is_not(on, more):
    simulation = Simulation(world.reach("active"))
    test_hold.held(simulation, dead=bool(more), **more)
    on(simulation)
    code, out, err = run("r0")
    assert test_hold.look(simulation) and "lifted" not in err
    assert code == (ExitStatus.ERROR if more else ExitStatus.OK)
    assert not more or "to be finished or undone first" in out


@pytest.mark.parametrize("words", [(), ("r0",), ("r0", "--plan")])
def test_of_a_healing_that_was_begun_both_ways_out_are_printed(on, words):
    """test_healing.py types them in that state."""
    simulation = Simulation(world.reach("active"))
    healing = hold.of_healing("r0", "vg0", ONE, "node2")
    simulation.cluster.nodes[ONE].files[f"{hold.PLACE}/r0/{hold.KEPT}"] = hold.kept_text(healing)
    on(simulation)
    code, out, _ = run(*words)
    assert code == ExitStatus.ERROR and "to be finished or undone first" in out
    assert "node1: `dualstor recover r0 --peer node2 --winner node1`" in out
    assert "node1: `dualstor recover r0 --peer node2 --undo`" in out


@pytest.mark.parametrize("state", ["split-brain"])
def test_the_documented_screen(state):
    """Rewrite it with DUALSTOR_GOLDEN=1 and read the difference."""
    report, stream = report_of(tape(state)), io.StringIO()
    screen.show(Console(stream, stream, "recover"), report, finding.find(report))
    path = os.path.join(TREE, "docs", "screens", f"recover-{state}.txt")
    if os.environ.get("DUALSTOR_GOLDEN"):
        with open(path, "w", encoding="utf-8") as written:
            written.write(stream.getvalue())
    with open(path, encoding="utf-8") as kept:
        assert stream.getvalue() == kept.read()


def test_what_it_says_of_itself_is_true():
    assert "--plan" in command.DESCRIPTION and "changes\nnothing" in command.DESCRIPTION
