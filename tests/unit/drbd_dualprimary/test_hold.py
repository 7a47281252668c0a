# SPDX-License-Identifier: GPL-2.0-or-later
"""A resource on which `dualstor recover` works: agents and the watcher keep off, and say so."""

import pytest

from dualstor.agents.clustered_vg import published
from dualstor.kernel.process import Process
from dualstor.recover.journal import Journal
from dualstor.tools import hold
from dualstor.tools.hold import Hold
from model.actions import DRBD, GROUP, act
from simulator import drbd, locking, membership, world
from simulator.host import Simulation
from simulator.state import CLVMD, LVMLOCKD
from unit.volumes.pair import Pair

ONE = "node1"
HOLD = Hold(resource="r0", since=1795000000, why="heals a split brain", groups=("vg0",))


def holder(simulation):
    """The process of a `dualstor recover` on node1, as the kernel has it."""
    node = simulation.cluster.nodes[ONE]
    made = locking.spawn(simulation.cluster, node, "python3", ["python3"], pidfile="/run/x")
    return Process(pid=made.pid, start_time=made.start_time, program="python3")


def held(simulation, dead=False, **changes):
    process = holder(simulation)
    hold.take(simulation.host(ONE, 60), HOLD.but(**changes), process)
    if dead:
        simulation.cluster.nodes[ONE].processes.pop(str(process.pid))
    return process


def pair_in(state="active", generation=LVMLOCKD, dead=False):
    simulation = Simulation(world.reach(state, generation))
    held(simulation, dead)
    return simulation


def look(simulation, kind=hold.DRBD, name="r0"):
    return hold.look(simulation.host(ONE, 60), kind, name)


# -- the file ---------------------------------------------------------------------------------


def test_a_hold_names_its_process_and_what_is_held():
    simulation = Simulation(world.reach("active"))
    process = held(simulation, begun=True)
    for found in (look(simulation), look(simulation, hold.VG, "vg0")):
        assert found == HOLD.but(pid=process.pid, begun=True, dead=False)
    assert look(simulation, name="r1") is None and look(simulation, hold.VG, "vg1") is None
    assert hold.of(simulation.host(ONE, 60), ("r0", "r1"), ("vg0",)) == (look(simulation),)
    hold.lift(simulation.host(ONE, 60), look(simulation))
    assert hold.of(simulation.host(ONE, 60), ("r0",), ("vg0",)) == ()


@pytest.mark.parametrize("text", ["", "x", "1 2 python3 b00t\n1 0\nr0\n\n", "\n\n\n\n\n\n"])
def test_a_file_that_is_none_of_ours_holds_as_well(text):
    simulation = Simulation(world.reach("active"))
    simulation.host(ONE, 60).remember(text, "hold", hold.DRBD, "r0")
    assert look(simulation).dead and look(simulation).resource == "r0"


def test_a_number_that_another_process_has_by_now_is_not_the_holder():
    simulation = Simulation(world.reach("active"))
    process = held(simulation)
    simulation.cluster.nodes[ONE].processes[str(process.pid)].start_time += 1
    assert look(simulation).dead


@pytest.mark.parametrize("dead", [False, True])
def test_who_holds_it_is_not_pushed_aside(dead):
    simulation = pair_in(dead=dead)
    other, host = holder(simulation), simulation.host(ONE, 60)
    with pytest.raises(hold.Held, match="r0"):
        hold.take(host, HOLD, other)
    if dead:
        hold.take(host, HOLD, other, over=True)
        assert look(simulation).pid == other.pid and not look(simulation).dead


def test_a_hold_that_cannot_be_kept_is_none():
    simulation = Simulation(world.reach("active"))
    simulation.cluster.nodes[ONE].run_full = True
    with pytest.raises(hold.DualstorError, match="cannot be held"):
        held(simulation)


# -- the agents ---------------------------------------------------------------------------------


def changes(simulation, calls):
    """The commands that change something."""
    quiet = ("crm_", "drbdadm --dry-run dump", "drbdadm sh-", "drbdsetup ", "corosync", "dlm_tool", "cat ",
             "cibadmin", "lvmlockctl --info", "lvm version", "lvmconfig", "lvs", "vgs", "dmsetup ")
    return [" ".join(call) for call in calls if not " ".join(call).startswith(quiet)]


@pytest.mark.parametrize("dead, said", [
    (False, "is held by `dualstor recover`"), (True, "run `dualstor recover r0`")])
@pytest.mark.parametrize("agent, code", [(DRBD, 191), (GROUP, 190)])
def test_a_monitor_reports_and_does_nothing(agent, code, dead, said):
    simulation = pair_in(dead=dead)
    done = act(simulation, agent, "monitor", ONE)
    assert done.code == code and said in done.reasons[0]
    assert changes(simulation, done.calls) == []


@pytest.mark.parametrize("agent, code", [(DRBD, 8), (GROUP, 0)])
@pytest.mark.parametrize("dead", [False, True])
def test_before_pacemaker_2_1_a_dead_one_is_in_the_log(agent, code, dead, said):
    simulation = pair_in(generation=CLVMD, dead=dead)
    done = act(simulation, agent, "monitor", ONE)
    assert done.code == code
    assert any("dualstor recover" in line for line in said) == dead


def test_what_it_parts_is_no_failure_and_stays_parted():
    simulation = pair_in()
    for node in simulation.cluster.nodes.values():
        node.drbd["r0"].cstate, node.drbd["r0"].peer_dstate = "StandAlone", "DUnknown"
        drbd.new_generation(simulation.cluster, node, "r0")
    assert act(simulation, DRBD, "monitor", ONE).code == 191
    assert act(simulation, DRBD, "monitor", "node2").code == 9, "that node is not held"
    assert simulation.cluster.nodes[ONE].drbd["r0"].cstate == "StandAlone"


def test_a_disk_that_is_gone_still_is_a_failure():
    simulation = pair_in()
    simulation.cluster.replication_link = False
    simulation.advance(1)
    simulation.cluster.nodes[ONE].drbd["r0"].dstate = "Diskless"
    done = act(simulation, DRBD, "monitor", ONE)
    assert done.code == 9 and "no disk and no peer" in done.reasons[0]


def test_suspended_io_is_not_resumed():
    simulation = Simulation(world.reach("active"))
    simulation.cluster.fencing_works, simulation.cluster.replication_link = False, False
    simulation.advance(5)
    world.crash(simulation.cluster, simulation.cluster.nodes["node2"])
    simulation.advance(20)
    membership.confirm_down(simulation.cluster, *simulation.cluster.nodes.values())
    assert simulation.cluster.nodes[ONE].drbd["r0"].suspended
    held(simulation)
    for action in ("monitor", "notify"):
        act(simulation, DRBD, action, ONE)
        assert simulation.cluster.nodes[ONE].drbd["r0"].suspended
    hold.lift(simulation.host(ONE, 60), look(simulation))
    act(simulation, DRBD, "monitor", ONE)
    assert not simulation.cluster.nodes[ONE].drbd["r0"].suspended


@pytest.mark.parametrize("dead", [False, True])
@pytest.mark.parametrize("agent, action, state", [
    (DRBD, "start", "connected"), (DRBD, "promote", "both-secondary"), (GROUP, "start", "daemons")])
def test_start_and_promote_refuse(agent, action, state, dead):
    simulation = Simulation(world.reach("both-primary" if state == "daemons" else "both-secondary"))
    if state == "connected":
        simulation.cluster.nodes[ONE].drbd.clear()
    held(simulation, dead)
    done = act(simulation, agent, action, ONE)
    assert done.code == 1 and "dualstor recover" in done.reasons[0]
    assert changes(simulation, done.calls) == []


def test_a_stop_looks_first_and_works():
    simulation = pair_in()
    assert [act(simulation, agent, action, ONE).code for agent, action in (
        (GROUP, "stop"), (DRBD, "demote"), (DRBD, "stop"))] == [0, 0, 0]
    assert not simulation.cluster.nodes[ONE].drbd
    assert [act(simulation, agent, "stop", ONE).code for agent in (GROUP, DRBD)] == [0, 0]
    assert look(simulation), "it is not the stop that lifts it"


# -- the watcher -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dead", [False, True])
def test_the_watcher_only_publishes(dead):
    pair = Pair()
    held(pair.simulation, dead)
    assert pair.run("node2", "lvcreate", "-n", "new", "-L", "4m", "vg0") == 0
    pair.watching.settle()
    assert pair.active("new") == ("node2",)
    told = published.parse(pair.cluster.nodes[ONE].published["dualstor-vg0"])
    assert told.lacking == ("new",)
    (says,) = [text for (node, _), text in pair.watching.says.items() if node == ONE]
    assert ("that has died holds it" if dead else "works on it") in says


# -- after a reboot ----------------------------------------------------------------------------------


def _journal(end):
    return Journal(resource="r0", vg="vg0", winner=ONE, loser="node2", carried=(), lost=(), names={},
                   end=end).to_json()


def after_reboot(name, text, resource="r0"):
    """A pair of which node1 has only what is in /var/lib."""
    simulation = Simulation(world.reach("active"))
    simulation.cluster.nodes[ONE].files[f"{hold.PLACE}/{resource}/{name}"] = text
    return simulation


HEALING = hold.of_healing("r0", "vg0", ONE, "node2")


@pytest.mark.parametrize("name, text", [
    (hold.JOURNAL, _journal("")), (hold.KEPT, hold.kept_text(HEALING))])
def test_a_healing_that_has_not_ended_holds_after_a_reboot(name, text):
    simulation = after_reboot(name, text)
    for found in (look(simulation), look(simulation, hold.VG, "vg0")):
        assert found == HEALING and found.dead and found.begun
    assert look(simulation, name="r1") is None and look(simulation, hold.VG, "vg1") is None
    assert act(simulation, DRBD, "monitor", ONE).code == 191
    done = act(simulation, GROUP, "monitor", ONE)
    assert done.code == 190 and "run `dualstor recover r0`" in done.reasons[0]
    with pytest.raises(hold.Held, match="has died holds it"):
        held(simulation)


@pytest.mark.parametrize("end", ["undone", "healed"])
def test_one_that_has_ended_does_not(end):
    simulation = after_reboot(hold.JOURNAL, _journal(end))
    assert look(simulation) is look(simulation, hold.VG, "vg0") is None
    assert act(simulation, DRBD, "monitor", ONE).code == 8


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"vg": 1}', "null"])
@pytest.mark.parametrize("name", [hold.KEPT, hold.JOURNAL])
def test_what_cannot_be_read_holds_too(name, text):
    simulation = after_reboot(name, text)
    assert look(simulation).begun and look(simulation, hold.VG, "vg0").resource == "r0"


def test_where_nothing_was_ever_healed_a_look_costs_one_stat():
    simulation = Simulation(world.reach("active"))
    host, asked = simulation.host(ONE, 60), []
    for name in ("identity", "read", "list"):
        setattr(host, name, lambda path, real=getattr(host, name): (asked.append(path), real(path))[1])
    assert hold.look(host, hold.VG, "vg0") is hold.look(host, hold.DRBD, "r0") is None
    assert asked == [hold.PLACE] * 2


def test_who_is_to_win_is_known_of_a_dead_one():
    simulation = after_reboot(hold.KEPT, hold.kept_text(HEALING))
    host = simulation.host(ONE, 60)
    process = holder(simulation)
    hold.take(host, HEALING, process, over=True)
    assert look(simulation).winner == "" and not look(simulation).dead
    simulation.cluster.nodes[ONE].processes.pop(str(process.pid))
    assert (look(simulation).winner, look(simulation).loser) == (ONE, "node2")
