# SPDX-License-Identifier: GPL-2.0-or-later
"""What recover prints is right in the state in which it prints it, and typed there."""

import re
import shlex
import signal

import pytest

from dualstor.command.status.advised import (
    BOTH_CONSISTENT,
    DISK,
    DLM_WAITS,
    HOLD,
    LEFT_OVER,
    LONE_COPY,
    ORPHANS,
    OUTDATED,
    SPLIT_BRAIN,
    STRANDED,
    SUSPENDED,
    UNFENCED,
)
from dualstor.command.status import document
from dualstor.command.status.report import Silent
from model.actions import DAEMON, DRBD, GROUP
from simulator import drbd, faults, locking, membership, world
from simulator.host import Simulation
from simulator.state import CLVMD, DRBD_8, DRBD_9, LVMLOCKD
from unit.command.recover.player import kinds, known, text
from unit.status import test_typed as typed
from unit.status.typist import NODES, Typist, chosen, parts

GENERATIONS = (LVMLOCKD, CLVMD)
ONE, TWO = NODES


def pair_in(state="active", generation=LVMLOCKD, **more):
    return Typist(Simulation(world.reach(state, generation, **more)))


# -- nothing to recover -----------------------------------------------------------------------------


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("peer", [None, TWO])
def test_of_a_healthy_pair_there_is_nothing(generation, peer):
    report = pair_in(generation=generation).report(ONE, peer)
    assert kinds(report) == []
    assert "Nothing that has to be recovered." in text(report)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("state", sorted(world.STATES))
def test_in_any_state_it_changes_nothing(state, generation):
    simulation = Simulation(world.reach(state, generation))
    pair = Typist(simulation)

    def seen():
        return re.sub(r"synced=[0-9.]+", "", repr([
            (n.drbd, n.disks, n.mappings, n.locks, n.files) for n in pair.nodes.values()]))
    before = seen()
    text(pair.report(ONE, TWO if pair.nodes[TWO].up else None))
    assert seen() == before
    assert simulation.cluster.harm == []


# -- split brain --------------------------------------------------------------------------------------


@pytest.mark.parametrize("loser", NODES)
@pytest.mark.parametrize("where", NODES)
@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("state", typed.SPLITS)
def test_a_split_brain_is_found_and_ends_by_the_steps(state, generation, where, loser):
    pair = typed.pair_in(state, generation)
    report = pair.report(where, typed.other(where))
    assert kinds(report)[0] == SPLIT_BRAIN
    assert "both copies were written since they parted" in known(report, SPLIT_BRAIN)
    typed._ends(pair, loser, chosen(parts(text(report)), f"If the writes of {loser}"))


@pytest.mark.parametrize("version", [DRBD_8, DRBD_9])
def test_what_each_side_has_changed_is_said(version):
    pair = Typist(Simulation(world.reach("both-primary", drbd_version=version)))
    for node in pair.nodes.values():
        node.drbd["r0"].cstate, node.drbd["r0"].peer_dstate = "StandAlone", "DUnknown"
        drbd.new_generation(pair.simulation.cluster, node, "r0")
    report = pair.report(ONE, TWO)
    for node in NODES:
        assert f"{node} has marked 348 KiB as changed" in known(report, SPLIT_BRAIN)
    shown = text(report)
    assert shown.count("348 KiB") == 4 and "StandAlone" in shown


@pytest.mark.parametrize("loser", NODES)
@pytest.mark.parametrize("state", typed.SPLITS)
def test_what_is_called_undoable_is(state, loser):
    """All up to the step that ends it is taken back by what is printed for that; then it ends."""
    pair = typed.pair_in(state)
    report = pair.report(ONE, TWO)
    lines = text(report).splitlines()
    start = next(n for n, line in enumerate(lines) if f"If the writes of {loser}" in line)
    end = next(n for n, line in enumerate(lines) if n > start and "up to here all can be undone" in line)
    assert "--discard-my-data" in lines[end + 1] and "Cannot be undone" in "".join(lines[end:end + 4])
    generations = [node.disks["r0"].generation for node in pair.nodes.values()]
    wanted = f"If the writes of {loser} are to be lost"
    for title, steps in parts("\n".join(lines[:end])).items():
        if title == wanted or title.startswith("First"):
            pair.type(steps)
    undo = [line for line in lines[start:end] if line.strip().startswith("Undo: `drbdadm")]
    for line in reversed(undo):
        for words in line.split("`")[1::2]:
            pair.run(loser, tuple(shlex.split(words)))
            pair.simulation.advance(3)
    assert [node.disks["r0"].generation for node in pair.nodes.values()] == generations
    assert pair.simulation.cluster.harm == []
    report = pair.report(ONE, TWO)
    typed._ends(pair, loser, chosen(parts(text(report)), f"If the writes of {loser}"))


# -- one copy alone ----------------------------------------------------------------------------------


@pytest.mark.parametrize("generation, version", [(each, DRBD_8) for each in GENERATIONS] + [(LVMLOCKD, DRBD_9)])
def test_a_lone_copy(generation, version):
    pair = typed._lone(generation, version)
    report = pair.report(ONE)
    assert LONE_COPY in kinds(report)
    facts = known(report, LONE_COPY)
    assert "may have continued alone" in facts and "was Primary when it went down" in facts
    assert "node2 was not asked" in facts
    shown = text(report)
    assert "Cannot be undone: what node2 wrote after node1 went down." in shown
    pair.type(chosen(parts(shown), "Only if you have seen that node2 is off"))
    assert pair.cluster_goes_on(ONE) == typed.ALONE[generation]


def test_a_lone_copy_that_was_written_alone_is_known_to_have_more():
    pair = typed._lone(LVMLOCKD)
    drbd.new_generation(pair.simulation.cluster, pair.nodes[ONE], "r0")
    assert "it has writes that node2 lacks" in known(pair.report(ONE), LONE_COPY)
    pair.nodes[ONE].disks["r0"].peer_outdated = True
    assert "this copy is the newer one" in known(pair.report(ONE), LONE_COPY)


@pytest.mark.parametrize("newer", NODES)
def test_which_copy_is_newer_is_known_where_both_can_be_read(newer):
    pair = pair_in("active")
    for node in NODES:
        pair.take_down(node)
    for node in pair.nodes.values():
        node.disks["r0"].generation, node.disks["r0"].ancestors = 500, []
    drbd.new_generation(pair.simulation.cluster, pair.nodes[newer], "r0")
    pair.nodes[ONE].disks["r0"].outdated = True
    world.start_drbd(pair.simulation.cluster, pair.nodes[ONE])
    report = pair.report(ONE, TWO)
    assert f"the copy of {newer} is the newer one" in known(report, OUTDATED)


def test_two_consistent_copies():
    pair = typed._undecided(DRBD_9)
    report = pair.report(ONE)
    assert kinds(report) == [BOTH_CONSISTENT]
    pair.type([step for title, steps in parts(text(report)).items()
               if not title.startswith("Only if") for step in steps])
    typed._ends_well(pair, [])


# -- disks ------------------------------------------------------------------------------------------


def test_an_old_disk_and_a_new_one():
    for choice, new in (("If it is the old disk", False), ("If the new one is empty", True)):
        pair = typed._diskless()
        if new:
            pair.nodes[TWO].disks["r0"] = None
        report = pair.report(TWO)
        assert kinds(report) == [DISK]
        pair.type(chosen(parts(text(report)), choice))
        pair.simulation.advance(10)
        assert pair.links() == [("Connected", "Primary", "UpToDate")] * 2


def test_a_disk_of_the_other_node_is_found_from_here():
    pair = typed._diskless()
    report = pair.report(ONE, TWO)
    assert kinds(report) == [DISK] and "2" in text(report)
    assert "1. node2: DRBD r0 has lost its disk here" in text(report)


def test_an_old_copy_waits_for_the_other_one():
    pair = pair_in("active")
    cluster, one = pair.simulation.cluster, pair.nodes[ONE]
    for node in NODES:
        pair.take_down(node)
    drbd.new_generation(cluster, pair.nodes[TWO], "r0")
    one.disks["r0"].outdated = True
    world.start_drbd(cluster, one)
    report = pair.report(ONE)
    assert OUTDATED in kinds(report)
    shown = text(report)
    assert "--force" not in shown and "node2 has the newer copy: bring it back" in shown
    world.start_drbd(cluster, pair.nodes[TWO])
    pair.type(chosen(parts(shown), "bring it back"))
    assert one.disks["r0"].generation == pair.nodes[TWO].disks["r0"].generation


def test_what_a_person_has_suspended():
    pair = pair_in("active")
    assert pair.run(ONE, ("drbdadm", "suspend-io", "r0")).ok
    report = pair.report(ONE)
    assert kinds(report) == [SUSPENDED]
    pair.type(chosen(parts(text(report)), "If it is no longer wanted"))
    assert pair.act(DRBD, "monitor", ONE).code == 8


# -- fencing ---------------------------------------------------------------------------------------


def _unfenced(generation):
    """node2 has lost its power, and its fence device with it."""
    pair = pair_in("active", generation)
    pair.simulation.cluster.fencing_works = False
    world.crash(pair.simulation.cluster, pair.nodes[TWO])
    pair.simulation.advance(60)
    assert pair.nodes[ONE].unclean
    return pair


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_fencing_that_does_not_succeed_is_confirmed_after_a_look(generation):
    pair = _unfenced(generation)
    report = pair.report(ONE)
    assert UNFENCED in kinds(report)
    shown = text(report)
    command = "fence_ack_manual node2" if generation == CLVMD else "stonith_admin --confirm node2"
    first = shown.index("whether it is off")
    assert first < shown.index(f"`{command}`")
    assert "Only if you have seen that node2 is off" in shown
    found = {title: steps for title, steps in parts(shown).items() if "node2" in title}
    pair.type([step for title, steps in found.items() for step in steps
               if title.startswith("Only if you have seen that node2 is off") or "First find" in title])
    pair.simulation.advance(5)
    assert not pair.nodes[ONE].unclean and pair.simulation.cluster.harm == []
    pair.act(DRBD, "monitor", ONE)
    assert not pair.nodes[ONE].drbd["r0"].suspended
    assert UNFENCED not in kinds(pair.report(ONE))
    assert "--confirm" not in text(pair.report(ONE))


def test_no_fencing_of_a_node_that_answers_is_confirmed():
    pair = _unfenced(LVMLOCKD)
    report = pair.report(ONE)
    assert "`stonith_admin --confirm node2`" in text(report)
    other = Typist(Simulation(world.reach("active"))).report(TWO)
    shown = text(report.but(peer=document.document(other, ())))
    assert "node2: `stonith_admin --confirm" not in shown
    assert "node1: `stonith_admin --confirm node2`" not in shown
    assert "node2 answers over ssh: it is not off" in shown


@pytest.mark.parametrize("lacking", [True, False])
def test_dlm_that_learns_of_no_fencing(lacking):
    pair = pair_in("active")
    if lacking:
        for node in pair.nodes.values():
            node.dlm_library = "26"
    else:
        pair.nodes[ONE].unclean.append(2)
    if lacking:
        world.crash(pair.simulation.cluster, pair.nodes[TWO])
        pair.simulation.advance(60)
        assert pair.nodes[ONE].deaf == [2]
    report = pair.report(ONE)
    assert DLM_WAITS in kinds(report)
    assert ("opens libstonithd.so.26" in known(report, DLM_WAITS)) == lacking
    found = parts(text(report))
    assert any("Until a dlm is installed" in title for title in found) == lacking
    if lacking:
        steps = next(steps for title, steps in found.items() if "Until a dlm" in title)
        pair.type(steps)
        pair.simulation.advance(2)
        assert pair.nodes[ONE].deaf == []
        assert DLM_WAITS not in kinds(pair.report(ONE))


# -- what is left ------------------------------------------------------------------------------------


BAN = '<rsc_location id="cli-ban-clustered-vg-on-node2" rsc="clustered-vg" node="node2" score="-INFINITY"/>'
PREFER = '<rsc_location id="cli-prefer-clone" rsc="clone" node="node1" score="INFINITY"/>'
FENCED = '<rsc_location id="drbd-fence-by-handler-r0-drbd-clone" rsc="drbd-clone"><rule role="Promoted" ' \
    'score="-INFINITY" id="r"/></rsc_location>'


@pytest.mark.parametrize("element, says", [
    (BAN, "keeps clustered-vg from node2"), (PREFER, "draws clone to node1"),
    (FENCED, "from being Primary on both nodes")])
def test_a_constraint_that_was_left_is_removed(element, says):
    pair = pair_in("active")
    wanted = '<rsc_location id="fence-node1-elsewhere" rsc="fence-node1" node="node1" score="-INFINITY"/>'
    pair.simulation.cluster.constraints = [element, wanted]
    report = pair.report(ONE, TWO)
    assert kinds(report) == [LEFT_OVER]
    shown = text(report)
    assert says in shown
    pair.type([step for steps in parts(shown).values() for step in steps])
    assert pair.simulation.cluster.constraints == [wanted]
    assert kinds(pair.report(ONE)) == []


@pytest.mark.parametrize("where", NODES)
def test_lockspaces_without_a_daemon_are_for_the_cluster(where):
    pair = _orphaned(where)
    pair.type(chosen(parts(text(pair.report(where, typed.other(where)))), "The cluster clears them"))
    for agent in (GROUP, DAEMON):
        assert pair.act(agent, "stop", TWO).code == 0
    assert ORPHANS not in kinds(pair.report(where, typed.other(where)))
    for agent in (DAEMON, GROUP):
        assert pair.act(agent, "start", TWO).code == 0


@pytest.mark.parametrize("where", NODES)
def test_lockspaces_that_nobody_clears_need_a_reboot(where):
    pair = _orphaned(where)
    pair.simulation.cluster.faults.append(faults.fault("dlm_tool", faults.EXIT, node=TWO))
    assert pair.act(GROUP, "stop", TWO).code == 0
    assert pair.act(DAEMON, "stop", TWO).code == 1
    pair.simulation.cluster.faults.clear()
    assert "reboot it" in text(pair.report(where, typed.other(where)))
    node = pair.nodes[TWO]
    world.crash(pair.simulation.cluster, node)
    world.boot(pair.simulation.cluster, node)
    assert ORPHANS not in kinds(pair.report(where, typed.other(where)))


def _orphaned(where):
    """lvmlockd of node2 is dead, as recover on *where* says."""
    pair = pair_in("active")
    node = pair.nodes[TWO]
    locking.receive(pair.simulation.cluster, node, locking.daemon(node, "lvmlockd"), signal.SIGKILL)
    assert ORPHANS in kinds(pair.report(where, typed.other(where)))
    return pair


def test_what_a_dead_cluster_engine_has_left_needs_a_reboot():
    pair = pair_in("active")
    node = pair.nodes[ONE]
    node.engine = node.pacemaker = node.dlm_controld = False
    report = pair.report(ONE)
    assert kinds(report)[0] == STRANDED
    assert "Reboot it" in text(report) and "crm_resource" not in text(report).partition("What can")[2]
    world.crash(pair.simulation.cluster, node)
    world.boot(pair.simulation.cluster, node)
    assert STRANDED not in kinds(pair.report(ONE))


# -- a choice, and parts that are silent ---------------------------------------------------------------


def test_only_what_is_about_the_resource_that_is_asked_for():
    pair = typed.pair_in("LVs active, both StandAlone")
    report = pair.report(ONE)
    assert SPLIT_BRAIN in kinds(report, "r0") and SPLIT_BRAIN not in kinds(report, "r1")
    assert "r0" not in text(report, "r1").partition("What each node has")[2]


def test_who_has_what_open_is_shown_of_both():
    pair = pair_in("active")
    pair.nodes[TWO].mappings["vg0-lv0"].openers.append("mount:/srv")
    rows = [line.split() for line in text(pair.report(ONE, TWO)).splitlines() if "vg0/lv0" in line]
    assert rows == [["vg0/lv0", ONE, "-"], ["vg0/lv0", TWO, "mounted", "on", "/srv"]]


@pytest.mark.parametrize("part", ["quorum", "cluster", "fencing", "drbd", "locking", "active", "listed",
                                  "opened", "left", "library", "peer"])
def test_a_part_that_is_silent_hides_nothing_else(part):
    report = typed.pair_in("LVs active, both StandAlone").report(ONE, TWO)
    shown = text(report.but(**{part: Silent(says="no answer in 5 s")}))
    assert (SPLIT_BRAIN in kinds(report.but(**{part: Silent(says="-")}))) == (part != "drbd")
    assert "What each node has" in shown


@pytest.mark.parametrize("document_", [{}, {"node": TWO}, {"advice": 7, "volumes": 3, "drbd": {}},
                                       {"advice": [{"kind": DISK}], "volumes": [{}],
                                        "drbd": {"copies": [{"resource": "r0"}]}}])
def test_a_document_of_another_kind_from_the_other_node_is_not_believed(document_):
    text(pair_in("active").report(ONE).but(peer=document_))


def test_a_dead_hold_comes_first():
    from unit.drbd_dualprimary import test_hold
    pair = typed.pair_in("LVs active, both StandAlone")
    test_hold.held(pair.simulation, dead=True)
    report = pair.report(ONE)
    assert kinds(report)[:2] == [HOLD, SPLIT_BRAIN]
    assert "`dualstor recover r0`" in text(report)
    assert membership.quorate(pair.simulation.cluster, pair.nodes[ONE])
