# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of clvmd that a monitor of a healthy daemon needs, or a probe that finds none."""

from dualstor.agents.clvmd import decide, seen
from dualstor.agents.clvmd.interface import INTERFACE
from dualstor.engine import Agent
from dualstor.kernel import dlm, locksocket, process
from dualstor.record import whole

MEMORY = "lockdaemon"
CONNECT_TIME = 2.0     # seconds


class QuickClvmd(Agent):
    """The lock daemon on this host, as the kernel has it."""

    interface = INTERFACE
    lasting = ("version", "settings", "installed", "answer", "metadata_cache", "configuration")
    decide = staticmethod(decide.decide)

    def whole(self):
        from dualstor.agents.clvmd.agent import Clvmd
        return Clvmd(self.host, self.request, self.parameters)

    def see_processes(self):
        """The lock daemons that run here, without the helper processes that they fork.

        Looking at every process costs the more the more there are. A monitor at level 0
        looks at the one that start left, or for a trace of one; at all of them only where
        it finds a trace of something else.
        """
        if self.request.action == "monitor" and self.request.level == 0:
            ours = self._remembered_process()
            if ours is not None:
                return (ours,)
            if not self._traces():
                return ()
        found = [p for program in seen.PROGRAMS for p in process.running(self.host, program)]
        ids = {p.pid for p in found}
        return tuple(p for p in found if self._parent(p.pid) not in ids)

    def _remembered_process(self):
        """The daemon that start left, if it runs and there is no other; else None."""
        left = self.see_remembered()
        now = process.look(self.host, left.pid) if left is not None else None
        if now is None or now.over or now.start_time != left.start_time \
                or not process.named(now, (left.program,)):
            return None
        others = [name for name in seen.PROGRAMS
                  if name != left.program and locksocket.find(self.host, name)]
        return None if others else now.but(program=left.program)

    def _traces(self):
        """Whether there is anything that a lock daemon leaves: a lockspace or a bound socket.

        The kernel lists sockets with the path that they were bound to, be it still there or not.
        """
        if seen.needing(self.see_lockspaces()):
            return True
        bound = self.host.read("/proc/net/unix")
        return bound is None or any(name in bound for name in locksocket.NAMES)

    def _parent(self, pid):
        """Id of the parent of *pid* (proc_pid_stat(5), field 4), None when it has gone."""
        fields = (self.host.read("/proc/%d/stat" % pid) or "").rpartition(")")[2].split()
        return whole(fields[1]) if len(fields) > 1 else None

    def see_lockspaces(self):
        """Names of the dlm lockspaces of this node."""
        return dlm.lockspaces(self.host)

    def see_remembered(self):
        """The process that start has left."""
        return process.from_text(self.host, self.host.recall(MEMORY))

    def see_sockets(self):
        """The daemons whose socket accepts, or would if they were not busy."""
        tried = locksocket.try_all(self.host, seen.PROGRAMS, CONNECT_TIME)
        return seen.Sockets(
            accepting=tuple(name for name, _, problem in tried if problem is None),
            busy=tuple(name for name, _, problem in tried if problem == locksocket.BUSY),
            says="; ".join("%s: %s" % (path, problem)
                           for _, path, problem in tried
                           if problem is not None))


AGENT = QuickClvmd
