# SPDX-License-Identifier: GPL-2.0-or-later
"""Remembering which promotion score the cluster has of us.

A score is written only when it changes, so the one that was written last is remembered. The
cluster forgets it when its attribute daemon or its controller ends on this node (they are
started again, and agents do not learn of it): so who had it is kept with the score. When the
controller ends, alone or with the executor, the CIB forgets what the attribute daemon still
has (peer_update_callback() of the controller on the other node); the same score is no news to
that daemon then, and it has to be asked to write all that it has.
"""

from dualstor.record import whole
from dualstor.tools import pacemaker

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.host.files import Files
    from dualstor.kernel.process import Process

#: What there is of a score when the daemons that had it are gone: nobody knows.
UNSURE = "unsure"

#: Who knows a node's attributes: the daemon that keeps them, and the controller of each Pacemaker.
KEEPERS = pacemaker.ATTRIBUTE_DAEMONS + ("pacemaker-controld", "crmd")


def keepers(host: "Files") -> "tuple[Process, ...]":
    """The daemons of this node that know a score, as a tuple of kernel.process.Process."""
    from dualstor.kernel import process
    return process.running(host, *KEEPERS)


def to_text(score: int, kept_by: "Iterable[Process]") -> str:
    """A score as text to remember.

    :param kept_by: what ``keepers`` returned
    """
    return "\n".join([f"{score}"] + [f"{k.pid} {k.start_time}" for k in kept_by]) + "\n"


def pids(text: "str | None") -> "tuple[str, ...]":
    """The ids, as text, of those who kept the score of what ``to_text`` returned."""
    return tuple(line.partition(" ")[0] for line in (text or "").splitlines()[1:])


def from_text(host: "Files", text: "str | None") -> "int | str | None":
    """The score in what ``to_text`` returned; None when there is none.

    :returns: UNSURE when one of those who kept it is not that process any more, or was being
        started again when it was given
    """
    first, *kept_by = (text or "").splitlines() or ("",)
    score = whole(first)
    if score is None:
        return None
    if len(kept_by) == 1:   # the other may have lost it after that
        return UNSURE
    for line in kept_by:
        pid, _, started = line.partition(" ")
        if _start_time(host, pid) != started:
            return UNSURE
    return score


def _start_time(host: "Files", pid: str) -> "str | None":
    """Start time of a process as the kernel writes it, proc_pid_stat(5); None when it is gone."""
    fields = (host.read(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else None
