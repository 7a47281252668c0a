# SPDX-License-Identifier: GPL-2.0-or-later
"""What drbd-dualprimary does on its host: functions of the agent, judged by ``decide``."""

from dualstor import log, recipes
from dualstor.agents.drbd_dualprimary import published, seen
from dualstor.errors import DualstorError, ToolError, ToolHung
from dualstor.kernel import drbd
from dualstor.tools import drbdadm, drbdsetup, pacemaker


def _tool(agent, verb):
    return getattr(drbdadm, verb)(agent.host, agent.name, agent.conf)


def load_module(agent):
    """Load the kernel module; without it `up` will say what is wrong."""
    return agent.host.run(("modprobe", "drbd")).ok


def up(agent):
    return _tool(agent, "up")


def adjust(agent):
    return _tool(agent, "adjust")


def attach(agent):
    """Attach the disks that are missing, and leave the connection as it is."""
    state = agent.see_state()
    one = state is None or len(state.volumes) == 1     # 8.3 has no volumes to name
    names = [agent.name] if one else [f"{agent.name}/{volume.number}"
                                     for volume in seen.diskless(state)]
    outcomes = [drbdadm.attach(agent.host, name, agent.conf) for name in names]
    return ([o for o in outcomes if not o.ok] or outcomes)[0]


def primary(agent):
    return _tool(agent, "primary")


def secondary(agent):
    return _leave(agent, "secondary")


def down(agent):
    return _leave(agent, "down")


def _leave(agent, verb):
    """Ask drbdadm, and drbdsetup where drbdadm is of no use: the kernel needs no files."""
    outcome = _by_drbdadm(agent, verb)
    if outcome.ok or verb == "down" or outcome.held_open or outcome.transient:
        return outcome
    return _directly(agent, "secondary", outcome.says)


def _by_drbdadm(agent, verb):
    """What drbdadm comes to in a third of the time: what reads no files needs the rest.

    One that hung in this action is not waited for again.
    """
    if agent.hung is not None:
        return agent.hung
    try:
        return agent.host.within(3, lambda: _tool(agent, verb))
    except ToolError as problem:
        log.warning("%s", problem.reason)
        outcome = drbdsetup.Outcome(ok=False, code=1, says=problem.reason)
        if isinstance(problem, ToolHung):
            agent.hung = outcome
        return outcome


def down_directly(agent):
    """Take the resource down without its configuration."""
    return _directly(agent, "down")


def _directly(agent, verb, before=""):
    """What drbdsetup comes to; *before* is what drbdadm said, to be told if that fails, too."""
    try:
        return getattr(drbdsetup, verb)(agent.host, agent.name, _minors(agent))
    except ToolError as problem:
        says = f"{before}; {problem.reason}" if before else problem.reason
        return drbdsetup.Outcome(ok=False, code=1, says=says)


def _minors(agent):
    state = agent.see_state()
    return tuple(v.minor for v in state.volumes) if state else ()


def resume_io(agent, peer):
    """Let I/O go on that waited for a peer that is down now; what fails, monitor will tell."""
    log.warning("I/O of %s waited for the fencing of %s, which the cluster has confirmed as "
                "down: resuming it", agent.name, peer)
    try:
        outcome = _tool(agent, "resume_io")
    except ToolError as problem:
        log.warning("%s", problem.reason)
        return False
    if not outcome.ok:
        log.warning("drbdadm resume-io %s: %s", agent.name, outcome.says)
    return outcome.ok


def note(agent, reason):
    """Keep why start fails."""
    agent.host.remember(reason, *agent.refusal_memory)


def remember(agent):
    """Keep the numbers of the resource's devices, so that monitor needs no tool."""
    agent.host.forget(*agent.refusal_memory)
    agent.host.forget(*agent.advice_memory)
    state = agent.see_state()
    if state is not None:
        drbd.remember(agent.host, agent.name, tuple((v.number, v.minor) for v in state.volumes))


def publish(agent, score):
    """Give the cluster the promotion score; a cluster that does not take it is no failure."""
    return _give(agent, score, again=False)


def republish(agent, score):
    """As ``do_publish``, where the CIB may lack a score that the attribute daemon has."""
    return _give(agent, score, again=True)


def _give(agent, score, again):
    try:
        pacemaker.set_promotion_score(agent.host, agent.request.resource, score,
                                      agent.request.promoted_known)
        if again:
            pacemaker.resend_attributes(agent.host)
    except DualstorError as problem:
        log.warning("promotion score of %s: %s", agent.name, problem.reason)
        return False
    if score is seen.NO_SCORE:
        agent.host.forget(*agent.score_memory)
    else:
        agent.host.remember(published.to_text(score, published.keepers(agent.host)),
                           *agent.score_memory)
    return True


def advise(agent):
    """Write into the log, once until a start succeeds, how a person ends a split brain.

    For nodes that nobody has looked at: whoever reads it reads it later.
    """
    if agent.host.recall(*agent.advice_memory) is None:
        sides = recipes.Side(node="LOSER"), recipes.Side(node="WINNER")
        log.warning("DRBD resource %s: a person has to end this split brain: %s",
                    agent.name, recipes.DECIDE)
        for line in recipes.lines(recipes.split_brain(agent.name, sides, (sides[0].node,))):
            log.warning("%s", line)
        agent.host.remember("split brain\n", *agent.advice_memory)


def warn(agent, text):
    log.warning("DRBD resource %s: %s", agent.name, text)


def warn_of_handler(agent, text):
    """As ``warn``, of the fence-peer handler."""
    warn(agent, text)
