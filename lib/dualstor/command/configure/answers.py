# SPDX-License-Identifier: GPL-2.0-or-later
"""From answers, as nested dicts, to the Pair that they describe.

What is left out has a default where a safe one exists. All errors are reported at once.
"""

from dualstor.command.configure import names, pacemaker
from dualstor.command.configure.generations import BY_NAME
from dualstor.command.configure.loaded import DEFAULT
from dualstor.command.configure.model import (
    FILESYSTEM,
    FULL_SYNC,
    GFS2,
    SKIP_SYNC,
    VM,
    Alerts,
    Disk,
    DrbdAnswers,
    Fence,
    LvmAnswers,
    Node,
    Pair,
    Use,
)
from dualstor.command.configure.render.drbd import NOTICE
from dualstor.errors import DualstorError
from dualstor.record import whole
from dualstor.tools.pacemaker import FENCING

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

#: Cluster properties that answers may not set.
_OURS = (*FENCING, "no-quorum-policy")

_DELAY = 5  # seconds that the first node's device waits, so that it survives a fence race

_NO_DISK = "none"   # drbd.conf(5)
_NOT_BOTH = ("DRBD's own quorum guards one Primary. Two Primaries need fencing: fencing or quorum, "
             "not both")
_WITNESS = f"a third node as a diskless witness is for DRBD's own quorum. {_NOT_BOTH}"

#: The keys of a file, by table. "options" holds what the agent takes.
_KEYS = {
    "": {"cluster", "generation", "nodes", "drbd", "lvm", "fence", "properties", "use",
         "alerts"},
    "nodes": {"name", "address", "replication", "disk"},
    "drbd": {"resource", "version", "minor", "port", "first_sync", "disk", "quorum"},
    "lvm": {"vg", "lv", "size"},
    "fence": {"node", "agent", "delay", "options"},
    GFS2: {"kind", "name", "lv", "size", "mountpoint"},
    FILESYSTEM: {"kind", "name", "lv", "size", "mountpoint", "filesystem"},
    VM: {"kind", "name", "disks", "config", "transport"},
    "disks": {"lv", "size"},
    "alerts": {"mail"},
}

_JOURNALS = 16  # characters of a GFS2 file system's name (mkfs.gfs2(8), the limit of older ones)
_NO_AGENT = ("needs ocf:heartbeat:LVM-activate (resource-agents 4.1), which needs a newer LVM than "
             "hosts with cman have")


_NO_ALERTS = ("alerts: the cluster's configuration can have them from Pacemaker 1.1.15 on, and "
              "only if its schema is pacemaker-2.5 or later: add the agent by hand (alerts.md)")


class AnswersWrong(DualstorError):
    """Answers that are missing or wrong; ``problems`` are sentences."""

    def __init__(self, problems: "Sequence[str]") -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class _Reader:
    """Takes answers out of nested dicts and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: "list[str]" = []

    def table(self, value: "Any", where: str, keys: "set[str] | None" = None) -> "dict[str, Any]":
        """*value* as a dict; keys other than *keys* are a problem."""
        if not isinstance(value, dict):
            self.problems.append(f"{where}: expected NAME = VALUE pairs")
            return {}
        if keys:
            for key in sorted(set(value) - keys):
                self.problems.append(f"{where} has no {key!r}, only {', '.join(sorted(keys))}")
        return value

    def tables(self, value: "Any", where: str, keys: "set[str]") -> "list[dict[str, Any]]":
        """*value* as a list of such dicts."""
        if not isinstance(value, list):
            self.problems.append(f"{where}: expected a list")
            return []
        return [self.table(each, where, keys) for each in value]

    def text(self, table: "dict[str, Any]", key: str, where: str,
             check: "Callable[[str], str | None]", default: "Any" = None,
             needed: bool = True) -> str:
        """A checked text."""
        value = table.get(key, default)
        if value is None:
            if needed:
                self.problems.append(f"{where} {key} is missing")
            return ""
        if not isinstance(value, str):
            self.problems.append(f"{where} {key} is {value!r}: expected text")
            return ""
        wrong = check(value)
        if wrong:
            self.problems.append(f"{where} {key} {value!r} {wrong}")
        return value

    def choice(self, table: "dict[str, Any]", key: str, where: str, choices: "tuple[str, ...]",
               default: str) -> str:
        """One of a few texts."""
        return self.text(table, key, where, lambda text: None if text in choices else
                         f"is unknown: choose one of {', '.join(choices)}", default)

    def number(self, table: "dict[str, Any]", key: str, where: str, low: int, high: int,
               default: int) -> int:
        """A whole number; an option gives it as text."""
        value = table.get(key, default)
        if isinstance(value, str) and whole(value) is not None:
            value = whole(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.problems.append(f"{where} {key} is {value!r}: expected a number from {low} to "
                                 f"{high}")
            return default
        return value

    def pairs(self, table: "Any", where: str) -> "tuple[tuple[str, str], ...]":
        """The (name, value) pairs of an agent's options or of properties, in order."""
        found = []
        for key, value in self.table(table, where).items():
            if isinstance(value, bool):
                value = "true" if value else "false"
            text = str(value) if isinstance(value, (str, int)) else ""
            for what, wrong in ((key, names.option(key)), (value, names.value(text))):
                if wrong:
                    self.problems.append(f"{where} {key}: {what!r} {wrong}")
            found.append((key, text))
        return tuple(found)


def _nodes(read: _Reader, answers: "dict[str, Any]") -> "tuple[Node, ...]":
    found: "list[Node]" = []
    drbd = answers.get("drbd")
    disk = drbd.get("disk") if isinstance(drbd, dict) else None
    for number, table in enumerate(read.tables(answers.get("nodes", []), "nodes",
                                               _KEYS["nodes"]), 1):
        where = f"node {table.get('name') or number}"
        address = read.text(table, "address", where, names.address)
        found.append(Node(
            name=read.text(table, "name", where, names.host), address=address,
            replication=read.text(table, "replication", where, names.address, address),
            disk=read.text(table, "disk", where, names.disk, disk)))
    if len(found) > 2 or any(node.disk == _NO_DISK for node in found):
        read.problems.append(_WITNESS)
    if len(found) != 2:
        read.problems.append(f"expected two nodes, not {len(found)}: dual primary is for two")
        return tuple(found)
    for field in ("name", "address", "replication"):
        if len({getattr(node, field) for node in found}) == 1 and getattr(found[0], field):
            read.problems.append(f"both nodes have the {field} {getattr(found[0], field)}")
    if len({":" in node.replication for node in found}) == 2:
        read.problems.append("one node replicates over IPv4 and the other over IPv6")
    return tuple(found)


def _fences(read: _Reader, answers: "dict[str, Any]",
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


def _drbd(read: _Reader, answers: "dict[str, Any]") -> DrbdAnswers:
    table = read.table(answers.get("drbd", {}), "drbd", _KEYS["drbd"])
    if table.get("quorum", "off") != "off":
        read.problems.append(f"drbd quorum is {table['quorum']!r}: {_NOT_BOTH}")
    return DrbdAnswers(
        resource=read.text(table, "resource", "drbd", names.resource, "r0"),
        version=read.choice(table, "version", "drbd", ("8.3", "8.4", "9"), DEFAULT),
        minor=read.number(table, "minor", "drbd", 0, 255, 0),
        port=read.number(table, "port", "drbd", 1024, 65535, 7788),
        first_sync=read.choice(table, "first_sync", "drbd", (FULL_SYNC, SKIP_SYNC), FULL_SYNC))


def _lvm(read: _Reader, answers: "dict[str, Any]") -> LvmAnswers:
    table = read.table(answers.get("lvm", {}), "lvm", _KEYS["lvm"])
    lv = read.text(table, "lv", "lvm", names.volume, needed=False) or None
    return LvmAnswers(vg=read.text(table, "vg", "lvm", names.group, "vg0"), lv=lv,
               size=read.text(table, "size", "lvm", names.size, needed=bool(lv)) or None)


def _ids_differ(read: _Reader, nodes: "tuple[Node, ...]", drbd: DrbdAnswers,
                lvm: LvmAnswers) -> None:
    if drbd.resource == lvm.vg:
        read.problems.append(f"DRBD resource and volume group are both {lvm.vg}: the cluster needs "
                             "two names")
    for node in nodes:
        if drbd.device == node.disk:
            read.problems.append(f"node {node.name} disk {node.disk} is DRBD's own device")


def _disk(read: _Reader, table: "dict[str, Any]", where: str) -> Disk:
    return Disk(lv=read.text(table, "lv", where, names.volume),
                size=read.text(table, "size", where, names.amount))


def _guest(read: _Reader, table: "dict[str, Any]", name: str, where: str) -> Use:
    tables = read.tables(table.get("disks", []), f"{where} disks", _KEYS["disks"])
    if not tables:
        read.problems.append(f"{where} has no disks: expected disks = [{{lv = ..., size = ...}}]")
    return Use(kind=VM, name=name, disks=tuple(_disk(read, each, where) for each in tables),
               config=read.text(table, "config", where, names.domain_file,
                                f"/etc/pacemaker/{name}.xml"),
               transport=read.choice(table, "transport", where, ("ssh", "tls"), "ssh"))


def _use(read: _Reader, table: "dict[str, Any]", number: int, generation: str) -> Use:
    kind = read.choice(table, "kind", f"use {number}", (GFS2, FILESYSTEM, VM), GFS2)
    lv = table.get("lv")
    name = read.text(table, "name", f"use {number}", names.use, lv)
    where = f"use {name or number}"
    read.table(table, where, _KEYS.get(kind))
    if kind == VM:
        return _guest(read, table, name, where)
    if kind == GFS2 and len(name) > _JOURNALS:
        read.problems.append(f"{where}: a GFS2 file system's name has at most {_JOURNALS} "
                             "characters")
    if kind == FILESYSTEM and BY_NAME.get(generation, BY_NAME["cman"]).engine == "cman":
        read.problems.append(f"{where}: {_NO_AGENT}")
    return Use(kind=kind, name=name, disks=(_disk(read, table, where),),
               filesystem=GFS2 if kind == GFS2 else
               read.choice(table, "filesystem", where, ("xfs", "ext4"), "xfs"),
               mountpoint=read.text(table, "mountpoint", where, names.mountpoint, f"/srv/{name}"))


def _uses(read: _Reader, answers: "dict[str, Any]", lvm: LvmAnswers,
          generation: str) -> "tuple[Use, ...]":
    tables = read.tables(answers.get("use", []), "use", set())
    found = tuple(_use(read, table, number, generation) for number, table in enumerate(tables, 1))
    volumes = [lvm.lv] + [disk.lv for use in found for disk in use.disks]
    for what, all_of in (("LV", volumes), ("mount point", [use.mountpoint for use in found]),
                         ("file", [use.config for use in found])):
        for each in sorted({name for name in all_of if name and all_of.count(name) > 1}):
            read.problems.append(f"use: {what} {each} is named twice: each use needs its own")
    return found


def _alerts(read: _Reader, answers: "dict[str, Any]", generation: str) -> "Alerts | None":
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
    ids = pacemaker.ids(pacemaker.whole(made))
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise AnswersWrong([f"the cluster would have the id {each} twice: give the use, the DRBD "
                            "resource or the volume group another name" for each in twice])


def _properties(read: _Reader, answers: "dict[str, Any]") -> "tuple[tuple[str, str], ...]":
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
    read = _Reader()
    answers = read.table(answers, "the answers", _KEYS[""])
    nodes = _nodes(read, answers)
    drbd, lvm = _drbd(read, answers), _lvm(read, answers)
    _ids_differ(read, nodes, drbd, lvm)
    generation = read.choice(answers, "generation", "the answers:", tuple(BY_NAME), "lvmlockd")
    made = Pair(
        cluster=read.text(answers, "cluster", "the answers:", names.cluster, "pair"),
        generation_name=generation, uses=_uses(read, answers, lvm, generation),
        nodes=nodes, drbd=drbd, lvm=lvm, fences=_fences(read, answers, nodes),
        properties=_properties(read, answers), alerts=_alerts(read, answers, generation))
    if read.problems:
        raise AnswersWrong(read.problems)
    if made.uses or made.alerts:
        _ids_once(made)
    return made
