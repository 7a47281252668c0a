# SPDX-License-Identifier: GPL-2.0-or-later
"""The one exception family: each class knows its exit code.

str() of an instance says what happened, as far as whoever raises it knows. ``action.reasons``
makes an exit reason of it, ``dualstor.main`` an exit code.
"""

from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Sequence

    from typing_extensions import Protocol

    from dualstor.ocf.reason import Said

    class Completed(Protocol):
        """What ToolFailed needs to know of dualstor.host.run.Completed."""

        @property
        def argv(self) -> "tuple[str, ...]": ...

        @property
        def stdout(self) -> str: ...

        @property
        def stderr(self) -> str: ...

        def complaint(self) -> str: ...

_SHOWN = 400    # characters of a line: a program can say a million without an end of line


def shown(line: str) -> str:
    """A line of a program as a reason may quote it: stripped, and not too long."""
    line = line.strip()
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "..."


def listed(names: "Iterable[object]", limit: int = 4) -> str:
    """Names as a reason lists them: "a, b, c, d and 3 more"."""
    words = [str(name) for name in names]
    first = ", ".join(words[:limit])
    return first if len(words) <= limit else f"{first} and {len(words) - limit} more"


class DualstorError(Exception):
    """Something that ends an action. ``said``: the exit reason, once the action has ended."""

    code = ExitCode.ERR_GENERIC
    said: "Said | None" = None


class HostUnreadable(DualstorError):
    """A file of the kernel exists but cannot be read: nothing is known of the host.

    :param name: its path
    """

    def __init__(self, name: str, problem: OSError) -> None:
        self.name = name
        self.errno = problem.errno
        self.problem = problem.strerror or str(problem)
        super().__init__(f"{name} cannot be read ({self.problem})")


class UnknownAction(DualstorError):
    """The agent does not implement the action."""

    code = ExitCode.ERR_UNIMPLEMENTED


class PermissionLacking(DualstorError):
    """The action needs rights that the caller does not have."""

    code = ExitCode.ERR_PERM


class Misconfigured(DualstorError):
    """The resource's parameters are wrong on every node."""

    code = ExitCode.ERR_CONFIGURED


class DeadlineReached(DualstorError):
    """The action's time is used up."""


class NoTime(DeadlineReached):
    """No time was left to run a command; ``hung`` says which one took it, "" for none."""

    def __init__(self, argv: "Sequence[str]", hung: str) -> None:
        self.command = " ".join(argv)
        self.hung = hung
        super().__init__(f"{hung and hung + ', and '}no time was left to run `{self.command}`")


class Terminated(BaseException):
    """A signal ended the action, the cluster manager's SIGTERM as a rule.

    Not a DualstorError: code that can do without a tool's answer must not catch this.
    """

    code = ExitCode.ERR_GENERIC
    said: "Said | None" = None

    def __init__(self, text: str = "", name: str = "SIGTERM") -> None:
        super().__init__(text)
        self.name = name


class TimeExpired(Terminated):
    """The action's time expired while code of our own ran."""


class ToolError(DualstorError):
    """A command did not do what it was asked.

    :param argv: the command
    :param text: what happened, to be put behind the command
    """

    def __init__(self, argv: "Sequence[str]", text: str) -> None:
        self.argv = tuple(argv)
        self.command = " ".join(argv)
        self.text = text
        super().__init__(f"{self.command}: {text}")


class ToolMissing(ToolError):
    """The program is not on this host, or cannot be executed."""

    code = ExitCode.ERR_INSTALLED


class ToolHung(ToolError):
    """The command did not end in time. ``abandoned``: not even after SIGKILL."""

    def __init__(self, argv: "Sequence[str]", text: str, abandoned: bool = False) -> None:
        super().__init__(argv, text)
        self.abandoned = abandoned


class ToolFailed(ToolError):
    """The command ended with an error; ``completed`` holds all its output."""

    def __init__(self, completed: "Completed", text: "str | None" = None) -> None:
        super().__init__(completed.argv, text or completed.complaint())
        self.completed = completed


class ParseError(DualstorError):
    """Output or a file is not in the expected form.

    :param source: what was read: a command or a path
    :param line: the offending line
    :param text: what is wrong with it
    :param number: the line's number, if known
    """

    def __init__(self, source: str, line: str, text: str = "not understood",
                 number: "int | None" = None) -> None:
        line = shown(line)
        self.problem = f"{text}: {line!r}"
        super().__init__(f"{source}: {self.problem}")
        self.source = source
        self.line = line
        self.number = number
