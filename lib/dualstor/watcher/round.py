# SPDX-License-Identifier: GPL-2.0-or-later
"""A round of the watcher: the agent's action ``propagate``, under the rules of any action."""

from dualstor import log, main
from dualstor.action import reasons
from dualstor.action.engine import pursue
from dualstor.action.steps import PROPAGATE
from dualstor.agents import catalogue
from dualstor.errors import DualstorError
from dualstor.host import ending
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.look import well
from dualstor.ocf import parameters
from dualstor.ocf.environment import Environment
from dualstor.watcher import result, schedule
from dualstor.watcher.schedule import Result

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Mapping

    from dualstor.action.engine import Agent
    from dualstor.look.sights import Sight


def run(name: str, environ: "Mapping[str, str]", host: "Host") -> Result:
    """Have the agent *name* do what is to be done on *host*.

    :param environ: the agent's, with the resource's parameters
    """
    agent, began = _agent(name, environ, host, PROPAGATE), host.uptime()
    before = _seen(agent)       # a change meanwhile shows in the next look
    try:
        verdict = pursue(agent)
    except DualstorError as problem:
        said = problem.said or reasons.of(problem, agent.request.resource)
        return Result(says=said.fact)
    finally:
        agent.let_go()
    says = verdict.reason.fact if verdict.reason else ""
    if before is None or verdict.well is None:
        return Result(says=says)
    sights = before + tuple(verdict.well)
    if verdict.whole:
        _vouch(_agent(name, environ, host, "monitor"), environ, began, before, verdict.well)
    return Result(sights=sights, says=says)


def _agent(name: str, environ: "Mapping[str, str]", host: "Host", action: str) -> "Agent":
    """The agent *name*, made for an action."""
    kind = catalogue.load(name)
    environment = Environment(environ)
    return kind(host, main.request(kind.interface, action, environment),
                parameters.parse(kind.interface, environment))


def _seen(agent: "Agent") -> "tuple[Sight, ...] | None":
    """What the agent's sights look like now; None in doubt, of which the agent says more."""
    try:
        return well.seen(agent.host, agent.sights())
    except DualstorError:
        return None


def _vouch(monitor: "Agent", environ: "Mapping[str, str]", began: float,
           before: "tuple[Sight, ...]", found: "tuple[Sight, ...]") -> None:
    """Spare the next monitors what a round has seen: all is healthy, as one that looks in full
    would have found.

    :param monitor: the agent, made for a monitor
    :param began: when the round did, in seconds since boot
    :param before: the sights at its beginning
    :param found: those that came with its answer
    """
    now = _seen(monitor)
    if now is None:
        return
    known = before + found
    wanted, there = ({sight[:2] for sight in sights} for sights in (now + found, known))
    sights = [each for each in known if each[:2] in wanted]
    sights += [each for each in now if each[:2] not in there]
    main.keep(monitor, well.Well(0, "", began, well.asked(environ), sights))


def text(name: str, environ: "Mapping[str, str]", said: str,
         make_host: "Callable[[Deadline], Host] | None" = None) -> str:
    """A round in the watcher's copy: its Result as text.

    :param said: what the last round has said: nothing is logged twice
    :raises Terminated: by a signal, which ends the copy, too
    """
    ending.listen()
    log.start(f"{name}({environ.get('OCF_RESOURCE_INSTANCE', '')}) watcher", environ)
    host = (make_host or Host)(Deadline(schedule.ROUND))
    try:
        found = run(name, environ, host)
    except Exception:   # pylint: disable=broad-except
        import traceback
        log.error("%s", traceback.format_exc())
        return ""
    if found.says and found.says != said:
        log.warning("%s", found.says)
    return result.to_text(found)
