# SPDX-License-Identifier: GPL-2.0-or-later
"""The state machine: random actions of the agents on two nodes in a world that breaks.

After every action the invariants are checked. ``test_model`` runs it in the
ordinary test run, ``soak`` for long.
"""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dualstor.errors import Terminated
from model import actions, events, invariants
from model.actions import DAEMON, DRBD, GROUP
from model.census import Census
from simulator import faults, volumes, world
from simulator.helpers import Helpers
from simulator.host import Killed, NodeDied, Simulation
from simulator.state import CLVMD, DRBD_8, DRBD_9, LVMLOCKD
from simulator.watcher import Watching

STARTS = ("cluster-up", "both-secondary", "both-primary", "group", "active", "exclusive", "survivor",
          "inquorate", "split-brain", "disconnected", "syncing")
NODES = st.sampled_from(world.NODES)
PAIRS = st.sampled_from(actions.PAIRS)
STRETCH = 1.15      # of the agents' sleeps: a wait of 80 s is 20 looks instead of 160
TIMEOUTS = st.sampled_from((20.0, 60.0, 90.0))
TOOLS = ("drbdadm", "drbdsetup", "modprobe", "cman_tool", "fence_tool", "corosync-quorumtool",
         "corosync-cmapctl", "dlm_tool", "crm_mon", "crm_attribute", "crm_master", "attrd_updater",
         "crm_node", "stonith_admin", "fence_node", "clvmd", "lvmlockd", "lvmlockctl", "lvm", "vgs", "lvs", "vgchange", "lvchange",
         "dmsetup", "dd")

#: Kinds that a program shows without a process; GRANDCHILD is one of a process alone.
KINDS = tuple(sorted(set(faults.KINDS) - {faults.GRANDCHILD}))


@st.composite
def breakages(draw):
    """A fault of a program. Often of any program, so that it is met."""
    kind = draw(st.sampled_from(KINDS))
    code = draw(st.sampled_from((4, 6, 9, 11, 15)) if kind == faults.KILLED else
                st.sampled_from((1, 2, 3, 5, 6, 7, 10, 11, 17, 20, 42, 64, 69, 102, 105, 124, 126,
                                 127, 255)))
    return faults.fault(
        draw(st.sampled_from(("*",) * len(TOOLS) + TOOLS)), kind,
        node=draw(st.sampled_from(world.NODES + ("",))), code=code,
        times=draw(st.sampled_from((1, 2, 5, -1))),
        text=draw(st.sampled_from(("", "something went wrong", "0: State change failed: (-18) In "
                                   "transient state, retry after next state change"))),
        seconds=draw(st.sampled_from((1.0, 8.0, 25.0))))


_META = "OCF_RESKEY_CRM_meta_"
VARIABLES = ("OCF_ROOT", "OCF_RA_VERSION_MAJOR", "OCF_RA_VERSION_MINOR", "OCF_RESOURCE_INSTANCE",
             "OCF_RESOURCE_TYPE", "OCF_RESOURCE_PROVIDER", "OCF_CHECK_LEVEL", "OCF_OUTPUT_FORMAT",
             "OCF_RESKEY_crm_feature_set", "HA_RSCTMP", "HA_debug", "HA_LOGFACILITY") + tuple(
                 _META + name for name in (
                     "timeout", "interval", "name", "on_node", "on_node_uuid", "op_target_rc",
                     "notify", "clone", "clone_max", "clone_node_max", "globally_unique",
                     "master_max", "master_node_max", "promoted_max", "promoted_node_max",
                     "notify_type", "notify_operation", "notify_promote_uname",
                     "notify_master_uname", "notify_active_uname", "notify_stop_uname"))

#: Missing, empty, blank, garbage, negative, huge, of another type, not text at all.
TEXTS = (None, "", " ", "garbage", "-1", "0", "1.5", "9" * 18, "9" * 400, "\u0661", "true",
         "a\nb", "\udcff")


class Cluster(RuleBasedStateMachine):
    """Two nodes; the rules are what administrators, Pacemaker and bad luck do."""

    generation = LVMLOCKD
    drbd_version = DRBD_8

    census = Census()

    @initialize(start=st.sampled_from(STARTS))
    def begin(self, start):
        self._begin(world.reach(start, self.generation, drbd_version=self.drbd_version))

    def _begin(self, cluster):
        self.simulation = Simulation(cluster, STRETCH, Helpers(self.census.handlers))
        self.cluster = self.simulation.cluster
        self.watching = Watching(self.simulation, lambda name: actions.environ(
            GROUP, "start", name, generation=self.generation))
        watch = invariants.QuorumWatch(self.cluster)
        self.simulation.watchers.append(watch.check)
        self.told = []
        if not self.cluster.groups:
            volumes.create_volume(self.cluster, volumes.create_group(self.cluster, "vg0"), "lv0")

    def teardown(self):
        if hasattr(self, "cluster"):
            self.simulation.helpers.close()
            self.census.sequences += 1
            self.census.fencings.update(each.mode + " " + each.result
                                        for each in self.cluster.fencings.values())
            self.census.struck.update(self.simulation.struck)

    # -- Pacemaker ------------------------------------------------------------------

    def _act(self, agent, action, name, timeout=60.0, level=0, changes=()):
        """One action, with the checks that hold even while others act."""
        result = actions.act(self.simulation, agent, action, name, timeout, level, changes)
        self.told.append(str(result))
        self.census.actions[agent, action, result.code] += 1
        invariants.codes(result)
        invariants.in_time(result)
        invariants.harmless(self.cluster, result)
        return result

    def _run(self, agent, action, name, timeout, level=0, changes=()):
        """One action, with the checks that need nothing more than its result."""
        node = self.cluster.nodes[name]
        before = None
        handlers = len(self.cluster.helpers)
        if action in invariants.LOOKING and not (self.simulation.meanwhile or self.cluster.faults
                                                 or self.simulation.helpers.runs):
            before = invariants.snapshot(self.cluster)
        active = invariants.active(self.cluster, node, agent)
        result = self._act(agent, action, name, timeout, level, changes)
        invariants.written(self.cluster, result)
        invariants.stopped(self.cluster, result, active, self.cluster.faults)
        if before is not None and handlers == len(self.cluster.helpers):
            invariants.only_looked(self.cluster, before, result)
        return result

    @rule(pair=PAIRS, name=NODES, timeout=TIMEOUTS, level=st.sampled_from((0, 0, 10)))
    def action(self, pair, name, timeout, level):
        """Any action at any time, though Pacemaker would keep an order."""
        agent, word = pair
        if not self.cluster.nodes[name].up:
            return
        result = self._run(agent, word, name, timeout, level)
        if self.cluster.faults or result.code != 0 or not self.cluster.nodes[name].up:
            return
        invariants.effective(self.cluster, result, lambda word: self._run(agent, word, name, 60.0))
        if self.cluster.nodes[name].up:
            invariants.repeatable(result, lambda word: self._run(agent, word, name, 90.0))

    another_action = action

    @rule(first=NODES, same=st.booleans(), offset=st.sampled_from((0.05, 0.3, 1.0, 2.5, 6.0)),
          one=PAIRS, two=PAIRS)
    def both_at_once(self, first, same, offset, one, two):
        """Another action, on the other node or the same one, before this one has ended."""
        second = first if same else self.cluster.peer(self.cluster.nodes[first]).name
        if not all(node.up for node in self.cluster.nodes.values()):
            return

        def other():
            if self.cluster.nodes[second].up:
                self._act(two[0], two[1], second)
        self.simulation.meanwhile.append([self.cluster.now + offset, other])
        # the other's whole action passes within a pause of this one
        self._act(one[0], one[1], first, 200.0)
        self.simulation.meanwhile.clear()

    @rule(pair=PAIRS, name=NODES, level=st.sampled_from((0, 10)),
          changes=st.dictionaries(st.sampled_from(VARIABLES), st.sampled_from(TEXTS),
                                  min_size=1, max_size=4))
    def odd_variables(self, pair, name, level, changes):
        """An action of a caller that says nonsense, or nothing."""
        if self.cluster.nodes[name].up:
            self._run(pair[0], pair[1], name, 60.0, level, tuple(sorted(changes.items())))
            self.census.variables.update(set(changes))
            invariants.described(pair[0], {k: v for k, v in changes.items() if v is not None})

    @rule(pair=PAIRS, name=NODES, steps=st.integers(0, 25), kill=st.booleans())
    def cut_short(self, pair, name, steps, kill):
        """execd ends an action with SIGTERM, or somebody with SIGKILL: the next stop succeeds.

        It succeeds where it would have, had the action never begun.
        """
        (agent, word), node = pair, self.cluster.nodes[name]
        if not node.up:
            return
        twin = Simulation(invariants.snapshot(self.cluster), STRETCH)
        doom = [steps, Killed() if kill else Terminated("ended by SIGTERM")]
        self.simulation.doom = doom
        result = self._act(agent, word, name, 90.0)
        self.simulation.doom = None
        if doom[0] >= 0 or not node.up:
            return      # it was done before
        self.census.cut["SIGKILL" if kill else "SIGTERM", word] += 1
        invariants.ended(result, kill)
        if not self.cluster.faults and actions.act(twin, agent, "stop", name, 100.0).code == 0:
            stopped = self._run(agent, "stop", name, 100.0)
            assert stopped.code in (0, None), (str(result), str(stopped))

    @rule(promote=st.booleans())
    def in_order(self, promote):
        """What Pacemaker does on a good day: everything up, on every node that is there."""
        for agent, action in ((DRBD, "start"), (DRBD, "promote"), (DAEMON, "start"),
                              (GROUP, "start")):
            for name in world.NODES:
                if self.cluster.nodes[name].up and (
                        promote or action != "promote"):
                    self._run(agent, action, name, 90.0)

    @rule(name=NODES)
    def shut_down(self, name):
        """Everything down on a node, in order."""
        for agent, action in ((GROUP, "stop"), (DAEMON, "stop"), (DRBD, "demote"), (DRBD, "stop")):
            if self.cluster.nodes[name].up:
                self._run(agent, action, name, 90.0)

    @rule(name=NODES, level=st.sampled_from((0, 10)))
    def monitors(self, name, level):
        """The recurring monitors of a node."""
        for agent in actions.ACTIONS:
            if self.cluster.nodes[name].up:
                self._run(agent, "monitor", name, 60.0, level)

    @rule(name=NODES)
    def watcher_has_its_turn(self, name):
        """The watcher of a node takes over what has changed, or leaves it alone."""
        if not self.cluster.nodes[name].up:
            return
        standing = self.cluster.maintenance or self.cluster.nodes[name].wishes
        calls = len(self.cluster.calls)
        try:
            found = self.watching.turn(name, "vg0")
        except NodeDied:
            found = None
        self.census.turns["nothing" if found is None else "all done" if found.sights is not None else
                          "not yet"] += 1
        made = self.cluster.calls[calls:]
        assert not standing or not any(call[1] in ("lvchange", "vgchange") for call in made), made

    # -- the world: one rule, so that it does not outnumber the agents ------------------

    @rule(seconds=st.sampled_from((0.2, 1.0, 5.0, 30.0)))
    def time_passes(self, seconds):
        self.simulation.advance(seconds)

    @rule(happenings=st.lists(st.tuples(NODES, st.sampled_from(events.EVENTS)), min_size=1,
                              max_size=4))
    def it_happens(self, happenings):
        for name, event in happenings:
            self.census.events[event.__name__] += 1
            event(self.simulation, self.cluster.nodes[name])
            self.cluster.harm.clear()       # this was not an agent
            self.simulation.advance(0.01)

    more_happens = it_happens

    @rule(name=NODES, event=st.sampled_from(events.OF_VOLUMES))
    def volumes_are_used(self, name, event):
        self.census.events[event.__name__] += 1
        event(self.simulation, self.cluster.nodes[name])
        self.cluster.harm.clear()

    # -- programs break ----------------------------------------------------------------------

    @precondition(lambda self: len(self.cluster.faults) < 3)
    @rule(fault=breakages())
    def program_breaks(self, fault):
        self.cluster.faults.append(fault)

    @rule(pair=PAIRS, name=NODES, fault=breakages())
    def program_breaks_under(self, pair, name, fault):
        """A fault in the middle of an action, and gone after it."""
        if self.cluster.nodes[name].up:
            self.cluster.faults.append(fault)
            self._run(pair[0], pair[1], name, 60.0)
            if fault in self.cluster.faults:
                self.cluster.faults.remove(fault)

    program_breaks_under_another = program_breaks_under

    @rule()
    def programs_work_again(self):
        self.cluster.faults.clear()

    @invariant()
    def nobody_lost_data(self):
        if hasattr(self, "cluster"):
            assert not self.cluster.harm, (self.cluster.harm, self.told[-6:])
            invariants.frozen_while_the_peer_writes(self.cluster)
            invariants.one_death_for_a_loss(self.cluster)


class Losses(RuleBasedStateMachine):
    """Two nodes that write, and lose each other in all manners; DRBD runs its handler on them."""

    generation, drbd_version = LVMLOCKD, DRBD_8
    census = Census()
    _begin, _act, teardown = Cluster._begin, Cluster._act, Cluster.teardown
    nobody_lost_data = Cluster.nobody_lost_data

    @initialize(start=st.sampled_from(("both-primary", "active", "syncing")), second=st.booleans(),
                device=st.sampled_from(("", "", "slow", "lies", "second")),
                delays=st.sampled_from(((0.0, 0.0), (5.0, 0.0), (0.0, 5.0))))
    def begin(self, start, second, device, delays):
        cluster = world.reach(start, self.generation, drbd_version=self.drbd_version)
        if second:
            world.second_resource(cluster)
        cluster.fencing_mode = device
        for node, delay in zip(cluster.nodes.values(), delays):
            node.fence_delay = delay
        self._begin(cluster)

    @rule(happenings=st.lists(st.tuples(NODES, st.sampled_from(events.OF_A_LOSS),
                                        st.sampled_from((0.01, 0.01, 0.6, 3.0, 12.0))),
                              min_size=1, max_size=5))
    def it_happens(self, happenings):
        for name, event, seconds in happenings:
            self.census.events[event.__name__] += 1
            event(self.simulation, self.cluster.nodes[name])
            self.cluster.harm.clear()
            self.simulation.advance(seconds)

    more_happens = it_happens

    @rule(name=NODES)
    def cut_and_again(self, name):
        """The link is cut, whoever is fenced comes back and connects, and it is cut again."""
        self.simulation.advance(5)
        for _ in range(2):
            self.cluster.replication_link = False
            self.simulation.advance(40)
            self.cluster.replication_link = True
            for node in self.cluster.nodes.values():
                events.boot(self.simulation, node)
            self.simulation.advance(2)
            self.come_up()

    @rule()
    def come_up(self):
        """What Pacemaker does with DRBD on the nodes that are there."""
        for action in ("start", "promote"):
            for name in world.NODES:
                if self.cluster.nodes[name].up and self.cluster.nodes[name].engine:
                    self._act(DRBD, action, name, 90.0)

    @rule(name=NODES, action=st.sampled_from(("monitor", "monitor", "stop", "demote")))
    def acts(self, name, action):
        if self.cluster.nodes[name].up:
            self._act(DRBD, action, name)

    @rule(seconds=st.sampled_from((0.2, 1.0, 5.0, 30.0, 120.0)))
    def time_passes(self, seconds):
        self.simulation.advance(seconds)

    @rule(fault=breakages())
    def program_breaks(self, fault):
        self.cluster.faults[:] = [fault]

    @rule()
    def programs_work_again(self):
        self.cluster.faults.clear()


class OldLosses(Losses):
    """The same with cman and clvmd."""

    generation = CLVMD


class NineLosses(Losses):
    """The same with DRBD 9."""

    drbd_version = DRBD_9


class OldCluster(Cluster):
    """The same with cman and clvmd."""

    generation = CLVMD


class NineCluster(Cluster):
    """The same with DRBD 9, and what only happens there."""

    drbd_version = DRBD_9

    @rule(happenings=st.lists(st.tuples(NODES, st.sampled_from(events.OF_DRBD_9)), min_size=1,
                              max_size=3))
    def nine_happens(self, happenings):
        for name, event in happenings:
            self.census.events[event.__name__] += 1
            event(self.simulation, self.cluster.nodes[name])
            self.cluster.harm.clear()
            self.simulation.advance(0.01)
