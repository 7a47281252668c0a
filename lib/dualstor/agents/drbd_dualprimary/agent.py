# SPDX-License-Identifier: GPL-2.0-or-later
"""drbd-dualprimary: how it observes its host."""

import os

from dualstor import fencepeer
from dualstor.action.engine import Agent
from dualstor.agents import catalogue
from dualstor.agents.drbd_dualprimary import decide, deeds, published, reasons, seen
from dualstor.agents.drbd_dualprimary.interface import INTERFACE
from dualstor.errors import DualstorError, ToolError, ToolFailed, ToolHung
from dualstor.host.deadline import QUERY
from dualstor.kernel import block, drbd, holders, selinux
from dualstor.ocf.codes import ExitCode
from dualstor.tools import drbdadm, drbdsetup, hold, pacemaker

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable

    from dualstor.action.steps import Request
    from dualstor.agents.drbd_dualprimary.interface import Parameters
    from dualstor.host.host import Host
    from dualstor.kernel.drbd import State
    from dualstor.ocf.reason import Said
    from dualstor.tools.drbdconf import Configuration
    from dualstor.tools.drbdsetup import DrbdOutcome

_EIGHT = 8      # DRBD 8


class FileUnfit(DualstorError):
    """The resource's file is not one for the DRBD that is loaded."""

    code = ExitCode.ERR_ARGS


class DrbdDualPrimary(Agent):
    """The DRBD resource on this host."""

    interface = INTERFACE
    case_type = seen.Case
    case: seen.Case
    lasting = ("configured", "configuration", "handler", "confined", "fencing_enabled",
               "patience")
    decide = staticmethod(decide.decide)

    def __init__(self, host: "Host", request: "Request", parameters: "Parameters") -> None:
        super().__init__(host, request, parameters)
        self.name = parameters.drbd_resource
        self.conf = parameters.drbdconf
        self.score_memory = (INTERFACE.name, self.name, "score")
        self.refusal_memory = (INTERFACE.name, self.name, "refusal")
        self.advice_memory = (INTERFACE.name, self.name, "advice")
        self.hung: "DrbdOutcome | None" = None     # of a drbdadm that hung in this action
        self._fence_peer_memory = (INTERFACE.name, self.name, "fence-peer")

    # -- the kernel --------------------------------------------------------------

    def sights(self) -> "tuple[tuple[str, str], ...]":
        """Its state in the kernel, and the daemons that keep its score for the cluster."""
        state = drbd.sights(self.host, self.name)
        if not state or not self.request.in_cluster:
            return state
        keepers = published.pids(self.host.recall(*self.score_memory))
        return state + tuple(("process", pid) for pid in keepers)

    def see_state(self) -> "State | None":
        """The resource's drbd.State, None when it is not configured in the kernel."""
        return drbdadm.resource_state(self.host, self.name, self.conf)

    def see_published(self) -> "int | str | None":
        """The promotion score that the cluster has; published.UNSURE when it may have lost it."""
        return published.from_text(self.host, self.host.recall(*self.score_memory))

    def see_module(self) -> bool:
        """Whether the kernel has DRBD."""
        return self.host.exists("/proc/drbd")

    def see_holders(self) -> "tuple[str, ...]":
        """Who holds the resource's devices open, in words."""
        return self._on_volumes(holders.holders) or drbd.openers(self.host, self.name)

    def see_stacked(self) -> "tuple[str, ...]":
        """The devices that stand on the resource's, LVs most of all, in words."""
        return self._on_volumes(holders.stacked)

    def see_refusal(self) -> "Said | None":
        """The exit reason of the last start, None when that succeeded or is not known."""
        text = self.host.recall(*self.refusal_memory)
        return None if text is None else catalogue.recognised(text, INTERFACE.name)

    def _on_volumes(self, look: "Callable[[Host, int, int], tuple[str, ...]]") -> "tuple[str, ...]":
        state = self.case.state
        found: "list[str]" = []
        for volume in state.volumes if state else ():
            found.extend(word for word in look(self.host, block.DRBD_MAJOR, volume.minor)
                         if word not in found)
        return tuple(found)

    def see_hold(self) -> "hold.Hold | None":
        """Whether `dualstor recover` works on the resource, or has not come to its end."""
        return hold.look(self.host, hold.DRBD, self.name)

    def see_patience(self) -> float:
        """Seconds of this action that may pass until waiting for the peer ends.

        Counted from the first observation, when the resource is up: that may have taken long.
        """
        deadline = self.host.deadline
        return deadline.elapsed + min(self.case.parameters.connect_timeout, deadline.remaining / 2)

    # -- configuration and cluster -------------------------------------------------

    def see_configured(self) -> "seen.Configured":
        """Whether drbdadm knows the resource."""
        try:
            if drbdadm.unknown(self.host, self.name, self.conf):
                return seen.Configured(there=False, says="drbdadm: not defined in your config")
        except ToolError as problem:
            return seen.Configured(there=None, says=str(problem),
                                   hung=isinstance(problem, ToolHung))
        return seen.Configured(there=True)

    def see_configuration(self) -> "Configuration":
        """The effective configuration."""
        try:
            return drbdadm.configuration(self.host, self.name, self.conf)
        except ToolFailed as problem:
            if not drbdadm.of_another_version(problem):
                raise
            version = "8.4" if drbd.generation(self.host) == _EIGHT else "9"
            raise FileUnfit(reasons.OTHER_FORM(drbd=self.name, version=version,
                                               says=problem.text)) from None

    def _configuration(self, *seconds: float) -> "Configuration":
        """The effective configuration, for lookups that fail in their own way without it."""
        if self.case.knows("configuration"):
            return self.case.configuration
        return drbdadm.configuration(self.host, self.name, self.conf, *seconds)

    def see_generation(self) -> "int | None":
        """The first number of the version of the DRBD that is loaded; None when none is."""
        return drbd.generation(self.host)

    def see_handler(self) -> "seen.Handler":
        """The fence-peer handler's program on this host."""
        command = self.case.configuration.fence_peer or ""
        self._know_fence_peer(command)
        program = (command.split() or [""])[0]
        usable = self.host.executable(program) if program.startswith("/") else bool(program)
        return seen.Handler(program=program, usable=usable)

    def _know_fence_peer(self, command: str) -> None:
        """Keep the fence-peer handler's command, so that monitor needs no tool."""
        self.host.remember(command + "\n", *self._fence_peer_memory)

    def see_fence_peer(self) -> "str | None":
        """The fence-peer handler's command, for monitor; None when it is not known.

        Level 0 uses what was seen last, but asks drbdadm before it reports a flaw.
        """
        known, end, rest = (self.host.recall(*self._fence_peer_memory) or "").partition("\n")
        if self.request.level == 0 and end and not rest \
                and not fencepeer.unfit(known, self.case.generation):
            return known
        try:
            conf = self._configuration(QUERY)
        except DualstorError:
            return None
        self._know_fence_peer(conf.fence_peer or "")
        return conf.fence_peer or ""

    def see_confined(self) -> bool:
        """Whether SELinux may stop our fence-peer handler; False where it does not say."""
        try:
            return selinux.confines(self.host)
        except DualstorError:
            return False

    def see_fencing_enabled(self) -> "bool | None":
        """Whether the cluster fences; None when it cannot be asked."""
        return pacemaker.fencing_enabled(self.host)

    def see_peer(self) -> "seen.PeerNode":
        """The peer, and whether the cluster says that it is down."""
        return self._peer_in(self.case.configuration)

    def _peer_in(self, configuration: "Configuration") -> "seen.PeerNode":
        local = {self.request.node, pacemaker.local_node(self.host), os.uname().nodename}
        hosts = [host.name for host in configuration.hosts]
        others = [name for name in hosts if name not in local]
        if len(others) != 1:
            return seen.PeerNode(name=" or ".join(others) or "node")
        return seen.PeerNode(name=others[0], down=pacemaker.node_down(self.host, others[0]))

    def see_lost_peer(self) -> "seen.PeerNode":
        """As ``see_peer``, for actions that do not fail for want of a tool."""
        try:
            peer = self._peer_in(self._configuration())
        except DualstorError:
            return seen.PeerNode(name="node")
        found = pacemaker.in_dlm(self.host, peer.name) if peer.down else None
        return peer.but(fenced=found[1].fenced if found else None)

    def see_suspension(self) -> "tuple[str, ...] | None":
        """Why I/O is suspended, a tuple of causes; None when DRBD does not say."""
        state = self.case.state
        return None if state is None else drbdsetup.causes(self.host, state)


AGENT: "type[deeds.Agent]" = DrbdDualPrimary
