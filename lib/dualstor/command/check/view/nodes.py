# SPDX-License-Identifier: GPL-2.0-or-later
"""The names of the cluster's nodes, as Pacemaker has them.

Source: Pacemaker daemons/*/corosync.c (pcmk__corosync_name): the name in corosync's nodelist,
else ring0_addr unless it is an address, else the host's name.
"""

import ipaddress
from difflib import SequenceMatcher

from dualstor.command.check.view import clusterconf
from dualstor.command.check.view.seen import Irrelevant, Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Sequence

    from dualstor.command.check.parsers.xml import Element
    from dualstor.command.check.view.host import HostView


_ALIKE = 0.75


def alike(name: str, others: "Iterable[str]") -> "str | None":
    """The first of *others* for which *name* may be a spelling mistake or another form."""
    short = name.lower().partition(".")[0]
    return next((other for other in others if SequenceMatcher(
        None, short, other.lower().partition(".")[0]).ratio() >= _ALIKE), None)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _of_engine(host: "HostView") -> "list[str]":
    """The names that the engine's file gives to all nodes; [] if it does not."""
    try:
        if host.engine == "cman":
            return [node.name for node in clusterconf.nodes(host)]
        found = []
        for section in host.corosync_nodes:
            address = section.get("ring0_addr") or ""
            name = section.get("name") or ("" if _is_address(address) else address)
            if not name:
                return []
            found.append(name)
        return found
    except (Unavailable, Irrelevant):
        return []


def names(root: "Element", hosts: "Sequence[HostView]") -> "tuple[tuple[str, ...], bool]":
    """(names, whether these are all): by the CIB, the engine, or as the hosts are called."""
    found = [node.get("uname", "") for node in root.iterfind("configuration/nodes/node")
             if node.get("uname") and node.get("type") not in ("remote", "ping")]
    if found:
        return tuple(found), True
    for host in hosts:
        listed = _of_engine(host)
        if listed:
            return tuple(listed), True
    return tuple(host.name for host in hosts), len(hosts) > 1
