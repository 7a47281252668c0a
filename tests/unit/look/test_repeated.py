# SPDX-License-Identifier: GPL-2.0-or-later
"""What is repeated and what is noticed, on the simulated cluster: nothing is asked in excess."""

import pytest

from dualstor import main
from dualstor.action.steps import Request
from dualstor.host import freshread
from dualstor.kernel import dmlist, process
from dualstor.look import sights
from dualstor.look.well import LASTS, place
from model import actions
from model.actions import DAEMON, DRBD, GROUP
from paper import kept
from simulator import dmlist as driver
from simulator import faults, state, volumes, watcher, world
from simulator.host import SimHost, Simulation
from simulator.stage import healthy

ONE, TWO = "node1", "node2"


@pytest.fixture(params=[state.LVMLOCKD, state.CLVMD])
def simulation(request):
    """Both nodes active, and the first monitors have had their look on both."""
    made = Simulation(world.reach("active", request.param))
    for node in (ONE, TWO):
        for action in ("start", "monitor"):
            assert actions.act(made, GROUP, action, node).code == 0
    return made


def monitor(simulation, node=TWO, **more):
    """(code, programs that were run) of a monitor."""
    done = actions.act(simulation, GROUP, "monitor", node, **more)
    return done.code, [call[0] for call in done.calls]


def test_nothing_is_asked_while_nothing_changes(simulation):
    for node in (ONE, TWO, TWO):
        assert monitor(simulation, node) == (0, [])
    assert "lvs" in monitor(simulation, level=10)[1], "check level 10 asks"
    assert monitor(simulation) == (0, [])


def test_a_stop_at_the_same_time_leaves_no_answer_behind(simulation, monkeypatch):
    """20 monitors at the same time as a stop left one: the stop had ended when it was written."""
    simulation.advance(LASTS + 1)
    texts = []

    def to_text(answer):
        if not texts:
            texts.append(text(answer))
            assert actions.act(simulation, GROUP, "stop", TWO).code == 0
        return texts[0]
    text = main.well.to_text
    monkeypatch.setattr(main.well, "to_text", to_text)
    assert monitor(simulation)[0] == 0 and texts
    assert kept(*place(GROUP, GROUP)) not in simulation.cluster.nodes[TWO].files


@pytest.mark.parametrize("action, left", [("monitor", False), ("propagate", False), ("start", True)])
def test_nor_does_one_that_remembers_what_it_has_found(action, left):
    """Its look was before the stop; a start has yet to make LVs active."""
    from dualstor.agents.clustered_vg import deeds, seen
    files = {}

    class Agent:
        host = type("Host", (), {"remember": staticmethod(lambda text, *name: files.update({name: text})),
                                 "forget": staticmethod(lambda *name: files.pop(name, None))})
        case = seen.Case(Request(action=action), None)
        memory, active = ("a", "b", "c"), ()

        def see_active(self):
            return self.active
    deeds.remember(Agent(), "locking lvmlockd\nlv id name\n", "")
    assert bool(files) == left
    Agent.active = ("a device",)
    deeds.remember(Agent(), "locking lvmlockd\nlv id name\n", "")
    assert files
    files.clear()
    Agent.active = ()
    deeds.remember(Agent(), "locking lvmlockd\n", "")
    assert files, "a VG without LVs is started, too"


def test_after_a_minute_the_locks_are_looked_at_but_lvm_has_nothing_new_to_tell(simulation):
    """Locks change neither metadata nor devices; LVM itself would be asked in vain."""
    for _ in range(2):
        simulation.advance(LASTS + 1)
        assert monitor(simulation) == (0, [])


def test_an_lv_that_was_made_exclusive_by_hand_is_shared_again_within_a_minute():
    simulation = Simulation(healthy())
    volumes.lock(simulation.cluster.nodes[ONE], "vg0", "lv0", "ex")
    assert monitor(simulation, ONE) == (0, []), "a kept answer"
    simulation.advance(LASTS + 1)
    code, asked = monitor(simulation, ONE)
    assert code == 0 and "lvchange" in asked


@pytest.mark.parametrize("command, active", [
    ("lvcreate -an -L 4M -n new vg0", {"lv0", "lv1", "new"}),
    ("lvcreate -an -L 4M --addtag dualstor.exclusive -n new vg0", {"lv0", "lv1"}),
    ("lvrename vg0 lv1 other", {"lv0", "other"}),
    ("lvextend -L 24M vg0/lv0", {"lv0", "lv1"}),
    ("vgchange --addtag x vg0", {"lv0", "lv1"})])
def test_a_change_on_the_other_node_is_noticed(simulation, command, active):
    group = simulation.cluster.groups["vg0"]
    _change(simulation, group, command)
    code, asked = monitor(simulation)
    assert code == 0 and "lvs" in asked
    monitor(simulation)     # one that has changed something is not repeated
    assert monitor(simulation) == (0, [])
    wanted = {v.name for v in group.volumes.values() if "dualstor.exclusive" not in v.tags}
    assert wanted == active
    ids = {v.uuid.replace("-", "") for v in group.volumes.values() if v.name in active}
    assert {m.uuid[-32:] for m in simulation.cluster.nodes[TWO].mappings.values()} == ids


def _change(simulation, group, command):
    """What LVM on node1 makes of *command*, in the metadata alone."""
    words = command.split()
    if words[0] == "lvcreate":
        volumes.create_volume(simulation.cluster, group, "new", mib=4,
                              tags=["dualstor.exclusive"] if "--addtag" in words else ())
    elif words[0] == "lvrename":
        volume = group.volumes.pop("lv1")
        volume.name = "other"
        group.volumes["other"] = volume
    elif words[0] == "lvextend":
        group.volumes["lv0"].mib = 24
    else:
        group.tags.append("x")


def test_an_lv_that_goes_from_device_mapper_is_noticed_and_brought_back(simulation):
    node = simulation.cluster.nodes[TWO]
    volumes.unmap_volume(node, "vg0", "lv1")
    code, asked = monitor(simulation)
    assert code == 0 and "lvchange" in asked
    assert volumes.mapping(node, "vg0", "lv1")
    monitor(simulation)     # the device is another one
    assert monitor(simulation) == (0, [])


def test_an_lv_that_is_exclusive_elsewhere_is_asked_for_until_it_is_not():
    simulation = Simulation(healthy())
    group = simulation.cluster.groups["vg0"]
    volume = volumes.create_volume(simulation.cluster, group, "new", mib=4)
    volumes.lock(simulation.cluster.nodes[TWO], "vg0", "new", "ex")
    volumes.map_volume(simulation.cluster, simulation.cluster.nodes[TWO], group, volume)
    for _ in range(3):
        code, asked = monitor(simulation, ONE)
        assert code == 0 and "lvs" in asked, "shared at any time, without a change of metadata"
    volumes.lock(simulation.cluster.nodes[TWO], "vg0", "new", "sh")
    assert "lvchange" in monitor(simulation, ONE)[1]
    monitor(simulation, ONE)
    assert monitor(simulation, ONE) == (0, [])


def test_a_lockspace_that_is_gone_is_noticed(simulation):
    simulation.cluster.nodes[TWO].lockspaces.clear()
    simulation.cluster.nodes[TWO].processes.clear()
    assert monitor(simulation)[0] == 1


def test_a_disk_that_does_not_answer_is_believed_for_a_minute_and_then_lvm_is_asked(
        simulation, monkeypatch, said):
    monkeypatch.setattr(SimHost, "read_fresh", lambda *_: freshread.SILENT)
    before = simulation.clock()
    assert monitor(simulation) == (0, []) and simulation.clock() == before
    simulation.advance(LASTS + 1)
    code, asked = monitor(simulation)
    assert code == 0 and "lvs" in asked
    assert any("disk vdb does not answer" in line for line in said)
    assert monitor(simulation) == (0, []), "LVM has told: that lasts a minute again"


def test_what_changed_while_the_disk_did_not_answer_shows_when_it_does(simulation, monkeypatch):
    sound = SimHost.read_fresh
    monkeypatch.setattr(SimHost, "read_fresh", lambda *_: freshread.SILENT)
    simulation.advance(LASTS + 1)
    assert "lvs" in monitor(simulation)[1] and monitor(simulation) == (0, [])
    _change(simulation, simulation.cluster.groups["vg0"], "lvcreate -an -L 4M -n new vg0")
    assert monitor(simulation) == (0, [])
    monkeypatch.setattr(SimHost, "read_fresh", sound)
    assert "lvchange" in monitor(simulation)[1]


def test_where_disks_cannot_be_read_past_the_cache_each_monitor_asks_lvm(
        simulation, monkeypatch, said):
    monkeypatch.setattr(SimHost, "read_fresh", lambda *_: freshread.IMPOSSIBLE)
    for _ in range(3):
        assert "lvs" in monitor(simulation)[1]
    assert not any("does not answer" in line for line in said)


def test_a_disk_with_a_full_queue_is_not_read(simulation, monkeypatch):
    sound = SimHost.read
    monkeypatch.setattr(SimHost, "read", lambda self, name: (
        {"/sys/class/block/vdb/inflight": "  100  200\n",
         "/sys/class/block/vdb/queue/nr_requests": "256\n"}.get(name) or sound(self, name)))

    def blocks(*_):
        raise AssertionError("a read would wait for a place in the queue")
    monkeypatch.setattr(SimHost, "read_fresh", blocks)
    assert monitor(simulation) == (0, [])
    simulation.advance(LASTS + 1)
    assert "lvs" in monitor(simulation)[1] and monitor(simulation) == (0, [])


def test_a_node_without_a_disk_asks_lvm(simulation):
    drbd = simulation.cluster.nodes[TWO].drbd["r0"]
    drbd.dstate = "Diskless"
    actions.act(simulation, GROUP, "start", TWO)
    for _ in range(2):
        code, asked = monitor(simulation)
        assert code == 0 and "lvs" in asked


def test_with_pick_up_off_the_metadata_does_not_matter(simulation):
    assert monitor(simulation, pick_up_new_lvs="false")[0] == 0
    volumes.create_volume(simulation.cluster, simulation.cluster.groups["vg0"], "new", mib=4)
    assert monitor(simulation, pick_up_new_lvs="false") == (0, [])
    assert "lvs" in monitor(simulation)[1], "it is on again"


def test_a_start_and_a_stop_drop_what_was_kept(simulation):
    name = kept(*place(GROUP, GROUP))
    files = simulation.cluster.nodes[TWO].files
    assert name in files
    actions.act(simulation, GROUP, "stop", TWO)
    assert name not in files
    actions.act(simulation, GROUP, "start", TWO)
    assert name not in files and "lvs" in monitor(simulation)[1] and name in files


def test_a_monitor_that_finds_a_fault_drops_what_was_kept(simulation):
    """Level 10 looks deeper: what it finds must not be contradicted by an answer from before."""
    name = kept(*place(GROUP, GROUP))
    simulation.cluster.nodes[TWO].lockspaces.clear()
    assert actions.act(simulation, GROUP, "monitor", TWO, level=10).code == 1
    assert name not in simulation.cluster.nodes[TWO].files


def test_a_look_that_has_no_turn_asks_nothing_and_the_next_one_does(simulation, monkeypatch):
    volumes.create_volume(simulation.cluster, simulation.cluster.groups["vg0"], "new", mib=4)
    with monkeypatch.context() as patched:
        patched.setattr(SimHost, "lock", lambda *_: None)
        assert monitor(simulation) == (0, [])
    assert "lvchange" in monitor(simulation)[1]


def test_a_look_takes_its_turn_once(simulation, monkeypatch):
    """A second lock of the same file would wait for the first, which is our own."""
    taken, sound = [], SimHost.lock
    monkeypatch.setattr(SimHost, "lock", lambda self, name, seconds: (
        taken.append(name), sound(self, name, seconds))[1])
    volumes.create_volume(simulation.cluster, simulation.cluster.groups["vg0"], "new", mib=4)
    assert "lvchange" in monitor(simulation)[1]
    assert taken == ["look"]


@pytest.mark.parametrize("whose, waits", [("own", False), ("another", True), ("none", True)])
def test_a_look_waits_for_other_monitors_but_not_for_a_round_of_its_own_watcher(simulation, monkeypatch, whose, waits):
    node, waited = simulation.cluster.nodes[TWO], []
    own = watcher.of(node, "vg0").pid
    monkeypatch.setattr(SimHost, "lock", lambda self, name, seconds: waited.append(seconds))
    found = SimHost.lock_holder
    monkeypatch.setattr(SimHost, "lock_holder", lambda self, *name: found(self, *name) if name != ("look",) else {
        "own": 77, "another": 78, "none": None}[whose])
    monkeypatch.setattr(process, "parent", lambda host, pid: {77: own, 78: 1}[pid])
    volumes.create_volume(simulation.cluster, simulation.cluster.groups["vg0"], "new", mib=4)
    assert monitor(simulation) == (0, [])
    assert [seconds > 0 for seconds in waited] == [waits]


# -- the other two ------------------------------------------------------------------------


def settled(state_name="active", generation=state.LVMLOCKD, agent=DRBD):
    """A pair whose monitors of *agent* have had their look."""
    made = Simulation(world.reach(state_name, generation))
    for node in (ONE, TWO):
        for _ in range(2):  # the first writes a score
            actions.act(made, agent, "monitor", node)
    return made


def of(simulation, agent, node=ONE, **more):
    done = actions.act(simulation, agent, "monitor", node, **more)
    return done.code, [call[0] for call in done.calls]


@pytest.mark.parametrize("change, code", [
    (lambda drbd: setattr(drbd, "suspended", True), 191),
    (lambda drbd: setattr(drbd, "dstate", "Diskless"), 191),
    (lambda drbd: vars(drbd).update(cstate="WFConnection", peer_dstate="DUnknown"), 191),
    (lambda drbd: vars(drbd).update(cstate="StandAlone", peer_dstate="DUnknown"), 9),
    (lambda drbd: setattr(drbd, "role", "Secondary"), 0)])
def test_each_change_of_drbd_is_noticed_at_once(change, code):
    simulation = settled()
    assert of(simulation, DRBD) == (8, [])
    change(simulation.cluster.nodes[ONE].drbd["r0"])
    assert of(simulation, DRBD)[0] == code


def test_a_flaw_is_never_repeated_for_managers_that_do_not_know_degraded():
    """Pacemaker 1.1 gets 8 for a resource with suspended I/O, and every monitor checks again."""
    simulation = settled(generation=state.CLVMD)
    simulation.cluster.nodes[ONE].drbd["r0"].suspended = True
    assert of(simulation, DRBD)[0] == 8
    assert kept(*place(DRBD, DRBD)) not in simulation.cluster.nodes[ONE].files


@pytest.mark.parametrize("keeper", ["attrd_started", "controller_started"])
def test_a_keeper_of_the_score_that_is_another_one_is_noticed(keeper):
    simulation = settled()
    assert of(simulation, DRBD) == (8, [])
    node = simulation.cluster.nodes[ONE]
    setattr(node, keeper, getattr(node, keeper) + 7)
    assert of(simulation, DRBD)[1], "the score is written again"
    of(simulation, DRBD)    # one that has written is not repeated
    assert of(simulation, DRBD) == (8, [])


def process_of(simulation, program):
    (found,) = [p for p in simulation.cluster.nodes[ONE].processes.values() if p.program == program]
    return found


@pytest.mark.parametrize("letter", "TtDZ")
@pytest.mark.parametrize("generation", [state.LVMLOCKD, state.CLVMD])
def test_a_daemon_that_stands_still_is_noticed_at_once(generation, letter):
    simulation = settled(generation=generation, agent=DAEMON)
    assert of(simulation, DAEMON) == (0, [])
    process_of(simulation, generation).state = letter
    assert of(simulation, DAEMON)[0] == 1


def test_a_daemon_that_was_started_anew_is_looked_at():
    simulation = settled(agent=DAEMON)
    process_of(simulation, state.LVMLOCKD).start_time += 1
    assert of(simulation, DAEMON)[1] == ["lvmlockctl"]


@pytest.mark.parametrize("generation, program", [
    (state.LVMLOCKD, "lvmlockctl"), (state.CLVMD, "clvmd")])
def test_a_daemon_that_accepts_and_never_answers_is_reported_within_a_minute(generation, program):
    """And one interval: that is when the first monitor after that minute comes."""
    simulation = settled(generation=generation, agent=DAEMON)
    simulation.cluster.faults.append(faults.fault(program, faults.HANG, times=-1))
    began, interval, codes = simulation.clock(), 30.0, []
    while not codes or codes[-1] == 0:
        codes.append(of(simulation, DAEMON)[0])
        assert simulation.clock() - began <= LASTS + interval + 20, codes
        if codes[-1] == 0:
            simulation.advance(interval)
    assert codes[-1] == 1


# -- cost that does not grow ------------------------------------------------------------


class Counting(SimHost):
    """A SimHost that counts what is looked at."""

    looks = 0

    def _at(self, name, follow=True):
        Counting.looks += 1
        return super()._at(name, follow)


def looks(simulation, monkeypatch):
    monkeypatch.setattr(actions, "SimHost", Counting)
    Counting.looks = 0
    assert monitor(simulation, ONE) == (0, [])
    return Counting.looks


def crowd(lvs, groups=1):
    cluster = world.reach("active")
    for number in range(groups - 1):
        other = volumes.create_group(cluster, f"other{number}")
        volumes.create_volume(cluster, other, "lv0", mib=4)
    group = cluster.groups["vg0"]
    while len(group.volumes) < lvs:
        volumes.create_volume(cluster, group, f"many{len(group.volumes)}", mib=4)
    for each in cluster.groups.values():
        for volume in each.volumes.values():
            volumes.map_volume(cluster, cluster.nodes[ONE], each, volume)
    return cluster


def test_a_monitor_looks_at_as_many_files_whatever_the_number_of_lvs_and_vgs(monkeypatch):
    few = looks(Simulation(healthy(crowd(2))), monkeypatch)
    assert few == looks(Simulation(healthy(crowd(300))), monkeypatch)
    assert few == looks(Simulation(healthy(crowd(2, groups=100))), monkeypatch)


@pytest.mark.parametrize("generation", [state.LVMLOCKD, state.CLVMD])
def test_start_and_stop_take_one_activation_command(generation):
    simulation = Simulation(world.reach("group", generation))
    cluster = simulation.cluster
    group = cluster.groups["vg0"]
    group.mib = 1 << 20
    while len(group.volumes) < 300:
        volumes.create_volume(cluster, group, f"lv{len(group.volumes)}", mib=4)
    tagged = volumes.create_volume(cluster, group, "mine", mib=4, tags=["dualstor.exclusive"])
    done = actions.act(simulation, GROUP, "start", ONE, timeout=600)
    assert done.code == 0, done
    commands = [call for call in done.calls if call[0] == "lvchange"]
    assert len(commands) == 1 and len(commands[0]) == 2 + 300
    assert "vg0/mine" not in commands[0] and tagged.name not in volumes.mapped(
        cluster.nodes[ONE], "vg0")
    done = actions.act(simulation, GROUP, "stop", ONE, timeout=600)
    assert done.code == 0, done
    assert [call[1] for call in done.calls if call[0] in ("lvchange", "vgchange")
            and call[1].startswith("-a")] == ["-aln"]
    assert not volumes.mapped(cluster.nodes[ONE], "vg0")


# -- device-mapper's list ------------------------------------------------------------------


class Mapper(SimHost):
    """A host whose driver answers with a list of our own."""

    def __init__(self, listed):     # pylint: disable=super-init-not-called
        self.listed, self.asked = listed, []

    def exists(self, name):
        return name == "/sys/class/misc/device-mapper"

    def ioctl(self, name, request, data):
        assert (name, request) == ("/dev/mapper/control", 0xC138FD02)
        self.asked.append(len(data))
        driver.answer(self.listed, data)
        return True


DEVICES = [("vg0-lv0", "LVM-" + "a" * 64, 253, 0), ("vg0-b--c", "LVM-" + "b" * 64, 253, 300),
           ("vg0--x-lv0", "LVM-" + "c" * 64, 253, 1), ("luks", "CRYPT-LUKS2-1", 253, 70000),
           ("vg0-luks", "CRYPT-LUKS2-2", 253, 3)]


@pytest.mark.parametrize("uuids", [True, False])
def test_the_drivers_answer(uuids):
    host = Mapper(driver.entries(DEVICES, uuids))
    assert dmlist.listing(host) == [(n, u if uuids else "", ma, mi) for n, u, ma, mi in DEVICES]


def test_the_devices_of_a_group_are_those_that_lvm_made():
    host = Mapper(driver.entries(DEVICES))
    assert [d[0] for d in dmlist.of_group(host, "vg0")] == ["vg0-lv0", "vg0-b--c"]
    assert [d[0] for d in dmlist.of_group(host, "vg0-x")] == ["vg0--x-lv0"]
    assert dmlist.of_group(host, "vg") == [] and sights.devices(host, "nosuch") == ""


@pytest.mark.parametrize("uuids", [True, False])
@pytest.mark.parametrize("prefix", ["", "vg0", "vg0-", "luks", "lv0", "x", "\0"])
def test_an_old_driver_answers_with_all_and_those_with_the_prefix_are_taken(prefix, uuids):
    host = Mapper(driver.entries(DEVICES, uuids))
    whole = dmlist.listing(host)
    assert dmlist.listing(host, prefix) == [each for each in whole if each[0].startswith(prefix)]


def test_an_answer_that_does_not_fit_is_asked_for_again():
    devices = [(f"vg0-lv{n}", f"LVM-{n:064d}", 253, n) for n in range(5000)]
    host = Mapper(driver.entries(devices))
    assert dmlist.listing(host) == devices
    assert host.asked == sorted(set(host.asked)) and len(host.asked) > 1


def test_no_devices_and_no_driver():
    assert dmlist.listing(Mapper(b"")) == [] and dmlist.listing(Mapper(b"\0" * 16)) == []
    silent = Mapper(b"")
    silent.ioctl = lambda *_: False
    assert dmlist.listing(silent) is None
    silent.exists = lambda _: False
    assert dmlist.listing(silent) is None
