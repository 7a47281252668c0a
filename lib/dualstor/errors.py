# SPDX-License-Identifier: GPL-2.0-or-later
"""The one exception family: each class knows its exit code, each instance its reason.

A reason is one sentence or two for the person who is paged: the command, the
resource, and the next step. ``dualstor.main`` is the one place that turns an
exception into an exit code and an ``ocf-exit-reason`` line.
"""

from dualstor.ocf.codes import ExitCode

_SHOWN = 400    # characters of a line: a program can say a million without an end of line


def shown(line):
    """A line of a program as a reason may hold it: without blanks around it, and not too long."""
    line = line.strip()
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "..."


class DualstorError(Exception):
    """Something that ends an action; str() of it is the exit reason.

    ``begins`` and ``ends`` are what stands around it: the resource and the action, and the next
    step. Whoever pursues an action knows them.
    """

    code = ExitCode.ERR_GENERIC
    begins = ends = ""

    @property
    def reason(self):
        """The exit reason, as text."""
        return self.begins + str(self) + self.ends


class HostMisconfigured(DualstorError):
    """The configuration of this host is wrong; another node's may be right."""

    code = ExitCode.ERR_ARGS


class HostUnreadable(DualstorError):
    """A file of the kernel is there and cannot be read: nothing is known of the host.

    :param name: its path
    :param problem: the OSError
    """

    def __init__(self, name, problem):
        super().__init__(f"{name} cannot be read ({problem.strerror or problem}): run the agent as "
                         "root, and look at `dmesg`")


class UnknownAction(DualstorError):
    """The agent does not implement the action."""

    code = ExitCode.ERR_UNIMPLEMENTED


class PermissionLacking(DualstorError):
    """The action needs rights that the caller does not have."""

    code = ExitCode.ERR_PERM


class NotInstalled(DualstorError):
    """A program or module that the action needs is not on this host."""

    code = ExitCode.ERR_INSTALLED


class Misconfigured(DualstorError):
    """The resource's parameters are wrong on every node."""

    code = ExitCode.ERR_CONFIGURED


class DeadlineReached(DualstorError):
    """The action's time is used up; the reason tells what it was waiting for."""


class Terminated(BaseException):
    """The cluster manager ended the action with SIGTERM.

    Nobody who goes on without an answer of a tool may go on without this: it is
    none of the family, so that no ``except DualstorError`` holds it up.
    """

    code = ExitCode.ERR_GENERIC

    @property
    def reason(self):
        """The exit reason, as text."""
        return str(self)


class ToolError(DualstorError):
    """A command did not do what it was asked.

    :param argv: the command, a sequence of strings
    :param text: what happened, to stand behind the command's name
    """

    def __init__(self, argv, text):
        super().__init__(f"{' '.join(argv)}: {text}")
        self.argv = tuple(argv)


class ToolMissing(ToolError):
    """The program is not on this host, or cannot be executed."""

    code = ExitCode.ERR_INSTALLED


class ToolHung(ToolError):
    """The command did not end in time. ``abandoned``: not even after SIGKILL."""

    def __init__(self, argv, text, abandoned=False):
        super().__init__(argv, text)
        self.abandoned = abandoned


class ToolFailed(ToolError):
    """The command ended with an error; ``completed`` holds all that it said."""

    def __init__(self, completed, text=None):
        super().__init__(completed.argv, text or completed.complaint())
        self.completed = completed


class ParseError(DualstorError):
    """Output or a file is not in the form it should be in.

    :param source: what was read: a command or a path
    :param line: the offending line
    :param text: what is wrong with it
    :param number: the line's number, where it is known
    """

    def __init__(self, source, line, text="not understood", number=None):
        line = shown(line)
        super().__init__(f"{source}: {text}: {line!r}")
        self.source = source
        self.line = line
        self.number = number
