# SPDX-License-Identifier: GPL-2.0-or-later
"""The answers on DRBD's resources and on the volume groups: one of each, or several.

``[drbd]`` and ``[lvm]`` are one resource and one volume group, ``[[drbd]]`` and ``[[vg]]`` any
number. Each resource has a disk per node, a minor and a port of its own, and belongs to one
volume group, as its device is one PV.
"""

import re
from collections import defaultdict

from dualstor.command.configure import names
from dualstor.command.configure.model import FULL_SYNC, SKIP_SYNC, DrbdAnswers, LvmAnswers
from dualstor.command.configure.reader import AnswersWrong

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator

    from dualstor.command.configure.reader import Reader

#: Where neither the answers nor this host say: what distributions' kernels have.
DEFAULT_VERSION = "8.4"

VERSIONS = ("8.3", "8.4", "9")

#: So many resources, and volume groups, were tried.
MOST = 32

NO_DISK = "none"   # drbd.conf(5)
NOT_BOTH = ("DRBD's own quorum guards one Primary. Two Primaries need fencing: fencing or quorum, "
            "not both")

_RESOURCE, _GROUP, _PORT = "r0", "vg0", 7788

_DRBD = {"resource", "version", "minor", "port", "first_sync", "disk", "quorum"}
_LVM = {"vg", "lv", "size"}
_VG = {"name", "drbd", "lv", "size"}

#: The keys of each table.
KEYS = (_DRBD, _LVM, _VG)

#: A partition, and the disk that it is on (the kernel's names, block/partitions/core.c).
_PARTITION = re.compile(
    r"(/dev/(?:sd|vd|xvd|hd)[a-z]+)[0-9]+\Z|(/dev/(?:nvme[0-9]+n|mmcblk)[0-9]+)p[0-9]+\Z")


def version_of(drbd: "Any") -> "Any":
    """Which DRBD the answers on its resources name; None when they name none.

    :param drbd: what they have as ``drbd``, whatever that is
    :raises AnswersWrong: two different ones
    """
    tables = drbd if isinstance(drbd, list) else [drbd]
    named = {repr(table["version"]): table["version"] for table in tables
             if isinstance(table, dict) and table.get("version") is not None}
    if len(named) > 1:
        raise AnswersWrong([f"drbd: version {' and '.join(sorted(named))}: a pair has one DRBD"])
    return next(iter(named.values()), None)


def _twice(pairs: "Iterable[tuple[object, str]]") -> "Iterator[tuple[object, str]]":
    """(thing, who has it) of what more than one has."""
    holders: "dict[object, list[str]]" = defaultdict(list)
    for thing, who in pairs:
        holders[thing].append(who)
    return ((thing, " and ".join(all_of)) for thing, all_of in holders.items() if len(all_of) > 1)


# -- DRBD -----------------------------------------------------------------------------


def _disk_table(read: "Reader", table: "dict[str, Any]", where: str,
                nodes: "list[dict[str, Any]]") -> "dict[str, Any]":
    """{node: disk} of a resource's ``disk``: one path, or one for each node."""
    told = table.get("disk")
    known = [node["name"] for node in nodes if isinstance(node.get("name"), str)]
    if not isinstance(told, dict):
        return {name: told for name in known}
    for name in told:
        if name not in known:
            read.problems.append(f"{where} disk: there is no node {name!r}")
    return told


def _disks(read: "Reader", table: "dict[str, Any]", where: str,
           nodes: "list[dict[str, Any]]", alone: bool) -> "tuple[str, ...]":
    by_node = _disk_table(read, table, where, nodes)
    found = []
    for number, node in enumerate(nodes, 1):
        of_node = f"node {node.get('name') or number}"
        name = node.get("name")
        told = by_node.get(name) if isinstance(name, str) else None
        if alone:       # the node's own one comes first
            found.append(read.text(node, "disk", of_node, names.disk, told))
        else:
            found.append(read.text({"disk": told}, "disk", f"{where} on {of_node}", names.disk))
    return tuple(found)


def _resource(read: "Reader", table: "dict[str, Any]", where: str, number: int,
              nodes: "list[dict[str, Any]]", alone: bool, default: "str | None") -> DrbdAnswers:
    name = read.text(table, "resource", where, names.resource, default)
    if not alone and name:
        where = f"drbd {name}"
    if table.get("quorum", "off") != "off":
        read.problems.append(f"{where} quorum is {table['quorum']!r}: {NOT_BOTH}")
    return DrbdAnswers(
        resource=name, disks=_disks(read, table, where, nodes, alone),
        version=read.choice(table, "version", where, VERSIONS, DEFAULT_VERSION),
        minor=read.number(table, "minor", where, 0, 255, number),
        port=read.number(table, "port", where, 1024, 65535, _PORT + number),
        first_sync=read.choice(table, "first_sync", where, (FULL_SYNC, SKIP_SYNC), FULL_SYNC))


def _resources(read: "Reader", told: "Any",
               nodes: "list[dict[str, Any]]") -> "tuple[DrbdAnswers, ...]":
    if not isinstance(told, list):
        table = read.table(told, "drbd", _DRBD)
        return (_resource(read, table, "drbd", 0, nodes, True, _RESOURCE),)
    if not 1 <= len(told) <= MOST:
        read.problems.append(f"drbd: expected 1 to {MOST} resources, not {len(told)}")
    alone = len(told) == 1
    found = tuple(_resource(read, table, f"drbd {number}", number - 1, nodes, alone, None)
                  for number, table in enumerate(read.tables(told, "drbd", _DRBD), 1))
    for node in nodes if not alone else []:
        if "disk" in node:
            read.problems.append(f"node {node.get('name')} disk: each DRBD resource has its own, "
                                 "so give it there: disk = {NODE = PATH, NODE = PATH}")
    return found


def _whole_disk(path: str) -> str:
    """The disk of a partition; *path* itself of anything else."""
    found = _PARTITION.match(path)
    return (found.group(1) or found.group(2)) if found else path


def _own_only(read: "Reader", resources: "tuple[DrbdAnswers, ...]",
              nodes: "list[dict[str, Any]]") -> None:
    """Refuse what two resources share, and DRBD on its own devices."""
    for what, field in (("name", "resource"), ("minor", "minor"), ("port", "port")):
        each = ((getattr(one, field), one.resource) for one in resources)
        for thing, who in _twice(pair for pair in each if pair[0] != ""):
            holders = "two resources" if what == "name" else who
            read.problems.append(f"drbd: {holders} have the {what} {thing}: each needs its own")
    devices = {one.device for one in resources}
    for number, node in enumerate(nodes):
        name = node.get("name")
        disks = [(one.disks[number], one.resource) for one in resources if one.disks[number]]
        for thing, who in _twice(disks):
            read.problems.append(f"drbd: {who} have the disk {thing} of node {name}: each needs "
                                 "its own")
        taken = dict(disks)
        for disk, who in disks:
            on = _whole_disk(disk)
            if on != disk and on in taken:
                read.problems.append(f"drbd: disk {disk} of {who} is a partition of {on} of "
                                     f"{taken[on]} on node {name}: each needs its own")
            if disk in devices:
                read.problems.append(f"node {name} disk {disk} is DRBD's own device")


# -- the volume groups ----------------------------------------------------------------


def _first_volume(read: "Reader", table: "dict[str, Any]",
                  where: str) -> "tuple[str | None, str | None]":
    """(LV, size) of a volume group's first LV; None when none is wanted."""
    lv = read.text(table, "lv", where, names.volume, needed=False) or None
    return lv, read.text(table, "size", where, names.size, needed=bool(lv)) or None


def _below(read: "Reader", told: "Any", where: str,
           default: "tuple[str, ...] | None") -> "tuple[str, ...]":
    """The names of the DRBD resources of a volume group: one, or a list."""
    if told is None and default is not None:
        return default
    listed = told if isinstance(told, list) else [told]
    found = tuple(read.text({"drbd": each}, "drbd", where, names.resource) for each in listed)
    if not found:
        read.problems.append(f"{where} drbd is empty: a volume group needs a DRBD resource")
    return tuple(name for name in found if name)


def _groups(read: "Reader", answers: "dict[str, Any]",
            resources: "tuple[DrbdAnswers, ...]") -> "tuple[LvmAnswers, ...]":
    everything = tuple(one.resource for one in resources)
    told = answers.get("vg")
    if told is None:
        table = read.table(answers.get("lvm", {}), "lvm", _LVM)
        lv, size = _first_volume(read, table, "lvm")
        return (LvmAnswers(vg=read.text(table, "vg", "lvm", names.group, _GROUP),
                           resources=everything, lv=lv, size=size),)
    if "lvm" in answers:
        read.problems.append("lvm and vg are both given: [lvm], and the options --vg, --lv and "
                             "--size, are for one volume group, [[vg]] for several")
    tables = read.tables(told, "vg", _VG)
    if isinstance(told, list) and not 1 <= len(told) <= MOST:
        read.problems.append(f"vg: expected 1 to {MOST} volume groups, not {len(told)}")
    found = []
    for number, table in enumerate(tables, 1):
        name = read.text(table, "name", f"vg {number}", names.group)
        where = f"vg {name or number}"
        lv, size = _first_volume(read, table, where)
        found.append(LvmAnswers(
            vg=name, lv=lv, size=size, resources=_below(
                read, table.get("drbd"), where, everything if len(tables) == 1 else None)))
    return tuple(found)


def _each_in_one(read: "Reader", resources: "tuple[DrbdAnswers, ...]",
                 groups: "tuple[LvmAnswers, ...]") -> None:
    """Refuse names that are there twice, and resources that are not in exactly one group."""
    known = [one.resource for one in resources]
    for name, _ in _twice((group.vg, "") for group in groups if group.vg):
        read.problems.append(f"vg: two volume groups have the name {name}: each needs its own")
    for group in groups:
        if group.vg and group.vg in known:
            read.problems.append(f"DRBD resource and volume group are both {group.vg}: the cluster "
                                 "needs two names")
        for name in group.resources:
            if name not in known:
                read.problems.append(f"vg {group.vg}: there is no DRBD resource {name!r}")
    listed = [(name, group.vg) for group in groups for name in group.resources if name in known]
    for name, who in _twice(listed):
        read.problems.append(f"vg: DRBD resource {name} is given to {who}: its device can be in "
                             "one volume group, once")
    held = {name for name, _ in listed}
    for name in known:
        if name and name not in held and groups:
            read.problems.append(f"DRBD resource {name} is in no volume group: name it in the drbd "
                                 "of one")


def read(reader: "Reader", answers: "dict[str, Any]", nodes: "list[dict[str, Any]]") \
        -> "tuple[tuple[DrbdAnswers, ...], tuple[LvmAnswers, ...]]":
    """DRBD's resources and the volume groups; what is wrong is noted in *reader*.

    :param nodes: the tables of the nodes
    """
    resources = _resources(reader, answers.get("drbd", {}), nodes)
    groups = _groups(reader, answers, resources)
    try:
        version_of(answers.get("drbd"))
    except AnswersWrong as problem:
        reader.problems += problem.problems
    _own_only(reader, resources, nodes)
    _each_in_one(reader, resources, groups)
    return resources, groups
