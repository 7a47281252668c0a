# SPDX-License-Identifier: GPL-2.0-or-later
"""Who waits for packets on a host: by psutil, or by ``ss -H -l -n -t -u -p`` (ss(8))."""

import ipaddress
import json
import re

from dualstor.command.check.view.seen import Unavailable
from dualstor.record import Record, whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.view.network import Address
    from dualstor.command.check.view.seen import Seen

_PROGRAM = re.compile(r'users:\(\("([^"]*)"')


class Listener(Record):
    """A socket; ``address`` is None for all addresses, ``program`` "" for the kernel's own."""

    protocol: str
    address: "Address | None"
    port: int
    program: str

    def takes(self, protocol: str, address: "Address | None", port: int) -> bool:
        """Whether it gets a packet to an address; None stands for any of the host's."""
        return (self.protocol, self.port) == (protocol, port) and (
            self.address is None or address is None or self.address == address)


def _address(text: str) -> "tuple[bool, Address | None]":
    """(whether it is an address, the address or None for all)."""
    text = text.strip("[]").partition("%")[0]
    if text in ("*", ""):
        return True, None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False, None
    mapped = getattr(found, "ipv4_mapped", None)
    return True, None if found.is_unspecified else mapped or found


def listeners(host: "Seen") -> "list[Listener]":
    """The Listeners.

    :raises Unavailable: psutil is missing, and ss did not answer
    """
    try:
        rows = json.loads(host.output("sockets"))
        found = [(str(a), str(b), whole(str(c)), str(d)) for a, b, c, d in rows]
    except Unavailable as problem:
        try:
            found = [_of_ss(line.split()) for line in host.output("ss").split("\n")
                     if len(line.split()) >= 6]
        except Unavailable as other:
            raise Unavailable(f"{problem}; {other}") from other
    except (ValueError, TypeError) as problem:
        raise Unavailable("sockets: not of the form that is written here") from problem
    result = []
    for protocol, text, port, program in found:
        known, address = _address(text)
        if known and port is not None:
            result.append(Listener(protocol, address, port, program))
    return result


def _of_ss(words: "list[str]") -> "tuple[str, str, int | None, str]":
    """(protocol, address, port, program) of a line: Netid State Recv-Q Send-Q Local Peer ..."""
    address, _, port = words[4].rpartition(":")
    match = _PROGRAM.search(" ".join(words[6:]))
    return words[0], address, whole(port), match.group(1) if match else ""
