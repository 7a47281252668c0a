# SPDX-License-Identifier: GPL-2.0-or-later
"""Fencing by a node's own watchdog (SBD).

Sources: Pacemaker lib/common/watchdog.c, daemons/fenced/fenced_cib.c; sbd(8), sbd.sysconfig. A
timeout below 0 means twice SBD_WATCHDOG_TIMEOUT.
"""

import re

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view import fencing, pacetime
from dualstor.tools.pacemaker import is_true

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.seen import Seen

FILES = ("/etc/sysconfig/sbd", "/etc/default/sbd")
OPTIONS = ("fencing-watchdog-timeout", "stonith-watchdog-timeout")
#: The id of Pacemaker's own fence device; one in the CIB says which nodes it is for.
DEVICE = "watchdog"
#: sbd's default of SBD_WATCHDOG_TIMEOUT, in seconds.
DEFAULT = 5.0


def timeout(cib: "Cib") -> "float | None":
    """After how many seconds a lost node counts as fenced; 0 if sbd says so; None: never."""
    text = cib.option(*OPTIONS)[0]
    if text is None:
        return None
    if text.strip().startswith("-"):
        return 0.0
    return pacetime.seconds(text) or None


def inactive(cib: "Cib") -> bool:
    """Whether the cluster says that no node runs sbd."""
    value = cib.option("have-watchdog")[0]
    return value is not None and not is_true(value)


def covers(cib: "Cib", node: str) -> bool:
    """Whether a node counts as fenced by its own watchdog."""
    if timeout(cib) is None or inactive(cib):
        return False
    own = [each for each in cib.fence_devices if each.id == DEVICE]
    return all(fencing.obstacle(cib, each, node) is None or fencing.fences(each, node)
               for each in own)


def setting(host: "Seen", name: str) -> "tuple[str, Where] | None":
    """(value, Where) of a setting in sbd's file; ("", the file) if it is not set; None: no file."""
    for path in FILES:
        text = host.text(path)
        if text is None:
            continue
        value, where = "", Where(path)
        for number, line in enumerate(text.split("\n"), 1):
            match = re.match(rf"^\s*(?:export\s+)?{name}=(.*)$", line)
            if match:   # the shell takes the last one
                words = re.match(r"""^(?:"([^"]*)"|'([^']*)'|([^\s#]*))""", match.group(1).strip())
                value = next((word for word in words.groups() if word), "") if words else ""
                where = Where(path, number)
        return value, where
    return None
