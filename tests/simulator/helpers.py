# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's fence-peer handler on the simulated cluster: the real one, one run for each call of DRBD's.

Each run is a thread, of which at most one moves: it gives way whenever time is to pass, and goes
on when that has passed. So handlers on both nodes, and of several resources on one, run while the
agents do, and all of it is the same each time.
"""

import io
import threading

from dualstor import log
from dualstor.fencepeer import handler
from dualstor.host.deadline import Deadline
from simulator import drbd
from simulator.host import Killed, NodeDied, SimHost

#: Seconds from DRBD's call to the first look of the handler.
_START = 0.1
_KILLED = 0     # what DRBD takes for the exit code of a handler that a signal has ended


def environment(cluster, node, name):
    """What DRBD and drbdadm pass to the handler on *node*."""
    peer, config = cluster.peer(node), node.config[name]
    both = {"DRBD_RESOURCE": name, "DRBD_CONF": "/etc/drbd.conf", "DRBD_MINOR": str(config.minor),
            "DRBD_VOLUME": "0", "DRBD_LL_DISK": config.lower, "DRBD_PEER_AF": "ipv4",
            "DRBD_PEER_ADDRESS": "10.78.0.%d" % peer.id, "HOME": "/", "TERM": "linux",
            "PATH": "/sbin:/usr/sbin:/bin:/usr/bin"}
    if not cluster.drbd_9:
        return dict(both, DRBD_PEER=peer.name, DRBD_PEERS=peer.name)
    names = {"DRBD_NODE_ID_%d" % (each.id - 1): each.name for each in cluster.nodes.values()}
    return dict(both, DRBD_PEER_NODE_ID=str(peer.id - 1), DRBD_MY_NODE_ID=str(node.id - 1),
                DRBD_CSTATE="NetworkFailure", **names)


class HelperHost(SimHost):
    """The host as the handler sees it: what it runs inherits DRBD's environment."""

    def __init__(self, run, seconds):
        simulation = run.simulation
        super().__init__(Deadline(seconds, simulation.clock), simulation, run.node)
        self.handler = run

    def _step(self):
        self.handler.step()

    def execute(self, argv, seconds, environment):
        return super().execute(argv, seconds, dict(environment or {}, **self.handler.environ))

    def lock(self, name, seconds):
        """One holder on a node, until its process ends; waited for as long as it may take."""
        self._step()
        held = self.handler.helpers.locks
        key = self.name, self._boots, name
        if held.get(key, self.handler) is not self.handler:
            self._pass(seconds)
        if held.get(key, self.handler) is not self.handler:
            return None
        held[key] = self.handler
        return io.BytesIO()


class Run:
    """One run of the handler."""

    def __init__(self, helpers, simulation, node, name, number):
        cluster = simulation.cluster
        self.helpers, self.simulation, self.node, self.number = helpers, simulation, node, number
        self.resource, self.boots = name, cluster.nodes[node].boots
        self.met = cluster.nodes[node].drbd[name].met
        self.environ = environment(cluster, cluster.nodes[node], name)
        self.over, self.doom = False, None
        self._end = None            # what ends it when it goes on
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._thread.start()

    def _main(self):
        self._go.acquire()
        code = _KILLED
        try:
            if self._end is not None:
                raise self._end
            code = handler.run(self.environ, lambda deadline: HelperHost(self, handler.TIME))
        except (NodeDied, Killed):
            pass
        except BaseException as problem:    # pylint: disable=broad-except
            self.helpers.problems.append(problem)
        self.over = True
        self._ended(code)
        self._back.release()

    def _ended(self, code):
        locks, cluster = self.helpers.locks, self.simulation.cluster
        for key in [key for key, holder in locks.items() if holder is self]:
            del locks[key]
        node = cluster.nodes[self.node]
        self.helpers.codes[code] += 1
        cluster.helpers[self.number] = code
        if node.up and node.boots == self.boots:
            drbd.helper_ends(cluster, node, self.resource, self.number, self.met, code)

    def go(self):
        """Run until time is to pass, or to the end."""
        start, log.start = log.start, lambda tag, environ: None     # a library is silent
        try:
            self._go.release()
            self._back.acquire()
        finally:
            log.start = start

    def pass_time(self, seconds):
        """Called by the run itself: give way until *seconds* have passed."""
        cluster = self.simulation.cluster
        cluster.events.append([cluster.now + seconds, cluster.next(), "helper_wakes",
                               [self.number]])
        self._back.release()
        self._go.acquire()
        if self._end is not None:
            raise self._end

    def step(self):
        """Called by the run itself at each look and deed: the last one, when it is doomed."""
        if self.doom is not None:
            self.doom -= 1
            if self.doom < 0:
                raise Killed()

    def kill(self):
        """SIGKILL, from elsewhere."""
        self._end = Killed()


class Helpers:
    """All handlers that run, and what they have left behind.

    :param codes: collections.Counter of exit codes, for a census
    """

    def __init__(self, codes):
        self.codes = codes
        self.locks = {}         # (node, boots, name): Run
        self.problems = []      # exceptions that no handler may raise
        self.runs = {}          # by number
        self.running = None     # the Run that moves now
        self.doom = None        # looks and deeds after which the next one that begins is killed

    def happens(self, simulation, what, *arguments):
        """What world.advance_to leaves to us."""
        if what == "drbd_calls":
            simulation.cluster.events.append([
                simulation.cluster.now + _START, simulation.cluster.next(), "helper_wakes",
                [arguments[2]]])
            node = simulation.cluster.nodes[arguments[0]]
            if not node.up or arguments[1] not in node.drbd:
                simulation.cluster.helpers[arguments[2]] = _KILLED
                return
            if node.handler_installed and node.config.get(arguments[1]) is not None \
                    and node.config[arguments[1]].handlers.get("fence-peer"):
                run = self.runs[arguments[2]] = Run(self, simulation, *arguments)
                run.doom, self.doom = self.doom, None
            else:
                drbd.helper_ends(simulation.cluster, node, arguments[1], arguments[2],
                                 node.drbd[arguments[1]].met, _KILLED)
            return
        run = self.runs.get(arguments[0])
        if run is not None:
            before, self.running = self.running, run
            try:
                run.go()
            finally:
                self.running = before
            if run.over:
                del self.runs[arguments[0]]
            if self.problems:
                raise self.problems.pop()

    def close(self):
        """End all that still run."""
        for run in self.runs.values():
            run.kill()
            run.go()
        self.runs.clear()
