# SPDX-License-Identifier: GPL-2.0-or-later
"""From argv and environment to an exit code: the main of every agent.

The one place that prints an exit reason and that turns exceptions into codes.
Imported by every monitor: see docs/performance.md before it imports more.
"""

import _signal  # signal imports enum
import posix    # os without the Python above it
import sys

from dualstor import log
from dualstor.deadline import Deadline
from dualstor.engine import pursue
from dualstor.host import Host
from dualstor.ocf import parameters
from dualstor.ocf.codes import EXPECTED, ExitCode, permitted
from dualstor.ocf.environment import Environment, level_at_most
from dualstor.steps import Finish, Request

#: Characters of an expected state's reason that every cluster manager keeps; see dualstor.ocf.reason.
_ALWAYS_FITS = 100

#: Where metadata lies: in the source tree and installed, from the library's folder; installed
#: with a library that is linked there.
_METADATA = (__file__.rpartition("/")[0] + "/../../metadata",
             __file__.rpartition("/")[0] + "/../../../../share/dualstor/metadata",
             "/usr/share/dualstor/metadata")


def load(name):
    """The Agent class of the agent *name*, e.g. "clustered-vg".

    :raises KeyError: there is no such agent
    """
    if name == "drbd-dualprimary":
        from dualstor.agents.drbd_dualprimary.quick import AGENT
    elif name == "clvmd":
        from dualstor.agents.clvmd.quick import AGENT
    elif name == "clustered-vg":
        from dualstor.agents.clustered_vg.quick import AGENT
    else:
        raise KeyError(name)
    return AGENT


def metadata(name, environ):
    """The metadata of the agent *name* as text, in the caller's version of OCF.

    OCF 1.1, but 1.0 for a caller that says it is that old (Pacemaker 1.1,
    Heartbeat) or that acts as a manager without saying which (ocf-tester).
    """
    minor = environ.get("OCF_RA_VERSION_MINOR")
    old = minor == "0" if minor else "OCF_RESKEY_CRM_meta_timeout" in environ
    for folder in _METADATA:
        try:
            with open("%s/%s%s" % (folder, name, ".ocf-1.0.xml" if old else ".xml"),
                      encoding="utf-8") as stream:
                return stream.read()
        except FileNotFoundError:
            continue
    from dualstor.errors import DualstorError
    raise DualstorError("%s meta-data: no metadata in %s; reinstall dualstor"
                        % (name, " or ".join(_METADATA)))


def request(interface, action, environment):
    """The Request that the caller's environment makes of *action*."""
    return Request(
        action=action,
        resource=environment.instance,
        probe=action == "monitor" and environment.interval == 0,
        level=level_at_most(environment.check_level, interface.check_levels),
        degraded_known=environment.knows_degraded,
        promoted_known=environment.knows_promoted,
        in_cluster=environment.in_cluster,
        clone_max=environment.clone_max,
        clone_node_max=environment.clone_node_max,
        promoted_max=environment.promoted_max,
        promoted_node_max=environment.promoted_node_max,
        notifies=environment.notifies,
        node=environment.node,
        notification=environment.notification() if action == "notify" else None)


def _settle_parameters(asked, values):
    """What wrong parameters make of the request: a Finish, or None to go on.

    stop and monitor are state-based: without a required name nothing can have
    been started, and another parameter's default does not hide what runs.
    """
    if not values.problems:
        return None
    reason = "%s %s: %s" % (asked.resource, asked.action, "; ".join(values.problems))
    if asked.action == "stop" or asked.probe:
        if values.lacking:
            return Finish(ExitCode.SUCCESS if asked.action == "stop" else ExitCode.NOT_RUNNING,
                          reason)
    elif asked.action != "monitor" or values.lacking:
        from dualstor.errors import Misconfigured
        raise Misconfigured(reason)
    log.warning("%s", reason)
    return None


def perform(agent_class, action, environ, make_host=Host):
    """Carry out one action (not meta-data).

    :param agent_class: the Agent class
    :param action: what the caller asked for
    :param environ: mapping, as os.environ
    :param make_host: function of a Deadline that returns the Host
    :returns: Finish
    :raises DualstorError: what ended the action
    """
    interface = agent_class.interface
    action = interface.modern(action)
    if not interface.implements(action):
        from dualstor.errors import UnknownAction
        raise UnknownAction("%s has no action %s; it has %s" % (
            interface.name, action, ", ".join(a.name for a in interface.actions)))
    environment = Environment(environ)
    asked = request(interface, action, environment)
    values = parameters.parse(interface.parameters, environment)
    verdict = _settle_parameters(asked, values)
    if verdict is None:
        verdict = pursue(agent_class(make_host(Deadline(environment.timeout)), asked, values))
    return verdict


def _tell(reason, code):
    """Print the one exit reason: the last line on stderr that the manager keeps."""
    line = log.printable(" ".join(reason.split()))
    (log.debug if code in EXPECTED else log.error)("%s", line)
    if len(line) > _ALWAYS_FITS or code not in EXPECTED:
        from dualstor.ocf.reason import fitted
        line = fitted(line)
    try:
        sys.stderr.write("ocf-exit-reason:%s\n" % line)
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass  # nobody listens


def _ended_by(problem, name, action):
    """The Finish that an exception makes; what is neither error nor SIGTERM goes on."""
    from dualstor.errors import DualstorError, Terminated
    if isinstance(problem, (DualstorError, Terminated)):
        return Finish(problem.code, problem.reason)
    if not isinstance(problem, Exception):
        raise problem
    import traceback
    log.error("%s", traceback.format_exc())
    return Finish(ExitCode.ERR_GENERIC,
                  "%s %s: unexpected %s: %s; the traceback is in the system log, please report it"
                  % (name, action, type(problem).__name__, problem))


def conclude(name, action, work):
    """Run *work* and give the process's exit code; tells the exit reason, if any.

    :param name: agent's name, for the reason of an unexpected error
    :param work: function without arguments that returns Finish
    """
    try:
        verdict = work()
    except BaseException as problem:  # pylint: disable=broad-except
        verdict = _ended_by(problem, name, action)
    code = permitted(action, ExitCode(verdict.code))
    if code != ExitCode.SUCCESS:
        _tell(verdict.reason or "%s %s: %s" % (name, action, code.name), code)
    return int(code)


def _let_go(stream):
    """Drop what a full disk or a closed pipe did not take: Python would exit with 120 for it."""
    try:
        stream.flush()
    except (OSError, ValueError, AttributeError):
        try:
            null = posix.open("/dev/null", posix.O_WRONLY)
            posix.dup2(null, stream.fileno())
            posix.close(null)
        except (OSError, ValueError, AttributeError):
            pass  # it is closed, nothing is waiting in it


def _on_sigterm(_number, _frame):
    _signal.signal(_signal.SIGTERM, _signal.SIG_IGN)
    from dualstor.errors import Terminated
    raise Terminated("ended by SIGTERM before it was done; the cluster manager's own timeout "
                     "or a shutdown: raise the operation's timeout if this recurs")


def _environ():
    """The process's environment, as os.environ has it."""
    return {name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape")
            for name, value in posix.environ.items()}


def main(name, argv=None, environ=None, make_host=Host):
    """Entry point of the agent *name*.

    :returns: the exit code
    """
    argv = sys.argv if argv is None else argv
    environ = _environ() if environ is None else environ
    action = argv[1] if len(argv) > 1 else "help"
    if action == "meta-data":
        def work():
            sys.stdout.write(metadata(name, environ))
            sys.stdout.flush()
            return Finish(ExitCode.SUCCESS)
        return _end(name, action, work)
    instance = environ.get("OCF_RESOURCE_INSTANCE")
    log.LOG.open("%s(%s)" % (name, instance) if instance else name, environ)
    _signal.signal(_signal.SIGTERM, _on_sigterm)
    posix.umask(0o022)

    def work():
        try:
            return perform(load(name), action, environ, make_host)
        finally:
            _signal.signal(_signal.SIGTERM, _signal.SIG_IGN)   # what is left is to tell the reason
    return _end(name, action, work)


def _end(name, action, work):
    """As ``conclude``, and nothing is left that could change the exit code."""
    code = conclude(name, action, work)
    _let_go(sys.stdout)
    _let_go(sys.stderr)
    return code


def script(name, make_host=Host):
    """The executable of the agent *name*: ``main``, and the end of the process.

    Taking the interpreter down piece by piece takes a sixth of its time; nothing
    here has anything left to do then.
    """
    posix._exit(main(name, make_host=make_host))
