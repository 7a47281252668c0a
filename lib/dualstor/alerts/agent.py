# SPDX-License-Identifier: GPL-2.0-or-later
"""The alert agent: what Pacemaker calls for each event, and the process that sends.

A call keeps the event, and starts a sender unless one runs: it ends within a fraction of a second,
however many come at once. A sender waits until the cluster has reacted, looks, and sends one letter
about all that happened; the next one to the same recipient is sent no earlier than PAUSE later.
"""

import os
import sys

from dualstor import log
from dualstor.alerts import event, letter, mail, sight
from dualstor.alerts.inbox import Inbox, Last
from dualstor.alerts.place import PROGRAM, STATE_DIR, is_address
from dualstor.command.status import advice, observe
from dualstor.errors import DualstorError
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Mapping, NoReturn

    from dualstor.command.status.observe import Gather

_NAME = PROGRAM.rpartition("/")[2]
_SEND = "send"      # the first argument of a sender; the second is the recipient

#: The agent's own state where a person runs it as root: hacluster could not use it afterwards.
ROOTS_STATE_DIR = "/run/dualstor/alert"

#: Seconds: from an event to the letter, between two letters to a recipient, for a call.
SETTLE, PAUSE, CALL = 10.0, 300.0, 10.0
#: Letters that one sender may send; then the next event starts another.
LETTERS = 12

_GRACE = 2.0        # as `dualstor status`: between a part's deadline and giving up on its thread


def _host(seconds: float) -> Host:
    """This host, with the agent's own memory."""
    return Host(Deadline(seconds), state=STATE_DIR if os.geteuid() else ROOTS_STATE_DIR)


def receive(host: Host, environ: "Mapping[str, str]") -> int:
    """Handle one call of Pacemaker.

    :returns: the exit code
    """
    log.start(_NAME, environ)
    if "CRM_alert_kind" not in environ:
        log.error("CRM_alert_kind is not set: only Pacemaker can call this, as the agent of an "
                  "alert")
        return 2
    happened, recipient = event.parse(environ), event.recipient(environ)
    if happened is None:
        return 0
    (log.warning if happened.notable else log.info)("%s", happened.text)
    if recipient and not is_address(recipient):
        log.error("the recipient %r is no mail address: nothing is sent to it; see `cibadmin "
                  "--query --xpath //alerts`", recipient)
        return 1
    inbox = Inbox(host, recipient)
    if not inbox.add(happened):
        return 0    # a sender has more than it can send
    turn = inbox.turn()
    if turn is None:
        return 0    # the sender that runs will find it
    turn.close()
    host.leave_behind(_NAME, (_SEND, recipient))
    return 0


class Sender:
    """What sends to one recipient.

    :param make_host: function of seconds that returns a Host
    :param recipient: "" for the log
    """

    def __init__(self, make_host: "Callable[[float], Host]", recipient: str,
                 gather: "Gather" = observe.at_once) -> None:
        self._make_host, self._recipient, self._gather = make_host, recipient, gather
        self._host = make_host(LETTERS * (PAUSE + SETTLE))
        self._inbox = Inbox(self._host, recipient)

    def work(self) -> None:
        """Send until there is nothing left to send."""
        for _ in range(LETTERS):
            if self._inbox.empty:       # the turn is given up: a call that saw it taken has kept
                return                  # its event before
            turn = self._inbox.turn()
            if turn is None:
                return
            try:
                self._wait()
                self._round()
            finally:
                turn.close()

    def _wait(self) -> None:
        """Until the cluster has reacted, and the last letter is long enough ago."""
        at, now = self._inbox.last.at, self._host.uptime()
        left = 0.0 if at is None or at > now else at + PAUSE - now
        self._host.sleep(max(SETTLE, left))

    def _round(self) -> None:
        """Send one letter about what happened, if it is worth one."""
        events = self._inbox.take()
        seconds = observe.PART_TIME
        report = sight.look(lambda: self._make_host(seconds + _GRACE), self._gather,
                            seconds + _GRACE)
        advices = advice.advise(report)
        found = letter.compose(report.node, events, advices, self._inbox.last.said)
        if found is None:
            return
        for is_error, line in found.lines:
            (log.error if is_error else log.warning)("%s", line)
        sent = not self._recipient or self._mail(found)
        self._inbox.last = Last(at=self._host.uptime(), said=letter.said(advices) if sent else
                                self._inbox.last.said)

    def _mail(self, found: letter.Letter) -> bool:
        """Whether sendmail took a letter; if not, the next one says it all again."""
        try:
            mail.send(self._make_host(mail.TIME), self._recipient, found)
        except DualstorError as problem:
            log.error("mail to %s was not sent: %s", self._recipient, problem)
            return False
        log.info("mail to %s: %s", self._recipient, found.subject)
        return True


def run(arguments: "list[str]", environ: "Mapping[str, str]") -> int:
    """One process.

    :returns: the exit code
    """
    if arguments[:1] == [_SEND] and len(arguments) == 2:
        log.start(_NAME, environ)
        if arguments[1] and not is_address(arguments[1]):
            return 1
        Sender(_host, arguments[1]).work()
        return 0
    return receive(_host(CALL), environ)


def script() -> "NoReturn":
    """The executable; does not return."""
    os.umask(0o077)
    code = 1
    try:
        code = run(sys.argv[1:], os.environ)
    except DualstorError as problem:
        log.error("%s", problem)
    except Exception:   # pylint: disable=broad-except
        import traceback
        log.error("%s", traceback.format_exc())
    finally:
        os._exit(code)      # whatever threads still wait for
