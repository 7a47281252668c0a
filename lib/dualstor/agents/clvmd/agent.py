# SPDX-License-Identifier: GPL-2.0-or-later
"""clvmd: how it observes its host."""

from dualstor.action.engine import Agent
from dualstor.agents import heldback, lvmversion
from dualstor.agents.clvmd import decide, deeds, reasons, seen
from dualstor.agents.clvmd.interface import INTERFACE
from dualstor.errors import DualstorError, ToolError, ToolMissing
from dualstor.host.deadline import QUERY
from dualstor.kernel import block, devmapper, dlm, locksocket, process
from dualstor.record import whole
from dualstor.tools import ccs, cman, dlm_tool, fence_tool, lockdaemon, lvm, quorum

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.ocf.reason import Said

_CONNECT_TIME = 2.0     # seconds


class Clvmd(Agent):
    """The lock daemon on this host."""

    interface = INTERFACE
    case_type = seen.Case
    case: seen.Case
    lasting = ("version", "settings", "installed", "answer", "metadata_cache", "configuration")
    decide = staticmethod(decide.decide)
    memory = (INTERFACE.name, "daemon")

    # -- the kernel, which never blocks ----------------------------------------

    def sights(self) -> "tuple[tuple[str, str], ...]":
        """Its process and socket, its lockspace, and that there is no other daemon."""
        found = self.see_processes()
        if len(found) != 1:
            return ()
        if self.case.parameters.with_cmirrord:
            found += self.see_mirror_logs()
        clvmd = found[0].program == locksocket.CLVMD
        return tuple(("process", f"{each.pid}") for each in found) \
            + tuple(("node", path) for path in locksocket.PATHS) \
            + (("node", "/sys/kernel/dlm/" + ("clvmd" if clvmd else "lvm_global")),) \
            + ((("folder", dlm.NODES),) if clvmd else ())

    def see_processes(self) -> "tuple[process.Process, ...]":
        """The lock daemons that run here, without the helper processes that they fork.

        Reading every process costs time. A monitor at level 0 checks the one that start left, or
        searches for a trace of one; it reads all only if it finds a trace of something else.
        """
        if self.request.action == "monitor" and self.request.level == 0:
            ours = self._remembered_process()
            if ours is not None:
                return (ours,)
            if not self._traces():
                return ()
        found = [p for program in locksocket.PROGRAMS for p in process.running(self.host, program)]
        ids = {p.pid for p in found}
        return tuple(p for p in found if self._parent(p.pid) not in ids)

    def _remembered_process(self) -> "process.Process | None":
        """The daemon that start left, if it runs and there is no other; else None."""
        left = self.see_remembered()
        if left is None:
            return None
        now = process.look(self.host, left.pid)
        if now is None or now.over or now.start_time != left.start_time \
                or not process.named(now, (left.program,)):
            return None
        others = [name for name in locksocket.PROGRAMS
                  if name != left.program and locksocket.find(self.host, name)]
        return None if others else now.but(program=left.program)

    def _traces(self) -> bool:
        """Whether there is anything that a lock daemon leaves: a lockspace or a bound socket.

        The kernel lists sockets with the path that they were bound to, be it still there or not.
        """
        if seen.needing(self.see_lockspaces()):
            return True
        bound = self.host.read("/proc/net/unix")
        return bound is None or any(name in bound for name in locksocket.NAMES)

    def _parent(self, pid: int) -> "int | None":
        """Id of the parent of *pid* (proc_pid_stat(5), field 4), None when it has gone."""
        fields = (self.host.read(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
        return whole(fields[1]) if len(fields) > 1 else None

    def see_lockspaces(self) -> "tuple[str, ...]":
        """Names of the dlm lockspaces of this node."""
        return dlm.lockspaces(self.host)

    def see_remembered(self) -> "process.Process | None":
        """The process that start has left."""
        return process.from_text(self.host, self.host.recall(*self.memory))

    def see_sockets(self) -> "locksocket.Sockets":
        """The daemons whose socket accepts, or would if they were not busy."""
        return locksocket.look(self.host, _CONNECT_TIME, by_path=True)

    def see_mirror_logs(self) -> "tuple[process.Process, ...]":
        """The processes of cmirrord."""
        return process.running(self.host, locksocket.CMIRRORD)

    def see_metadata_cache(self) -> "tuple[process.Process, ...]":
        """The processes of lvmetad."""
        return process.running(self.host, locksocket.LVMETAD)

    def see_configured(self) -> bool:
        """Whether dlm_controld has configured the cluster in the kernel, and has not ended."""
        return dlm.ready(self.host)

    def see_exclusive(self) -> "frozenset[str] | None":
        """Names of the locks that clvmd holds exclusively; None when the kernel does not say."""
        return dlm.exclusive(self.host, locksocket.CLVMD)

    def see_recovering(self) -> "tuple[str, ...]":
        """Names of lockspaces that do not grant locks yet."""
        return tuple(name for name in self.case.lockspaces
                     if dlm.recovered(self.host, name) is False)

    def see_active(self) -> "tuple[seen.ActiveVolume, ...]":
        """The LVs that are active here."""
        return tuple(seen.ActiveVolume(vg=v.vg, lv=v.lv,
                                 on_drbd=block.on_drbd(self.host, v.major, v.minor))
                     for v in devmapper.volumes(self.host) if not v.layer)

    def see_remaining(self) -> float:
        """Seconds that are left for work."""
        return self.host.deadline.remaining

    # -- tools -------------------------------------------------------------------

    def see_quorum(self) -> "quorum.Quorum":
        """What the cluster's membership says."""
        return quorum.look(self.host)

    def see_dlm(self) -> "seen.Dlm":
        """dlm's set-up in the kernel, and what dlm_controld waits for."""
        return seen.Dlm(ready=self.case.configured, pending=dlm_tool.pending(self.host))

    def see_fence_domain(self) -> "Said | None":
        """Why cman's fence domain is not at rest; None when it is."""
        try:
            domain = fence_tool.ls(self.host)
        except DualstorError as problem:
            return self.case.say(reasons.FENCE_DOMAIN_UNKNOWN, says=problem)
        if domain is None:
            return self.case.say(reasons.NOT_IN_FENCE_DOMAIN)
        if not domain.pending:
            return None
        if not domain.doomed:
            return self.case.say(reasons.FENCE_DOMAIN_WAITS, state=domain.wait)
        reason = reasons.FENCING if domain.wait in ("none", "fencing") else reasons.FENCING_WAITS
        return self.case.say(reason, peer=" and ".join(self._node_names(domain.doomed)),
                             state=domain.wait)

    def _node_names(self, ids: "Iterable[int]") -> "list[str]":
        """ "node2 (id 2)" of each id, "node 2" where cman does not know its name."""
        known = cman.names(self.host)
        return [f"{known[i]} (id {i})" if i in known else f"node {i}" for i in ids]

    def see_configuration(self) -> str:
        """What is wrong with cman's cluster.conf, as text; "" for nothing or if it is not known."""
        try:
            found = ccs.validate(self.host, timeout=self.host.deadline.remaining / 2)
        except DualstorError:
            return ""
        return "" if found.ok is not False else found.says

    see_version = lvmversion.see_version
    see_held_back = heldback.see_held_back

    def see_settings(self) -> "seen.Settings":
        """The settings of LVM that decide who locks."""
        number = self.case.version.number or ()     # known: decisions check it before
        names = ("use_lvmlockd", "locking_type", "fallback_to_local_locking", "use_lvmetad")
        return seen.Settings(*(lvm.setting(self.host, "global/" + name, number)
                               for name in names))

    def see_installed(self) -> "tuple[str, ...]":
        """Names of the daemons whose program is here."""
        found = []
        for name in locksocket.PROGRAMS:
            try:
                self.host.run((name, "-V"), QUERY)
            except ToolMissing:
                continue
            except ToolError:
                pass  # it is there, though in trouble
            found.append(name)
        return tuple(found)

    def see_answer(self) -> "str | None":
        """None when the daemon answers, else what it did instead."""
        running = self.case.processes
        if not running:
            return "it has just ended"
        return lockdaemon.silence(self.host, running[0].program,
                                  deeds.ask_time(self.host))


AGENT: "type[deeds.Agent]" = Clvmd
