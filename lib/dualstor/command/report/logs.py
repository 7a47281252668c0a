# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of the system log about the pair: of the agents, the handler, the cluster and DRBD."""

import os
import re

from dualstor.errors import DualstorError

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.host.host import Host

#: Newest first: if there is too much of it, the oldest is left out.
JOURNAL = ("journalctl", "--no-pager", "--quiet", "--output=short-iso", "--reverse",
           "--lines=40000")
#: Where the log is on hosts without a journal.
FILES = ("/var/log/messages", "/var/log/syslog", "/var/log/daemon.log", "/var/log/kern.log",
         "/var/log/pacemaker/pacemaker.log", "/var/log/pacemaker.log", "/var/log/ha-log",
         "/var/log/cluster/corosync.log")

LIMIT = 2 << 20     # bytes of lines that are kept of the journal, and of each file
_READ = 16 << 20    # bytes at the end of a file that are searched
_SECONDS = 20.0

_ABOUT = re.compile(
    r"dualstor|drbd|dlm|lvmlockd|clvmd|lvm\[|corosync|pacemaker|stonith|fence|cman|sbd|"
    r"clustered-vg", re.IGNORECASE)


def _kept(newest_first: "Iterable[str]") -> str:
    """The lines that matter, oldest first, of at most LIMIT bytes."""
    found, size = [], 0
    for line in newest_first:
        if _ABOUT.search(line):
            size += len(line.encode("utf-8", "replace")) + 1
            if size > LIMIT:
                found.append("(older lines are left out)")
                break
            found.append(line)
    return "".join(line + "\n" for line in reversed(found))


def _end(path: str) -> str:
    """The end of a file, without its first, cut line."""
    with open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        stream.seek(max(0, size - _READ))
        text = stream.read(_READ).decode("utf-8", "backslashreplace")
    return text if size <= _READ else text.partition("\n")[2]


def read(host: "Host") -> "dict[str, str]":
    """{where from: lines} of all logs that this host has.

    :raises DualstorError: there is none
    """
    found = {}
    problem = None
    try:
        done = host.run(JOURNAL, _SECONDS)
        if done.stdout:
            found["journal"] = _kept(done.stdout.splitlines())
    except DualstorError as error:
        problem = error
    for name in FILES:
        path = host.file(name)
        if os.path.isfile(path):
            try:
                found[name] = _kept(reversed(_end(path).splitlines()))
            except OSError as error:
                found[name] = f"(not read: {error.strerror})\n"
    if not found:
        raise problem or DualstorError("there is neither a journal nor a log file")
    return found
