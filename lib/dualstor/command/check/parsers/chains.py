# SPDX-License-Identifier: GPL-2.0-or-later
"""What a packet filter does with a new packet, by its chains.

A rule with conditions that cannot be evaluated here (an address, an interface) may accept, but
is not assumed to drop: what is reported as closed is closed for every packet.
"""

import re

from dualstor.record import Record, whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Mapping, Sequence

ACCEPT, DROP, RETURN = "accept", "drop", "return"
_DEPTH = 20
_PORTS = re.compile(r"^([0-9]{1,5})(?:[:-]([0-9]{1,5}))?$")


def holds_port(text: str, port: int) -> bool:
    """Whether a list such as "22,5404:5412" or "{ 22, 5404-5412 }" has a port.

    Something else than a number (a name, a set) may have it: True.
    """
    for item in text.strip("{} ").split(","):
        match = _PORTS.match(item.strip())
        if match is None:
            return True
        low, high = whole(match.group(1)), whole(match.group(2) or match.group(1))
        if low is not None and high is not None and low <= port <= high:
            return True
    return False


class FirewallRule(Record):
    """One rule: ``verdict`` is ACCEPT, DROP, RETURN, or the name of a chain to jump to.

    ``protocol`` and ``ports`` (a function of a port) are None for any; ``new``: whether it
    can match a packet that opens a connection; ``sure``: whether nothing else restricts it.
    """

    verdict: str
    protocol: "str | None" = None
    ports: "Callable[[int], bool] | None" = None
    new: bool = True
    sure: bool = True

    def fits(self, protocol: str, port: "int | None") -> bool:
        """Whether it may match a new packet."""
        if not self.new or self.protocol not in (None, protocol):
            return False
        return self.ports is None or (port is not None and self.ports(port))


class _Walk:
    """A packet's way through *chains*; each chain is walked once, whoever jumps to it."""

    def __init__(self, chains: "Mapping[str, Sequence[FirewallRule]]", protocol: str,
                 port: "int | None") -> None:
        self._chains, self._packet = chains, (protocol, port)
        self._known: "dict[str, str | None]" = {}

    def verdict(self, name: str, depth: int = 0) -> "str | None":
        """ACCEPT or DROP; None at the end of the chain."""
        if name not in self._known:
            self._known[name] = None    # a loop ends here
            self._known[name] = self._through(name, depth) if depth < _DEPTH else None
        return self._known[name]

    def _through(self, name: str, depth: int) -> "str | None":
        for rule in self._chains.get(name, ()):
            if not rule.fits(*self._packet):
                continue
            if rule.verdict == ACCEPT:
                return ACCEPT
            if rule.verdict in (DROP, RETURN):
                if rule.sure:
                    return DROP if rule.verdict == DROP else None
                continue
            verdict = self.verdict(rule.verdict, depth + 1)
            if verdict == ACCEPT or (verdict == DROP and rule.sure):
                return verdict
        return None


def admits(chains: "Mapping[str, Sequence[FirewallRule]]", policies: "Mapping[str, str]",
           protocol: str, port: "int | None") -> bool:
    """Whether a new packet is accepted.

    :param chains: the rules of each chain
    :param policies: ACCEPT or DROP, of each chain through which packets come in
    :param protocol: e.g. "tcp"
    :param port: its destination; None if the protocol has none
    """
    walk = _Walk(chains, protocol, port)
    return all((walk.verdict(name) or policy) == ACCEPT for name, policy in policies.items())
