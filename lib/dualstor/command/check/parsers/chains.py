# SPDX-License-Identifier: GPL-2.0-or-later
"""What a packet filter does with a new packet, judged by its chains.

A rule with conditions that cannot be judged here (an address, an interface) may accept, but
is not taken to drop: what is called closed is closed for every packet.
"""

from dualstor.record import Record

ACCEPT, DROP, RETURN = "accept", "drop", "return"
_DEPTH = 20


class Rule(Record):
    """One rule: ``verdict`` is ACCEPT, DROP, RETURN, or the name of a chain to jump to.

    ``protocol`` and ``ports`` (a function of a port) are None for any; ``new`` whether
    it can fit a packet that opens a connection; ``sure`` whether nothing else restricts it.
    """

    verdict: str
    protocol: str = None
    ports: object = None
    new: bool = True
    sure: bool = True

    def fits(self, protocol, port):
        """Whether it may fit a new packet."""
        if not self.new or self.protocol not in (None, protocol):
            return False
        return self.ports is None or (port is not None and self.ports(port))


class _Walk:
    """A packet's way through *chains*; each chain is walked once, whoever jumps to it."""

    def __init__(self, chains, protocol, port):
        self._chains, self._packet, self._known = chains, (protocol, port), {}

    def verdict(self, name, depth=0):
        """ACCEPT or DROP, None when the chain comes to its end."""
        if name not in self._known:
            self._known[name] = None    # a loop ends here
            self._known[name] = self._through(name, depth) if depth < _DEPTH else None
        return self._known[name]

    def _through(self, name, depth):
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


def admits(chains, policies, protocol, port):
    """Whether a new packet gets in.

    :param chains: {name: tuple of Rules}
    :param policies: {name of a chain where packets come in: ACCEPT or DROP}
    :param protocol: e.g. "tcp"
    :param port: its destination; None where the protocol has none
    """
    walk = _Walk(chains, protocol, port)
    return all((walk.verdict(name) or policy) == ACCEPT for name, policy in policies.items())
