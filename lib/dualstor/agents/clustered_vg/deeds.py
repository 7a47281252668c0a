# SPDX-License-Identifier: GPL-2.0-or-later
"""What clustered-vg does on its host: functions of the agent that return their outcome."""

import signal

from dualstor import log
from dualstor.agents.clustered_vg import published, reasons, seen
from dualstor.agents.clustered_vg.interface import INTERFACE
from dualstor.errors import ToolError, ToolHung, ToolMissing
from dualstor.kernel import devmapper
from dualstor.tools import dmsetup, lvm, lvm_messages, pacemaker
from dualstor.watcher import place

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
_ENDING, _ENDING_PAUSE = 30, 0.1    # looks whether the watcher has ended; seconds between
_SHARED_TRIES, _SHARED_PAUSE = 10, 0.2      # of activating an LV; seconds between them
_EARLIEST = 0.7         # seconds from the beginning of a round to the first of these tries
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
    kept = seen.recalled(text)
    if agent.case.request.action != "start" and kept and kept.volumes and not agent.see_active():
        agent.host.forget(*agent.memory)    # a stop has ended meanwhile: nobody else would
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


def pick_up_when_shared(agent: "Agent", how: str, *names: str) -> "lvm.LvmOutcome":
    """As ``pick_up``, of LVs that another node may still have for itself.

    lvcreate leaves them so. The watcher learns of them at once, as does that of the node that has
    made them, which is about to share them. Too early a try costs more than it wins: as long as
    lvcreate runs the VG is locked, and lvmlockd waits a second before it looks again.
    """
    pause = max(0.0, _EARLIEST - agent.host.deadline.elapsed)
    for _ in range(_SHARED_TRIES):
        agent.host.sleep(pause)
        pause = _SHARED_PAUSE
        outcome = activate(agent, how, *names)
        if "elsewhere" not in outcome.kinds:
            break
    return outcome


def refresh(agent: "Agent", *names: str) -> "lvm.LvmOutcome":
    """Have LVs that were changed elsewhere be as the metadata have them."""
    return lvm.refresh(agent.host, agent.vg, names, agent.share())


def publish(agent: "Agent", text: str) -> str:
    """Tell the other nodes what is real here: why that was not done, as text, or ""."""
    try:
        pacemaker.publish(agent.host, published.attribute(agent.vg), text)
    except ToolMissing:
        return ""       # no Pacemaker: there is nobody to tell
    except ToolError as problem:
        return str(problem)
    return ""


def start_watcher(agent: "Agent", why: str) -> None:
    """Start the watcher of the VG; what fails is only logged.

    :param why: what is wrong with the one that there should be, for the log; "" for nothing
    """
    if why:
        warn(agent, agent.case.say(reasons.WATCHER_REPLACED, says=why))
    _end_watcher(agent)
    try:
        agent.host.leave_behind(INTERFACE.name, ("watch", agent.vg))
    except ToolError as problem:
        warn(agent, agent.case.say(reasons.NO_WATCHER, says=str(problem)))


def stop_watcher(agent: "Agent") -> None:
    """End the watcher of the VG, if there is one, and its round with it."""
    _end_watcher(agent)
    try:
        pacemaker.withdraw(agent.host, published.attribute(agent.vg))
    except ToolError as problem:
        log.info("%s", problem)     # it goes with this node's membership


def _end_watcher(agent: "Agent") -> None:
    for numbers in ((signal.SIGTERM, signal.SIGCONT), (signal.SIGKILL,)):
        found = place.look(agent.host, agent.vg)
        if found is None:
            return
        for number in numbers:
            agent.host.kill_group(found.process.pid, number)
        for _ in range(_ENDING):
            agent.host.sleep(_ENDING_PAUSE)
            if place.look(agent.host, agent.vg) is None:
                return


def reactivate(agent: "Agent", how: str, *names: str) -> "lvm.LvmOutcome":
    """As ``activate``, of LVs that were active and are not any more."""
    return activate(agent, how, *names)


def make_shared(agent: "Agent", how: str, *names: str) -> "lvm.LvmOutcome":
    """As ``activate``, of LVs that are active exclusively here."""
    return activate(agent, how, *names)


def release(agent: "Agent") -> "lvm.LvmOutcome":
    """As ``deactivate_group``: locks of LVs that device-mapper no longer has go with it, too."""
    return deactivate_group(agent)
