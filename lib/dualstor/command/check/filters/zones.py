# SPDX-License-Identifier: GPL-2.0-or-later
"""What a zone or a policy of firewalld is: settings and rich rules.

Sources: firewalld.zone(5), firewalld.policy(5), firewalld.richlanguage(5).
"""

import functools
import os

from dualstor.command.check.filters import chains
from dualstor.command.check.parsers.where import Where
from dualstor.record import Record, whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Dict, Tuple

    #: {name of a service: ((protocol, ports or ""), ...)}.
    Services = Dict[str, Tuple[Tuple[str, str], ...]]

_ACTIONS = {"accept": chains.ACCEPT, "drop": chains.DROP, "reject": chains.DROP}
_DATA = os.path.join(os.path.dirname(__file__), os.pardir, "data", "firewalld-services")

#: Zones that firewalld brings along: {name: (target, services)}.
ZONES = {
    "block": ("%%REJECT%%", ()), "drop": ("DROP", ()), "trusted": ("ACCEPT", ()),
    "dmz": ("default", ("ssh",)), "external": ("default", ("ssh",)),
    "home": ("default", ("ssh", "mdns", "samba-client", "dhcpv6-client")),
    "internal": ("default", ("ssh", "mdns", "samba-client", "dhcpv6-client")),
    "public": ("default", ("ssh", "dhcpv6-client")), "work": ("default", ("ssh", "dhcpv6-client")),
}


@functools.lru_cache(maxsize=None)
def services() -> "Services":
    """The services that firewalld brings along."""
    found = {}
    with open(_DATA, encoding="utf-8") as stream:
        for line in stream:
            words = line.split()
            if words and words[0] != "#":
                found[words[0]] = tuple((kind, ports) for kind, _, ports in
                                        (word.partition(":") for word in words[1:]))
    return found


def priority(text: "str | None", otherwise: int = -1) -> int:
    """A priority that is written as text."""
    number = whole(text, signed=True)
    return otherwise if number is None else number


class RichRule(Record):
    """A rich rule: ``parts`` are its elements with their attributes, in order."""

    where: Where
    parts: "tuple[tuple[str, dict[str, str]], ...]"

    def get(self, element: str) -> "dict[str, str] | None":
        """The attributes of an element; None if the rule has no such element."""
        return next((values for name, values in self.parts if name == element), None)

    @property
    def priority(self) -> int:
        """Its priority: 0 if it has none."""
        return priority((self.get("rule") or {}).get("priority"), 0)

    @property
    def verdict(self) -> str:
        """What it does with a packet."""
        return next((_ACTIONS[name] for name, _ in self.parts if name in _ACTIONS),
                    chains.CONTINUE)


class Settings(Record):
    """What a zone and a policy have in common."""

    name: str
    where: Where
    target: str = "default"
    services: "tuple[str, ...]" = ()
    ports: "tuple[tuple[str, str], ...]" = ()       # (protocol, ports)
    protocols: "tuple[str, ...]" = ()
    source_ports: "tuple[tuple[str, str], ...]" = ()
    forwarded: "tuple[tuple[str, str], ...]" = ()
    rules: "tuple[RichRule, ...]" = ()
    interfaces: "tuple[str, ...]" = ()
    sources: "tuple[str, ...]" = ()
    ingress: "tuple[str, ...]" = ()     # of a policy: zones, ANY or HOST
    egress: "tuple[str, ...]" = ()
    priority: int = -1


def built_in(name: str, where: Where) -> Settings:
    """The zone of that name as firewalld brings it along; an empty one if it does not."""
    target, opened = ZONES.get(name, ("default", ()))
    return Settings(name=name, where=where, target=target, services=opened)
