# SPDX-License-Identifier: GPL-2.0-or-later
"""What clustered-vg does on its host: functions of the agent that return their outcome."""

from dualstor import log
from dualstor.agents.clustered_vg import seen
from dualstor.errors import ToolError, ToolHung
from dualstor.kernel import devmapper
from dualstor.tools import dmsetup, lvm, lvm_messages

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Tuple

    from typing_extensions import Protocol

    from dualstor.host.host import Host

    class Agent(Protocol):
        """What deeds use of the agent."""

        host: Host
        case: seen.Case
        vg: str
        memory: Tuple[str, str, str]

        def share(self) -> float: ...

        def see_active(self) -> "tuple[devmapper.MappedVolume, ...]": ...

_START_TURN = 30.0      # seconds to wait for the start of another VG's lockspace
_REMOVE_PASSES = 8      # layers of device-mapper that are removed at most


def start_locking(agent: "Agent") -> "lvm.LvmOutcome":
    """Join the VG's lockspace; one start at a time on this host."""
    turn = agent.host.lock("lockstart", min(_START_TURN, agent.host.deadline.remaining / 2))
    if turn is None:
        return lvm.LvmOutcome(ok=False, says="another VG's lock start does not end",
                           messages=lvm_messages.classify("lock start in progress"))
    try:
        return lvm.start_locking(agent.host, agent.vg, agent.share())
    finally:
        turn.close()


def stop_locking(agent: "Agent") -> "lvm.LvmOutcome":
    """Leave the VG's lockspace."""
    return lvm.stop_locking(agent.host, agent.vg, agent.share())


def activate(agent: "Agent", how: str, *names: str) -> "lvm.LvmOutcome":
    return lvm.activate(agent.host, agent.vg, how, names,
                        agent.case.parameters.partial_activation, agent.share())


def deactivate_group(agent: "Agent") -> "lvm.LvmOutcome":
    return lvm.deactivate_group(agent.host, agent.vg, agent.host.deadline.remaining / 2)


def deactivate(agent: "Agent", *names: str) -> "lvm.LvmOutcome":
    return lvm.deactivate(agent.host, agent.vg, names, agent.host.deadline.remaining / 2)


def remove_devices(agent: "Agent") -> "seen.Removal":
    """Remove the VG's devices that nobody has open, the topmost first, without LVM."""
    says = ""
    for _ in range(_REMOVE_PASSES):
        volumes = agent.see_active()
        gone = 0
        for volume in sorted(volumes, key=lambda v: devmapper.depth(agent.host, v)):
            try:
                completed = dmsetup.remove(agent.host, volume.name)
            except ToolError as problem:
                return seen.Removal(left=tuple(v.name for v in agent.see_active()),
                                    says=str(problem), hung=isinstance(problem, ToolHung))
            gone += completed.ok
            says = says if completed.ok else completed.complaint()
        if not gone:
            break
    return seen.Removal(left=tuple(v.name for v in agent.see_active()), says=says)


def remember(agent: "Agent", text: str, warning: str) -> None:
    """Keep *text* for later monitors, and log *warning*, if any."""
    agent.host.remember(text, *agent.memory)
    warn(agent, warning)


def forget(agent: "Agent", warning: str) -> None:
    """Drop what start left, and log *warning*, if any."""
    agent.host.forget(*agent.memory)
    warn(agent, warning)


def warn(_agent: "Agent", text: str) -> None:
    """Log a warning, if there is one."""
    if text:
        log.warning("%s", text)


def pick_up(agent: "Agent", how: str, *names: str) -> "lvm.LvmOutcome":
    """As ``activate``, of LVs that are new."""
    return activate(agent, how, *names)


def make_shared(agent: "Agent", how: str, *names: str) -> "lvm.LvmOutcome":
    """As ``activate``, of LVs that are active exclusively here."""
    return activate(agent, how, *names)


def release(agent: "Agent") -> "lvm.LvmOutcome":
    """As ``deactivate_group``: locks of LVs that device-mapper no longer has go with it, too."""
    return deactivate_group(agent)
