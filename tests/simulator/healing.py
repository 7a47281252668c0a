# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor recover`` on the simulated pair: its sessions on both nodes, disks, and what it keeps.

All of it is the real program, from the command line to the commands that its sessions run; only
ssh, block devices and the directory in /var/lib are of the simulation.
"""

import contextlib
import errno
import io
import os

from dualstor.command import main
from dualstor.command.recover import command, healing, parted
from dualstor.errors import ToolFailed
from dualstor.host.deadline import Deadline
from dualstor.host.durable import NotKept
from dualstor.host.run import Completed
from dualstor.recover import deeds, link, serve
from dualstor.recover.diskio import PART, Disk, NotDone
from dualstor.recover.journal import Store
from simulator import blocks
from simulator.host import Killed, NodeDied, SimHost
from simulator.state import Process

ROOM = 1 << 30
_REQUEST = 0.05     # seconds from a request to its answer
_HOLDER = "dualstor"
_PATIENCE = 20.0    # seconds that a person lets it wait for one thing


class Kept(Store):
    """What a healing keeps on a node's disk: there after a crash, too."""

    def __init__(self, simulation, node, resource):
        super().__init__(resource)
        self._simulation, self._name = simulation, node
        self._boots = self._node.boots

    @property
    def _node(self):
        return self._simulation.cluster.nodes[self._name]

    def _checked(self):
        if not self._node.up or self._node.boots != self._boots:
            raise NodeDied(self._name)

    def keep(self, name, parts):
        data = b"".join(parts)
        self._checked()
        if self._node.var_full:
            raise NotKept(f"{self.path}/{name}", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        self._node.durable[f"{self.path}/{name}"] = data.decode("latin-1")
        return len(data), self.checksum(name)

    def parts(self, name):
        self._checked()
        text = self._node.durable.get(f"{self.path}/{name}")
        if text is None:
            raise FileNotFoundError(name)
        yield text.encode("latin-1")

    def remove(self, name):
        self._checked()
        self._node.durable.pop(f"{self.path}/{name}", None)

    def room(self):
        return 0 if self._node.var_full else ROOM

    def locked(self, name):
        return io.BytesIO()


class SimDisk(Disk):
    """A device of a simulated node, as a Disk."""

    def __init__(self, host, path, writing=False, alone=False):    # pylint: disable=W0231
        self.path, self._host, self._alone = path, host, alone
        self._writing = writing
        node = host.node
        self._name = next((name for name, config in node.config.items() if path in (
            config.lower, "/dev/drbd%d" % config.minor)), None)
        if self._name is None:
            raise NotDone(f"{path} cannot be opened: No such file or directory")
        self._drbd = path.startswith("/dev/drbd")
        self._may(self._drbd)
        if alone:
            each = node.drbd[self._name]
            if each.openers or any(m.below == path[len("/dev/"):] for m in node.mappings.values()):
                raise NotDone(f"{path} cannot be opened: Device or resource busy")
            each.openers.append(_HOLDER)
            each.alone = True

    def _may(self, past_drbd):
        node = self._host.node
        each = node.drbd.get(self._name)
        if past_drbd and (each is None or each.role != "Primary"):
            raise NotDone(f"{self.path} cannot be opened: Wrong medium type")
        if each is None:
            raise NotDone(f"{self.path} cannot be opened: No such device or address")

    def close(self):
        each = self._host.node.drbd.get(self._name)
        if self._alone and each is not None and each.alone:
            each.alone = False
            each.openers[:] = [who for who in each.openers if who != _HOLDER]

    def read(self, ranges):
        for begin, end in ranges:
            self._check(begin, end - begin)
            while begin < end:
                self._may(self._drbd)
                last = min(begin + PART, end)
                yield blocks.read(self._host.node, self._name, begin // blocks.BLOCK,
                                  last // blocks.BLOCK)
                begin = last

    def write(self, offset, data):
        self._check(offset, len(data))
        for at in range(0, len(data), blocks.BLOCK):
            self._may(True)
            if not blocks.write(self._host.simulation.cluster, self._host.node, self._name,
                                (offset + at) // blocks.BLOCK,
                                blocks.to_text(data[at:at + blocks.BLOCK])):
                raise NotDone(f"{self.path} cannot be written at {offset + at}: "
                              "Input/output error")

    def flush(self):
        pass


class SimServer(serve.Server):
    """The server of a session on a simulated node."""

    def __init__(self, stream, simulation, node):
        self.sim_node = node
        self.simulation = simulation
        super().__init__(stream, lambda seconds: SimHost(Deadline(seconds, simulation.clock),
                                                         simulation, node),
                         lambda path, **more: SimDisk(self.host, path, **more))

    def name(self):
        return self.sim_node

    def _store(self):
        return Kept(self.simulation, self.sim_node, self.resource)


class Session:
    """A link.Talk: a session on a node, there by ssh or here."""

    made = None     # (Recovering) whose sessions these are, while a command runs

    def __init__(self, argv, path=(), environment=None):
        self._of = self.made
        self.argv = tuple(argv)
        remote = argv[0] == "ssh"
        self.node = self._of.hosts[argv[-4]] if remote else self._of.here
        self._remote = remote
        self._reach()
        self._output = io.BytesIO()
        self._stream = serve.Stream(io.BytesIO(), self._output)
        self._server = SimServer(self._stream, self._of.simulation, self.node)
        self._boots = self._machine.boots
        self._of.sessions.append(self)
        cluster = self._of.simulation.cluster
        self._machine.processes[str(os.getpid())] = Process(
            pid=os.getpid(), program="python3", start_time=cluster.next())

    @property
    def _machine(self):
        return self._of.simulation.cluster.nodes[self.node]

    def _reach(self):
        cluster = self._of.simulation.cluster
        if self._remote and not (self._machine.up and cluster.cluster_link):
            raise ToolFailed(Completed(argv=self.argv, returncode=255, stdout="",
                                       stderr=f"ssh: connect to host {self.node} port 22: "
                                              "No route to host"))

    def write(self, data, seconds):
        """A request, and its answer."""
        self._of.simulation.advance(_REQUEST)
        self._alive()
        self._output.seek(0)
        self._output.truncate()
        self._server._stream = serve.Stream(io.BytesIO(data), self._output)
        try:
            self._server.one()
        except NodeDied:
            self._alive()
            raise
        self._alive()
        self._output.seek(0)

    def _alive(self):
        machine = self._machine
        if machine.up and machine.boots == self._boots:
            self._reach()
        elif self._remote:
            self._reach()
            raise ToolFailed(Completed(argv=self.argv, returncode=255, stdout="",
                                       stderr="Connection reset by peer"))
        else:
            raise NodeDied(self.node)

    def line(self, seconds, limit=0):
        found = self._output.readline()
        if not found:
            raise ToolFailed(Completed(argv=self.argv, returncode=255, stdout="", stderr=""))
        return found[:-1]

    def take(self, count, seconds):
        return self._output.read(count)

    def close(self):
        """The end of its input: whatever it holds is let go."""
        machine = self._machine
        if machine.up and machine.boots == self._boots:
            self._server.let_go()
            machine.processes.pop(str(os.getpid()), None)


class Said(io.StringIO):
    """The command's stdout."""

    def __init__(self, recovering):
        super().__init__()
        self._of = recovering

    def write(self, text):
        done = super().write(text)
        if self._of.said is not None and "keep off on both nodes" in self.getvalue():
            self._of.said(text)
        return done


class Recovering:
    """Types ``dualstor recover`` on a node.

    :param report: function of (node, whether the other one is asked) that gives what status sees
    """

    def __init__(self, simulation, report):
        self.simulation, self._report = simulation, report
        self.hosts = {name: name for name in simulation.cluster.nodes}
        self.here, self.sessions = "", []
        self.said = None        # called with each line that the command prints once it works

    def host(self, seconds=60.0):
        return self.simulation.host(self.here, seconds)

    def store(self, node, resource="r0"):
        """What a healing keeps on a node."""
        return Kept(self.simulation, node, resource)

    def type(self, node, *words):
        """(exit code, stdout, stderr); the code is None when it was killed."""
        out, err = Said(self), io.StringIO()
        with self._on(node):
            try:
                return main.main(["recover", *words], out, err), out.getvalue(), err.getvalue()
            except (Killed, NodeDied):
                return None, out.getvalue(), err.getvalue()
            finally:
                for session in self.sessions:   # whatever it held ends with it
                    session.close()

    @contextlib.contextmanager
    def _on(self, node):
        def sleep(seconds):
            self.simulation.advance(seconds)
            if not self.simulation.cluster.nodes[node].up:
                raise NodeDied(node)
        changes = ((link, "Talk", Session), (Session, "made", self),
                   (command.status, "host", self.host),
                   (command.status, "look", lambda arguments: self._report(
                       node, bool(arguments.peer))),
                   (parted, "store", lambda resource: self.store(node, resource)),
                   (healing, "_sleep", sleep), (healing, "_PATIENCE", _PATIENCE),
                   (deeds.time, "sleep", sleep))
        before = [(where, name, getattr(where, name)) for where, name, _ in changes]
        self.here, self.sessions = node, []
        try:
            for where, name, value in changes:
                setattr(where, name, value)
            yield
        finally:
            for where, name, value in before:
                setattr(where, name, value)
