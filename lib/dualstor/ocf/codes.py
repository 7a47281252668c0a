# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit codes of an OCF agent and how Pacemaker treats each."""

import enum


class ExitCode(enum.IntEnum):
    """Exit codes (OCF 1.1; 190 and 191 are Pacemaker's)."""

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
