# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/guide-clvmd.md, typed on a simulated pair with cman and clvmd, from nothing to an active LV.

What the simulator has as a program is run as one. The init scripts are played by what they
call, and Pacemaker by the agents' actions, in the order of the configuration that was loaded.
"""

import pytest

from dualstor.command.configure import pacemaker
from dualstor.command.configure.render import cib
from dualstor.command.status import advice, observe
from dualstor.ocf.codes import ExitCode
from model import actions
from simulator import locking, volumes, world
from simulator.host import Simulation
from simulator.state import CLVMD
from unit.configure import readback
from unit.docs import guides

PAGE = "docs/guide-clvmd.md"
NODES = ("node1", "node2")
SECONDS = 600.0
DISK_MIB = 20 * 1024
#: What a wait on the page waits for.
WAITS = {("drbdadm", "cstate"): "Connected", ("drbdadm", "dstate"): "UpToDate/UpToDate"}


class Play:
    """The pair, and a person who types."""

    def __init__(self, pair):
        self.pair = pair
        cluster = world.make(CLVMD)
        for node in cluster.nodes.values():
            node.disks.clear()
        self.simulation = Simulation(cluster)
        self.acted = []

    @property
    def cluster(self):
        return self.simulation.cluster

    def run(self, node, words):
        """Run a program of the simulator; its output."""
        done = self.simulation.host(node, SECONDS).run(words)
        assert done.returncode == 0, (node, words, done.stdout, done.stderr)
        return done.stdout.strip()

    def type(self, node, words):
        """One line of the page."""
        if words[0] == "chkconfig":
            assert words[1] in ("drbd", "clvmd") and words[2] == "off"
        elif words[0] == "service":
            getattr(self, "start_" + words[1])(node)
        elif words[:2] in WAITS:
            for _ in range(60):
                if self.run(node, words) == WAITS[words[:2]]:
                    return
                self.simulation.advance(1)
            raise AssertionError((node, words, self.run(node, words)))
        elif words == ("dualstor", "status"):
            self.look(node)
        elif words == ("dualstor", "check"):
            pass    # test_guides has the files of the page checked
        else:
            self.run(node, words)
            if words[0] == "vgcreate":
                self.cluster.groups[words[3]].mib = DISK_MIB
            elif words[0] == "cibadmin":
                self.pacemaker_acts(words[-1])

    def start_cman(self, node):
        """What its init script calls."""
        self.run(node, ("cman_tool", "-t", "60", "-w", "join", "-DWARN"))
        self.run(node, ("cman_tool", "-t", "45", "-q", "wait"))
        there = self.cluster.nodes[node]
        there.cman.fence_daemon = True
        locking.start_dlm(there)
        self.run(node, ("fence_tool", "join"))

    def start_pacemaker(self, node):
        self.cluster.nodes[node].pacemaker = True
        self.simulation.advance(2)

    def act(self, node, primitive, action, wanted):
        timeout = next((int(op.timeout[:-1]) for op in primitive.operations if op.name == action),
                       60)
        result = actions.act(self.simulation, primitive.type, action, node, timeout=timeout,
                             **dict(primitive.parameters))
        assert result.code == wanted, result
        self.acted.append((primitive.type, action))

    def pacemaker_acts(self, name):
        """Start what a part of the configuration has, on both nodes."""
        part = pacemaker.parts(self.pair)[name[len("pacemaker-"):-len(".xml")]]
        assert readback.from_cib(cib.render(part, self.pair.generation)) == part
        for clone in part.clones:
            for primitive in clone.members:
                self.start(primitive, clone.promotable)

    def start(self, primitive, promotable):
        for node in NODES:
            self.act(node, primitive, "probe", ExitCode.NOT_RUNNING
                     if primitive.type != actions.DRBD else ExitCode.SUCCESS)
        for node in NODES:
            self.act(node, primitive, "start", ExitCode.SUCCESS)
        for node in NODES if promotable else ():
            self.act(node, primitive, "promote", ExitCode.SUCCESS)
        for node in NODES:
            self.act(node, primitive, "monitor", ExitCode.RUNNING_PROMOTED if promotable
                     else ExitCode.SUCCESS)

    def look(self, node):
        report = observe.look(lambda: self.simulation.host(node, 20), observe.one_by_one)
        assert report.quorum.quorate and report.locking.works
        assert [each for each in advice.advise(report) if each.severity == advice.ERROR] == []


@pytest.fixture
def play(tmp_path):
    return Play(guides.pair(PAGE, tmp_path))


def test_the_guide_ends_with_an_lv_that_is_active_on_both_nodes(play):
    for nodes, commands in guides.steps(PAGE):
        for node in nodes:
            for words in commands:
                play.type(node, words)
    cluster = play.cluster
    for node in cluster.nodes.values():
        assert (node.drbd["r0"].role, node.drbd["r0"].cstate) == ("Primary", "Connected")
        assert volumes.mapped(node, "vg0") == ["lv0"]
        assert volumes.lock_of(node, "vg0", "lv0") == "sh"
    assert cluster.groups["vg0"].kind == "clustered"
    assert {agent for agent, action in play.acted if action == "start"} == set(actions.ACTIONS)
    assert sorted(cluster.harm) == sorted(
        [f"{node}: drbdadm create-md r0" for node in NODES]
        + ["node1: drbdadm primary --force r0"]), "nothing else was forced"


def test_and_all_of_it_can_be_stopped_and_started_again(play):
    test_the_guide_ends_with_an_lv_that_is_active_on_both_nodes(play)
    every = [each for clone in pacemaker.whole(play.pair).clones for each in clone.members]
    for node in NODES:
        for primitive in reversed(every):
            if primitive.type == actions.DRBD:
                play.act(node, primitive, "demote", ExitCode.SUCCESS)
            play.act(node, primitive, "stop", ExitCode.SUCCESS)
    assert all(not node.drbd and not node.mappings for node in play.cluster.nodes.values())
    for primitive in every:
        for node in NODES:
            play.act(node, primitive, "start", ExitCode.SUCCESS)
        for node in NODES if primitive.type == actions.DRBD else ():
            play.act(node, primitive, "promote", ExitCode.SUCCESS)
    assert all(volumes.mapped(node, "vg0") == ["lv0"] for node in play.cluster.nodes.values())


def test_a_page_that_leaves_a_step_out_does_not_get_there(play):
    """E.g. the first synchronisation: the play notices it."""
    with pytest.raises(AssertionError):
        for nodes, commands in guides.steps(PAGE):
            for node in nodes:
                for words in commands:
                    if "--force" not in words:
                        play.type(node, words)
