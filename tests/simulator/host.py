# SPDX-License-Identifier: GPL-2.0-or-later
"""The in-process way into the simulation: a Host whose world is a Cluster, on a virtual clock."""

import collections
import errno
import io
import pickle

from dualstor.errors import HostUnreadable, ToolHung, ToolMissing
from dualstor.host import freshread
from dualstor.host.deadline import Deadline
from dualstor.host.host import BUSY, Host
from dualstor.host.memory import STATE_DIR, file_name
from dualstor.host.deadline import GRACE
from dualstor.host.run import Completed
from simulator import dmlist, faults, kernelfiles, locking, membership, programs, watcher, world
from simulator.kernelfiles import Answer, Block, Link, Socket

_VIEWS = 32     # trees that are kept at most

#: What is left of a flood. Real programs are cut off at run.OUTPUT_LIMIT, and test_real_faults has the time that
#: takes to read; here, where no time passes, a piece of it that is longer than any buffer tells as much.
_FLOOD = "y\n" * (128 << 10)


class NodeDied(BaseException):
    """The machine was fenced while an action ran on it: the agent is no more."""


class Killed(BaseException):
    """The agent was ended with SIGKILL."""


class Simulation:
    """One cluster and its clock.

    :param cluster: state.Cluster, e.g. of world.reach()
    :param stretch: how much longer each sleep within an action is than the one before;
        more than 1 is a host that wakes its sleepers late, and makes long waits cheap
    :param helpers: helpers.Helpers, which run DRBD's handler as DRBD does; None: the simulated DRBD
        takes its result for granted
    """

    def __init__(self, cluster, stretch=1.0, helpers=None):
        self.cluster = cluster
        self.helpers = helpers
        cluster.helped = helpers is not None
        self.stretch = stretch
        self.watchers = []      # called with (Node, argv) before a program runs
        self.struck = collections.Counter()     # (kind of fault, program) that was met
        self.meanwhile = []     # [time, function]: what somebody else does then
        self.doom = None        # [looks and deeds that are left, exception that ends the agent then]
        self._busy = False
        self._views = {}

    def view(self, node):
        """(tree of a node's files, paths resolved in it so far), kept while nothing changes."""
        cluster = self.cluster
        key = pickle.dumps((node.name, cluster.nodes, cluster.groups, cluster.two_node,
                            cluster.cluster_link, cluster.drbd_version), pickle.HIGHEST_PROTOCOL)
        if key not in self._views:
            if len(self._views) >= _VIEWS:
                self._views.clear()
            self._views[key] = kernelfiles.tree(cluster, node), {}
        return self._views[key]

    def clock(self):
        """Virtual monotonic seconds."""
        return self.cluster.now

    def host(self, node, seconds=20.0):
        """A SimHost of *node* with a deadline of its own."""
        return SimHost(Deadline(seconds, self.clock), self, node)

    def advance(self, seconds):
        """Let time pass; what others do meanwhile happens in it, and may take longer."""
        if self.helpers is not None and self.helpers.running is not None:
            self.helpers.running.pass_time(seconds)
            return
        end = self.cluster.now + seconds
        while self.meanwhile and not self._busy and self.meanwhile[0][0] <= end:
            when, work = self.meanwhile.pop(0)
            self._advance_to(when)
            self._busy = True
            try:
                work()
            finally:
                self._busy = False
        self._advance_to(end)

    def _advance_to(self, when):
        helping = None if self.helpers is None else \
            lambda what, *arguments: self.helpers.happens(self, what, *arguments)
        world.advance_to(self.cluster, when, helping)

    def calls(self, node=None):
        """Argument lists of the programs run so far, on one node or on both."""
        return [tuple(call[1:]) for call in self.cluster.calls if node in (None, call[0])]


class SimHost(Host):
    """This host, simulated."""

    def __init__(self, deadline, simulation, node):
        super().__init__(deadline)
        self.simulation = simulation
        self.name = node
        self._boots = self.node.boots
        self._late = 1.0
        self._forget_tree()

    def _forget_tree(self):
        """The files may have changed."""
        self._tree, self._resolved = None, {}

    @property
    def node(self):
        """The Node as it is now."""
        return self.simulation.cluster.nodes[self.name]

    def _changed(self):
        self._forget_tree()
        node = self.node
        if not node.up or node.boots != self._boots:
            raise NodeDied(self.name)

    def _step(self):
        """One look or deed of the agent; the last one, when it is doomed."""
        doom = self.simulation.doom
        if doom is not None:
            doom[0] -= 1
            if doom[0] < 0:
                self.simulation.doom = None
                raise doom[1]

    def _at(self, name, follow=True):
        self._step()
        for beginning in self.node.unreadable:
            if name.startswith(beginning):
                raise HostUnreadable(name, PermissionError(errno.EACCES, "Permission denied"))
        if self._tree is None:
            self._tree, self._resolved = self.simulation.view(self.node)
        key = (name, follow)
        if key not in self._resolved:
            self._resolved[key] = kernelfiles.resolve(self._tree, name, follow)
        return self._resolved[key]

    # -- files ------------------------------------------------------------------

    def read(self, name):
        item = self._at(name)
        return str(item) if isinstance(item, str) else None

    def list(self, name):
        item = self._at(name)
        return tuple(sorted(item)) if isinstance(item, dict) else ()

    def link(self, name):
        try:
            item = self._at(name, follow=False)
        except HostUnreadable:
            return None
        return str(item) if isinstance(item, Link) else None

    def identity(self, name):
        try:
            item = self._at(name)
        except HostUnreadable:
            return "unreadable"
        return None if item is None else repr(item) if isinstance(item, Socket) else "there"

    def executable(self, name):
        return self.exists(name)

    def device(self, name):
        item = self._at(name)
        return tuple(item) if isinstance(item, Block) else None

    def ioctl(self, name, request, data):
        item = self._at(name)
        if isinstance(item, Answer):
            dmlist.answer(item, data)
        return isinstance(item, Answer)

    def read_fresh(self, name, offset, length, seconds):
        content = getattr(self._at(name), "content", b"")[offset:offset + length]
        return content if len(content) == length else freshread.IMPOSSIBLE

    def records(self, name):
        self._step()
        if name != "/dev/kmsg":
            return None
        return tuple("6,%d,%d,-;%s" % (number, when * 1e6, text)
                     for number, (when, text) in enumerate(self.node.log))

    def uptime(self):
        return self.simulation.clock()

    @staticmethod
    def _kept(name):
        return "%s/%s" % (STATE_DIR, file_name(*name))

    def recall(self, *name):
        self._step()
        return self.node.files.get(self._kept(name))

    def remember(self, text, *name):
        self._step()
        if self.node.run_full:
            return
        self.node.files[self._kept(name)] = text
        self._forget_tree()

    def forget(self, *name):
        self._step()
        self.node.files.pop(self._kept(name), None)
        self._forget_tree()

    def lock(self, name, seconds):
        """Granted: within one process nobody else asks for it."""
        return io.BytesIO()

    def lock_holder(self, *name):
        self._step()
        found = watcher.of(self.node, name[1]) if name[0] == "watcher" else None
        return None if found is None else found.pid

    def lock_text(self, *name):
        return "%.2f" % self.uptime()

    # -- processes ----------------------------------------------------------------

    def leave_behind(self, name, arguments):
        self._step()
        watcher.start(self.simulation.cluster, self.node, arguments[1])
        self._changed()

    def kill_group(self, pid, number):
        self.kill(pid, number)

    def run(self, argv, timeout=None, environment=None):
        self._step()
        return super().run(argv, timeout, environment)

    def execute(self, argv, seconds, environment, sink=None):
        if sink is not None:
            done = self.execute(argv, seconds, environment)
            sink(done.stdout.encode())
            return done.but(stdout="")
        argv = tuple(argv)
        cluster = self.simulation.cluster
        for watch in self.simulation.watchers:
            watch(self.node, argv)
        cluster.calls.append([self.name] + list(argv))
        name = argv[0].rpartition("/")[2]
        fault = faults.find(cluster, self.name, name, argv[1:])
        kind = fault["kind"] if fault else None
        if fault:
            self.simulation.struck[kind, name] += 1
        self._may_start(argv, name, kind)
        began = self.simulation.clock()
        if kind == faults.SLOW:
            self._pass(min(fault["seconds"], seconds))
        if kind == faults.LATE:
            self._pass(max(0.0, seconds - 0.2))
        if kind in (faults.HANG, faults.HANG_HARD, faults.UNKILLABLE, faults.DRIP):
            self._hang(argv, seconds, kind)
        if kind in faults.INSTEAD:
            if name in membership.FENCING_PROGRAMS and kind not in (faults.EXIT, faults.KILLED):
                membership.lie(cluster, self.node)
            self._pass(0.05)
            return self._instead(argv, fault)
        left = seconds - (self.simulation.clock() - began)
        code, stdout, stderr = self._work(argv, environment, left, began)
        if kind == faults.HANG_AFTER:
            self._hang(argv, seconds - (self.simulation.clock() - began), kind)
        stdout, stderr = faults.spoil(kind, stdout, stderr)
        flooded = kind == faults.FLOOD_ERRORS
        if flooded:
            stderr = _FLOOD
        return Completed(argv=argv, returncode=code, stdout=stdout, stderr=stderr,
                         seconds=self.simulation.clock() - began, truncated=flooded)

    def _may_start(self, argv, name, kind):
        there = programs.names(self.simulation.cluster)
        if kind == faults.ABSENT or name not in there:
            raise ToolMissing((argv[0],), "not found")
        if kind == faults.NOT_EXECUTABLE:
            raise ToolMissing((argv[0],), "/usr/sbin/%s is not executable" % name)
        if kind == faults.BAD_FORMAT:
            raise ToolMissing(argv, "/usr/sbin/%s cannot be executed: Exec format error" % name)

    def _pass(self, seconds):
        """Let time pass; the world goes on meanwhile."""
        self.simulation.advance(max(0.0, seconds))
        self._changed()

    def _hang(self, argv, seconds, kind):
        """It does not answer: the runner waits, ends it, and says so."""
        self._pass(max(0.0, seconds))
        abandoned = kind == faults.UNKILLABLE
        if kind in (faults.HANG_HARD, faults.UNKILLABLE):
            self._pass(GRACE * (2 if abandoned else 1))
        text = "no answer in %.0f s" % seconds
        if abandoned:
            text += "; it cannot be killed (state D), it waits for the kernel"
        raise ToolHung(argv, text, abandoned=abandoned)

    def _work(self, argv, environment, seconds, began):
        """Run the program itself for at most *seconds*."""
        call = programs.Call(argv, lambda: self.simulation.cluster, self.name, environment)
        steps = programs.steps(call)
        end = self.simulation.clock() + seconds
        try:
            while True:
                pause = next(steps)
                left = end - self.simulation.clock()
                if pause > left:
                    steps.close()
                    # an LVM command that waits for a lock blocks SIGTERM
                    self._hang(argv, left, faults.UNKILLABLE if call.unkillable
                               else faults.HANG_HARD)
                self._pass(pause)
        except StopIteration as ended:
            self._pass(0)
            return ended.value, "".join(call.stdout), "".join(call.stderr)

    @staticmethod
    def _instead(argv, fault):
        kind, stdout, code, truncated = fault["kind"], "", 0, False
        if kind == faults.EXIT:
            code = fault["code"]
        elif kind == faults.KILLED:
            code = -fault["code"]
        elif kind == faults.GARBAGE:
            stdout = faults.GARBAGE_BYTES.decode("utf-8", "backslashreplace")
        elif kind == faults.FLOOD:
            stdout, truncated = _FLOOD, True
        return Completed(argv=argv, returncode=code, stdout=stdout,
                         stderr=fault["text"] + "\n" if fault["text"] else "",
                         seconds=0.05, truncated=truncated)

    def kill(self, pid, number):
        self._step()
        process = self.node.processes.get(str(pid))
        if process is not None:
            locking.receive(self.simulation.cluster, self.node, process, number)
        self._changed()

    def connect(self, name, timeout):
        item = self._at(name)
        if item is None:
            return "No such file or directory"
        process = self.node.processes.get(str(int(item))) if isinstance(item, Socket) else None
        if process is None:
            return "Connection refused"
        return None if locking.knock(self.simulation.cluster, self.node, process) else BUSY

    # -- time ---------------------------------------------------------------------

    def sleep(self, seconds):
        self._step()
        self._late *= self.simulation.stretch
        self._pass(max(0.0, min(seconds * self._late, self.deadline.remaining)))
