# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends a letter by the sendmail of this host, whichever mail server that belongs to."""

from email.message import EmailMessage
from email.policy import default

from dualstor.errors import DualstorError, ToolFailed

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.alerts.letter import Letter
    from dualstor.host.host import Host

#: Lines of a letter stay as they are: a command can be copied.
_POLICY = default.clone(max_line_length=990)

#: Seconds for all of it; sendmail queues a message, or delivers it.
TIME = 60.0

#: With a dot alone on a line as text; after the two dashes nothing is an option.
SENDMAIL = ("sendmail", "-oi", "--")


def message(recipient: str, letter: "Letter") -> bytes:
    """The message with its headers; the mail server adds sender and date."""
    made = EmailMessage(policy=_POLICY)
    made["To"] = recipient
    made["Subject"] = letter.subject
    made["Auto-Submitted"] = "auto-generated"      # RFC 3834: no out-of-office reply
    made.set_content(letter.body)
    return bytes(made)


def send(host: "Host", recipient: str, letter: "Letter") -> None:
    """Give the letter to sendmail.

    :raises ToolMissing, ToolHung, NoTime: as Host.run
    :raises ToolFailed: it was refused
    :raises DualstorError: there is no room for it
    """
    try:
        done = host.feed((*SENDMAIL, recipient), message(recipient, letter))
    except OSError as problem:
        raise DualstorError(f"no room for a message: {problem.strerror}") from problem
    if not done.ok:
        raise ToolFailed(done)
