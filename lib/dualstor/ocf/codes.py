# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit codes of an OCF agent and how Pacemaker treats each."""

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import ClassVar


class ExitCode(int):
    """Exit codes (OCF 1.1; 190 and 191 are Pacemaker's); ``name``: OCF's, without "OCF_".

    enum.IntEnum would serve, but to import it takes as much as half of what a bare Python does.

    :raises ValueError: for a number that is no exit code
    """

    name = ""

    SUCCESS: "ClassVar[ExitCode]"
    ERR_GENERIC: "ClassVar[ExitCode]"       # soft: recovered in place, up to migration-threshold
    ERR_ARGS: "ClassVar[ExitCode]"          # hard: wrong on this host, the node is banned
    ERR_UNIMPLEMENTED: "ClassVar[ExitCode]"
    ERR_PERM: "ClassVar[ExitCode]"          # hard
    ERR_INSTALLED: "ClassVar[ExitCode]"     # hard
    ERR_CONFIGURED: "ClassVar[ExitCode]"    # fatal: wrong everywhere, banned on every node
    NOT_RUNNING: "ClassVar[ExitCode]"       # monitor only, as all that follow
    RUNNING_PROMOTED: "ClassVar[ExitCode]"
    FAILED_PROMOTED: "ClassVar[ExitCode]"
    DEGRADED: "ClassVar[ExitCode]"          # active, counted as 0, shown to the administrator
    DEGRADED_PROMOTED: "ClassVar[ExitCode]"

    def __new__(cls, number: int) -> "ExitCode":
        if number not in _BY_NUMBER:
            raise ValueError(f"{number!r} is no exit code of an agent")
        return _BY_NUMBER[number]


_BY_NUMBER: "dict[int, ExitCode]" = {}

for _number, _name in (
        (0, "SUCCESS"), (1, "ERR_GENERIC"), (2, "ERR_ARGS"), (3, "ERR_UNIMPLEMENTED"),
        (4, "ERR_PERM"), (5, "ERR_INSTALLED"), (6, "ERR_CONFIGURED"), (7, "NOT_RUNNING"),
        (8, "RUNNING_PROMOTED"), (9, "FAILED_PROMOTED"), (190, "DEGRADED"),
        (191, "DEGRADED_PROMOTED")):
    _BY_NUMBER[_number] = int.__new__(ExitCode, _number)
    _BY_NUMBER[_number].name = _name
    setattr(ExitCode, _name, _BY_NUMBER[_number])

CODES = tuple(_BY_NUMBER.values())


#: Codes that describe a state: only ``monitor`` may return them.
MONITOR_ONLY = frozenset((ExitCode.NOT_RUNNING, ExitCode.RUNNING_PROMOTED,
                          ExitCode.FAILED_PROMOTED, ExitCode.DEGRADED,
                          ExitCode.DEGRADED_PROMOTED))

#: Codes after which Pacemaker does not try this node any more, or none.
BANNING = frozenset((ExitCode.ERR_ARGS, ExitCode.ERR_UNIMPLEMENTED, ExitCode.ERR_PERM,
                     ExitCode.ERR_INSTALLED, ExitCode.ERR_CONFIGURED))

#: Results of ``monitor`` that are no failure.
EXPECTED = frozenset((ExitCode.SUCCESS, ExitCode.NOT_RUNNING, ExitCode.RUNNING_PROMOTED))


def permitted(action: str, code: ExitCode) -> ExitCode:
    """The code with which *action* may exit: *code*, or ERR_GENERIC instead.

    Pacemaker takes 7 from a start, for example, for "not running, no failure"; only
    monitor may describe a state (OCF 1.1, "Return codes").
    """
    if code in MONITOR_ONLY and action != "monitor":
        return ExitCode.ERR_GENERIC
    return code
