# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit reasons that every agent may give, and which of them an error is."""

import errno
import os

from dualstor.errors import (
    HostUnreadable,
    NoTime,
    ParseError,
    PermissionLacking,
    ToolError,
    ToolFailed,
    ToolMissing,
)
from dualstor.ocf.reason import Reason, Said, Topic

_TIME = Topic(
    "Time was used up",
    "The action ended itself shortly before Pacemaker would have killed it.",
    "Fix what the exit reason names. Raise the operation's timeout only if that much time is "
    "normal on these machines.")
NO_TIME = Reason(
    "no-time", _TIME, "{subject}: no time was left to run `{command}`",
    "see the log for what took it, or raise the timeout")
NO_TIME_HUNG = Reason(
    "no-time-after-a-hang", _TIME, "{subject}: a command hung and used up the time ({says})",
    "see `dmesg` and `ps` for what it waits for")
TOO_MUCH = Reason(
    "too-much-to-read", _TIME,
    "{subject}: the time expired before the answer of `{command}` was evaluated",
    "see how much it prints")
TOO_SLOW = Reason(
    "too-slow", _TIME, "{subject}: the time expired while dualstor's own code ran",
    "see what else uses this node's CPU")
SIGTERM = Reason(
    "sigterm", Topic(
        "Ended by a signal",
        "SIGTERM: the cluster manager's own timeout expired, or the node was shutting down. Any "
        "other signal was sent by a person or a program, Ctrl-C by a terminal.",
        "If it recurs, raise the operation's timeout to at least what the agent advises."),
    "{subject} was ended by {signal} before it was done", "if this recurs, raise its timeout")

_PROGRAM = Topic(
    "A program is missing, hangs or fails",
    "The command that is named could not be run, failed, or gave no answer.",
    "Install its package. `dmesg` and the state of the process in `ps` show what a hung one waits "
    "for. A command that only reads can be run by hand, after `timeout -k 5 20`; one that changes "
    "something must not be: the agent repeats it when that is safe.")
TOOL_MISSING = Reason(
    "tool-missing", _PROGRAM, "{subject}: `{command}` cannot be run ({says})",
    "install its package on this node")
TOOL_HUNG = Reason(
    "tool-hung", _PROGRAM, "{subject}: `{command}` hangs ({says})",
    "see `dmesg` and `ps` for what it waits for")
TOOL_FAILED = Reason(
    "tool-failed", _PROGRAM, "{subject}: `{command}` failed ({says})",
    "fix what it says, see the system log")
NOT_UNDERSTOOD = Reason(
    "not-understood", Topic(
        "An answer is not understood",
        "A program or the kernel answered in a form that dualstor does not know, or the answer "
        "was cut off.",
        "Run the command that is named by hand. If it answers as it should, report it with its "
        "version and the line."),
    "{subject}: `{source}` gave an answer in an unknown form ({says})",
    "run it by hand, see the log")
UNREADABLE = Reason(
    "host-unreadable", Topic(
        "A file of the kernel cannot be read",
        "Without it nothing is known of this node, so nothing is done.",
        "Run the agent as root. If it is run by the cluster, check `dmesg` and SELinux's log."),
    "{subject}: {source} cannot be read ({says})", "run the agent as root, see `dmesg`")
EXHAUSTED = Reason(
    "exhausted", Topic(
        "The system gives the agent no more",
        "The agent needs a dozen open files, some 30 MB of memory and a few processes. A limit of "
        "the cluster manager's service, or the node's own, is reached.",
        "Compare `systemctl show pacemaker` (LimitNOFILE, LimitNPROC, MemoryMax, TasksMax) with "
        "what Pacemaker and its children use, see `dmesg`, and end what uses up the node."),
    "{subject}: the system gives no more ({says})", "see the limits of Pacemaker's service")
NO_PERMISSION = Reason(
    "no-permission", Topic(
        "Not permitted", "The agent is not run by root.", "Run it as root."),
    "{subject}: {says}", "run the agent as root")

PARAMETER = Reason(
    "parameter", Topic(
        "A parameter is wrong",
        "A value is not one that the parameter takes, or a required one is missing.",
        "Set it in the resource's definition; the agent's manual page lists what it takes."),
    "{subject}: {problems}", "correct the resource's parameters")
UNKNOWN_ACTION = Reason(
    "unknown-action", Topic(
        "No such action", "The agent was called with an action that it does not have.",
        "Check who called it; Pacemaker calls only what the metadata lists."),
    "{agent} has no action {action}", "it has {actions}")
NO_METADATA = Reason(
    "no-metadata", Topic(
        "The installation is damaged", "A file of the package is missing.",
        "Reinstall dualstor."),
    "{agent} has no metadata in {says}", "reinstall dualstor")
DEFECT = Reason(
    "defect", Topic(
        "An error that nobody expected", "A defect of dualstor.",
        "Report it with the traceback from the system log."),
    "{subject}: unexpected {says}", "report it with the traceback in the system log")


#: What the kernel says of a limit: too many processes, open files, no memory.
_USED_UP = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def of(problem: BaseException, subject: str) -> Said:
    """The exit reason for an error that ended an action.

    :param subject: what the resource is about, e.g. "VG vg0"
    """
    if problem.args and isinstance(problem.args[0], Said):
        return problem.args[0]
    if isinstance(problem, NoTime):
        reason = NO_TIME_HUNG if problem.hung else NO_TIME
        return reason(subject=subject, command=problem.command, says=problem.hung)
    if isinstance(problem, ToolError):
        reason = TOOL_MISSING if isinstance(problem, ToolMissing) \
            else TOOL_FAILED if isinstance(problem, ToolFailed) else TOOL_HUNG
        return reason(subject=subject, command=problem.command, says=problem.text)
    if isinstance(problem, ParseError):
        return NOT_UNDERSTOOD(subject=subject, source=problem.source, says=problem.problem)
    if isinstance(problem, MemoryError):
        return EXHAUSTED(subject=subject, says=os.strerror(errno.ENOMEM))
    number = getattr(problem, "errno", None)
    if number in _USED_UP:
        return EXHAUSTED(subject=subject, says=os.strerror(number))
    if isinstance(problem, HostUnreadable):
        return UNREADABLE(subject=subject, source=problem.name, says=problem.problem)
    if isinstance(problem, PermissionLacking):
        return NO_PERMISSION(subject=subject, says=problem)
    return DEFECT(subject=subject, says=f"{type(problem).__name__}: {problem}")
