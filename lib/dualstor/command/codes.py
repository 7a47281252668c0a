# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit codes of the dualstor command: one meaning each, in all sub-commands."""

import enum


class ExitStatus(enum.IntEnum):
    """What the command ends with; ``meaning`` is what the manual says of it."""

    OK = 0
    ERROR = 1
    USAGE = 2
    WARNING = 3
    INCOMPLETE = 4
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """One line for the manual and the help."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitStatus.OK: "everything was checked (or done) and nothing is wrong",
    ExitStatus.ERROR: "something is wrong: a finding of severity error, or what was asked "
                      "for failed",
    ExitStatus.USAGE: "the command line is wrong",
    ExitStatus.WARNING: "nothing is broken, but there is a finding of severity warning",
    ExitStatus.INCOMPLETE: "nothing was found wrong, but something could not be checked",
    ExitStatus.INTERRUPTED: "interrupted from the keyboard",
}
