# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the alert agent is and what it needs, and what a recipient may be."""

import re

#: Where it is installed, next to Pacemaker's samples, and what an alert of the CIB names.
PROGRAM = "/usr/share/pacemaker/alerts/dualstor-alert"

#: The alert that `dualstor configure` writes.
ID = "dualstor-alert"

#: What Pacemaker runs it as, and the directory that tmpfiles.d makes for that user at boot: it may
#: make none itself in /run, nor with Debian in /var/lib/pacemaker.
USER, STATE_DIR = "hacluster", "/run/dualstor-alert"

#: How a recipient has to look for sendmail: RFC 5321 without what a shell or an option begins with.
_ADDRESS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._%+=-]{0,63}(@[A-Za-z0-9]([A-Za-z0-9.-]{0,252}))?\Z")


def is_address(text: str) -> bool:
    """Whether sendmail may be given this as an address; a name alone is a local user's."""
    return bool(_ADDRESS.match(text))


#: Where a mail server has sendmail.
SENDMAIL = ("/usr/sbin/sendmail", "/usr/bin/sendmail")
