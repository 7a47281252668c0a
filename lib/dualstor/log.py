# SPDX-License-Identifier: GPL-2.0-or-later
"""What an agent did, for the system log; also on stderr if that is a terminal.

Never stdout: that belongs to ``meta-data``. Debug lines are written only with
HA_debug set, as other agents do.
"""

import logging
import os
import sys
import syslog

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Mapping

LOGGER = logging.getLogger("dualstor")
LOGGER.propagate = False
LOGGER.addHandler(logging.NullHandler())    # a library is silent until ``start``

_PRIORITIES = {logging.DEBUG: syslog.LOG_DEBUG, logging.INFO: syslog.LOG_INFO,
               logging.WARNING: syslog.LOG_WARNING, logging.ERROR: syslog.LOG_ERR}

_LONGEST = 4000     # characters per line; a traceback or a reason has a few hundred


def printable(text: str) -> str:
    """*text* without line ends and control characters: a log line cannot be forged with it."""
    return "".join(c if c.isprintable() else "?" for c in text)


class _Handler(logging.Handler):
    """Writes each line of a message by *write*, a function of priority and text."""

    def __init__(self, write: "Callable[[int, str], object]") -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        try:
            for line in record.getMessage().splitlines():
                self._write(_PRIORITIES.get(record.levelno, syslog.LOG_ERR),
                            f"{record.levelname}: {printable(line[:_LONGEST].expandtabs())}")
        except (OSError, ValueError, AttributeError):
            pass  # stderr closed or full: a log line is not worth an action


def start(tag: str, environ: "Mapping[str, str]") -> None:
    """Send lines to syslog as *tag*; HA_LOGFACILITY and HA_debug are honoured.

    Where no syslogd listens, the cluster manager's own log gets the lines, by stderr.
    """
    tag, facility = printable(tag), environ.get("HA_LOGFACILITY", "")
    known = facility == "user" or facility.startswith("local")
    syslog.openlog(tag, syslog.LOG_PID, getattr(
        syslog, f"LOG_{facility.upper()}" if known else "LOG_DAEMON", syslog.LOG_DAEMON))
    LOGGER.handlers[:] = [_Handler(syslog.syslog)]
    if not os.path.exists("/dev/log") or (sys.stderr and sys.stderr.isatty()):
        LOGGER.addHandler(_Handler(lambda _, line: sys.stderr.write(f"{tag}: {line}\n")))
    LOGGER.setLevel(logging.DEBUG if environ.get("HA_debug", "0") not in ("", "0")
                    else logging.INFO)


debug, info, warning, error = LOGGER.debug, LOGGER.info, LOGGER.warning, LOGGER.error
