# SPDX-License-Identifier: GPL-2.0-or-later
"""firewalld's zones: what ``firewall-cmd --list-all-zones`` prints, and zone files.

Sources: firewall-cmd(1), firewalld.zone(5); firewalld config/services/high-availability.xml.
"""

import re

from dualstor.command.check.parsers import chains, xml

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

#: Services that open what a cluster needs: {name: ((protocol, ports), ...)}.
SERVICES = {
    "high-availability": (("tcp", "2224,3121,5403,9929,21064"), ("udp", "5404-5412,9929")),
    "rhcs": (("tcp", "11111,21064"), ("udp", "5404-5405")),
}


def _opened(services: "Iterable[str]", ports: "list[tuple[str, str]]", protocol: str,
            port: int) -> bool:
    """Whether services by name, or (ports, protocol) pairs, open a port."""
    for service in services:
        ports = ports + [(listed, kind) for kind, listed in SERVICES.get(service, ())]
    return any(kind == protocol and chains.holds_port(listed, port) for listed, kind in ports)


def _zone_admits(zone: str, protocol: str, port: "int | None") -> bool:
    """As ``admits`` for the text of one zone."""
    values = dict(re.findall(r"^[ \t]*([a-z-][a-z- ]*): *(.*)$", zone, re.MULTILINE))
    if values.get("target") == "ACCEPT" or protocol in values.get("protocols", "").split():
        return True
    ports = [(listed, kind) for listed, slash, kind in
             (item.partition("/") for item in values.get("ports", "").split()) if slash]
    for rule in re.findall(r"^[ \t]*rule\b.*\baccept\b.*$", zone, re.MULTILINE):
        if f'protocol value="{protocol}"' in rule:
            return True
        ports += re.findall(r'port port="([^"]*)" protocol="([^"]*)"', rule)
        if not re.search("port port=|service name=|protocol value=", rule):
            return True
    services = values.get("services", "").split() + re.findall(r'service name="([^"]*)"', zone)
    return port is not None and _opened(services, ports, protocol, port)


def admits(text: str, protocol: str, port: "int | None") -> bool:
    """Whether one of the active zones accepts a new packet."""
    zones = [zone for zone in re.split(r"\n(?=\S)", text)
             if re.match(r"^\S+.*\(.*\bactive\b.*\)", zone)]
    return any(_zone_admits(zone, protocol, port) for zone in zones)


def file_admits(text: str, path: str, protocol: str, port: "int | None") -> bool:
    """Whether a zone's file accepts a new packet."""
    root, _ = xml.parse(text, path)
    if root is None:
        return False
    if root.get("target") == "ACCEPT":
        return True
    if any(e.get("value") == protocol for e in root.iter("protocol")):
        return True
    ports = [(e.get("port", ""), e.get("protocol", "")) for e in root.iter("port")]
    services = [e.get("name", "") for e in root.iter("service")]
    return port is not None and _opened(services, ports, protocol, port)
