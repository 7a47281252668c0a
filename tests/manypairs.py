# SPDX-License-Identifier: GPL-2.0-or-later
"""Many pairs of a DRBD resource and a VG on the simulator, and what each action on them costs.

What is ours is counted: commands, files read, and lines of Python that run in ``lib/``. Never
seconds. ``unit/generations/test_many.py`` says how much each may grow, ``python -m bench many``
shows it.
"""

import functools
import os
import sys
from dataclasses import dataclass

from model import actions
from model.actions import DAEMON, DRBD, GROUP
from simulator import world
from simulator.host import SimHost, Simulation
from simulator.state import CLVMD, DRBD_8, DRBD_9, LVMLOCKD
from sourcetree import TREE

OURS = os.path.join(os.path.realpath(TREE), "lib", "")
#: (lock manager, DRBD) of which pairs are played.
GENERATIONS = ((LVMLOCKD, DRBD_8), (LVMLOCKD, DRBD_9), (CLVMD, DRBD_8))


@dataclass
class Cost:
    """What work of ours takes; of the work on several instances the most that one takes."""

    commands: int = 0
    files: int = 0
    lines: int = 0

    def __or__(self, other):
        return Cost(max(self.commands, other.commands), max(self.files, other.files),
                    max(self.lines, other.lines))

    def within(self, times, other):
        """Whether nothing of it is more than so many times what the other takes."""
        return (self.commands <= times * other.commands and self.files <= times * other.files
                and self.lines <= times * other.lines)


@functools.lru_cache(maxsize=None)
def _ours(path):
    """Whether a source file is of ``lib/``."""
    return os.path.realpath(path).startswith(OURS)


def counted(simulation, work):
    """(result, Cost) of *work*."""
    cost, before = Cost(), len(simulation.cluster.calls)
    read, tracing = SimHost.read, sys.gettrace()

    def reading(host, name):
        cost.files += 1
        return read(host, name)

    def line(_frame, event, _argument):
        cost.lines += event == "line"
        return line

    def call(frame, _event, _argument):
        return line if _ours(frame.f_code.co_filename) else None
    SimHost.read = reading
    sys.settrace(call)
    try:
        result = work()
    finally:
        sys.settrace(tracing)
        SimHost.read = read
    cost.commands = len(simulation.cluster.calls) - before
    return result, cost


class Pairs:
    """A cluster with so many pairs, all of them up."""

    def __init__(self, count, generation=LVMLOCKD, drbd=DRBD_8):
        cluster = world.reach("active", generation, drbd_version=drbd)
        world.many_pairs(cluster, count)
        self.count = count
        self.simulation = Simulation(cluster)

    @property
    def node(self):
        return self.simulation.cluster.nodes["node1"]

    def act(self, agent, action, number, node="node1"):
        """An action that has to succeed; its Cost."""
        parameters = {DRBD: {"drbd_resource": f"r{number}"}, GROUP: {"vgname": f"vg{number}"}}
        name = {DRBD: f"r{number}", GROUP: f"vg{number}"}.get(agent, agent)
        result, cost = counted(self.simulation, lambda: actions.act(
            self.simulation, agent, action, node,
            changes=[("OCF_RESOURCE_INSTANCE", name)], **parameters.get(agent, {})))
        assert result.code in ((8,) if (agent, action) == (DRBD, "monitor") else (0,)), \
            (agent, action, number, result)
        return cost

    def each(self, agent, action, numbers):
        """The most that an action costs on one of these resources of an agent."""
        found = Cost()
        for number in numbers:
            found |= self.act(agent, action, number)
        return found


#: (agent, action, what is special about it) on each pair, in the order of a node that goes away
#: and comes back.
ROUND = ((GROUP, "start", "is active already"), (GROUP, "monitor", "full"),
         (DRBD, "monitor", "full, the first"), (GROUP, "monitor", "nothing new"),
         (DRBD, "monitor", "full"), (GROUP, "stop", ""), (DRBD, "demote", ""), (DRBD, "stop", ""),
         (DRBD, "start", ""), (DRBD, "promote", ""), (GROUP, "start", ""))


def played(count, generation=LVMLOCKD, drbd=DRBD_8, some=True):
    """[(agent, action, what is special, Cost of one instance at most)] of a round.

    :param some: whether only the first, the middle and the last pair go through it; the others
        stay up
    """
    pairs = Pairs(count, generation, drbd)
    numbers = sorted({0, count // 2, count - 1}) if some else range(count)
    found = [(agent, action, special, pairs.each(agent, action, numbers))
             for agent, action, special in ROUND]
    assert {mapping.vg for mapping in pairs.node.mappings.values()} == {
        f"vg{number}" for number in range(count)}
    assert all(each.role == "Primary" for each in pairs.node.drbd.values())
    assert pairs.simulation.cluster.harm == []
    return found
