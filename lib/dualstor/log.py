# SPDX-License-Identifier: GPL-2.0-or-later
"""What an agent did, for the system's log; stderr where a person is looking.

Never stdout: that belongs to ``meta-data``. Debug lines are written only with
HA_debug set, as the field's agents do.
"""

import posix
import sys

#: Priorities of syslog(3).
_ERR, _WARNING, _INFO, _DEBUG = 3, 4, 6, 7

_LONGEST = 4000     # characters of a line; a traceback or a reason has some hundred


def printable(text):
    """*text* without line ends and control characters: a log line cannot be forged with it."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _listening():
    """Whether a syslogd listens."""
    try:
        posix.stat("/dev/log")
    except OSError:
        return False
    return True


class _Log:
    """The destination; ``open`` is called once, by the agent's main.

    Most monitors have nothing to tell: syslog is opened with the first line.
    """

    def __init__(self):
        self.tag = "dualstor"
        self.debugging = False
        self.listeners = []
        self._facility = ""
        self._syslog = None

    def open(self, tag, environ):
        """Send lines to syslog as *tag*; HA_LOGFACILITY and HA_debug are honoured."""
        self.tag = printable(tag)
        self.debugging = environ.get("HA_debug", "0") not in ("", "0")
        self._facility, self._syslog = environ.get("HA_LOGFACILITY", ""), None
        self.listeners = [self._to_syslog]
        # Where no syslogd listens, the cluster manager's own log gets the lines.
        if not _listening() or (sys.stderr and sys.stderr.isatty()):
            self.listeners.append(self._to_stderr)

    def _to_syslog(self, priority, word, text):
        if self._syslog is None:
            import syslog
            known = self._facility == "user" or self._facility.startswith("local")
            facility = getattr(syslog, "LOG_" + self._facility.upper(), syslog.LOG_DAEMON) \
                if known else syslog.LOG_DAEMON
            syslog.openlog(self.tag, syslog.LOG_PID, facility)
            self._syslog = syslog
        self._syslog.syslog(priority, "%s: %s" % (word, text))

    def _to_stderr(self, _priority, word, text):
        try:
            sys.stderr.write("%s: %s: %s\n" % (self.tag, word, text))
        except (OSError, ValueError, AttributeError):
            pass  # stderr closed or full: a log line is not worth an action

    def write(self, priority, word, text):
        if priority == _DEBUG and not self.debugging:
            return
        for listener in self.listeners:
            for line in text.splitlines():
                listener(priority, word, printable(line[:_LONGEST].expandtabs()))


LOG = _Log()


def debug(text, *args):
    """Log at debug level; *args* are put in with ``%``, as for all that follow."""
    if LOG.debugging:
        LOG.write(_DEBUG, "DEBUG", text % args if args else text)


def info(text, *args):
    """Log what was done."""
    LOG.write(_INFO, "INFO", text % args if args else text)


def warning(text, *args):
    """Log what is not as it should be but does not end the action."""
    LOG.write(_WARNING, "WARNING", text % args if args else text)


def error(text, *args):
    """Log what ends the action."""
    LOG.write(_ERR, "ERROR", text % args if args else text)
