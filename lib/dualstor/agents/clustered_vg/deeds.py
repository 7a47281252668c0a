# SPDX-License-Identifier: GPL-2.0-or-later
"""What clustered-vg does on its host: functions of the agent; what they return, ``decide`` judges."""

from dualstor import log
from dualstor.agents.clustered_vg import seen
from dualstor.errors import ToolError, ToolHung
from dualstor.kernel import devmapper
from dualstor.tools import dmsetup, lvm, lvm_messages

_START_TURN = 30.0      # seconds to wait for the start of another VG's lockspace
_REMOVE_PASSES = 8      # layers of device-mapper that are taken away at most


def start_locking(agent):
    """Join the VG's lockspace; one start at a time on this host."""
    turn = agent.host.lock("lockstart", min(_START_TURN, agent.host.deadline.remaining / 2))
    if turn is None:
        return lvm.Outcome(ok=False, says="another VG's lock start does not end",
                           messages=lvm_messages.classify("lock start in progress"))
    try:
        return lvm.start_locking(agent.host, agent.vg, agent.share())
    finally:
        turn.close()


def stop_locking(agent):
    return lvm.stop_locking(agent.host, agent.vg, agent.share())


def activate(agent, how, *names):
    return lvm.activate(agent.host, agent.vg, how, names,
                        agent.parameters.partial_activation, agent.share())


def deactivate_group(agent):
    return lvm.deactivate_group(agent.host, agent.vg, agent.host.deadline.remaining / 2)


def deactivate(agent, *names):
    return lvm.deactivate(agent.host, agent.vg, names, agent.host.deadline.remaining / 2)


def remove_devices(agent):
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
                                    says=problem.reason, hung=isinstance(problem, ToolHung))
            gone += completed.ok
            says = says if completed.ok else completed.complaint()
        if not gone:
            break
    return seen.Removal(left=tuple(v.name for v in agent.see_active()), says=says)


def remember(agent, text, warning):
    """Keep *text* for later monitors, and log *warning*, if any."""
    agent.host.remember(text, *agent.memory)
    warn(agent, warning)


def forget(agent, warning):
    """Drop what start left, and log *warning*, if any."""
    agent.host.forget(*agent.memory)
    warn(agent, warning)


def warn(agent, text):
    if text:
        log.warning("VG %s: %s", agent.vg, text)


def pick_up(agent, how, *names):
    """As ``activate``, of LVs that are new."""
    return activate(agent, how, *names)


def make_shared(agent, how, *names):
    """As ``activate``, of LVs that are active exclusively here."""
    return activate(agent, how, *names)


def release(agent):
    """As ``deactivate_group``: locks of LVs that device-mapper no longer has go with it, too."""
    return deactivate_group(agent)
