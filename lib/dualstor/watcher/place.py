# SPDX-License-Identifier: GPL-2.0-or-later
"""Which process of this host watches a VG: the one that holds the watcher's lock.

The lock is on a file of our private directory, and the kernel says who has it (/proc/locks), so
that no file can be out of date. The watcher writes into that file when it was last at work, in
seconds since boot.
"""

from dualstor.kernel import process
from dualstor.record import Record, fraction

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.files import Files
    from dualstor.kernel.process import Process

#: Seconds without a sign of life after which a watcher hangs; it gives one each second, except
#: while a disk answers slowly.
PATIENCE = 45.0


class Watcher(Record):
    """The process that watches a VG. ``hangs``: it is stopped, or has shown no sign of life."""

    process: "Process"
    hangs: bool = False


def words(vg: str) -> "tuple[str, str]":
    """The words of the lock's name."""
    return "watcher", vg


def look(files: "Files", vg: str) -> "Watcher | None":
    """The watcher of *vg* on this host; None when there is none."""
    pid = files.lock_holder(*words(vg))
    found = None if pid is None else process.look(files, pid)
    if found is None or found.over:
        return None
    sign = fraction((files.lock_text(*words(vg)) or "").strip())
    silent = sign is not None and not -1 <= files.uptime() - sign <= PATIENCE    # rounded
    return Watcher(process=found, hangs=found.state in "Tt" or silent)
