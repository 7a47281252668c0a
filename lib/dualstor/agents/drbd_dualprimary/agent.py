# SPDX-License-Identifier: GPL-2.0-or-later
"""drbd-dualprimary: how it looks at its host and what it does there."""

import os

from dualstor import fencepeer, log
from dualstor.action.engine import Agent
from dualstor.agents.drbd_dualprimary import decide, published, seen
from dualstor.agents.drbd_dualprimary.interface import INTERFACE
from dualstor.errors import DualstorError, ToolError, ToolHung
from dualstor.kernel import drbd

#: Major number of DRBD's block devices (Linux, Documentation/admin-guide/devices.txt).
_MAJOR = 147

_FENCE_PEER_TIME = 5.0  # seconds of a monitor for asking drbdadm


class DrbdDualPrimary(Agent):
    """The DRBD resource on this host."""

    interface = INTERFACE
    lasting = ("configured", "configuration", "handler", "fencing_enabled", "patience")
    decide = staticmethod(decide.decide)

    def __init__(self, host, request, parameters):
        super().__init__(host, request, parameters)
        self.name = parameters.drbd_resource
        self.conf = parameters.drbdconf
        self._score_memory = (INTERFACE.name, self.name, "score")
        self._refusal_memory = (INTERFACE.name, self.name, "refusal")
        self._advice_memory = (INTERFACE.name, self.name, "advice")
        self._hung = None       # the Outcome of a drbdadm that hung in this action
        self._fence_peer_memory = (INTERFACE.name, self.name, "fence-peer")

    # -- the kernel --------------------------------------------------------------

    def sights(self):
        """Its state in the kernel, and the daemons that keep its score for the cluster."""
        state = drbd.sights(self.host, self.name)
        if not state or not self.request.in_cluster:
            return state
        keepers = published.pids(self.host.recall(*self._score_memory))
        return state + tuple(("process", pid) for pid in keepers)

    def see_state(self):
        """The resource's drbd.State, None when it is not configured in the kernel.

        Tools are asked only where the kernel's files do not tell.
        """
        state = drbd.state(self.host, self.name)
        if state is drbd.UNKNOWN:
            from dualstor.tools import drbdadm
            state = drbdadm.resource_state(self.host, self.name, self.conf)
        return state

    def see_published(self):
        """The promotion score that the cluster has of us; published.UNSURE when it may have lost it."""
        return published.from_text(self.host, self.host.recall(*self._score_memory))

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
        return self.host.recall(*self._refusal_memory)

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
        self.host.remember(command + "\n", *self._fence_peer_memory)

    def see_fence_peer(self):
        """The fence-peer handler's command, for monitor; None when it is not known.

        Level 0 goes by what was seen last, but asks where it would be told as a flaw.
        """
        known, end, rest = (self.host.recall(*self._fence_peer_memory) or "").partition("\n")
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
        local = {self.request.node, pacemaker.local_node(self.host), os.uname().nodename}
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
        names = [self.name] if one else [f"{self.name}/{volume.number}"
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
        """Ask drbdadm, and drbdsetup where drbdadm is of no use: the kernel needs no files."""
        outcome = self._by_drbdadm(verb)
        if outcome.ok or verb == "down" or outcome.held_open or outcome.transient:
            return outcome
        return self._directly("secondary", outcome.says)

    def _by_drbdadm(self, verb):
        """What drbdadm comes to in a third of the time: what reads no files needs the rest.

        One that hung in this action is not waited for again.
        """
        from dualstor.tools import drbdsetup
        if self._hung is not None:
            return self._hung
        try:
            return self.host.within(3, lambda: self._tool(verb))
        except ToolError as problem:
            log.warning("%s", problem.reason)
            outcome = drbdsetup.Outcome(ok=False, code=1, says=problem.reason)
            if isinstance(problem, ToolHung):
                self._hung = outcome
            return outcome

    def do_down_directly(self):
        """Take the resource down without its configuration."""
        return self._directly("down")

    def _directly(self, verb, before=""):
        """What drbdsetup comes to; *before* is what drbdadm said, to be told if that fails, too."""
        from dualstor.tools import drbdsetup
        try:
            return getattr(drbdsetup, verb)(self.host, self.name, self._minors())
        except ToolError as problem:
            says = f"{before}; {problem.reason}" if before else problem.reason
            return drbdsetup.Outcome(ok=False, code=1, says=says)

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
        self.host.remember(reason, *self._refusal_memory)

    def do_remember(self):
        """Keep the numbers of the resource's devices, so that monitor needs no tool."""
        self.host.forget(*self._refusal_memory)
        self.host.forget(*self._advice_memory)
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
            self.host.forget(*self._score_memory)
        else:
            self.host.remember(published.to_text(score, published.keepers(self.host)),
                               *self._score_memory)
        return True

    def do_advise(self):
        """Write into the log, once until a start succeeds, how a person ends a split brain.

        For nodes that nobody has looked at: whoever reads it reads it later.
        """
        if self.host.recall(*self._advice_memory) is None:
            from dualstor import recipes
            sides = recipes.Side(node="LOSER"), recipes.Side(node="WINNER")
            log.warning("DRBD resource %s: a person has to end this split brain: %s",
                        self.name, recipes.DECIDE)
            for line in recipes.lines(recipes.split_brain(self.name, sides, (sides[0].node,))):
                log.warning("%s", line)
            self.host.remember("split brain\n", *self._advice_memory)

    def do_warn(self, text):
        log.warning("DRBD resource %s: %s", self.name, text)

    do_warn_of_handler = do_warn


AGENT = DrbdDualPrimary
