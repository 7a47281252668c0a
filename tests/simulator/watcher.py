# SPDX-License-Identifier: GPL-2.0-or-later
"""The watcher of a VG as a process of a simulated node, and what it does when it is its turn.

The process itself waits in the kernel; here whoever moves the world on calls ``turn``.
"""

from dualstor.look import well
from dualstor.watcher import result, schedule
from dualstor.watcher import round as rounds
from simulator.state import Process

PROGRAM = "clustered-vg"


def of(node, vg):
    """The Process that watches *vg* on a node; None when there is none."""
    return next((p for p in node.processes.values() if p.program == PROGRAM
                 and p.arguments == ["watch", vg] and p.state not in "ZX"), None)


def start(cluster, node, vg):
    """It starts; where one runs, the second one ends at once."""
    if of(node, vg) is None:
        number = 4000 + cluster.next()
        node.processes[str(number)] = Process(
            pid=number, program=PROGRAM, arguments=["watch", vg],
            start_time=int(cluster.now * 100), pidfile="", socket="")


class Watching:
    """The turns of all watchers of a Simulation.

    :param environs: function of a node's name: the variables with which the agent runs there
    """

    def __init__(self, simulation, environs):
        self.simulation, self.environs = simulation, environs
        self.seen = {}      # (node, pid) -> what its last answer depends on
        self.says = {}      # (node, pid) -> what the last round has said

    def turn(self, node, vg):
        """Have the watcher of a node do what it would do now: the Result, None if nothing."""
        process = of(self.simulation.cluster.nodes[node], vg)
        if process is None or process.state != "S":
            return None
        key = node, process.pid
        host = self.simulation.host(node)
        kept = self.seen.get(key)
        if kept is not None and well.all_as_seen(host, kept):
            return None
        found = result.from_text(result.to_text(rounds.run(
            PROGRAM, self.environs(node), self.simulation.host(node, schedule.ROUND))))
        self.says[key] = found.says
        self.seen[key] = found.sights
        return found

    def settle(self, vg="vg0", rounds_=6):
        """Turns on all nodes until nothing changes any more, some time between them."""
        for _ in range(rounds_):
            results = [self.turn(node, vg) for node in self.simulation.cluster.nodes
                       if self.simulation.cluster.nodes[node].up]
            if not any(results):
                return
            self.simulation.advance(1.0)
