# SPDX-License-Identifier: GPL-2.0-or-later
"""Who waits on the ports of DRBD, dlm and the cluster engine.

DRBD's and dlm's sockets are the kernel's own and belong to no program.
"""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules import firewall
from dualstor.command.check.rules.registry import ERROR, found, rule
from dualstor.command.check.view import flows, sockets
from dualstor.command.check.view.seen import Irrelevant, Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Iterable

    from dualstor.command.check.filters.packet import Packet
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView

_ENGINES = ("corosync", "aisexec", "cman", "ccsd")


def _wanted(host: "HostView") -> "Iterable[tuple[str, tuple[str, ...], Packet]]":
    """(who needs the port, the programs that may have it, a packet to it)."""
    sources: "tuple[tuple[str, tuple[str, ...], Callable[[], list[Packet]]], ...]" = (
        ("DRBD", (), lambda: flows.drbd(host)), ("dlm", (), lambda: firewall.dlm_packets(host)),
        ("the cluster engine", _ENGINES,
         lambda: flows.cluster(host, "udp", firewall.engine_ports(host))))
    for name, programs, packets in sources:
        try:
            for packet in packets():
                yield name, programs, packet
        except (Irrelevant, Unavailable):
            continue    # it is not configured: it needs no port


@rule("PORTS-TAKEN", ERROR, "no other program waits on the ports of DRBD, dlm and corosync",
      why="DRBD, dlm or corosync cannot use a port that another program has: it does not connect.",
      fix="stop {program}, or give it or {owner} another port (`ss -lntup` shows who has which)")
def taken(host: "HostView") -> "Findings":
    waiting = sockets.listeners(host)
    told: "set[tuple[str, str, int]]" = set()
    for owner, programs, packet in _wanted(host):
        for one in waiting:
            key = one.program, one.protocol, one.port
            if one.program and one.program not in programs and key not in told \
                    and packet.port is not None \
                    and one.takes(packet.protocol, packet.destination, packet.port):
                told.add(key)
                yield found(Where("ss -lntup"),
                            f"{one.program} has {one.protocol} port {one.port}, which {owner} "
                            "needs", program=one.program, owner=owner)
