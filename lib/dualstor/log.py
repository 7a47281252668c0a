# SPDX-License-Identifier: GPL-2.0-or-later
"""What an agent did, for the system's log; stderr where a person is looking.

Never stdout: that belongs to ``meta-data``. Debug lines are written only with
HA_debug set, as the field's agents do.
"""

import os
import sys
import syslog

_facility = {"": syslog.LOG_DAEMON, "daemon": syslog.LOG_DAEMON, "user": syslog.LOG_USER}
_facility.update(("local%d" % n, getattr(syslog, "LOG_LOCAL%d" % n)) for n in range(8))


def printable(text):
    """*text* without line ends and control characters: a log line cannot be forged with it."""
    return "".join(c if c.isprintable() else "?" for c in text)


class _Log:
    """The destination; ``open`` is called once, by the agent's main."""

    def __init__(self):
        self.tag = "dualstor"
        self.debugging = False
        self.listeners = []

    def open(self, tag, environ):
        """Send lines to syslog as *tag*; HA_LOGFACILITY and HA_debug are honoured."""
        self.tag = tag = printable(tag)
        self.debugging = environ.get("HA_debug", "0") not in ("", "0")
        facility = _facility.get(environ.get("HA_LOGFACILITY", ""), syslog.LOG_DAEMON)
        syslog.openlog(tag, syslog.LOG_PID, facility)
        self.listeners = [self._to_syslog]
        # Where no syslogd listens, the cluster manager's own log gets the lines.
        if not os.path.exists("/dev/log") or (sys.stderr and sys.stderr.isatty()):
            self.listeners.append(self._to_stderr)

    @staticmethod
    def _to_syslog(priority, word, text):
        syslog.syslog(priority, "%s: %s" % (word, text))

    def _to_stderr(self, _priority, word, text):
        try:
            sys.stderr.write("%s: %s: %s\n" % (self.tag, word, text))
        except (OSError, ValueError, AttributeError):
            pass  # stderr closed or full: a log line is not worth an action

    def write(self, priority, word, text):
        if priority == syslog.LOG_DEBUG and not self.debugging:
            return
        for listener in self.listeners:
            for line in text.splitlines():
                listener(priority, word, printable(line.expandtabs()))


LOG = _Log()


def debug(text, *args):
    """Log at debug level; *args* are put in with ``%``, as for all that follow."""
    if LOG.debugging:
        LOG.write(syslog.LOG_DEBUG, "DEBUG", text % args if args else text)


def info(text, *args):
    """Log what was done."""
    LOG.write(syslog.LOG_INFO, "INFO", text % args if args else text)


def warning(text, *args):
    """Log what is not as it should be but does not end the action."""
    LOG.write(syslog.LOG_WARNING, "WARNING", text % args if args else text)


def error(text, *args):
    """Log what ends the action."""
    LOG.write(syslog.LOG_ERR, "ERROR", text % args if args else text)
