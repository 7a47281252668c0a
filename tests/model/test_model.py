# SPDX-License-Identifier: GPL-2.0-or-later
"""Random actions of the three agents, on two nodes at once, in a world that breaks: the invariants."""

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import (RuleBasedStateMachine, initialize, invariant, precondition, rule,
                                 run_state_machine_as_test)

from model import actions, events, invariants
from model.actions import DAEMON, DRBD, GROUP
from simulator import faults, volumes, world
from simulator.host import Simulation
from simulator.state import CLVMD, LVMLOCKD

NODES = st.sampled_from(world.NODES)
STRETCH = 1.15      # of the agents' sleeps: a wait of 80 s is 20 looks instead of 160
TIMEOUTS = st.sampled_from((20.0, 60.0, 90.0))
TOOLS = ("drbdadm", "drbdsetup", "modprobe", "cman_tool", "fence_tool", "corosync-quorumtool",
         "corosync-cmapctl", "dlm_tool", "crm_mon", "crm_attribute", "crm_master", "crm_node",
         "clvmd", "lvmlockd", "lvmlockctl", "lvm", "vgs", "lvs", "pvs", "vgchange", "lvchange",
         "dmsetup", "udevadm", "dd", "*")
BREAKAGE = st.builds(
    faults.fault, program=st.sampled_from(TOOLS), kind=st.sampled_from(sorted(faults.KINDS)),
    node=st.sampled_from(world.NODES + ("",)), times=st.sampled_from((1, 2, -1)),
    code=st.sampled_from((1, 2, 3, 5, 10, 11, 17, 20, 42, 127)),
    text=st.sampled_from(("", "something went wrong", "0: State change failed: (-18) In transient "
                          "state, retry after next state change")),
    seconds=st.sampled_from((1.0, 8.0, 25.0)))


class Cluster(RuleBasedStateMachine):
    """Two nodes; the rules are what administrators, Pacemaker and bad luck do."""

    agents = (DRBD, DAEMON, GROUP)
    generation = LVMLOCKD

    @initialize(start=st.sampled_from(("cluster-up", "both-secondary", "both-primary", "group",
                                       "active", "exclusive", "survivor", "inquorate",
                                       "split-brain", "disconnected", "syncing")))
    def begin(self, start):
        self.simulation = Simulation(world.reach(start, self.generation), STRETCH)
        self.cluster = self.simulation.cluster
        watch = invariants.QuorumWatch(self.cluster)
        self.simulation.watchers.append(watch.check)
        self.told = []
        if not self.cluster.groups:
            volumes.create_volume(self.cluster, volumes.create_group(self.cluster, "vg0"), "lv0")

    # -- Pacemaker ------------------------------------------------------------------

    def _run(self, agent, action, name, timeout, level=0):
        """One action, with the checks that need nothing more than its result."""
        node = self.cluster.nodes[name]
        before = None
        if action in invariants.LOOKING and not (self.simulation.meanwhile or self.cluster.faults):
            before = invariants.snapshot(self.cluster)
        active = invariants.active(self.cluster, node, agent)
        result = actions.act(self.simulation, agent, action, name, timeout, level)
        self.told.append(str(result))
        invariants.codes(result)
        invariants.in_time(result)
        invariants.harmless(self.cluster, result)
        invariants.written(self.cluster, result)
        invariants.stopped(self.cluster, result, active, self.cluster.faults)
        if before is not None:
            invariants.only_looked(self.cluster, before, result)
        return result

    @rule(agent=st.sampled_from((DRBD, DAEMON, GROUP)), number=st.integers(0, 6), name=NODES,
          timeout=TIMEOUTS, level=st.sampled_from((0, 0, 10)))
    def action(self, agent, number, name, timeout, level):
        """Any action at any time, though Pacemaker would keep an order."""
        if agent not in self.agents or not self.cluster.nodes[name].up:
            return
        offered = actions.ACTIONS[agent]
        result = self._run(agent, offered[number % len(offered)], name, timeout, level)
        if self.cluster.faults or result.code != 0:
            return
        invariants.effective(result, lambda word: self._run(agent, word, name, 60.0))
        if self.cluster.nodes[name].up:
            invariants.repeatable(result, lambda word: self._run(agent, word, name, 90.0))

    another_action = action

    @rule(first=NODES, offset=st.sampled_from((0.05, 0.3, 1.0, 2.5, 6.0)),
          one=st.tuples(st.sampled_from((DRBD, DAEMON, GROUP)), st.integers(0, 6)),
          two=st.tuples(st.sampled_from((DRBD, DAEMON, GROUP)), st.integers(0, 6)))
    def both_at_once(self, first, offset, one, two):
        """An action on one node, another on the other before it has ended."""
        second = self.cluster.peer(self.cluster.nodes[first]).name
        if one[0] not in self.agents or two[0] not in self.agents:
            return
        if not all(node.up for node in self.cluster.nodes.values()):
            return

        def other():
            if self.cluster.nodes[second].up:
                offered = actions.ACTIONS[two[0]]
                result = actions.act(self.simulation, two[0], offered[two[1] % len(offered)], second)
                self.told.append("meanwhile " + str(result))
                invariants.codes(result)
                invariants.in_time(result)
                invariants.harmless(self.cluster, result)
        self.simulation.meanwhile.append([self.cluster.now + offset, other])
        offered = actions.ACTIONS[one[0]]
        # the other's whole action passes within a pause of this one
        self._run(one[0], offered[one[1] % len(offered)], first, 200.0)
        self.simulation.meanwhile.clear()

    @rule(promote=st.booleans())
    def in_order(self, promote):
        """What Pacemaker does on a good day: everything up, on every node that is there."""
        for agent, action in ((DRBD, "start"), (DRBD, "promote"), (DAEMON, "start"),
                              (GROUP, "start")):
            for name in world.NODES:
                if agent in self.agents and self.cluster.nodes[name].up and (
                        promote or action != "promote"):
                    self._run(agent, action, name, 90.0)

    @rule(name=NODES)
    def shut_down(self, name):
        """Everything down on a node, in order."""
        for agent, action in ((GROUP, "stop"), (DAEMON, "stop"), (DRBD, "demote"), (DRBD, "stop")):
            if agent in self.agents and self.cluster.nodes[name].up:
                self._run(agent, action, name, 90.0)

    @rule(name=NODES, level=st.sampled_from((0, 10)))
    def monitors(self, name, level):
        """The recurring monitors of a node."""
        for agent in self.agents:
            if self.cluster.nodes[name].up:
                self._run(agent, "monitor", name, 60.0, level)

    # -- the world: one rule, so that it does not outnumber the agents ------------------

    @rule(seconds=st.sampled_from((0.2, 1.0, 5.0, 30.0)))
    def time_passes(self, seconds):
        self.simulation.advance(seconds)

    @rule(name=NODES, event=st.sampled_from(events.EVENTS))
    def it_happens(self, name, event):
        event(self.simulation, self.cluster.nodes[name])
        self.cluster.harm.clear()       # this was not an agent
        self.simulation.advance(0.01)

    @rule(name=NODES, event=st.sampled_from(events.OF_VOLUMES))
    def volumes_are_used(self, name, event):
        event(self.simulation, self.cluster.nodes[name])
        self.cluster.harm.clear()

    # -- programs break ----------------------------------------------------------------------

    @precondition(lambda self: len(self.cluster.faults) < 3)
    @rule(fault=BREAKAGE)
    def program_breaks(self, fault):
        self.cluster.faults.append(dict(fault))

    @rule()
    def programs_work_again(self):
        self.cluster.faults.clear()

    @invariant()
    def nobody_lost_data(self):
        if hasattr(self, "cluster"):
            assert not self.cluster.harm, (self.cluster.harm, self.told[-6:])


class OldCluster(Cluster):
    """The same with cman and clvmd."""

    generation = CLVMD


def _settings(deep, examples, steps):
    if deep:
        return settings(max_examples=100 * examples, stateful_step_count=2 * steps)
    return settings(max_examples=examples, stateful_step_count=steps)


@pytest.mark.parametrize("machine", [Cluster, OldCluster], ids=["lvmlockd", "clvmd"])
def test_invariants_hold(machine, deep):
    run_state_machine_as_test(machine, settings=_settings(deep, 60, 25))
