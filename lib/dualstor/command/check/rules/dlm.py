# SPDX-License-Identifier: GPL-2.0-or-later
"""dlm's own connections, between the addresses that the cluster engine gives it.

Sources: Linux fs/dlm/lowcomms.c (dlm_tcp_listen_validate; since mid 2025, and in stable kernels of
that time, more than one address is no error over TCP, but the first alone is used); dlm_controld(8)
and action.c (detect: sctp where rrp_mode is set, which corosync 3 does not know); cluster 3's
cman-preconfig (altname sets rrp_mode); Red Hat's support policy for dlm (one ring only).
"""

import re

from dualstor.command.check.parsers import xml
from dualstor.command.check.rules.registry import WARNING, found, rule
from dualstor.command.check.view import clusterconf

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.where import Where
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView

TCP, SCTP = "tcp", "sctp"
_RING = re.compile(r"^ring[0-7]_addr$")


def links(host: "HostView") -> "tuple[int, Where]":
    """(how many networks the cluster engine uses, Where that is configured)."""
    if host.engine == "cman":
        elements = xml.elements(clusterconf.root(host), "clusternode")
        further = [each for node in elements for each in node.iterfind("altname")]
        where = clusterconf.at(further[0] if further else clusterconf.root(host))
        return 1 + max([len(node.findall("altname")) for node in elements] or [0]), where
    totem, nodes = host.corosync_conf[0].first("totem"), host.corosync_nodes
    rings = [[key for key in node.values if _RING.match(key)] for node in nodes]
    if any(rings):
        most = max(rings, key=len)
        return len(most), nodes[rings.index(most)].at(sorted(most)[-1])
    interfaces = totem.named("interface")
    return len({each.get("ringnumber", "0") for each in interfaces}) or 1, \
        interfaces[-1].where if interfaces else totem.where


def protocol(host: "HostView") -> str:
    """TCP or SCTP: what is configured for dlm, or what it derives from the cluster's links."""
    if host.engine == "cman":
        given = clusterconf.attribute(host, "dlm", "protocol", "detect")[0]
        redundant = clusterconf.attribute(host, "totem", "rrp_mode")[0] or (
            "active" if links(host)[0] > 1 else "none")
    else:
        match = re.search(r"^[ \t]*protocol\s*=\s*\"?(\w+)", host.text("/etc/dlm/dlm.conf") or "",
                          re.MULTILINE)
        given = match.group(1) if match else "detect"
        redundant = host.corosync_conf[0].first("totem").get("rrp_mode") or "none"
    if given in ("tcp", "0", "sctp", "1"):
        return SCTP if given in ("sctp", "1") else TCP
    return TCP if redundant == "none" else SCTP


@rule("DLM-LINKS", WARNING, "the cluster engine has one link, as dlm requires",
      why="Over TCP dlm uses one address per node: with more it does not start (kernels before mid "
          "2025) or uses only the first, so locks hang when that link breaks; over SCTP it uses "
          "several, which Red Hat does not support and nobody has tried with these agents.",
      fix="keep one link, on a bond of both networks: remove ring1_addr (corosync 1 and 2: the "
          "second interface section; cman: altname) on both hosts")
def one_link(host: "HostView") -> "Findings":
    count, where = links(host)
    if count > 1:
        yield found(where, f"the cluster has {count} links, and dlm uses {protocol(host).upper()}")
