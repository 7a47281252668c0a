# SPDX-License-Identifier: GPL-2.0-or-later
"""A round of the watcher: the agent's action ``propagate``, under the rules of any action."""

import signal

from dualstor import log, main
from dualstor.action import reasons
from dualstor.action.engine import pursue
from dualstor.action.steps import PROPAGATE
from dualstor.agents import catalogue
from dualstor.errors import DualstorError, Terminated
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


def run(agent: "Agent") -> Result:
    """Have *agent*, made for PROPAGATE, do what is to be done."""
    before = well.seen(agent.host, agent.sights())      # a change meanwhile shows in the next look
    try:
        verdict = pursue(agent)
    except DualstorError as problem:
        said = problem.said or reasons.of(problem, agent.request.resource)
        return Result(says=said.fact)
    says = verdict.reason.fact if verdict.reason else ""
    if before is None or verdict.well is None:
        return Result(says=says)
    return Result(sights=before + tuple(verdict.well), says=says)


def agent(name: str, environ: "Mapping[str, str]", host: "Host") -> "Agent":
    """The agent *name*, made for PROPAGATE."""
    kind = catalogue.load(name)
    environment = Environment(environ)
    return kind(host, main.request(kind.interface, PROPAGATE, environment),
                parameters.parse(kind.interface, environment))


def text(name: str, environ: "Mapping[str, str]", said: str,
         make_host: "Callable[[Deadline], Host] | None" = None) -> str:
    """A round in a process of its own: its Result as text.

    :param said: what the last round has said: nothing is logged twice
    """
    signal.signal(signal.SIGTERM, main.on_sigterm)
    log.start(f"{name}({environ.get('OCF_RESOURCE_INSTANCE', '')}) watcher", environ)
    host = (make_host or Host)(Deadline(schedule.ROUND))
    try:
        found = run(agent(name, environ, host))
    except Terminated:
        return ""
    except Exception:   # pylint: disable=broad-except
        import traceback
        log.error("%s", traceback.format_exc())
        return ""
    if found.says and found.says != said:
        log.warning("%s", found.says)
    return result.to_text(found)
