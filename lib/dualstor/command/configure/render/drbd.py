# SPDX-License-Identifier: GPL-2.0-or-later
"""A DRBD resource's file, /etc/drbd.d/RESOURCE.res (drbd.conf(5) of 8.3, 8.4 and 9).

What drbd-dualprimary requires: protocol C, two Primaries, no split brain resolved by
discarding data, and I/O frozen until a lost peer is fenced. DRBD 9 must not promote when a
device is opened.

Writes stand still from the loss of the peer until it is fenced, so the loss is to be noticed soon:
by DRBD's own times it takes 10 to 20 seconds.
"""

from dualstor import fencepeer
from dualstor.tools.drbdconf import FENCING
from dualstor.tools.drbdtable import table

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Iterator

    from dualstor.command.configure.model import DrbdAnswers, Node, Pair

_AFTER_SB = [f"after-sb-{number}pri disconnect;" for number in (0, 1, 2)]
_FENCING = f"fencing {FENCING[-1]};"

#: Seconds; tenths of a second, twice DRBD's own.
_PING_INT, _PING_TIMEOUT = 2, 10
#: Seconds: so much later may one node notice the loss of the other than the other way round. The
#: fence delays must differ as much (check: PCMK-FENCE-DELAY).
NOTICE = 2 * _PING_INT + _PING_TIMEOUT / 10
#: Tenths of a second; DRBD wants it shorter than ping-int. A peer whose disk hangs is given up
#: after timeout * ko-count, which stays at DRBD's 42 s. 8.3 gives nobody up by default.
_TIMEOUT, _KO_COUNT = "timeout 15;", "ko-count 28;"


def path(drbd: "DrbdAnswers") -> str:
    """The file's path."""
    return f"/etc/drbd.d/{drbd.resource}.res"


def _section(head: str, lines: "Iterable[str]") -> "list[str]":
    return [head + " {"] + ["\t" + line for line in lines] + ["}"]


def _address(node: "Node", port: int) -> str:
    if ":" in node.replication:
        return f"address ipv6 [{node.replication}]:{port};"
    return f"address {node.replication}:{port};"


def _lines(drbd: "DrbdAnswers", pair: "Pair") -> "Iterator[str]":
    known = table(drbd.version)
    old = "protocol" not in known["net"]
    if old:
        yield "protocol C;"
    net = ["allow-two-primaries;"] if old else ["protocol C;", "allow-two-primaries yes;"]
    times = [f"ping-int {_PING_INT};", f"ping-timeout {_PING_TIMEOUT};", _TIMEOUT]
    times += [] if old else [_KO_COUNT]
    in_net = "fencing" in known["net"]
    yield from _section("net", net + _AFTER_SB + ([_FENCING] if in_net else []) + times)
    if not in_net:
        yield from _section("disk", [_FENCING])
    yield from _section("handlers", [f"fence-peer \"{fencepeer.PROGRAM}\";"])
    if "auto-promote" in known.get("options", {}):
        yield from _section("options", ["auto-promote no;"])
    for number, node in enumerate(pair.nodes):
        own = [f"device {drbd.device};", f"disk {drbd.disks[number]};", "meta-disk internal;",
               _address(node, drbd.port)]
        yield from _section("on " + node.name, own + (
            [f"node-id {number};"] if "node-id" in known["on"] else []))


def render(drbd: "DrbdAnswers", pair: "Pair") -> str:
    """The file's text, the same on both nodes."""
    return "\n".join(_section("resource " + drbd.resource, _lines(drbd, pair))) + "\n"


def files(pair: "Pair") -> "dict[str, str]":
    """{path: text} of all resources."""
    return {path(drbd): render(drbd, pair) for drbd in pair.resources}
