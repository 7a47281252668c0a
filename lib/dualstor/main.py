# SPDX-License-Identifier: GPL-2.0-or-later
"""From argv and environment to an exit code: the main of every agent.

The only place that prints an exit reason and turns exceptions into codes. A healthy monitor and
``meta-data`` do not get here: see dualstor.script.
"""

import os
import sys

from dualstor import log
from dualstor.action import reasons
from dualstor.action.engine import pursue
from dualstor.action.steps import Finish, Request
from dualstor.agents import catalogue
from dualstor.errors import DualstorError, Misconfigured, Terminated, TimeExpired, UnknownAction
from dualstor.host import ending
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.look import well
from dualstor.ocf import document, parameters
from dualstor.ocf.codes import BANNING, EXPECTED, ExitCode, permitted
from dualstor.ocf.environment import Environment, level_at_most
from dualstor.ocf.reason import LIMIT

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Mapping, NoReturn, Sequence, TextIO

    from dualstor.action.engine import Agent
    from dualstor.ocf.parameters import Interface, Parameters
    from dualstor.ocf.reason import Said

    MakeHost = Callable[[Deadline], Host]

#: Actions after which the last monitor's answer is void.
_CHANGING = ("start", "stop", "promote", "demote", "notify", "reload-agent")


def metadata(name: str, environ: "Mapping[str, str]") -> str:
    """The metadata of the agent *name*, in the caller's version of OCF.

    :raises DualstorError: there are none
    """
    text = document.find(name, environ)
    if text is None:
        raise DualstorError(reasons.NO_METADATA(
            agent=name, says=" or ".join(document.DIRECTORIES)))
    return text


def request(interface: "Interface", action: str, environment: Environment) -> Request:
    """The Request for *action* in the caller's environment."""
    return Request(
        action=action,
        resource=environment.instance,
        probe=action == "monitor" and environment.interval == 0,
        level=level_at_most(environment.check_level, interface.check_levels),
        degraded_known=environment.knows_degraded,
        promoted_known=environment.knows_promoted,
        in_cluster=environment.in_cluster,
        of_clone=environment.of_clone,
        clone_max=environment.clone_max,
        clone_node_max=environment.clone_node_max,
        promoted_max=environment.promoted_max,
        promoted_node_max=environment.promoted_node_max,
        notifies=environment.notifies,
        node=environment.node,
        notification=environment.notification() if action == "notify" else None)


def _settle_parameters(asked: Request, values: "Parameters") -> "Finish | None":
    """What to do about wrong parameters: a Finish, or None to continue.

    stop and monitor depend on the state: without a required name nothing can have
    been started, and another parameter's default does not hide what runs.

    :raises Misconfigured: they end the action
    """
    if not values.problems:
        return None
    reason = reasons.PARAMETER(subject=asked.resource, problems=", and ".join(values.problems))
    if asked.action == "stop" or asked.probe:
        if values.lacking:
            return Finish(ExitCode.SUCCESS if asked.action == "stop" else ExitCode.NOT_RUNNING,
                          reason)
    elif asked.action != "monitor" or values.lacking:
        raise Misconfigured(reason)
    log.warning("%s", reason)
    return None


def perform(agent_class: "type[Agent]", action: str, environ: "Mapping[str, str]",
            make_host: "MakeHost" = Host, used: float = 0.0) -> Finish:
    """Carry out one action (not ``meta-data``).

    :param action: what the caller asked for
    :param environ: as os.environ
    :param used: seconds of its time that were over before
    :raises DualstorError: what ended the action
    """
    interface = agent_class.interface
    action = interface.modern(action)
    if not interface.implements(action):
        raise UnknownAction(reasons.UNKNOWN_ACTION(
            agent=interface.name, action=action,
            actions=", ".join(dict.fromkeys(a.name for a in interface.actions))))
    environment = Environment(environ)
    asked = request(interface, action, environment)
    values = parameters.parse(interface, environment)
    verdict = _settle_parameters(asked, values)
    if verdict is not None:
        return verdict
    deadline = Deadline(environment.timeout, used=used)
    agent = agent_class(make_host(deadline), asked, values)
    if action == "monitor" and not asked.probe:
        return _monitored(agent, environ)
    if action in _CHANGING:
        return _changed(agent)
    if asked.probe:
        return _probed(agent)
    return pursue(agent)


def _changed(agent: "Agent") -> Finish:
    """The Finish of an action after which the last monitor's answer is void.

    Before it, so that no monitor repeats it; and after it: one may have run at the same time.
    """
    place = well.place(agent.interface.name, agent.request.resource)
    agent.host.forget(*place)
    try:
        return pursue(agent)
    finally:
        agent.host.forget(*place)


def _probed(agent: "Agent") -> Finish:
    """The Finish of a probe: what is missing on a node says nothing of what runs there.

    A code that bans the node would have the cluster believe that nothing does.
    """
    try:
        return pursue(agent)
    except DualstorError as problem:
        if problem.code in BANNING:
            problem.code = ExitCode.ERR_GENERIC
        raise


def _monitored(agent: "Agent", environ: "Mapping[str, str]") -> Finish:
    """The Finish of a recurring monitor; one that finds all healthy is kept for the next ones.

    What it depends on is read before the agent looks: a change in between shows next time.
    """
    host, place = agent.host, well.place(agent.interface.name, agent.request.resource)
    kept, void = None, True
    began = host.uptime()
    try:
        before = well.seen(host, agent.sights())
    except DualstorError:
        before = None   # the agent reports what is wrong
    try:
        verdict = pursue(agent)
        void = verdict.looked
        if before is not None and verdict.well is not None:
            kept = well.Well(code=verdict.code, reason=_line(verdict.reason), at=began,
                             asked=well.asked(environ), sights=before + tuple(verdict.well))
        return verdict
    finally:
        if kept is not None:
            keep(agent, kept)
        elif void:
            host.forget(*place)


def keep(agent: "Agent", answer: "well.Well") -> None:
    """Save a healthy answer about the resource of *agent* for the next monitors."""
    place = well.place(agent.interface.name, agent.request.resource)
    agent.host.remember(well.to_text(answer), *place)
    if not well.holds(agent.host, answer):
        agent.host.forget(*place)       # it was stopped meanwhile: nobody else would


def _line(reason: "Said | None", limit: "int | None" = LIMIT) -> str:
    """The exit reason as it is printed: one line that fits, without control characters."""
    return "" if reason is None else log.printable(" ".join(reason.fitted(limit).split()))


def _tell(action: str, reason: "Said", code: ExitCode, limit: "int | None") -> None:
    """Print the one exit reason: the last line on stderr that the manager keeps."""
    (log.debug if code in EXPECTED else log.error)(
        "%s: %s [%s]", action, log.printable(" ".join(reason.split())), reason.reason.id)
    try:
        sys.stderr.write(f"ocf-exit-reason:{_line(reason, limit)}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass  # nobody listens


def _ended_by(problem: BaseException, subject: str) -> Finish:
    """The Finish for an exception; what is neither error nor signal is raised again."""
    if isinstance(problem, DualstorError):
        return Finish(problem.code, problem.said or reasons.of(problem, subject))
    if isinstance(problem, TimeExpired):
        return Finish(problem.code, problem.said or reasons.TOO_SLOW(subject=subject))
    if isinstance(problem, Terminated):
        return Finish(problem.code, reasons.SIGTERM(subject=subject, signal=problem.name))
    if not isinstance(problem, Exception):
        raise problem
    _log_trace(problem)
    return Finish(ExitCode.ERR_GENERIC, reasons.of(problem, subject))


def _log_trace(problem: Exception) -> None:
    """Where an exception comes from, for the log."""
    try:
        import traceback  # as dear as a bare interpreter, and never needed
        log.error("%s", traceback.format_exc())
    except OSError:         # no file can be opened any more
        log.error("%s: %s", type(problem).__name__, problem)


def conclude(name: str, action: str, work: "Callable[[], Finish]",
             environ: "Mapping[str, str] | None" = None) -> int:
    """Run *work* and return the process's exit code; prints the exit reason, if any.

    :param name: the agent's, for an error before the resource is known
    :param environ: the caller's
    """
    environment = Environment(environ or {})
    subject = environment.instance if environ else name
    try:
        verdict = work()
    except BaseException as problem:  # pylint: disable=broad-except
        verdict = _ended_by(problem, subject)
    code = permitted(action, ExitCode(verdict.code))
    if code != ExitCode.SUCCESS:
        reason = verdict.reason or reasons.DEFECT(subject=subject, says=f"{code.name} of {action}")
        _tell(action, reason, code, environment.reason_limit)
    return int(code)


def _let_go(stream: "TextIO") -> None:
    """Drop what a full disk or a closed pipe did not take: Python would exit with 120 for it."""
    try:
        stream.flush()
    except (OSError, ValueError, AttributeError):
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
        except (OSError, ValueError, AttributeError):
            pass  # it is closed and empty


def main(name: str, argv: "Sequence[str] | None" = None,
         environ: "Mapping[str, str] | None" = None, make_host: "MakeHost" = Host,
         used: float = 0.0) -> int:
    """Entry point of the agent *name*.

    :param used: seconds of the action's time that starting it took
    :returns: the exit code
    """
    argv = sys.argv if argv is None else argv
    caller = os.environ if environ is None else environ
    action = argv[1] if len(argv) > 1 else "help"

    def show() -> Finish:
        sys.stdout.write(metadata(name, caller))
        sys.stdout.flush()
        return Finish(ExitCode.SUCCESS)
    if action == "meta-data":
        return _end(name, action, show, caller)
    instance = caller.get("OCF_RESOURCE_INSTANCE")
    log.start(f"{name}({instance})" if instance else name, caller)
    os.umask(0o022)

    def work() -> Finish:
        try:
            ending.listen()
            ending.limit(Deadline(Environment(caller).timeout, used=used).last)
            return perform(catalogue.load(name), action, caller, make_host, used)
        finally:
            ending.ignore()     # only the reason is left to print
    return _end(name, action, work, caller)


def _end(name: str, action: str, work: "Callable[[], Finish]",
         environ: "Mapping[str, str]") -> int:
    """As ``conclude``, and nothing is left that could change the exit code."""
    code = conclude(name, action, work, environ)
    _let_go(sys.stdout)
    _let_go(sys.stderr)
    return code


def script(name: str, make_host: "MakeHost | None" = None) -> "NoReturn":
    """The executable of the agent *name*: ``main``, and the end of the process.

    :param make_host: if not this host
    """
    sys.exit(main(name, make_host=make_host or Host, used=ending.age()))
