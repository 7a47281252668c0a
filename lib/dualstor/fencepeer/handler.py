# SPDX-License-Identifier: GPL-2.0-or-later
"""The fence-peer handler: how it observes its host, and the process."""

import os
import sys

from dualstor import log
from dualstor.action.engine import Agent, pursue
from dualstor.action.steps import Request
from dualstor.errors import DualstorError, ParseError, Terminated, ToolError
from dualstor.fencepeer import decide, deeds, runs, seen
from dualstor.fencepeer.call import parse
from dualstor.host import ending
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.kernel import drbd, drbdlog
from dualstor.record import fraction
from dualstor.tools import cib, cman, dlm_tool, drbdadm, fence_tool, pacemaker, quorum

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import IO, Any, Callable, Mapping, NoReturn

    from dualstor.fencepeer.call import Call
    from dualstor.tools.drbdconf import Configuration

_NAME = "dualstor-fence-peer"

#: Seconds for all of it. DRBD sets no limit; stonith_admin gives one device 120 s, and delays and
#: further levels come on top.
TIME = 600.0

#: How fenced no longer has to fence a node: it did, somebody else did, or a person says it is off.
_FENCED_BY = ("agent", "external", "override")

_TURN = 1.0             # seconds to wait for the other handlers between two looks


class FencePeer(Agent):
    """The handler on this host; ``parameters`` is a Call."""

    case_type = seen.Case
    case: seen.Case
    lasting = ("peers", "local", "action", "connected_for", "notice", "first")
    decide = staticmethod(decide.decide)

    def __init__(self, host: "Host", request: "Request", parameters: "Call") -> None:
        super().__init__(host, request, parameters)
        self._turn: "IO[Any] | None" = None
        self._victim_at: "float | None" = None      # when fenced was last seen to have it to fence

    def lasts(self, facet: str, value: "Any", deed: "Callable[..., object] | None") -> bool:
        """As for any agent; one answer about the cluster's configuration is enough."""
        if facet == "configured":
            return value is not None
        return super().lasts(facet, value, deed)

    def _configuration(self) -> "Configuration":
        """The resource as configured."""
        return drbdadm.configuration(self.host, self.request.resource, self.case.parameters.conf)

    def see_peers(self) -> "tuple[str, ...]":
        """The names of the lost node: DRBD's, else those of the other hosts that are configured."""
        if self.case.parameters.peers:
            return self.case.parameters.peers
        try:
            conf = self._configuration()
        except (ToolError, ParseError) as problem:
            log.warning("%s", problem)
            return ()
        own = conf.host(os.uname().nodename)
        return tuple(host.name for host in conf.hosts if host is not own) if own else ()

    def see_drbd(self) -> "seen.DrbdSeen":
        """The resource as DRBD has it now."""
        try:
            return seen.DrbdSeen(state=drbdadm.resource_state(self.host, self.request.resource,
                                                          self.case.parameters.conf))
        except DualstorError as problem:
            return seen.DrbdSeen(says=str(problem))

    def see_connected_for(self) -> "float | None":
        """Seconds from when the connection was last established to this call; None: not known."""
        return drbdlog.connected_for(self.host, self.request.resource, self.case.peers[0])

    def see_by_dlm(self) -> "seen.Fencing":
        """What dlm knows of the peer's fencing; nothing where there is no dlm."""
        peer, configured = self.case.peers[0], self.case.configured
        found = pacemaker.in_dlm(self.host, peer, configured.number(peer) if configured else None)
        if found is None:
            return seen.Fencing()
        status, node = found
        # whole seconds, both of them: it may have been one more
        ago = status.now - node.fenced_at + 1.0 if node.fenced else None
        back = status.now - node.added_at + 1.0 if node.state == dlm_tool.MEMBER else None
        return seen.Fencing(pending=node.id in status.unfenced, ago=ago, back=back, there=True)

    def see_by_fenced(self) -> "seen.Fencing":
        """What fenced knows of the peer's fencing; nothing where this node is not in its domain.

        It does not say when it fenced a node. What it was seen to have to fence, and then not, was
        fenced since, or a person has confirmed that it is off.
        """
        try:
            domain = fence_tool.ls(self.host)
            numbers = {name: number for number, name in cman.names(self.host).items()}
        except (ToolError, ParseError) as problem:
            log.warning("%s", problem)
            return seen.Fencing()
        if domain is None:
            return seen.Fencing()
        number, now = numbers.get(self.case.peers[0]), self.host.uptime()
        node = next((node for node in domain.nodes if node.id == number), None)
        pending = number in domain.doomed
        since, self._victim_at = self._victim_at, now if pending else self._victim_at
        if pending or since is None or node is None or node.member or node.how not in _FENCED_BY:
            return seen.Fencing(pending=pending, there=True)
        return seen.Fencing(ago=now - since, there=True)

    def see_by_us(self) -> "float | None":
        """Seconds since a handler of this node asked for a fencing that succeeded, this boot."""
        began = fraction((self.host.recall(*deeds.memory(self.case.peers[0])) or "").strip())
        now = self.host.uptime()
        return now - began if began is not None and began <= now else None

    def see_turn(self) -> bool:
        """Whether no other handler of this node has the peer fenced; until we end, none will."""
        if self._turn is None:
            self._turn = self.host.lock(f"fence-{self.case.peers[0]}", _TURN)
            if self._turn is not None:
                self.observe("by_us")       # the one before us may have ended with success just now
        return self._turn is not None

    def see_behind(self) -> "tuple[str, ...]":
        """Names of the other resources of which a volume is not UpToDate here."""
        try:
            kernel = drbd.read(self.host)
            if kernel is not None and kernel.up_to_date:
                return ()       # of all there are, and sooner known than by any tool
        except DualstorError as problem:
            log.warning("%s", problem)
        found = []
        conf = self.case.parameters.conf
        try:
            for name in drbdadm.resources(self.host, conf):
                if name == self.request.resource:
                    continue
                state = drbdadm.resource_state(self.host, name, conf)
                if state and not state.up_to_date:
                    found.append(name)
        except DualstorError as problem:
            log.warning("%s", problem)
        return tuple(found)

    def see_first(self) -> str:
        """The node that is to survive: whose fencing is delayed longer, else the first by name."""
        both = tuple(sorted((self.case.local, self.case.peers[0])))
        configured = self.case.configured
        one, two = (configured.delay(name) if configured else None for name in both)
        return both[1] if one is not None and two is not None and two > one else both[0]

    def see_notice(self) -> float:
        """By how many seconds the two nodes may notice a lost link one after the other."""
        from dualstor.tools.drbdconf import Configuration
        try:
            return self._configuration().notice
        except DualstorError:
            return Configuration(resource=self.request.resource).notice     # DRBD's own

    def see_quorum(self) -> "quorum.Quorum":
        """Membership and quorum."""
        return quorum.look(self.host)

    def see_configured(self) -> "seen.Configured | None":
        """What the cluster's configuration says, by one command."""
        from dualstor.tools import fencedelay
        try:
            root = cib.ask(self.host)
        except (ToolError, ParseError) as problem:
            log.warning("%s", problem)
            return None
        nodes = cib.nodes(root)
        return seen.Configured(
            nodes=nodes, action=pacemaker.action(cib.option(root, pacemaker.ACTION)),
            delays=tuple(fencedelay.delay(root, node.name) for node in nodes))

    def see_nodes(self) -> "tuple[str, ...] | None":
        """The names of the cluster's nodes, None when it does not say."""
        configured = self.case.configured
        if configured is None:
            return pacemaker.known_nodes(self.host)
        return tuple(node.name for node in configured.nodes)

    def see_local(self) -> str:
        """This node's name in the cluster."""
        if self.case.quorum.engine == quorum.CMAN:
            try:
                return cman.status(self.host).node or pacemaker.local_node(self.host)
            except (ToolError, ParseError) as problem:
                log.warning("%s", problem)
        numbered = self.case.configured.nodes if self.case.configured else ()
        found = [node.name for node in numbered if node.id == self.case.quorum.number]
        return found[0] if found else pacemaker.local_node(self.host)

    def see_action(self) -> str:
        """The action with which the cluster fences, to request the same as it would itself."""
        return self.case.configured.action if self.case.configured else pacemaker.REBOOT


def run(environ: "Mapping[str, str]", make_host: "Callable[[Deadline], Host]" = Host) -> int:
    """Handle one call of DRBD, log the result, and keep what it was.

    :param environ: mapping, as os.environ
    :param make_host: function of a Deadline that returns the Host
    :returns: the exit code, FENCED or FROZEN
    """
    call = parse(environ)
    log.start(f"{_NAME}({call.resource})" if call.resource else _NAME, environ)
    if call.resource is None:
        log.error("DRBD_RESOURCE names no resource: only DRBD can call this, as the fence-peer "
                  "handler of a resource; nothing is done")
        return decide.FROZEN
    log.info("DRBD has lost %s%s", " and ".join(call.peers) or "its peer",
             f" ({call.cstate})" if call.cstate else "")
    host = make_host(Deadline(TIME))
    code = _handle(host, call, call.resource)
    runs.note(host, call.resource, runs.CONTINUES if code == decide.FENCED else runs.FROZEN)
    return code


def _handle(host: "Host", call: "Call", resource: str) -> int:
    """What ``run`` returns for a call with a resource."""
    try:
        verdict = pursue(FencePeer(host, Request(action="fence-peer", resource=resource), call))
    except (DualstorError, Terminated) as problem:
        log.error("its I/O stays frozen: %s", _why(problem))
        return decide.FROZEN
    except Exception:   # pylint: disable=broad-except
        import traceback
        log.error("its I/O stays frozen: %s", traceback.format_exc())
        return decide.FROZEN
    if verdict.code == decide.FENCED:
        log.warning("%s", verdict.reason)
        return decide.FENCED
    log.error("its I/O stays frozen: %s", verdict.reason)
    return decide.FROZEN


def _why(problem: "DualstorError | Terminated") -> str:
    """What ended the handler before the peer was fenced."""
    if not isinstance(problem, Terminated):
        return str(problem)
    return problem.said or f"{problem} before the peer was fenced"


def _open_streams() -> None:
    """The kernel starts its helper without stdin, stdout and stderr: no file may become one."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def script() -> "NoReturn":
    """The executable; does not return."""
    _open_streams()
    ending.listen()
    ending.limit(Deadline(TIME).last)
    os.umask(0o022)
    code = decide.FROZEN
    try:
        code = run(os.environ)
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass    # nobody reads stderr
    finally:
        os._exit(code)
