# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether dlm_stonith, with which dlm asks Pacemaker to fence, finds Pacemaker's library.

It opens the library of one version by name (dlm fence/stonith_helper.c, lib/fencing of Pacemaker),
and fails with exit status 177 where that is not there.
"""

import re

from dualstor.host.deadline import QUERY
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host

PROGRAM = "/usr/sbin/dlm_stonith"
WANTED = ("grep", "-a", "-o", r"libstonithd\.so\.[0-9]*", PROGRAM)
KNOWN = ("ldconfig", "-p")

_LIBRARY = "libstonithd.so."
#: A line of ``ldconfig -p``: the library's name and its file.
_LINE = re.compile(r"^\s*(\S+) \([^)]*\) => (\S+)$", re.MULTILINE)


class Libraries(Record):
    """``there``: Pacemaker's, by name. ``lacking``: (name, path) of those that are not there."""

    there: "tuple[str, ...]" = ()
    lacking: "tuple[tuple[str, str], ...]" = ()


def parse(wanted: str, known: str) -> Libraries:
    """The Libraries in the output of WANTED and KNOWN."""
    files = dict(_LINE.findall(known))
    there = tuple(sorted(name for name in files if name.startswith(_LIBRARY)))
    folder = files[there[-1]].rpartition("/")[0] if there else ""
    return Libraries(there=there, lacking=tuple(
        (name, f"{folder}/{name}") for name in sorted(set(wanted.split()))
        if there and name not in files))


def ask(host: "Host", timeout: float = QUERY) -> Libraries:
    """The Libraries of this host.

    :raises ToolError: it could not be asked
    """
    wanted = host.run(WANTED, timeout)
    return parse(wanted.stdout, host.run(KNOWN, timeout).answer())
