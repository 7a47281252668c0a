# SPDX-License-Identifier: GPL-2.0-or-later
"""The DRBD resource's file, /etc/drbd.d/RESOURCE.res (drbd.conf(5) of 8.3, 8.4 and 9).

What drbd-dualprimary insists on: protocol C, two Primaries, no split brain mended by
throwing data away, and I/O frozen until a lost peer is fenced. DRBD 9 is told not to promote
whenever a device is opened.
"""

from dualstor import fencepeer

_AFTER_SB = [f"after-sb-{number}pri disconnect;" for number in (0, 1, 2)]
_FENCING = "fencing resource-and-stonith;"


def path(pair):
    """Where the file belongs."""
    return f"/etc/drbd.d/{pair.drbd.resource}.res"


def _section(head, lines):
    return [head + " {"] + ["\t" + line for line in lines] + ["}"]


def _address(node, port):
    if ":" in node.replication:
        return f"address ipv6 [{node.replication}]:{port};"
    return f"address {node.replication}:{port};"


def _lines(pair):
    drbd = pair.drbd
    old, nine = drbd.version == "8.3", drbd.version == "9"
    if old:
        yield "protocol C;"
    net = ["allow-two-primaries;"] if old else ["protocol C;", "allow-two-primaries yes;"]
    yield from _section("net", net + _AFTER_SB + ([_FENCING] if nine else []))
    if not nine:
        yield from _section("disk", [_FENCING])
    yield from _section("handlers", [f"fence-peer \"{fencepeer.PROGRAM}\";"])
    if nine:
        yield from _section("options", ["auto-promote no;"])
    for number, node in enumerate(pair.nodes):
        own = [f"device {drbd.device};", f"disk {node.disk};", "meta-disk internal;",
               _address(node, drbd.port)]
        yield from _section("on " + node.name, own + ([f"node-id {number};"] if nine else []))


def render(pair):
    """The file's text, the same on both nodes."""
    return "\n".join(_section("resource " + pair.drbd.resource, _lines(pair))) + "\n"
