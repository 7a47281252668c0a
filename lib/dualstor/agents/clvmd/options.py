# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of the lock daemons that the parameter daemon_options may hold."""

from dualstor.kernel.locksocket import CLVMD, LVMLOCKD

#: Options that leave the daemon in our sight, each with the values it takes.
_PRIORITIES = ("err", "warning", "debug")
ADMITTED: "dict[str, dict[str, tuple[str, ...]]]" = {
    CLVMD: {"-d0": (), "-d2": ()},
    LVMLOCKD: {"-S": _PRIORITIES, "--syslog-priority": _PRIORITIES},
}


def unadmitted(daemon: str, text: "str | None") -> "str | None":
    """The first word of daemon_options that *daemon* must not be given, None when all may be.

    What is not known to be harmless is refused: getopt takes "-fd2" and "--pid-f=X", too.
    """
    words = (text or "").split()
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        values = ADMITTED[daemon].get(name)
        if values is None or (equals and not (values and name.startswith("--"))):
            return word
        if values and not equals:
            value = words.pop(0) if words else ""
        if values and value not in values:
            return word
    return None
