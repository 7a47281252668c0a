# SPDX-License-Identifier: GPL-2.0-or-later
"""clvmd: how it looks at its host."""

from dualstor.action.engine import Agent
from dualstor.agents.clvmd import decide, seen
from dualstor.agents.clvmd.interface import INTERFACE
from dualstor.errors import DualstorError, ToolError, ToolMissing
from dualstor.kernel import block, devmapper, dlm, locksocket, process
from dualstor.record import whole
from dualstor.tools import ccs, cman, dlm_tool, fence_tool, lockdaemon, lvm, quorum

_CONNECT_TIME = 2.0     # seconds


class Clvmd(Agent):
    """The lock daemon on this host."""

    interface = INTERFACE
    case_type = seen.Case
    lasting = ("version", "settings", "installed", "answer", "metadata_cache", "configuration")
    decide = staticmethod(decide.decide)
    memory = (INTERFACE.name, "daemon")

    #: Seconds for a round trip.
    ASK_TIME = 8.0

    # -- the kernel, which never blocks ----------------------------------------

    def sights(self):
        """Its process and socket, its lockspace, and that there is no other daemon."""
        found = self.see_processes()
        if len(found) != 1:
            return ()
        if self.parameters.with_cmirrord:
            found += self.see_mirror_logs()
        clvmd = found[0].program == seen.CLVMD
        return tuple(("process", f"{each.pid}") for each in found) \
            + tuple(("node", path) for path in locksocket.PATHS) \
            + (("node", "/sys/kernel/dlm/" + ("clvmd" if clvmd else "lvm_global")),) \
            + ((("folder", dlm.NODES),) if clvmd else ())

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
        fields = (self.host.read(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
        return whole(fields[1]) if len(fields) > 1 else None

    def see_lockspaces(self):
        """Names of the dlm lockspaces of this node."""
        return dlm.lockspaces(self.host)

    def see_remembered(self):
        """The process that start has left."""
        return process.from_text(self.host, self.host.recall(*self.memory))

    def see_sockets(self):
        """The daemons whose socket accepts, or would if they were not busy."""
        tried = locksocket.try_all(self.host, seen.PROGRAMS, _CONNECT_TIME)
        return seen.Sockets(
            accepting=tuple(name for name, _, problem in tried if problem is None),
            busy=tuple(name for name, _, problem in tried if problem == locksocket.BUSY),
            says="; ".join(f"{path}: {problem}"
                           for _, path, problem in tried
                           if problem is not None))

    def see_mirror_logs(self):
        """The processes of cmirrord."""
        return process.running(self.host, seen.CMIRRORD)

    def see_metadata_cache(self):
        """The processes of lvmetad."""
        return process.running(self.host, seen.LVMETAD)

    def see_configured(self):
        """Whether dlm_controld has told the kernel of the cluster; it takes that back when it ends."""
        return dlm.ready(self.host)

    def see_exclusive(self):
        """Names of the locks that clvmd holds exclusively; None when the kernel does not tell."""
        return dlm.exclusive(self.host, seen.CLVMD)

    def see_recovering(self):
        """Names of lockspaces that do not grant locks yet."""
        return tuple(name for name in self.case.lockspaces
                     if dlm.recovered(self.host, name) is False)

    def see_active(self):
        """The LVs that are active here."""
        return tuple(seen.Active(vg=v.vg, lv=v.lv,
                                 on_drbd=block.on_drbd(self.host, v.major, v.minor))
                     for v in devmapper.volumes(self.host) if not v.layer)

    def see_remaining(self):
        """Seconds that are left for work."""
        return self.host.deadline.remaining

    # -- tools -------------------------------------------------------------------

    def see_quorum(self):
        """What the cluster's membership says."""
        return quorum.look(self.host)

    def see_dlm(self):
        """dlm's set-up in the kernel, and what dlm_controld waits for."""
        return seen.Dlm(ready=dlm.ready(self.host), pending=dlm_tool.pending(self.host))

    def see_fence_domain(self):
        """What has to pass before cman's fence domain is at rest, as text; "" for nothing."""
        try:
            domain = fence_tool.ls(self.host)
        except DualstorError as problem:
            return f"the fence domain ({problem})"
        if domain is None:
            return "this node to join the fence domain"
        if not domain.pending:
            return ""
        if not domain.doomed:
            return f"the fence domain, which waits for {domain.wait}"
        text = f"fencing of {' and '.join(self._node_names(domain.doomed))}"
        return text if domain.wait in ("none", "fencing") \
            else f"{text}, which waits for {domain.wait}"

    def _node_names(self, ids):
        """ "node2 (id 2)" of each id, "node 2" where cman does not tell its name."""
        try:
            known = {node.id: node.name for node in cman.nodes(self.host)}
        except DualstorError:
            known = {}
        return [f"{known[i]} (id {i})" if i in known else f"node {i}" for i in ids]

    def see_configuration(self):
        """What is wrong with cman's cluster.conf, as text; "" for nothing or when it is not known."""
        try:
            found = ccs.validate(self.host, timeout=self.host.deadline.remaining / 2)
        except DualstorError:
            return ""
        return "" if found.ok is not False else found.says

    def see_version(self):
        """LVM's version."""
        try:
            return seen.Version(number=lvm.version(self.host))
        except ToolMissing as problem:
            return seen.Version(missing=True, says=problem.reason)
        except DualstorError as problem:
            return seen.Version(says=problem.reason)

    def see_settings(self):
        """The settings of LVM that decide who locks."""
        number = self.case.version.number
        names = ("use_lvmlockd", "locking_type", "fallback_to_local_locking", "use_lvmetad")
        return seen.Settings(*(lvm.setting(self.host, "global/" + name, number)
                               for name in names))

    def see_installed(self):
        """Names of the daemons whose program is here."""
        found = []
        for name in seen.PROGRAMS:
            try:
                self.host.run((name, "-V"), _CONNECT_TIME)
            except ToolMissing:
                continue
            except ToolError:
                pass  # it is there, though in trouble
            found.append(name)
        return tuple(found)

    def see_answer(self):
        """None when the daemon answers, else what it did instead."""
        running = self.case.processes
        if not running:
            return "it has just ended"
        return lockdaemon.silence(self.host, running[0].program,
                                  min(self.ASK_TIME, self.host.deadline.remaining / 2))


AGENT = Clvmd
