# SPDX-License-Identifier: GPL-2.0-or-later
"""From answers, as nested dicts, to the Pair that they describe.

What is left out has a default where a safe one exists. All errors are reported at once.
"""

from collections import Counter

from dualstor.command.configure import names, pacemaker, storage
from dualstor.command.configure.generations import BY_NAME
from dualstor.command.configure.model import (
    FILESYSTEM,
    GFS2,
    VM,
    Alerts,
    Disk,
    Fence,
    Node,
    Pair,
    Use,
)
from dualstor.command.configure.reader import AnswersWrong, Reader
from dualstor.command.configure.render.drbd import NOTICE
from dualstor.tools.pacemaker import FENCING

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any

    from dualstor.command.configure.model import LvmAnswers

#: Cluster properties that answers may not set.
_OURS = (*FENCING, "no-quorum-policy")

_DELAY = 5  # seconds that the first node's device waits, so that it survives a fence race

_WITNESS = f"a third node as a diskless witness is for DRBD's own quorum. {storage.NOT_BOTH}"

#: The keys of a file, by table. "options" holds what the agent takes.
_KEYS = {
    "": {"cluster", "generation", "nodes", "drbd", "lvm", "vg", "fence", "properties",
         "use", "alerts"},
    "nodes": {"name", "address", "replication", "disk"},
    "fence": {"node", "agent", "delay", "options"},
    GFS2: {"kind", "name", "vg", "lv", "size", "mountpoint"},
    FILESYSTEM: {"kind", "name", "vg", "lv", "size", "mountpoint", "filesystem"},
    VM: {"kind", "name", "vg", "disks", "config", "transport"},
    "disks": {"vg", "lv", "size"},
    "alerts": {"mail"},
}

_JOURNALS = 16  # characters of a GFS2 file system's name (mkfs.gfs2(8), the limit of older ones)
_NO_AGENT = ("needs ocf:heartbeat:LVM-activate (resource-agents 4.1), which needs a newer LVM than "
             "hosts with cman have")


_NO_ALERTS = ("alerts: the cluster's configuration can have them from Pacemaker 1.1.15 on, and "
              "only if its schema is pacemaker-2.5 or later: add the agent by hand (alerts.md)")


def _nodes(read: Reader, tables: "list[dict[str, Any]]") -> "tuple[Node, ...]":
    found: "list[Node]" = []
    for number, table in enumerate(tables, 1):
        where = f"node {table.get('name') or number}"
        address = read.text(table, "address", where, names.address)
        found.append(Node(
            name=read.text(table, "name", where, names.host), address=address,
            replication=read.text(table, "replication", where, names.address, address)))
    if len(found) != 2:
        read.problems.append(f"expected two nodes, not {len(found)}: dual primary is for two")
        return tuple(found)
    for field in ("name", "address", "replication"):
        if len({getattr(node, field) for node in found}) == 1 and getattr(found[0], field):
            read.problems.append(f"both nodes have the {field} {getattr(found[0], field)}")
    if len({":" in node.replication for node in found}) == 2:
        read.problems.append("one node replicates over IPv4 and the other over IPv6")
    return tuple(found)


def _fences(read: Reader, answers: "dict[str, Any]",
            nodes: "tuple[Node, ...]") -> "tuple[Fence, ...]":
    tables = read.tables(answers.get("fence", []), "fence", _KEYS["fence"])
    given = any("delay" in table for table in tables)
    first = nodes[0].name if nodes else None
    found = []
    for table in tables:
        where = f"fence device of {table.get('node')}"
        default = 0 if given or table.get("node") != first else _DELAY
        found.append(Fence(
            node=read.text(table, "node", "fence", names.host),
            agent=read.text(table, "agent", where, names.fence_agent),
            options=read.pairs(table.get("options", {}), where),
            delay=read.number(table, "delay", where, 0, 600, default)))
    for node in nodes:
        count = [fence.node for fence in found].count(node.name)
        if count != 1:
            read.problems.append(
                f"{node.name} has {'no' if not count else 'more than one'} fence device: two "
                "writers without fencing lose data; give it one (--fence "
                f"{node.name}=AGENT,OPTION=VALUE)")
    for fence in found:
        if fence.node not in [node.name for node in nodes]:
            read.problems.append(f"fence: there is no node {fence.node!r}")
        for name, _ in fence.options:
            if name in ("pcmk_host_list", "pcmk_delay_base"):
                read.problems.append(f"fence device of {fence.node}: {name} is set from node and "
                                     "delay")
    if len(found) == 2 and found[0].delay == found[1].delay:
        read.problems.append(
            f"both fence devices have the delay {found[0].delay}: in a fence race the nodes would "
            "fence each other; the node with a longer delay survives: give one of them that")
    elif len(found) == 2 and abs(found[0].delay - found[1].delay) < NOTICE:
        read.problems.append(
            f"the delays of the fence devices differ by {abs(found[0].delay - found[1].delay)} s: "
            f"one node may notice {NOTICE:g} s after the other that their link is lost, so "
            f"let them differ by {NOTICE:g} s or more")
    by_name = {fence.node: fence for fence in found}
    return tuple(by_name[node.name] for node in nodes if node.name in by_name)


def _disk(read: Reader, table: "dict[str, Any]", where: str, vg: "str | None") -> Disk:
    return Disk(vg=read.text(table, "vg", where, names.group, vg),
                lv=read.text(table, "lv", where, names.volume),
                size=read.text(table, "size", where, names.amount))


def _guest(read: Reader, table: "dict[str, Any]", name: str, where: str,
           vg: "str | None") -> Use:
    tables = read.tables(table.get("disks", []), f"{where} disks", _KEYS["disks"])
    if not tables:
        read.problems.append(f"{where} has no disks: expected disks = [{{lv = ..., size = ...}}]")
    vg = table.get("vg", vg)
    return Use(kind=VM, name=name,
               disks=tuple(_disk(read, each, where, vg) for each in tables),
               config=read.text(table, "config", where, names.domain_file,
                                f"/etc/pacemaker/{name}.xml"),
               transport=read.choice(table, "transport", where, ("ssh", "tls"), "ssh"))


def _use(read: Reader, table: "dict[str, Any]", number: int, generation: str,
         vg: "str | None") -> Use:
    kind = read.choice(table, "kind", f"use {number}", (GFS2, FILESYSTEM, VM), GFS2)
    lv = table.get("lv")
    name = read.text(table, "name", f"use {number}", names.use, lv)
    where = f"use {name or number}"
    read.table(table, where, _KEYS.get(kind))
    if kind == VM:
        return _guest(read, table, name, where, vg)
    if kind == GFS2 and len(name) > _JOURNALS:
        read.problems.append(f"{where}: a GFS2 file system's name has at most {_JOURNALS} "
                             "characters")
    if kind == FILESYSTEM and BY_NAME.get(generation, BY_NAME["cman"]).engine == "cman":
        read.problems.append(f"{where}: {_NO_AGENT}")
    return Use(kind=kind, name=name, disks=(_disk(read, table, where, vg),),
               filesystem=GFS2 if kind == GFS2 else
               read.choice(table, "filesystem", where, ("xfs", "ext4"), "xfs"),
               mountpoint=read.text(table, "mountpoint", where, names.mountpoint, f"/srv/{name}"))


def _uses(read: Reader, answers: "dict[str, Any]", groups: "tuple[LvmAnswers, ...]",
          generation: str) -> "tuple[Use, ...]":
    tables = read.tables(answers.get("use", []), "use", set())
    only = groups[0].vg if len(groups) == 1 else None
    found = tuple(_use(read, table, number, generation, only)
                  for number, table in enumerate(tables, 1))
    known = [group.vg for group in groups]
    for use in found:
        for vg in use.groups:
            if vg and vg not in known:
                read.problems.append(f"use {use.name}: there is no volume group {vg!r}")
    several = len(groups) > 1
    volumes = [f"{group.vg}/{group.lv}" if several else group.lv for group in groups if group.lv]
    volumes += [disk.name if several else disk.lv for use in found for disk in use.disks]
    for what, all_of in (("LV", volumes), ("mount point", [use.mountpoint for use in found]),
                         ("file", [use.config for use in found])):
        for each in sorted({name for name in all_of if name and all_of.count(name) > 1}):
            read.problems.append(f"use: {what} {each} is named twice: each use needs its own")
    return found


def _alerts(read: Reader, answers: "dict[str, Any]", generation: str) -> "Alerts | None":
    if "alerts" not in answers:
        return None
    table = read.table(answers["alerts"], "alerts", _KEYS["alerts"])
    if generation in BY_NAME and not BY_NAME[generation].alerts:
        read.problems.append(_NO_ALERTS)
    mail = table.get("mail", [])
    if not isinstance(mail, list):
        mail = [mail]
    found = tuple(read.text({"mail": each}, "mail", "alerts", names.mail) for each in mail)
    if len(set(found)) < len(found):
        read.problems.append("alerts: mail has an address twice")
    return Alerts(mail=found)


def _ids_once(made: Pair) -> None:
    """Refuse names from which the cluster's configuration would have an id twice."""
    counted = Counter(pacemaker.ids(pacemaker.whole(made)))
    twice = sorted(each for each, count in counted.items() if count > 1)
    if twice:
        raise AnswersWrong([f"the cluster would have the id {each} twice: give the use, the DRBD "
                            "resource or the volume group another name" for each in twice])


def _properties(read: Reader, answers: "dict[str, Any]") -> "tuple[tuple[str, str], ...]":
    found = read.pairs(answers.get("properties", {}), "properties")
    for name, _ in found:
        if name in _OURS:
            read.problems.append(f"properties: {name} is set by dualstor and cannot be changed")
    return found


def pair(answers: "dict[str, Any]") -> Pair:
    """The Pair that answers describe.

    :param answers: nested dicts, as ``sources`` returns them
    :raises AnswersWrong: something is missing or wrong
    """
    read = Reader()
    answers = read.table(answers, "the answers", _KEYS[""])
    tables = read.tables(answers.get("nodes", []), "nodes", _KEYS["nodes"])
    nodes = _nodes(read, tables)
    resources, groups = storage.read(read, answers, tables)
    if len(nodes) > 2 or any(storage.NO_DISK in each.disks for each in resources):
        read.problems.append(_WITNESS)
    generation = read.choice(answers, "generation", "the answers:", tuple(BY_NAME), "lvmlockd")
    made = Pair(
        cluster=read.text(answers, "cluster", "the answers:", names.cluster, "pair"),
        generation_name=generation, uses=_uses(read, answers, groups, generation),
        nodes=nodes, resources=resources, groups=groups, fences=_fences(read, answers, nodes),
        properties=_properties(read, answers), alerts=_alerts(read, answers, generation))
    if read.problems:
        raise AnswersWrong(read.problems)
    _ids_once(made)
    return made
