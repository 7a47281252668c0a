# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses in DRBD's configuration: ``10.0.0.1:7788``, ``ipv6 [fd00::1]:7788``, ``sdp ...``.

Source: drbd.conf(5), drbd-utils user/v9/drbdadm_parser.c: an IPv6 address needs its family and
brackets; blanks may be around brackets and the colon. A name is no address.
"""

import ipaddress
import re

from dualstor.record import Record, whole
from dualstor.tools.drbdtable import FAMILIES, NOT_TCP

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

_FORM = re.compile(r"(\[?)([0-9a-fA-F:.]+)(?:%[A-Za-z0-9/._-]+)?(\]?):([0-9]{1,5})$")


class DrbdAddress(Record):
    """An address with its port; ``tcp``: it is TCP, which a firewall sees."""

    ip: "Ip"
    port: int
    tcp: bool = True

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if self.ip.version == 6 else f"{self.ip}:{self.port}"


def parse(text: "str | None") -> "DrbdAddress | None":
    """The DrbdAddress in a text, with or without its family; None if it is none."""
    words = (text or "").split()
    family = words[0] if words and words[0] in FAMILIES else None
    match = _FORM.match("".join(words[1:] if family else words))
    if match is None:
        return None
    port = whole(match.group(4))
    try:
        ip = ipaddress.ip_address(match.group(2))
    except ValueError:
        return None
    return None if port is None else DrbdAddress(ip=ip, port=port, tcp=family not in NOT_TCP)


def complaint(words: "Iterable[str]") -> "str | None":
    """What is wrong with the words after ``address``; None if nothing is."""
    text = " ".join(words)
    family, _, rest = text.partition(" ")
    if family not in FAMILIES:
        family, rest = "", text
    found, brackets = parse(text), rest.startswith("[")
    if found is None:
        if re.search(r":\s*[0-9]+$", rest):
            return f"\"{text}\" is no address and port"
        return f"\"{text}\" has no port" if rest else "an address is missing"
    if not 1 <= found.port <= 65535:
        return f"port {found.port} is not within 1 and 65535"
    if found.ip.version == 6 and not (family == "ipv6" and brackets):
        return f"an IPv6 address is written \"ipv6 [{found.ip}]:{found.port}\""
    if found.ip.version == 4 and (family == "ipv6" or brackets):
        return f"{found.ip} is an IPv4 address"
    return None
