# SPDX-License-Identifier: GPL-2.0-or-later
"""drbd-dualprimary: how it looks at its host and what it does there."""

import posix

from dualstor import fencepeer, log
from dualstor.agents.drbd_dualprimary import published, seen
from dualstor.agents.drbd_dualprimary.quick import QuickDrbd
from dualstor.errors import DualstorError, ToolError, ToolHung
from dualstor.kernel import drbd

#: Major number of DRBD's block devices (Linux, Documentation/admin-guide/devices.txt).
_MAJOR = 147

_FENCE_PEER_TIME = 5.0  # seconds of a monitor for asking drbdadm


class DrbdDualPrimary(QuickDrbd):
    """The DRBD resource on this host."""

    def __init__(self, host, request, parameters):
        super().__init__(host, request, parameters)
        self._refusal_memory = self._memory("refusal")
        self._fence_peer_memory = self._memory("fence-peer")

    # -- the kernel --------------------------------------------------------------

    def see_module(self):
        """Whether the kernel has DRBD."""
        return self.host.exists("/proc/drbd")

    def see_holders(self):
        """Who holds the resource's devices open, in words."""
        from dualstor.kernel.holders import holders
        return self._on_volumes(holders) or drbd.openers(self.host, self.name)

    def see_stacked(self):
        """The devices that stand on the resource's, LVs most of all, in words."""
        from dualstor.kernel.holders import stacked
        return self._on_volumes(stacked)

    def see_refusal(self):
        """The exit reason of the last start, None when that succeeded or is not known."""
        return self.host.recall(self._refusal_memory)

    def _on_volumes(self, look):
        state = self.see_state()
        found = []
        for volume in state.volumes if state else ():
            found.extend(w for w in look(self.host, _MAJOR, volume.minor) if w not in found)
        return tuple(found)

    def see_patience(self):
        """Seconds of this action that may pass until waiting for the peer ends.

        Counted from the first look, when the resource is up: that may have taken long.
        """
        deadline = self.host.deadline
        return deadline.elapsed + min(self.parameters.connect_timeout, deadline.remaining / 2)

    # -- configuration and cluster -------------------------------------------------

    def see_configured(self):
        """Whether drbdadm knows the resource."""
        from dualstor.tools import drbdadm
        try:
            if drbdadm.unknown(self.host, self.name, self.conf):
                return seen.Configured(there=False, says="drbdadm: not defined in your config")
        except ToolError as problem:
            return seen.Configured(there=None, says=problem.reason,
                                   hung=isinstance(problem, ToolHung))
        return seen.Configured(there=True)

    def see_configuration(self):
        """The effective configuration."""
        from dualstor.tools import drbdadm
        return drbdadm.configuration(self.host, self.name, self.conf)

    def see_generation(self):
        """The first number of the version of the DRBD that is loaded; None when none is."""
        return drbd.generation(self.host)

    def see_handler(self):
        """The fence-peer handler's program on this host."""
        from dualstor.tools import drbdadm
        command = drbdadm.configuration(self.host, self.name, self.conf).fence_peer or ""
        self._know_fence_peer(command)
        program = (command.split() or [""])[0]
        usable = self.host.executable(program) if program.startswith("/") else bool(program)
        return seen.Handler(program=program, usable=usable)

    def _know_fence_peer(self, command):
        """Keep the fence-peer handler's command, so that monitor needs no tool."""
        self.host.remember(self._fence_peer_memory, command + "\n")

    def see_fence_peer(self):
        """The fence-peer handler's command, for monitor; None when it is not known.

        Level 0 goes by what was seen last, but asks where it would be told as a flaw.
        """
        known, end, rest = (self.host.recall(self._fence_peer_memory) or "").partition("\n")
        if self.request.level == 0 and end and not rest \
                and not fencepeer.unfit(known, drbd.generation(self.host)):
            return known
        from dualstor.tools import drbdadm
        try:
            conf = drbdadm.configuration(self.host, self.name, self.conf, _FENCE_PEER_TIME)
        except DualstorError:
            return None
        self._know_fence_peer(conf.fence_peer or "")
        return conf.fence_peer or ""

    def see_fencing_enabled(self):
        """Whether the cluster fences; None when it cannot be asked."""
        from dualstor.tools import pacemaker
        return pacemaker.fencing_enabled(self.host)

    def see_peer(self):
        """The peer, and whether the cluster says that it is down."""
        from dualstor.tools import drbdadm, pacemaker
        local = {self.request.node, pacemaker.local_node(self.host), posix.uname().nodename}
        hosts = [h.name for h in drbdadm.configuration(self.host, self.name, self.conf).hosts]
        others = [name for name in hosts if name not in local]
        if len(others) != 1:
            return seen.Peer(name=" or ".join(others) or "node")
        return seen.Peer(name=others[0], down=pacemaker.node_down(self.host, others[0]))

    def see_lost_peer(self):
        """As ``see_peer``, for actions that do not fail for want of a tool."""
        try:
            return self.see_peer()
        except DualstorError:
            return seen.Peer(name="node")

    def see_suspension(self):
        """Why I/O is suspended, a tuple of causes; None when it is not told."""
        from dualstor.tools import drbdsetup
        try:
            return drbdsetup.suspension(self.host, self.name)
        except DualstorError:
            return None

    # -- deeds -----------------------------------------------------------------------

    def _tool(self, verb):
        from dualstor.tools import drbdadm
        return getattr(drbdadm, verb)(self.host, self.name, self.conf)

    def do_load_module(self):
        """Load the kernel module; without it `up` will say what is wrong."""
        return self.host.run(("modprobe", "drbd")).ok

    def do_up(self):
        return self._tool("up")

    def do_adjust(self):
        return self._tool("adjust")

    def do_attach(self):
        """Attach the disks that are missing, and leave the connection as it is."""
        from dualstor.tools import drbdadm
        state = self.see_state()
        one = state is None or len(state.volumes) == 1     # 8.3 has no volumes to name
        names = [self.name] if one else ["%s/%d" % (self.name, volume.number)
                                         for volume in seen.diskless(state)]
        outcomes = [drbdadm.attach(self.host, name, self.conf) for name in names]
        return ([o for o in outcomes if not o.ok] or outcomes)[0]

    def do_primary(self):
        return self._tool("primary")

    def do_secondary(self):
        return self._leave("secondary")

    def do_down(self):
        return self._leave("down")

    def _leave(self, verb):
        """Ask drbdadm, and drbdsetup where drbdadm is not there: the kernel needs no files."""
        from dualstor.tools import drbdsetup
        try:
            outcome = self._tool(verb)
        except ToolError as problem:
            log.warning("%s", problem.reason)
            outcome = drbdsetup.Outcome(ok=False, code=1, says=problem.reason)
        if outcome.ok or verb == "down" or outcome.held_open or outcome.transient:
            return outcome
        return drbdsetup.secondary(self.host, self.name, self._minors())

    def do_down_directly(self):
        """Take the resource down without its configuration."""
        from dualstor.tools import drbdsetup
        try:
            return drbdsetup.down(self.host, self.name, self._minors())
        except ToolError as problem:
            return drbdsetup.Outcome(ok=False, code=1, says=problem.reason)

    def _minors(self):
        state = self.see_state()
        return tuple(v.minor for v in state.volumes) if state else ()

    def do_resume_io(self, peer):
        """Let I/O go on that waited for a peer that is down now; what fails, monitor will tell."""
        log.warning("I/O of %s waited for the fencing of %s, which the cluster has confirmed as "
                    "down: resuming it", self.name, peer)
        try:
            outcome = self._tool("resume_io")
        except ToolError as problem:
            log.warning("%s", problem.reason)
            return False
        if not outcome.ok:
            log.warning("drbdadm resume-io %s: %s", self.name, outcome.says)
        return outcome.ok

    def do_note(self, reason):
        """Keep why start fails."""
        self.host.remember(self._refusal_memory, reason)

    def do_remember(self):
        """Keep the numbers of the resource's devices, so that monitor needs no tool."""
        self.host.forget(self._refusal_memory)
        state = self.see_state()
        if state is not None:
            drbd.remember(self.host, self.name, tuple((v.number, v.minor) for v in state.volumes))

    def do_publish(self, score):
        """Give the cluster the promotion score; a cluster that does not take it is no failure."""
        return self._give(score, again=False)

    def do_republish(self, score):
        """As ``do_publish``, where the CIB may lack a score that the attribute daemon has."""
        return self._give(score, again=True)

    def _give(self, score, again):
        from dualstor.tools import pacemaker
        try:
            pacemaker.set_promotion_score(self.host, self.request.resource, score,
                                          self.request.promoted_known)
            if again:
                pacemaker.resend_attributes(self.host)
        except DualstorError as problem:
            log.warning("promotion score of %s: %s", self.name, problem.reason)
            return False
        if score is seen.NO_SCORE:
            self.host.forget(self._score_memory)
        else:
            self.host.remember(self._score_memory,
                               published.to_text(score, published.keepers(self.host)))
        return True

    def do_warn(self, text):
        log.warning("DRBD resource %s: %s", self.name, text)

    do_warn_of_handler = do_warn
