# SPDX-License-Identifier: GPL-2.0-or-later
"""What an agent did, for the system log; also on stderr if that is a terminal.

Never stdout: that belongs to ``meta-data``. Debug lines are written only with
HA_debug set, as other agents do.

Lines go through ``logging``, which is imported with the first of them: it costs as much as a
bare interpreter, and most actions have nothing to say.
"""

import os
import sys
import syslog

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    import logging
    from typing import Callable, Mapping

NAME = "dualstor"           # of the logger

#: Levels, as logging has them.
_DEBUG, _INFO, _WARNING, _ERROR = 10, 20, 30, 40
_PRIORITIES = {_DEBUG: syslog.LOG_DEBUG, _INFO: syslog.LOG_INFO,
               _WARNING: syslog.LOG_WARNING, _ERROR: syslog.LOG_ERR}

_LONGEST = 4000     # characters per line; a traceback or a reason has a few hundred
_MOST = 400         # lines of a message; a traceback has a few dozen


class _State:
    """What ``start`` has decided, for the first line."""

    least = 0           # levels below it are not even formatted
    tag = ""            # "" until start: a library is silent
    on_stderr = False
    made = False        # whether the logger has our handlers


def printable(text: str) -> str:
    """*text* without line ends and control characters: a log line cannot be forged with it."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _handler(write: "Callable[[int, str], object]") -> "logging.Handler":
    """A Handler that writes each line of a message by *write*, a function of priority and text."""
    import logging

    class Handler(logging.Handler):
        """Writes to where logging has no handler for, or none that bears a closed stream."""

        def emit(self, record: logging.LogRecord) -> None:
            try:
                for line in record.getMessage().splitlines()[:_MOST]:
                    write(_PRIORITIES.get(record.levelno, syslog.LOG_ERR),
                          f"{record.levelname}: {printable(line[:_LONGEST].expandtabs())}")
            except (OSError, ValueError, AttributeError):
                pass  # stderr closed or full: a log line is not worth an action
    return Handler()


def _logger() -> "logging.Logger":
    """The logger, with the handlers that ``start`` has asked for."""
    import logging
    found = logging.getLogger(NAME)
    if not _State.made:
        _State.made = True
        found.propagate = False
        if not _State.tag:
            found.addHandler(logging.NullHandler())
            return found
        found.handlers[:] = [_handler(syslog.syslog)]
        if _State.on_stderr:
            found.addHandler(_handler(
                lambda _, line: sys.stderr.write(f"{_State.tag}: {line}\n")))
        found.setLevel(_State.least)
    return found


def start(tag: str, environ: "Mapping[str, str]") -> None:
    """Send lines to syslog as *tag*; HA_LOGFACILITY and HA_debug are honoured.

    Where no syslogd listens, the cluster manager's own log gets the lines, by stderr.
    """
    tag, facility = printable(tag), environ.get("HA_LOGFACILITY", "")
    known = facility == "user" or facility.startswith("local")
    syslog.openlog(tag, syslog.LOG_PID, getattr(
        syslog, f"LOG_{facility.upper()}" if known else "LOG_DAEMON", syslog.LOG_DAEMON))
    _State.tag = tag
    _State.on_stderr = not os.path.exists("/dev/log") or bool(sys.stderr and sys.stderr.isatty())
    _State.least = _DEBUG if environ.get("HA_debug", "0") not in ("", "0") else _INFO
    _State.made = False


def debug(text: str, *values: object) -> None:
    """A line for whoever debugs; *values* are put into *text* as ``%`` does."""
    _line(_DEBUG, text, values)


def info(text: str, *values: object) -> None:
    """A line about what is done."""
    _line(_INFO, text, values)


def warning(text: str, *values: object) -> None:
    """A line about what somebody should look into."""
    _line(_WARNING, text, values)


def error(text: str, *values: object) -> None:
    """A line about why an action failed."""
    _line(_ERROR, text, values)


def _line(level: int, text: str, values: "tuple[object, ...]") -> None:
    if level < _State.least:
        return
    try:
        logger = _logger()
    except OSError:         # no file can be opened any more, so nothing be imported
        if _State.tag:
            said = printable((text % values if values else text)[:_LONGEST])
            syslog.syslog(_PRIORITIES[level], said)
        return
    logger.log(level, text, *values)
