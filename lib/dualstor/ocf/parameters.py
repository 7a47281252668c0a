# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameters and actions of an agent, declared once.

The declaration serves the parser here, the metadata (``ocf.metadata``),
the manual pages and ``dualstor configure``.
"""

from dualstor.ocf.destructive import destructive
from dualstor.ocf.environment import boolean
from dualstor.record import Record, whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Iterable, Mapping

    from dualstor.ocf.environment import Environment


class Parameter(Record):
    """One instance parameter.

    ``type`` is "string", "boolean", "integer" or "select"; ``pattern`` (string
    only) is a function of the text: whether it is well-formed.
    """

    name: str
    shortdesc: str
    longdesc: str
    type: str = "string"
    default: "str | bool | int | None" = None
    minimum: "int | None" = None
    maximum: "int | None" = None
    options: "tuple[str, ...]" = ()
    pattern: "Callable[[str], object] | None" = None
    unique_group: "str | None" = None
    reloadable: bool = False
    required: bool = False


class Action(Record):
    """One action as advertised; times in seconds."""

    name: str
    timeout: int
    interval: "int | None" = None
    depth: "int | None" = None
    role: "str | None" = None


class Parameters:
    """Values of the parameters, as attributes; an agent's own class declares them with their types.

    ``problems`` says what is wrong, each a sentence; a parameter with a problem
    has its default. ``lacking`` has the names of required ones without a (valid) value.
    """

    def __init__(self, values: "Mapping[str, object]", problems: "Iterable[str]" = (),
                 lacking: "Iterable[str]" = ()) -> None:
        self.__dict__.update(values)
        self.problems = tuple(problems)
        self.lacking = tuple(lacking)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in sorted(self.__dict__.items()))
        return f"Parameters({values})"


class Interface(Record):
    """What an agent looks like from outside."""

    name: str
    shortdesc: str
    longdesc: str
    parameters: "tuple[Parameter, ...]"
    actions: "tuple[Action, ...]"
    check_levels: "tuple[int, ...]" = (0,)
    only_one: bool = False    # a cluster has one resource of this agent at most
    clone: "tuple[tuple[str, str], ...]" = ()   # meta attributes of the clone, as of Pacemaker 2.1
    values: "type[Parameters]" = Parameters     # what ``parse`` makes

    @property
    def promotable(self) -> bool:
        """Whether its clone is promotable."""
        return self.implements("promote")

    @property
    def old_reload(self) -> bool:
        """Whether OCF 1.0 can offer the reload: there, ``unique`` marks what it cannot change.

        Managers also take ``unique`` for "no two resources may have the same", so this is only
        for an agent of which there is one.
        """
        return self.only_one and any(a.name == "reload-agent" for a in self.actions)

    def implements(self, action: str) -> bool:
        """Whether *action* is advertised (or is ``meta-data``, which always is)."""
        return action == "meta-data" or any(a.name == action for a in self.actions)

    def modern(self, action: str) -> str:
        """The name of *action* in OCF 1.1: reload of OCF 1.0 is reload-agent."""
        return "reload-agent" if action == "reload" and self.old_reload else action


def _quoted(text: str) -> str:
    """A value as a problem quotes it: its beginning, and nothing that somebody could type."""
    return "'...'" if destructive(text) else repr(text[:60])


def _value(parameter: Parameter, text: str) -> "tuple[str | bool | int | None, str | None]":
    """(value, problem): the typed value of *text*, or a sentence on what is wrong."""
    name = parameter.name
    if parameter.type == "boolean":
        switch = boolean(text)
        if switch is None:
            return None, f"{name} is {_quoted(text)}, not true or false"
        return switch, None
    if parameter.type == "integer":
        value = whole(text.strip(), signed=True)
        if value is None:
            return None, f"{name} is {_quoted(text)}, not a whole number"
        low, high = parameter.minimum, parameter.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            return None, f"{name} is {value}, not between {low} and {high}"
        return value, None
    if parameter.type == "select":
        if text not in parameter.options:
            return None, f"{name} is {_quoted(text)}, not one of {', '.join(parameter.options)}"
        return text, None
    if parameter.pattern is not None and not parameter.pattern(text):
        return None, f"{name} is {_quoted(text)}, which is not valid"
    return text, None


def parse(interface: Interface, environment: "Environment") -> Parameters:
    """Read the parameters of *interface* from *environment*; unset and empty mean the default.

    :returns: its ``values``, with their problems; nothing is raised
    """
    values: "dict[str, str | bool | int | None]" = {}
    problems: "list[str]" = []
    lacking: "list[str]" = []
    for parameter in interface.parameters:
        text = environment.parameter(parameter.name)
        values[parameter.name] = parameter.default
        if text is None:
            if parameter.required:
                lacking.append(parameter.name)
                problems.append(f"{parameter.name} is not set")
            continue
        value, problem = _value(parameter, text)
        if problem:
            problems.append(problem)
            if parameter.required:
                lacking.append(parameter.name)
        else:
            values[parameter.name] = value
    return interface.values(values, problems, lacking)
