# SPDX-License-Identifier: GPL-2.0-or-later
"""dlm's fencing, and its own connections between the addresses of the cluster engine.

Sources: Linux fs/dlm/lowcomms.c (dlm_tcp_listen_validate; since mid 2025, and in stable kernels of
that time, more than one address is no error over TCP, but the first alone is used); dlm_controld(8)
and action.c (detect: sctp where rrp_mode is set, which corosync 3 does not know); cluster 3's
cman-preconfig (altname sets rrp_mode); Red Hat's support policy for dlm (one ring only).
"""

import re

from dualstor.command.check.parsers import dlmconf, xml
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import CIB, ERROR, WARNING, found, rule
from dualstor.command.check.view import clusterconf
from dualstor.command.check.view.seen import CMAN, Irrelevant, Unavailable
from dualstor.tools import dlmstonith

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Dict, Tuple

    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.host import HostView

    Options = Dict[str, Tuple[str, Where]]

TCP, SCTP = "tcp", "sctp"
PORT = 21064    # dlm_controld sets no other
_CONF = "/etc/dlm/dlm.conf"
_VARIABLES = {CMAN: ("/etc/sysconfig/cman", "/etc/default/cman"),
              "corosync": ("/etc/sysconfig/dlm", "/etc/default/dlm")}
_STONITH_AGENT = "dlm_stonith"
_FENCE_ALL = re.compile(r"^[ \t]*(?:fence_all|device\s+\S+)\s+(\S+)", re.MULTILINE)
_FENCING, _DAEMON = "enable_fencing", "dlm_controld"
#: What shows that dlm is used: two primaries of DRBD, lvmlockd or clvmd.
_TWO_PRIMARIES = re.compile(r"^[^#\n]*\ballow-two-primaries\b", re.MULTILINE)
_LOCKED = re.compile(r"^[^#\n]*\b(?:use_lvmlockd\s*=\s*1|locking_type\s*=\s*3)\b", re.MULTILINE)


def _running(host: "HostView") -> "Options":
    """The options of the dlm_controld that runs; {} if none does or nobody looked."""
    try:
        answer = host.answer("daemons")
    except Unavailable:
        return {}
    lines = [line.split() for line in answer["stdout"].split("\n")]
    return next((dlmconf.command_line(words[1:], Where(_DAEMON)) for words in lines
                 if words and words[0].rpartition("/")[2] == _DAEMON), {})


def _configured(host: "HostView") -> "Options":
    """The options in cluster.conf or dlm.conf."""
    if host.engine != CMAN:
        return dlmconf.parse(host.text(_CONF) or "", _CONF)
    elements = xml.elements(clusterconf.root(host), "dlm")[:1]
    return {str(key): (str(value), clusterconf.at(element))
            for element in elements for key, value in element.items()}


def _sources(host: "HostView") -> "list[Options]":
    """Where options are given, what overrides first."""
    named = [dlmconf.variables(host.text(path) or "", path) for path in _VARIABLES[host.engine]]
    return [_running(host)] + named + [_configured(host)]


@rule("DLM-FENCING", ERROR, "dlm waits until a lost node is fenced",
      why="Without it dlm grants a lost node's locks while that node may still write: two nodes "
          "write one LV, and its data are destroyed.",
      fix="remove the option from {file} on both hosts, then restart dlm on one host after the "
          "other (`dlm_tool dump_config` shows enable_fencing=1)")
def fencing(host: "HostView") -> "Findings":
    for options in _sources(host):
        if _FENCING in options:
            value, where = options[_FENCING]
            if not dlmconf.number(value):
                yield found(where, f"{_FENCING} is {value}")
            if where.source == _DAEMON:
                break   # it runs with this, whatever the files say
    for program, where in dlmconf.idle_agents(host.text(_CONF) or "", _CONF):
        yield found(where, f"dlm fences with {program}, which does nothing")


@rule("DLM-STONITH", ERROR, "dlm_stonith finds the library of this Pacemaker",
      why="It opens the library of one version by name; with another one each request of dlm fails "
          "(exit status 177), so it does not learn that a lost node was fenced, and LVM waits "
          "until the node is back.",
      fix="install a dlm that was built for this Pacemaker; until there is one, on both hosts: "
          "`ln -s {library} {link}`")
def stonith(host: "HostView") -> "Findings":
    chosen = _FENCE_ALL.findall(host.text(_CONF) or "")
    if host.engine == CMAN or chosen and not any(_STONITH_AGENT in agent for agent in chosen):
        raise Irrelevant
    found_here = dlmstonith.parse(host.answer("dlm-stonith")["stdout"],
                                  host.answer("libraries")["stdout"])
    if not found_here.there:
        raise Unavailable("ldconfig -p does not know libstonithd: is Pacemaker installed?")
    for name, link in found_here.lacking:
        yield found(Where(dlmstonith.PROGRAM),
                    f"it opens {name}, Pacemaker has {', '.join(found_here.there)}",
                    library=found_here.there[-1], link=link)


@rule("DLM-FENCING-ARGS", ERROR, "Pacemaker starts dlm with fencing",
      why="Without it dlm grants a lost node's locks while that node may still write: two nodes "
          "write one LV, and its data are destroyed.",
      fix="`pcs resource update {resource} args=\"-s 0\"` (the default of the agent)", scope=CIB)
def fencing_args(cib: "Cib") -> "Findings":
    for resource in cib.resources:
        args = resource.parameters.get("args")
        if resource.type == "controld" and args is not None:
            options = dlmconf.command_line(dlmconf.split(args), resource.where)
            value = options.get(_FENCING, ("1", resource.where))[0]
            if not dlmconf.number(value):
                yield found(resource.where, f"resource {resource.id} has args=\"{args[:80]}\"",
                            resource=resource.id)


def links(host: "HostView") -> "tuple[int, Where]":
    """(how many networks the cluster engine uses, Where that is configured)."""
    if host.engine == CMAN:
        elements = xml.elements(clusterconf.root(host), "clusternode")
        further = [each for node in elements for each in node.iterfind("altname")]
        where = clusterconf.at(further[0] if further else clusterconf.root(host))
        return 1 + max([len(node.findall("altname")) for node in elements] or [0]), where
    used, totem = host.corosync.links, host.corosync.totem
    further_addresses = [one.where for one in host.corosync.addresses if one.link == used[-1]]
    sections = totem.named("interface")
    return len(used), (further_addresses[0] if further_addresses else
                       sections[-1].where if sections else totem.where)


def protocol(host: "HostView") -> str:
    """TCP or SCTP: what is configured for dlm, or what it derives from the cluster's links."""
    given = next((options["protocol"][0] for options in _sources(host) if "protocol" in options),
                 "detect").lower()
    if given in ("tcp", "0", "sctp", "1"):
        return SCTP if given in ("sctp", "1") else TCP
    if host.engine == CMAN:
        redundant = clusterconf.attribute(host, "totem", "rrp_mode")[0] or (
            "active" if links(host)[0] > 1 else "none")
    else:
        redundant = host.corosync.totem.get("rrp_mode") or "none"
    return TCP if redundant == "none" else SCTP


def _in_use(host: "HostView") -> bool:
    """Whether anything in the tree shows that dlm is used here; a live host has all of it."""
    files = host.tree.files
    return (host.engine == CMAN or _CONF in files
            or bool(host.cluster and host.cluster.starts_dlm)
            or bool(host.tree.programs.get(_DAEMON) or host.tree.paths.get("/sys/kernel/dlm"))
            or any(path.startswith("/etc/drbd") and _TWO_PRIMARIES.search(text)
                   or path.startswith("/etc/lvm/lvm") and _LOCKED.search(text)
                   for path, text in files.items()))


@rule("DLM-LINKS", WARNING, "the cluster engine has one link, as dlm requires",
      why="Over TCP dlm uses one address per node: with more it does not start (kernels before mid "
          "2025) or uses only the first, so locks hang when that link breaks; over SCTP it uses "
          "several, which Red Hat does not support and nobody has tried with these agents.",
      fix="keep one link, on a bond of both networks: remove ring1_addr (corosync 1 and 2: the "
          "second interface section; cman: altname) on both hosts")
def one_link(host: "HostView") -> "Findings":
    count, where = links(host)
    if count > 1:
        if not _in_use(host):
            raise Unavailable("nothing in the tree shows that dlm is used")
        yield found(where, f"the cluster has {count} links, and dlm uses {protocol(host).upper()}")
