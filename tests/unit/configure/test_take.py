# SPDX-License-Identifier: GPL-2.0-or-later
"""Taking steps: each only when it is due, in order, and never against DRBD's or LVM's word."""

import pytest

from dualstor.command.configure import pacemaker, steps, take
from dualstor.command.configure.render import cib
from dualstor.errors import DualstorError, ToolError
from dualstor.host.run import Completed
from dualstor.kernel import drbd
from dualstor.tools import cib as states
from simulator import world
from simulator.host import SimHost, Simulation
from simulator.state import CLVMD, LVMLOCKD
from unit.configure.pairs import pair

PAIR = pair()
(GROUP,) = PAIR.groups


def state(here, there, cstate="Connected"):
    return drbd.State(resource="r0", role="Secondary",
                      volumes=(drbd.Volume(number=0, minor=0, dstate=here),),
                      peers=(drbd.Peer(name=None, cstate=cstate, role="Secondary",
                                       dstates=(there,)),))


@pytest.mark.parametrize("name, look, done", [
    ("module", take.Look(), False), ("module", take.Look(module=True), True),
    ("create-md", take.Look(), False), ("create-md", take.Look(metadata=True), True),
    ("create-md", take.Look(drbd=state("Inconsistent", "DUnknown")), True),
    ("create-md", take.Look(drbd=state("Diskless", "DUnknown")), False),
    ("up", take.Look(), False), ("up", take.Look(drbd=state("Inconsistent", "DUnknown")), True),
    ("connected", take.Look(drbd=state("Inconsistent", "DUnknown", "WFConnection")), False),
    ("connected", take.Look(drbd=state("Inconsistent", "Inconsistent")), True),
    ("first-sync", take.Look(drbd=state("Inconsistent", "Inconsistent")), False),
    ("up-to-date", take.Look(drbd=state("UpToDate", "UpToDate")), True),
    ("up-to-date", take.Look(drbd=state("UpToDate", "Inconsistent", "SyncSource")), False),
    ("cluster", take.Look(), False), ("cluster", take.Look(cluster=True), True),
    ("vgcreate", take.Look(groups=("other",)), False),
    ("vgcreate", take.Look(groups=("vg0",)), True),
    ("lvcreate", take.Look(volumes=("lv0",)), True), ("base", take.Look(), False)])
def test_a_step_is_due_or_done(name, look, done):
    assert take.done(name, look, GROUP if name in steps.OF_GROUPS else None) is done


@pytest.mark.parametrize("here", ["UpToDate", "Outdated", "Consistent", "Inconsistent"])
@pytest.mark.parametrize("there", ["UpToDate", "Outdated", "Consistent", "DUnknown"])
def test_the_first_sync_is_never_due_where_a_disk_may_have_been_good(here, there):
    assert take.done("first-sync", take.Look(drbd=state(here, there)))


# -- on the simulator -----------------------------------------------------------------------


def taker(simulation, node="node1", agree=lambda question: True):
    return take.Taker(PAIR, node, lambda seconds: simulation.host(node, seconds), agree)


def step(name):
    return next(s for s in steps.steps(PAIR, "cib") if s.name == name)


def test_on_a_running_pair_nothing_is_due():
    simulation = Simulation(world.reach("active"))
    for name in ("module", "create-md", "up", "connected", "first-sync", "up-to-date", "cluster",
                 "vgcreate"):
        assert taker(simulation).take(step(name)) == take.DONE, name


@pytest.mark.parametrize("generation", [LVMLOCKD, CLVMD])
def test_starting_the_cluster_is_due_where_it_does_not_run(generation):
    """corosync-quorumtool of corosync 1 ends with 0 when nothing runs."""
    for state, there in (("fresh", False), ("cluster-up", True)):
        look = taker(Simulation(world.reach(state, generation))).look("cluster")
        assert take.done("cluster", look) is there


def test_what_is_not_agreed_to_is_not_done():
    simulation = Simulation(world.reach("down"))
    asked = []
    outcome = taker(simulation, agree=asked.append).take(step("up"))
    assert outcome == take.SKIPPED and asked == ["drbdadm up r0?"]
    assert ("drbdadm", "up", "r0") not in simulation.calls()


def test_a_step_of_the_other_node_and_one_for_a_person_are_left():
    simulation = Simulation(world.reach("down"))
    assert taker(simulation, "node2").take(step("vgcreate")) == take.ELSEWHERE
    by_hand = next(s for s in steps.steps(PAIR, "cib") if s.name is None)
    assert taker(simulation).take(by_hand) == take.BY_HAND
    assert taker(simulation, agree=lambda question: False).take(by_hand) == take.SKIPPED
    assert simulation.calls() == []


def test_both_nodes_come_up_and_find_each_other():
    simulation = Simulation(world.reach("down"))
    for node in ("node1", "node2"):
        assert taker(simulation, node).take(step("up")) == take.TAKEN
    assert taker(simulation).take(step("connected")) == take.DONE


def test_a_part_waits_until_pacemaker_has_all_nodes_up(monkeypatch):
    """Right after its start Pacemaker refuses connections, or has not elected who may change the CIB."""
    simulation = Simulation(world.reach("cluster-up"))
    answers = [ToolError("cibadmin", "exit code 102"), {"node1": states.UP}, {"node1": states.UP, "node2": states.UNSURE},
               {"node1": states.UP, "node2": states.UP}]

    def ask(host):
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found
    monkeypatch.setattr(take.cibs, "ask", ask)
    monkeypatch.setattr(take.cibs, "states", lambda root: root)
    assert taker(simulation).take(step("base")) == take.TAKEN
    assert not answers and any(call[:2] == ("cibadmin", "--modify") for call in simulation.calls())


@pytest.mark.parametrize("up, says", [("node1", "node2 is not up"), (None, "node1, node2 are not up")])
def test_a_part_is_not_loaded_into_half_a_cluster(monkeypatch, up, says):
    simulation = Simulation(world.reach("cluster-up"))
    monkeypatch.setattr(take.cibs, "ask", lambda host: {up: states.UP})
    monkeypatch.setattr(take.cibs, "states", lambda root: root)
    with pytest.raises(DualstorError, match=f"waited 600 s for Pacemaker .{says}"):
        taker(simulation).take(step("base"))
    assert not any("--modify" in call for call in simulation.calls())


def test_waiting_in_vain_says_for_what():
    simulation = Simulation(world.reach("down"))
    taker(simulation).take(step("up"))
    with pytest.raises(DualstorError, match="r0 to be connected .not connected"):
        taker(simulation).take(step("connected"))


def test_a_refusal_ends_it_with_its_words():
    simulation = Simulation(world.reach("fresh"))
    with pytest.raises(DualstorError, match="run this again"):
        taker(simulation).take(step("lvcreate"))


# -- without taking it ----------------------------------------------------------------------


def test_a_plan_names_what_is_due_and_changes_nothing():
    simulation = Simulation(world.reach("down"))
    there = taker(simulation)
    assert there.plan(step("up")) == (take.DUE, (("drbdadm", "up", "r0"),))
    assert there.plan(step("module")) == (take.DONE, ())
    assert there.plan(step("settled")) == (take.DONE, ())
    assert taker(simulation, "node2").plan(step("vgcreate")) == (take.ELSEWHERE, ())
    assert not [call for call in simulation.calls() if call[:2] in (
        ("drbdadm", "up"), ("crm_resource", "--wait"))]


@pytest.mark.parametrize("state", ["down", "active"])
def test_a_part_is_due_where_the_cluster_lacks_it_or_does_not_answer(state):
    due = take.DUE, step("base").commands
    assert taker(Simulation(world.reach(state))).plan(step("base")) == due


WHOLE = cib.document(pacemaker.whole(PAIR), PAIR.generation)


@pytest.mark.parametrize("answer, due", [
    ("", take.DUE), ("<cib", take.DUE), (WHOLE[:-9], take.DUE), (WHOLE, take.DONE)])
def test_a_part_is_due_where_the_clusters_answer_is_no_cib(answer, due, monkeypatch):
    simulation = Simulation(world.reach("active"))

    monkeypatch.setattr(SimHost, "run", lambda host, argv, *more: Completed(
        argv=argv, returncode=0, stdout=answer))
    assert taker(simulation).plan(step("base"))[0] == due


@pytest.mark.parametrize("live, contained", [
    (WHOLE, True), (WHOLE.replace("<constraints>", '<constraints><rsc_location id="more"/>'), True),
    (WHOLE.replace('type="clvmd"', 'type="other"'), False),
    (WHOLE.replace('name="interleave" value="true"', 'name="interleave" value="false"'), False),
    ("<cib/>", False)])
def test_a_cib_contains_a_part_with_all_its_values(live, contained):
    part = cib.render(pacemaker.parts(PAIR)["base"], PAIR.generation)
    assert cib.contains(states.parse(live), part) is contained
