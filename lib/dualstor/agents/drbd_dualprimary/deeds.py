# SPDX-License-Identifier: GPL-2.0-or-later
"""What drbd-dualprimary does on its host: functions of the agent that return their outcome."""

from dualstor import log, recipes
from dualstor.agents.drbd_dualprimary import published, seen
from dualstor.errors import DualstorError, ToolError, ToolHung
from dualstor.kernel import drbd
from dualstor.tools import drbdadm, drbdsetup, pacemaker

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Tuple

    from typing_extensions import Protocol

    from dualstor.action.steps import Request
    from dualstor.host.host import Host
    from dualstor.tools.drbdsetup import DrbdOutcome

    class Agent(Protocol):
        """What deeds use of the agent."""

        host: Host
        case: seen.Case
        name: str
        conf: "str | None"
        hung: "DrbdOutcome | None"
        score_memory: Tuple[str, str, str]
        refusal_memory: Tuple[str, str, str]
        advice_memory: Tuple[str, str, str]

        @property
        def request(self) -> Request: ...

        def see_state(self) -> "drbd.State | None": ...

    Deed = Callable[[Agent], DrbdOutcome]       # a command of DRBD's


def load_module(agent: "Agent") -> bool:
    """Load the kernel module; without it `up` will say what is wrong."""
    return agent.host.run(("modprobe", "drbd")).ok


def up(agent: "Agent") -> "DrbdOutcome":
    """Configure the resource in the kernel, attach it and connect it."""
    return drbdadm.up(agent.host, agent.name, agent.conf)


def adjust(agent: "Agent") -> "DrbdOutcome":
    """Make the kernel's state that of the configuration."""
    return drbdadm.adjust(agent.host, agent.name, agent.conf)


def attach(agent: "Agent") -> "DrbdOutcome":
    """Attach the disks that are missing, and leave the connection as it is."""
    state = agent.see_state()
    names = [agent.name]
    if state is not None and len(state.volumes) != 1:   # 8.3 has no volumes to name
        names = [f"{agent.name}/{volume.number}" for volume in seen.diskless(state)]
    outcomes = [drbdadm.attach(agent.host, name, agent.conf) for name in names]
    return ([o for o in outcomes if not o.ok] or outcomes)[0]


def primary(agent: "Agent") -> "DrbdOutcome":
    """Become Primary."""
    return drbdadm.primary(agent.host, agent.name, agent.conf)


def secondary(agent: "Agent") -> "DrbdOutcome":
    """Become Secondary; by drbdsetup if drbdadm is of no use: the kernel needs no files."""
    outcome = _by_drbdadm(agent, drbdadm.secondary)
    if outcome.ok or outcome.held_open or outcome.transient:
        return outcome
    return _by_drbdsetup(agent, drbdsetup.secondary, outcome.says)


def down(agent: "Agent") -> "DrbdOutcome":
    """Take the resource down."""
    return _by_drbdadm(agent, drbdadm.down)


def _by_drbdadm(agent: "Agent",
                command: "Callable[[Host, str, str | None], DrbdOutcome]") -> "DrbdOutcome":
    """The DrbdOutcome of drbdadm, in a third of the time: what reads no files needs the rest.

    One that hung in this action is not waited for again.
    """
    if agent.hung is not None:
        return agent.hung
    try:
        return agent.host.within(3, lambda: command(agent.host, agent.name, agent.conf))
    except ToolError as problem:
        log.warning("%s", problem)
        outcome = drbdsetup.DrbdOutcome(ok=False, code=1, says=str(problem))
        if isinstance(problem, ToolHung):
            agent.hung = outcome
        return outcome


def down_directly(agent: "Agent") -> "DrbdOutcome":
    """Take the resource down without its configuration."""
    return _by_drbdsetup(agent, drbdsetup.down)


def _by_drbdsetup(agent: "Agent", command: "Callable[[Host, str, tuple[int, ...]], DrbdOutcome]",
                  before: str = "") -> "DrbdOutcome":
    """The DrbdOutcome of drbdsetup; *before* is what drbdadm said, reported if that fails, too."""
    try:
        return command(agent.host, agent.name, _minors(agent))
    except ToolError as problem:
        says = f"{before}; {problem}" if before else str(problem)
        return drbdsetup.DrbdOutcome(ok=False, code=1, says=says)


def _minors(agent: "Agent") -> "tuple[int, ...]":
    state = agent.see_state()
    return tuple(v.minor for v in state.volumes) if state else ()


def resume_io(agent: "Agent", peer: str) -> bool:
    """Resume I/O that waited for a peer that is down now; monitor will report a failure."""
    log.warning("I/O of %s waited for the fencing of %s, which the cluster has confirmed as "
                "down: resuming it", agent.name, peer)
    try:
        outcome = drbdadm.resume_io(agent.host, agent.name, agent.conf)
    except ToolError as problem:
        log.warning("%s", problem)
        return False
    if not outcome.ok:
        log.warning("drbdadm resume-io %s: %s", agent.name, outcome.says)
    return outcome.ok


def note(agent: "Agent", reason: str) -> None:
    """Keep why start fails."""
    agent.host.remember(str(reason), *agent.refusal_memory)


def remember(agent: "Agent") -> None:
    """Keep the numbers of the resource's devices, so that monitor needs no tool."""
    agent.host.forget(*agent.refusal_memory)
    agent.host.forget(*agent.advice_memory)
    state = agent.see_state()
    if state is not None:
        drbd.remember(agent.host, agent.name, tuple((v.number, v.minor) for v in state.volumes))


def publish(agent: "Agent", score: "int | None") -> bool:
    """Give the cluster the promotion score; a cluster that does not take it is no failure."""
    return _give(agent, score, again=False)


def republish(agent: "Agent", score: "int | None") -> bool:
    """As ``publish``, where the CIB may lack a score that the attribute daemon has."""
    return _give(agent, score, again=True)


def _give(agent: "Agent", score: "int | None", again: bool) -> bool:
    try:
        pacemaker.set_promotion_score(agent.host, agent.request.resource, score,
                                      agent.request.promoted_known)
        if again:
            pacemaker.resend_attributes(agent.host)
    except DualstorError as problem:
        log.warning("promotion score of %s: %s", agent.name, problem)
        return False
    if score is seen.NO_SCORE:
        agent.host.forget(*agent.score_memory)
    else:
        agent.host.remember(published.to_text(score, published.keepers(agent.host)),
                           *agent.score_memory)
    return True


def advise(agent: "Agent") -> None:
    """Write into the log, once until a start succeeds, how a person ends a split brain.

    For those who read the log later.
    """
    if agent.host.recall(*agent.advice_memory) is None:
        sides = recipes.Side(node="LOSER"), recipes.Side(node="WINNER")
        log.warning("DRBD resource %s: a person has to end this split brain: %s",
                    agent.name, recipes.DECIDE)
        for line in recipes.lines(recipes.split_brain(agent.name, sides, (sides[0].node,))):
            log.warning("%s", line)
        agent.host.remember("split brain\n", *agent.advice_memory)


def warn(_agent: "Agent", text: str) -> None:
    """Log a warning."""
    log.warning("%s", text)


def warn_of_handler(agent: "Agent", text: str) -> None:
    """As ``warn``, of the fence-peer handler."""
    warn(agent, text)


def warn_of_hold(agent: "Agent", text: str) -> None:
    """As ``warn``, of a `dualstor recover` that has died."""
    warn(agent, text)


def warn_of_auto_promote(agent: "Agent", text: str) -> None:
    """As ``warn``, of DRBD promoting by itself."""
    warn(agent, text)
