# SPDX-License-Identifier: GPL-2.0-or-later
"""A person who types what is printed, on the simulated pair, and what Pacemaker does afterwards.

Nothing here knows a recipe: the commands are taken out of the text that was printed.
"""

import io
import re
import shlex

from dualstor.command.console import Console
from dualstor.command.status import advice, document, observe, screen
from dualstor.command.status.report import Silent
from dualstor.tools import pacemaker
from model import actions
from model.actions import DAEMON, DRBD, GROUP

NODES = ("node1", "node2")
_STEP = re.compile(r"^(\s+)(\S+(?: and \S+)?): (`.*`)$")
_WAIT = re.compile(r"^Wait until it says (\S+) on both\.$")
_FINE = "An error is fine here"
_PATIENCE = 60


class Typed:
    """A step as it is printed: nodes, commands (tuples of words), and the line below it."""

    def __init__(self, nodes, commands, why):
        self.nodes, self.commands, self.why = nodes, commands, why


def parts(text):
    """{title: [Typed]} of what ``recipes.lines`` printed somewhere in a text."""
    found, title, lines = {}, None, text.splitlines()
    for number, line in enumerate(lines):
        step = _STEP.match(line)
        if step:
            commands = [tuple(shlex.split(c)) for c in re.findall(r"`([^`]*)`", step.group(3))]
            found.setdefault(title, []).append(Typed(
                step.group(2).split(" and "), commands, lines[number + 1].strip()))
        elif line.endswith(":"):
            title = line.strip()[:-1]
    return found


def chosen(found, choice):
    """The Typed of the parts that go with a choice, words of a title, and of those around it."""
    steps = []
    for title, each in found.items():
        if not title.startswith(("If ", "Only if ")) or choice in title:
            steps += each
    assert any(choice in title for title in found), (choice, list(found))
    return steps


class Typist:
    """The pair of a Simulation, and who sits before it.

    :param pause: seconds from one command to the next
    """

    def __init__(self, simulation, pause=0.0):
        self.simulation, self.pause = simulation, pause
        self.reasons = []       # of actions that failed, as the cluster keeps them
        self.away = []          # was it in maintenance mode at each command that changes something

    @property
    def nodes(self):
        return self.simulation.cluster.nodes

    def act(self, agent, action, node, **more):
        """An action of an agent; what it says when it fails is what the cluster shows."""
        done = actions.act(self.simulation, agent, action, node, **more)
        if done.reasons and done.code not in (0, 7, 8):
            self.reasons.append((agent, action, node, done.reasons[0]))
        return done

    def take_down(self, *nodes):
        """What Pacemaker does after a monitor that failed."""
        for node in nodes:
            for agent, action in ((GROUP, "stop"), (DRBD, "demote"), (DRBD, "stop")):
                assert self.act(agent, action, node).code in (0, 1)
            assert not self.nodes[node].drbd

    def report(self, node, peer=None):
        """What ``dualstor status`` sees on a node; *peer*: with ``--peer`` of that name."""
        seen = observe.look(lambda: self.simulation.host(node, 60), observe.one_by_one)
        failures = tuple(pacemaker.Failure(operation=f"{agent}_{action}_0", node=where,
                                           code="error", reason=reason)
                         for agent, action, where, reason in self.reasons)
        instances = tuple(pacemaker.Instance(resource=agent, agent="ocf:dualstor:" + agent,
                                             node=NODES[0], role="Started")
                          for agent in (DRBD, DAEMON, GROUP))
        if not isinstance(seen.cluster, Silent):
            seen = seen.but(cluster=seen.cluster.but(failures=failures, instances=instances))
        if peer:
            other = self.report(peer)
            seen = seen.but(peer=document.document(other, advice.advise(other)))
        return seen

    @staticmethod
    def shown(report):
        """The screen."""
        stream = io.StringIO()
        screen.show(Console(stream, stream, "status"), report, advice.advise(report))
        return stream.getvalue()

    def run(self, node, words):
        return self.simulation.host(node, 60).run(words, 60)

    def type(self, steps):
        """Type them all, in their order; nothing may fail but where the text says that it may."""
        for step in steps:
            wait = _WAIT.match(step.why)
            for node in step.nodes:
                for words in step.commands:
                    if "VG stands for each volume group on r0." in step.why:
                        words = tuple("vg0" if word == "VG" else word for word in words)
                    if wait:
                        self._wait(node, words, wait.group(1))
                        continue
                    if words[0] in ("drbdadm", "vgchange"):
                        self.away.append(self.simulation.cluster.maintenance)
                    done = self.run(node, words)
                    assert done.returncode == 0 or _FINE in step.why, \
                        (node, words, done.stdout, done.stderr)
                    self.simulation.advance(self.pause)

    def _wait(self, node, words, wanted):
        for _ in range(_PATIENCE):
            done = self.run(node, words)
            if done.stdout.strip() == wanted:
                return
            self.simulation.advance(1)
        raise AssertionError((node, words, done.stdout, done.stderr, self.links()))

    def links(self):
        """(connection, role, disk) of r0 on each node."""
        return [(n.drbd["r0"].cstate, n.drbd["r0"].role, n.drbd["r0"].dstate) if "r0" in n.drbd
                else None for n in self.nodes.values()]

    def cluster_goes_on(self, *nodes):
        """Out of maintenance mode Pacemaker starts what is missing; all must be well then."""
        assert not self.simulation.cluster.maintenance
        self.reasons = []
        for node in nodes:
            seen = self.act(DRBD, "probe", node).code
            assert seen in (0, 7, 8, 190, 191), self.reasons
            if seen == 7:
                assert self.act(DRBD, "start", node).code == 0, self.reasons
        for node in nodes:
            if self.nodes[node].drbd["r0"].role != "Primary":
                assert self.act(DRBD, "promote", node).code == 0, self.reasons
        for node in nodes:
            if self.act(GROUP, "probe", node).code == 7:
                assert self.act(GROUP, "start", node).code == 0, self.reasons
        self.reasons = []
        return [[self.act(agent, "monitor", node).code for agent in (DRBD, DAEMON, GROUP)]
                for node in nodes]
