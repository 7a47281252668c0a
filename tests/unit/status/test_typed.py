# SPDX-License-Identifier: GPL-2.0-or-later
"""What status, the log and the page print is typed, in each state in which it is printed."""

import pytest

from dualstor import recipes
from dualstor.agents.drbd_dualprimary import reasons
from model.actions import DRBD
from simulator import drbd, membership, volumes, world
from simulator.host import Simulation
from simulator.state import CLVMD, DRBD_8, DRBD_9, LVMLOCKD
from unit.docs import markdown
from unit.status.typist import NODES, Typist, chosen, parts

GENERATIONS = (LVMLOCKD, CLVMD)
WELL = [[8, 0, 0]] * 2
ALONE = {LVMLOCKD: [[191, 0, 0]], CLVMD: [[8, 0, 0]]}    # Pacemaker 1.1 knows no degraded state


# -- split brain ----------------------------------------------------------------------------


def _split(pair, first="StandAlone", second="StandAlone"):
    """Both sides have written alone, and one or both have given the connection up."""
    for node, cstate in zip(pair.nodes.values(), (first, second)):
        each = node.drbd["r0"]
        each.cstate, each.peer_dstate = cstate, "DUnknown"
        drbd.new_generation(pair.simulation.cluster, node, "r0")
    assert pair.act(DRBD, "monitor", "node1" if first == "StandAlone" else "node2").code in (1, 9)


def _both_down(pair):
    _split(pair)
    pair.take_down(*NODES)


def _one_down(pair):
    _split(pair)
    pair.take_down("node2")


def _one_down_and_one_waits(pair):
    _split(pair, second="WFConnection")
    pair.nodes["node1"].drbd["r0"].cstate = "WFConnection"
    pair.nodes["node2"].drbd["r0"].cstate = "StandAlone"
    pair.take_down("node2")


def _demoted(pair, second="StandAlone"):
    _split(pair, second=second)
    for node in NODES:
        pair.take_down(node)
        host = pair.nodes[node]
        world.start_drbd(pair.simulation.cluster, host)
        host.drbd["r0"].cstate = "WFConnection" if (node, second) == ("node2", "WFConnection") \
            else "StandAlone"


#: How a split brain is found: what the nodes are in when a person looks.
SPLITS = {
    "LVs active, both StandAlone": _split,
    "LVs active, one waits": lambda pair: _split(pair, second="WFConnection"),
    "both down": _both_down,
    "one down": _one_down,
    "one down, one waits": _one_down_and_one_waits,
    "Secondary": _demoted,
    "Secondary, one waits": lambda pair: _demoted(pair, second="WFConnection"),
}


def pair_in(state, generation=LVMLOCKD, pause=0.0):
    pair = Typist(Simulation(world.reach("active", generation)), pause)
    SPLITS[state](pair)
    return pair


def other(node):
    return next(name for name in NODES if name != node)


def _ends(pair, loser, steps):
    """Types the steps; the loser's writes are lost, nobody else's, and all is well."""
    winner, lost = pair.nodes[other(loser)], pair.nodes[loser].disks["r0"].generation
    kept, users = winner.disks["r0"].generation, dict(winner.mappings)
    pair.type(steps)
    assert [link[0::2] for link in pair.links()] == [("Connected", "UpToDate")] * 2
    assert {n.disks["r0"].generation for n in pair.nodes.values()} == {kept} != {lost}
    assert winner.mappings == users, "the users of the copy that wins go on"
    assert pair.away and all(pair.away), "Pacemaker looks away all the time"
    (harm,) = pair.simulation.cluster.harm
    assert harm.startswith(f"{loser}: drbdadm ") and "--discard-my-data" in harm
    assert pair.cluster_goes_on(*NODES) == WELL


@pytest.mark.parametrize("pause", [0.0, 3.0])
@pytest.mark.parametrize("loser", NODES)
@pytest.mark.parametrize("peer", [False, True])
@pytest.mark.parametrize("where", NODES)
@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("state", SPLITS)
def test_the_steps_of_status_end_a_split_brain(state, generation, where, peer, loser, pause):
    pair = pair_in(state, generation, pause)
    found = parts(pair.shown(pair.report(where, other(where) if peer else None)))
    if not found:       # this node only waits for the other, and nobody asked that one
        assert not peer and "waits" in state
        text = pair.shown(pair.report(where))
        assert "If it says StandAlone there" in text or "see its last failure" in text
        return
    _ends(pair, loser, chosen(found, f"If the writes of {loser}"))


@pytest.mark.parametrize("pause", [0.0, 3.0])
@pytest.mark.parametrize("loser", NODES)
@pytest.mark.parametrize("state", SPLITS)
def test_the_steps_of_the_log_and_of_the_page_are_right_in_any_state(state, loser, pause, said):
    for text in (_log(said), _page(reasons.SPLIT_BRAIN.topic.title)):
        for old, new in (("LOSER", loser), ("WINNER", other(loser)),
                         (" R`", " r0`"), (" R.", " r0.")):
            text = text.replace(old, new)
        pair = pair_in(state, pause=pause)
        _ends(pair, loser, chosen(parts(text), f"If the writes of {loser}"))


def _log(said):
    """What a monitor writes into the log when it finds a split brain."""
    pair_in("LVs active, both StandAlone")
    return "\n".join(said)


def _page(title):
    """The recipe of a topic of docs/operations.md, in the form of the screen."""
    text = markdown.read("docs/operations.md")
    text = text[text.index(f"### {title}\n"):]
    lines = []
    for line in text[:text.index("\n- ")].splitlines():
        number, dot, step = line.partition(". ")
        if dot and number.isdigit():
            command, tick, why = step.rpartition("`. ")
            lines += [f"  {command}`", "    " + why]
        else:
            lines.append(line)
    return "\n".join(lines)


def test_no_step_can_be_left_out():
    """The play would notice it; what only looks, or what the play has no use for, may be."""
    spare = ("crm_resource", "drbdadm dstate")
    count = len(chosen(parts(_shown("LVs active, both StandAlone")), "If the writes of node2"))
    for number in range(count):
        steps = chosen(parts(_shown("LVs active, both StandAlone")), "If the writes of node2")
        left_out = steps.pop(number)
        if not " ".join(left_out.commands[0]).startswith(spare):
            with pytest.raises(AssertionError):
                _ends(pair_in("LVs active, both StandAlone"), "node2", steps)


def _shown(state):
    pair = pair_in(state)
    return pair.shown(pair.report("node1", "node2"))


def test_the_log_has_it_once_and_again_after_a_start(said):
    pair = pair_in("LVs active, both StandAlone")
    first = sum("--discard-my-data" in line for line in said)
    assert pair.act(DRBD, "monitor", "node1").code == 9
    assert first == sum("--discard-my-data" in line for line in said) == 1


def test_the_condition_stands_before_the_command():
    pair = pair_in("LVs active, both StandAlone")
    text = pair.shown(pair.report("node1"))
    assert text.index("decide which node's writes") < text.index("--discard-my-data")
    for node in NODES:
        title = text.index(f"If the writes of {node} are to be lost")
        assert "--discard-my-data" in text[title:]
    assert all("discard" not in reason for *_, reason in pair.reasons)


def test_before_8_4_the_option_stands_before_the_command():
    pair = pair_in("LVs active, both StandAlone", CLVMD)
    report = pair.report("node1")
    report = report.but(drbd=report.drbd.but(version="8.3.16"))
    steps = chosen(parts(pair.shown(report)), "If the writes of node2")
    assert ("drbdadm", "--", "--discard-my-data", "connect", "r0") in [
        words for step in steps for words in step.commands]
    _ends(pair, "node2", steps)


def test_what_is_no_split_brain_ends_without_a_loss():
    pair = Typist(Simulation(world.reach("disconnected")))
    for node in NODES:
        world.start_daemon(pair.simulation.cluster, pair.nodes[node])
    report = pair.report("node2", "node1")
    pair.type(chosen(parts(pair.shown(report)), "If neither node's log has it"))
    assert [link[0::2] for link in pair.links()] == [("Connected", "UpToDate")] * 2
    assert pair.simulation.cluster.harm == []


def test_only_the_groups_on_the_resource_are_deactivated():
    pair = pair_in("LVs active, both StandAlone")
    report = pair.report("node1")
    elsewhere = report.active[0].but(vg="vg9", lv="x", id="x", minors=(9,))
    text = pair.shown(report.but(active=report.active + (elsewhere,), listed=None))
    assert "vgchange -aln vg0" in text.partition("If the writes of node2")[0]
    assert "vg9" not in text.partition("If the writes of node1")[2].partition("If the writes")[0]


def test_in_maintenance_mode_and_without_pacemaker_nothing_is_switched():
    side = recipes.Side(node="a", state=None), recipes.Side(node="b", state=None)
    text = "\n".join(recipes.lines(recipes.split_brain(
        "r0", side, cluster=recipes.ClusterMode(maintained=True))))
    assert "--update true" not in text and "maintenance-mode --delete" in text
    text = "\n".join(recipes.lines(recipes.split_brain(
        "r0", side, cluster=recipes.ClusterMode(runs=False))))
    assert "crm_" not in text


# -- one copy alone ---------------------------------------------------------------------------


def _lone(generation, drbd_version=DRBD_8):
    """Both nodes crashed; node1 is back, node2 is known to be off."""
    pair = Typist(Simulation(world.reach("active", generation, drbd_version=drbd_version)))
    cluster, one, two = pair.simulation.cluster, *pair.nodes.values()
    for node in (one, two):
        world.crash(cluster, node)
    pair.simulation.advance(30)
    world.boot(cluster, one)
    world.start_cluster(cluster, one)
    pair.simulation.advance(3)
    one.joined_once = True
    membership.confirm_down(cluster, one, two)
    world.start_daemon(cluster, one)
    assert pair.act(DRBD, "start", "node1", timeout=60).code == 0
    assert pair.act(DRBD, "promote", "node1", timeout=60).code == 1
    assert pair.links()[0][1:] == ("Secondary", "Consistent")
    return pair


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_lone_consistent_copy_is_made_the_good_one_by_the_steps(generation, down):
    pair = _lone(generation)
    if down:
        assert pair.act(DRBD, "stop", "node1").code == 0
    text = pair.shown(pair.report("node1"))
    assert "the copy of node2 may be newer" in text
    assert "good copy" not in text
    pair.type(chosen(parts(text), "Only if you have seen that node2 is off"))
    assert pair.cluster_goes_on("node1") == ALONE[generation]
    (harm,) = pair.simulation.cluster.harm
    assert harm == "node1: drbdadm primary --force r0"
    two = pair.nodes["node2"]
    world.boot(pair.simulation.cluster, two)
    world.start_cluster(pair.simulation.cluster, two)
    pair.simulation.advance(3)
    world.start_daemon(pair.simulation.cluster, two)
    assert pair.cluster_goes_on(*NODES) == WELL


def test_the_reason_does_not_say_who_has_the_good_copy():
    pair = _lone(LVMLOCKD)
    reasons = [reason for agent, action, node, reason in pair.reasons]
    assert "good copy" not in " ".join(reasons)
    assert reasons[-1].startswith("DRBD r0 does not know whether its copy is the newer one (")
    assert reasons[-1].endswith(": run `dualstor status`")


def test_before_8_4_it_is_forced_in_its_own_words():
    pair = _lone(CLVMD)
    report = pair.report("node1")
    text = pair.shown(report.but(drbd=report.drbd.but(version="8.3.16")))
    pair.type(chosen(parts(text), "Only if you have seen"))
    assert pair.simulation.cluster.harm == ["node1: drbdadm -- --overwrite-data-of-peer primary r0"]
    assert pair.cluster_goes_on("node1") == ALONE[CLVMD]


def test_nothing_is_forced_while_the_other_node_may_live():
    pair = _lone(LVMLOCKD)
    report = pair.report("node1")
    for changes in (dict(online=True), dict(unclean=True)):
        nodes = tuple(n.but(**changes) if n.name == "node2" else n for n in report.cluster.nodes)
        assert "--force" not in pair.shown(report.but(cluster=report.cluster.but(nodes=nodes)))


def test_the_page_tells_the_same():
    text = _page(reasons.CONSISTENT.topic.title)
    text = text.replace("this node", "node1").replace(" R`", " r0`")
    pair = _lone(LVMLOCKD)
    pair.type(chosen(parts(text), "Only if you have seen that"))
    assert pair.cluster_goes_on("node1") == ALONE[LVMLOCKD]


# -- disks --------------------------------------------------------------------------------------


def _diskless():
    """node2 has lost its disk and works on node1's."""
    pair = Typist(Simulation(world.reach("active")))
    pair.nodes["node2"].drbd["r0"].dstate = "Diskless"
    pair.nodes["node1"].drbd["r0"].peer_dstate = "Diskless"
    return pair


def test_the_old_disk_is_attached_again():
    pair = _diskless()
    pair.type(chosen(parts(pair.shown(pair.report("node2"))), "If it is the old disk"))
    pair.simulation.advance(10)
    assert pair.links() == [("Connected", "Primary", "UpToDate")] * 2


def test_a_new_disk_gets_meta_data_and_is_filled():
    pair = _diskless()
    pair.nodes["node2"].disks["r0"] = None
    text = pair.shown(pair.report("node2"))
    assert text.index("If the new one is empty, and node1 has the good") < text.index("create-md")
    pair.type(chosen(parts(text), "If the new one is empty"))
    pair.simulation.advance(10)
    assert pair.links() == [("Connected", "Primary", "UpToDate")] * 2
    assert pair.cluster_goes_on(*NODES) == WELL


def test_without_a_good_copy_no_disk_is_written_over():
    pair = _diskless()
    pair.simulation.cluster.replication_link = False
    pair.simulation.advance(1)
    assert "create-md" not in pair.shown(pair.report("node2"))


def test_a_disk_without_meta_data_that_keeps_drbd_from_starting():
    pair = Typist(Simulation(world.reach("active")))
    pair.take_down("node2")
    pair.nodes["node2"].disks["r0"] = None
    assert pair.act(DRBD, "start", "node2").code == 1
    assert "create-md" not in pair.reasons[-1][-1]
    text = pair.shown(pair.report("node2"))
    assert "has no metadata on its backing device" in text
    pair.nodes["node2"].drbd.pop("r0", None)
    pair.type(chosen(parts(text), "If the new one is empty"))
    assert pair.cluster_goes_on(*NODES) == WELL


# -- DRBD 9, and what it has in common with 8.4 ----------------------------------------------------


VERSIONS = (DRBD_8, DRBD_9)


def _undecided(version):
    """Both disks were detached and attached again: connected, Consistent on both nodes."""
    pair = Typist(Simulation(world.reach("both-secondary", drbd_version=version)))
    group = volumes.create_group(pair.simulation.cluster, "vg0")
    volumes.create_volume(pair.simulation.cluster, group, "lv0")
    for node in pair.nodes.values():
        world.start_daemon(pair.simulation.cluster, node)
        node.drbd["r0"].dstate = node.drbd["r0"].peer_dstate = "Consistent"
    return pair


def _ends_well(pair, harm):
    assert [link[0::2] for link in pair.links()] == [("Connected", "UpToDate")] * 2
    assert pair.away and all(pair.away) and pair.simulation.cluster.harm == harm
    assert pair.cluster_goes_on(*NODES) == WELL


@pytest.mark.parametrize("where", NODES)
@pytest.mark.parametrize("version", VERSIONS)
def test_two_consistent_copies_are_compared_again(version, where):
    pair = _undecided(version)
    assert pair.act(DRBD, "monitor", where).code == 190
    assert pair.act(DRBD, "promote", where).code == 1
    assert pair.reasons[-1][-1].endswith(": run `dualstor status`")
    found = parts(pair.shown(pair.report(where)))
    pair.type([step for title, steps in found.items() if not title.startswith("Only if")
               for step in steps])
    _ends_well(pair, [])


@pytest.mark.parametrize("version", VERSIONS)
def test_of_two_consistent_copies_one_is_made_the_good_one(version):
    pair = _undecided(version)
    found = parts(pair.shown(pair.report("node1")))
    pair.type(chosen(found, "says Consistent even a minute later"))
    assert pair.simulation.cluster.harm == ["node1: drbdadm primary --force r0"]


def test_the_page_has_two_consistent_copies_compared_again():
    text = _page(reasons.BOTH_CONSISTENT.topic.title)
    text = text.replace("NODE", "node1").replace("OTHER", "node2").replace(" R`", " r0`")
    pair = _undecided(DRBD_9)
    pair.type([step for title, steps in parts(text).items() if not title.startswith("Only if")
               for step in steps])
    _ends_well(pair, [])


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_person_has_suspended_a_person_resumes(version):
    pair = Typist(Simulation(world.reach("active", drbd_version=version)))
    assert pair.run("node1", ("drbdadm", "suspend-io", "r0")).ok
    assert pair.act(DRBD, "monitor", "node1").code == 191
    assert "suspended by a person" in pair.reasons[-1][-1]
    for text in (pair.shown(pair.report("node1")), _page(
            reasons.SUSPENDED_USER.topic.title).replace("this node", "node1").replace(" R`", " r0`")):
        assert "--confirm" not in text
        pair.nodes["node1"].drbd["r0"].also = ["user"]
        pair.type(chosen(parts(text), "If it is no longer wanted"))
        assert pair.act(DRBD, "monitor", "node1").code == 8


@pytest.mark.parametrize("causes", [["user"], []])
@pytest.mark.parametrize("version", VERSIONS)
def test_io_that_waits_for_a_fencing_is_not_resumed_by_hand(version, causes):
    """`resume-io` lifts all causes at once."""
    pair = Typist(Simulation(world.reach("both-primary", drbd_version=version)))
    cluster = pair.simulation.cluster
    cluster.fencing_works, cluster.replication_link = False, False
    pair.simulation.advance(5)
    pair.nodes["node1"].drbd["r0"].also = list(causes)
    assert pair.act(DRBD, "monitor", "node1").code == 191
    assert "until its peer is fenced" in pair.reasons[-1][-1]
    text = pair.shown(pair.report("node1"))
    assert "fix the fencing" in text and "resume-io" not in text


@pytest.mark.parametrize("policy, code, said", [
    ("suspend-io", 191, "has I/O suspended, as its own quorum is lost"),
    ("io-error", 9, "fails all writes")])
def test_a_quorum_of_drbd_that_is_lost_comes_back_with_the_connection(policy, code, said):
    pair = Typist(Simulation(world.reach("both-primary", drbd_version=DRBD_9)))
    for node in pair.nodes.values():
        node.config["r0"].options.update({"quorum": "majority", "on-no-quorum": policy})
        node.config["r0"].fencing = "dont-care"
    pair.simulation.cluster.replication_link = False
    pair.simulation.advance(1)
    assert pair.act(DRBD, "monitor", "node1").code == code
    assert said in pair.reasons[-1][-1]
    assert not [call for call in pair.simulation.calls("node1") if "resume-io" in call]
    text = pair.shown(pair.report("node1"))
    assert "its own quorum" in text and "--confirm" not in text
    refused = pair.act(DRBD, "start", "node1")
    assert refused.code == 2 and "`quorum off;`" in refused.reasons[0]


def test_a_start_that_failed_halfway_is_no_split_brain():
    pair = Typist(Simulation(world.reach("active", drbd_version=DRBD_9)))
    pair.take_down("node2")
    pair.nodes["node2"].disks["r0"] = None
    assert pair.run("node2", ("drbdadm", "up", "r0")).returncode == 1
    assert pair.act(DRBD, "monitor", "node2").code == 1
    assert "neither disk nor connection" in pair.reasons[-1][-1]
    text = pair.shown(pair.report("node2"))
    assert "neither disk nor connection on node2" in text and "discard" not in text
