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

TCP, SCTP = "tcp", "sctp"
_RING = re.compile(r"^ring[0-7]_addr$")


def links(host):
    """(how many networks the cluster engine talks on, Where that is said)."""
    if host.engine == "cman":
        nodes = xml.elements(clusterconf.root(host), "clusternode")
        further = [each for node in nodes for each in node.iterfind("altname")]
        where = clusterconf.at(further[0] if further else clusterconf.root(host))
        return 1 + max([len(node.findall("altname")) for node in nodes] or [0]), where
    conf = host.corosync_conf[0]
    totem, nodes = conf.first("totem"), conf.first("nodelist").named("node")
    rings = [[key for key in node.values if _RING.match(key)] for node in nodes]
    if any(rings):
        most = max(rings, key=len)
        return len(most), nodes[rings.index(most)].at(sorted(most)[-1])
    interfaces = totem.named("interface")
    return len({each.get("ringnumber", "0") for each in interfaces}) or 1, \
        interfaces[-1].where if interfaces else totem.where


def protocol(host):
    """TCP or SCTP: what dlm is told, or makes of the cluster's configuration."""
    if host.engine == "cman":
        told = clusterconf.attribute(host, "dlm", "protocol", "detect")[0]
        redundant = clusterconf.attribute(host, "totem", "rrp_mode")[0] or (
            "active" if links(host)[0] > 1 else "none")
    else:
        match = re.search(r"^[ \t]*protocol\s*=\s*\"?(\w+)", host.text("/etc/dlm/dlm.conf") or "",
                          re.MULTILINE)
        told = match.group(1) if match else "detect"
        redundant = host.corosync_conf[0].first("totem").get("rrp_mode") or "none"
    if told in ("tcp", "0", "sctp", "1"):
        return SCTP if told in ("sctp", "1") else TCP
    return TCP if redundant == "none" else SCTP


@rule("DLM-LINKS", WARNING, "the cluster engine has one link, as dlm wants it",
      why="Over TCP dlm knows one address of a node: with more it does not start (kernels before "
          "mid 2025) or uses the first alone, so locks hang when that link breaks; over SCTP it "
          "takes several, which Red Hat does not support and nobody has tried with these agents.",
      fix="leave one link, on a bond of both networks: take ring1_addr (corosync 1 and 2: the "
          "second interface section; cman: altname) out on both hosts")
def one_link(host):
    count, where = links(host)
    if count > 1:
        yield found(where, f"the cluster has {count} links, and dlm talks {protocol(host).upper()}")
