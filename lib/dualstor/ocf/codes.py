# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit codes of an OCF agent and what Pacemaker makes of each."""


class _Members(type):
    """The class of a class that has its values as attributes and can be iterated over."""

    def __init__(cls, name, bases, body):
        super().__init__(name, bases, body)
        cls.members = {}
        for key, value in body.items():
            if key.isupper():
                member = int.__new__(cls, value)
                member.name = key
                cls.members[value] = member
                setattr(cls, key, member)

    def __iter__(cls):
        return iter(cls.members.values())


class ExitCode(int, metaclass=_Members):
    """Exit codes (OCF 1.1; 190 and 191 are Pacemaker's).

    An enumeration of ints with names, as enum.IntEnum makes one; importing enum
    costs half as much as starting the interpreter.

    :raises ValueError: there is no such code
    """

    SUCCESS = 0
    ERR_GENERIC = 1        # soft: recovered in place, up to migration-threshold
    ERR_ARGS = 2           # hard: wrong on this host, the node is banned
    ERR_UNIMPLEMENTED = 3
    ERR_PERM = 4           # hard
    ERR_INSTALLED = 5      # hard
    ERR_CONFIGURED = 6     # fatal: wrong everywhere, banned on every node
    NOT_RUNNING = 7        # monitor only, as all that follow
    RUNNING_PROMOTED = 8
    FAILED_PROMOTED = 9
    DEGRADED = 190         # active, counted as 0, shown to the administrator
    DEGRADED_PROMOTED = 191

    def __new__(cls, value):
        member = cls.members.get(value)
        if member is None:
            raise ValueError("%r is no exit code" % (value,))
        return member

    def __repr__(self):
        return "<ExitCode.%s: %d>" % (self.name, self)


#: Codes that describe a state and so may be the answer of ``monitor`` alone.
MONITOR_ONLY = frozenset((ExitCode.NOT_RUNNING, ExitCode.RUNNING_PROMOTED,
                          ExitCode.FAILED_PROMOTED, ExitCode.DEGRADED,
                          ExitCode.DEGRADED_PROMOTED))

#: Answers of ``monitor`` that report no trouble.
EXPECTED = frozenset((ExitCode.SUCCESS, ExitCode.NOT_RUNNING, ExitCode.RUNNING_PROMOTED))


def permitted(action, code):
    """The code that may leave *action*: *code*, or ERR_GENERIC in its place.

    Pacemaker takes e.g. 7 from a start for "not running, all is well"; only
    monitor may describe a state (OCF 1.1, "Return codes").
    """
    if code in MONITOR_ONLY and action != "monitor":
        return ExitCode.ERR_GENERIC
    return code
