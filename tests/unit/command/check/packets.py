# SPDX-License-Identifier: GPL-2.0-or-later
"""The packets that the tests of packet filters send: from node2 at 10.0.0.2 to eth1."""

import ipaddress

from dualstor.command.check.filters.packet import Packet

OPEN, CLOSED, UNKNOWN = "open", "closed", "not understood"

PEER, OWN = ipaddress.ip_address("10.0.0.2"), ipaddress.ip_address("10.0.0.1")
DRBD = Packet(protocol="tcp", port=7788, source=PEER, destination=OWN, interface="eth1")
COROSYNC = DRBD.but(protocol="udp", port=5405)
QUERY = Packet(protocol="igmp", destination=ipaddress.ip_address("224.0.0.1"))
DRBD_6 = DRBD.but(source=ipaddress.ip_address("fd00::2"),
                  destination=ipaddress.ip_address("fd00::1"))
#: One of which only protocol and port are known.
BLIND = Packet(protocol="tcp", port=7788)
