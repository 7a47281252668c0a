# SPDX-License-Identifier: GPL-2.0-or-later
"""For how long DRBD's connection had been there when it was lost, from the kernel's log.

No file says when a connection was established. The log does, on the kernel's own clock, which
nobody sets: ``drbd r0: conn( WFConnection -> WFReportParams )`` in 8.4, ``drbd r0 node2: conn(
Connecting -> Connected ) ...`` in 9; and ``helper command: /sbin/drbdadm fence-peer`` just before
the handler is started. Form of the records: Documentation/ABI/testing/dev-kmsg of Linux.
"""

from dualstor.record import whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.host.files import Files

_LOG = "/dev/kmsg"
_ESTABLISHED = ("-> WFReportParams )", "-> Connected )")
_CALLED = "helper command: /sbin/drbdadm fence-peer"
_ENDED = " exit code "


def parse(records: "Iterable[str]", resource: str, peer: str) -> "float | None":
    """Seconds from the last time that the connection was established to the handler's call.

    :param records: "PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT", further lines begin with a blank
    :param peer: its name, which DRBD 9 has in each line
    :returns: None when the log does not go back that far, or has another form
    """
    prefixes = (f"drbd {resource}: ", f"drbd {resource} {peer}: ")
    established: "float | None" = None
    connected: "float | None" = None
    for record in records:
        head, _, text = record.partition("\n")[0].partition(";")
        microseconds = whole((head.split(",") + ["", "", ""])[2])
        if microseconds is None or not text.startswith(prefixes):
            continue
        if "conn( " in text and any(words in text for words in _ESTABLISHED):
            connected = microseconds / 1e6
        elif _CALLED in text and _ENDED not in text:
            established = None if connected is None else microseconds / 1e6 - connected
    return established


def connected_for(host: "Files", resource: str, peer: str) -> "float | None":
    """As ``parse``, of this host's log; None also where it cannot be read."""
    return parse(host.records(_LOG) or (), resource, peer)
