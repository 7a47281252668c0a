# SPDX-License-Identifier: GPL-2.0-or-later
"""A simulated pair on which the VG is started, with watchers that have their turns while others wait."""

import contextlib

from dualstor.host.deadline import Deadline
from dualstor.volumes import Volumes
from model import actions
from model.actions import GROUP
from simulator import watcher, world
from simulator.host import NodeDied, SimHost, Simulation
from simulator.state import LVMLOCKD
from simulator.watcher import Watching

NODES = ("node1", "node2")


class _Waiting(SimHost):
    """A host whose sleeper gives the watchers their turns."""

    def __init__(self, pair, node, seconds):
        self.pair = pair
        super().__init__(Deadline(seconds, pair.simulation.clock), pair.simulation, node)

    def sleep(self, seconds):
        super().sleep(seconds)
        self.pair.turns()


class Pair:
    """Two nodes with vg0 started by its agents; :param generation: of the simulator."""

    def __init__(self, generation=LVMLOCKD):
        self.simulation = Simulation(world.reach("active", generation))
        self.cluster = self.simulation.cluster
        for node in NODES:
            self.act("start", node)
        self.watching = Watching(self.simulation, lambda node: actions.environ(
            GROUP, "start", node, generation=generation))
        self.watching.settle()

    def act(self, action, node, **more):
        """An action of the agent that has to succeed."""
        result = actions.act(self.simulation, GROUP, action, node, **more)
        assert result.code == 0, result
        return result

    def turns(self):
        """A turn of the watcher of each node that is up."""
        for node in NODES:
            if self.cluster.nodes[node].up:
                with contextlib.suppress(NodeDied):     # its watcher with it
                    self.watching.turn(node, "vg0")

    def volumes(self, node="node1", seconds=60.0):
        """The operations, as somebody on *node* uses them."""
        return Volumes("vg0", host=_Waiting(self, node, seconds))

    def run(self, node, *argv):
        """A command that a person types; its exit code."""
        return self.simulation.host(node).run(argv).returncode

    def active(self, name):
        """Names of the nodes on which an LV is active."""
        return tuple(node for node in NODES if any(
            m.lv == name for m in self.cluster.nodes[node].mappings.values()))

    def watcher(self, node):
        """The watcher's process on a node, None when there is none."""
        return watcher.of(self.cluster.nodes[node], "vg0")
