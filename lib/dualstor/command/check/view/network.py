# SPDX-License-Identifier: GPL-2.0-or-later
"""The addresses of a host's interfaces."""

import ipaddress
import json
import re

from dualstor.command.check.view.seen import Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.view.seen import Seen

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface

_LISTED = re.compile(r"^[0-9]+:\s+([^\s@:]+)(?:@\S+)?:?\s+inet6?\s+(\S+)", re.MULTILINE)


def _interface(text: str) -> "Interface | None":
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        return None


def links(host: "Seen") -> "tuple[tuple[str, Interface], ...]":
    """((name of an interface, address with its network), ...) of a host.

    :raises Unavailable: neither psutil nor ``ip`` was asked
    """
    for command in ("interfaces", "ip-json"):
        try:
            found = _of_json(host.output(command))
        except Unavailable:
            continue
        if found:
            return found
    pairs = ((name, _interface(text)) for name, text in _LISTED.findall(host.output("ip-addr")))
    return tuple((name, one) for name, one in pairs if one is not None)


def _of_json(text: str) -> "tuple[tuple[str, Interface], ...]":
    """As ``links``, of what ``ip -j addr show`` prints; () for something else."""
    found = []
    try:
        for link in json.loads(text):
            for each in link.get("addr_info", ()):
                one = _interface(f"{each['local']}/{each['prefixlen']}")
                if one is not None:
                    found.append((str(link["ifname"]), one))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ()
    return tuple(found)
