# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameters and actions of an agent, declared once.

The declaration serves the parser here, the metadata (``ocf.metadata``),
the manual pages and ``dualstor configure``.
"""

from dualstor.ocf.environment import boolean
from dualstor.record import Record, whole


class Parameter(Record):
    """One instance parameter.

    ``type`` is "string", "boolean", "integer" or "select"; ``pattern`` (string
    only) tells, as a function of the text, whether the text is well-formed.
    """

    name: str
    shortdesc: str
    longdesc: str
    type: str = "string"
    default: object = None
    minimum: int = None
    maximum: int = None
    options: tuple = ()
    pattern: object = None
    unique_group: str = None
    reloadable: bool = False
    required: bool = False


class Action(Record):
    """One action as advertised; times in seconds."""

    name: str
    timeout: int
    interval: int = None
    depth: int = None
    role: str = None


class Interface(Record):
    """What an agent looks like from outside."""

    name: str
    shortdesc: str
    longdesc: str
    parameters: tuple
    actions: tuple
    check_levels: tuple = (0,)
    only_one: bool = False    # a cluster has one resource of this agent at most
    clone: tuple = ()         # (meta attribute, value) of the clone, as Pacemaker 2.1 names it

    @property
    def promotable(self):
        """Whether its clone is promotable."""
        return self.implements("promote")

    @property
    def old_reload(self):
        """Whether OCF 1.0 can offer the reload: there, ``unique`` marks what it cannot change.

        Managers also take ``unique`` for "no two resources may have the same", so this is only
        for an agent of which there is one.
        """
        return self.only_one and any(a.name == "reload-agent" for a in self.actions)

    def implements(self, action):
        """Whether *action* is advertised (or is meta-data, which always is)."""
        return action == "meta-data" or any(a.name == action for a in self.actions)

    def modern(self, action):
        """The name of *action* in OCF 1.1: reload of OCF 1.0 is reload-agent."""
        return "reload-agent" if action == "reload" and self.old_reload else action


class Parameters:
    """Values of the parameters, as attributes.

    ``problems`` lists what is wrong, each a sentence; a parameter in trouble
    has its default. ``lacking`` holds the names of required ones without a (valid) value.
    """

    def __init__(self, values, problems=(), lacking=()):
        self.__dict__.update(values)
        self.problems = tuple(problems)
        self.lacking = tuple(lacking)

    def __repr__(self):
        return f"Parameters({', '.join('%s=%r' % i for i in sorted(self.__dict__.items()))})"


def _value(parameter, text):
    """(value, problem): the typed value of *text*, or a sentence on what is wrong."""
    name = parameter.name
    if parameter.type == "boolean":
        value = boolean(text)
        if value is None:
            return None, f"parameter {name} is {text!r}: set it to true or false"
        return value, None
    if parameter.type == "integer":
        value = whole(text.strip(), signed=True)
        if value is None:
            return None, f"parameter {name} is {text[:60]!r}: set it to a whole number"
        low, high = parameter.minimum, parameter.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            return None, f"parameter {name} is {value}: set it between {low} and {high}"
        return value, None
    if parameter.type == "select":
        if text not in parameter.options:
            return None, (f"parameter {name} is {text!r}: set it to one of "
                          f"{', '.join(parameter.options)}")
        return text, None
    if parameter.pattern is not None and not parameter.pattern(text):
        return None, (f"parameter {name} is {text[:60]!r}: that is not valid, see the agent's "
                      "meta-data")
    return text, None


def parse(declared, environment):
    """Read the *declared* parameters from *environment*; unset and empty mean the default.

    :param declared: Parameter objects
    :param environment: Environment
    :returns: Parameters; what is wrong is told in it, never raised
    """
    values, problems, lacking = {}, [], []
    for parameter in declared:
        text = environment.parameter(parameter.name)
        values[parameter.name] = parameter.default
        if text is None:
            if parameter.required:
                lacking.append(parameter.name)
                problems.append(f"parameter {parameter.name} is not set: set it in the resource's "
                                "definition")
            continue
        value, problem = _value(parameter, text)
        if problem:
            problems.append(problem)
            if parameter.required:
                lacking.append(parameter.name)
        else:
            values[parameter.name] = value
    return Parameters(values, problems, lacking)
