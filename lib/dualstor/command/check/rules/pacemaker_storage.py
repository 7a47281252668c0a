# SPDX-License-Identifier: GPL-2.0-or-later
"""What the CIB names exists, once, and is what the storage says: DRBD resources and VGs."""

from dualstor.agents.catalogue import CLUSTERED_VG, DRBD_DUALPRIMARY
from dualstor.command.check.rules.registry import CIB, ERROR, found, rule
from dualstor.command.check.view import storage
from dualstor.command.check.view.constraints import colocations, orders, path
from dualstor.command.check.view.seen import Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.resources import Resource


def _listed(names: "Iterable[str]") -> str:
    return ", ".join(sorted(names)) or "none"


@rule("PCMK-DRBD-RESOURCE", ERROR, "the DRBD resource that a resource names exists on both nodes",
      why="drbdadm does not know the name: every action of the agent fails, and a failed stop has "
          "the node fenced.",
      fix="`pcs resource update {resource} drbd_resource=...`, or add {name} to {host}'s files",
      scope=CIB)
def exists(cib: "Cib") -> "Findings":
    known: "dict[str, set[str]]" = {}
    unseen = None
    for host in cib.cluster.hosts:
        try:
            known[host.name] = storage.resources(host)
        except Unavailable as problem:
            unseen = f"{host.name}: {problem}"
    for resource in cib.ours(DRBD_DUALPRIMARY):
        name = resource.parameters.get("drbd_resource")
        lacking = [host for host, names in known.items() if name and name not in names]
        if lacking and "drbdconf" not in resource.parameters:
            have = set.union(*(known[host] for host in lacking))
            yield found(resource.parameters.where("drbd_resource"),
                        f"{resource.id} has drbd_resource={name}, and DRBD's files on "
                        f"{' and '.join(lacking)} have {_listed(have)}", resource=resource.id,
                        name=name, host=" and ".join(lacking))
    if unseen or not cib.cluster.hosts:
        raise Unavailable(unseen or "no host")


def _twice(managed: "list[tuple[Resource, str, str]]", kind: str) -> "Findings":
    """What two resources manage, at least one of them ours."""
    first: "dict[str, Resource]" = {}
    for resource, parameter, name in managed:
        other = first.setdefault(name, resource)
        if other is not resource and "ocf:dualstor:" in other.kind + resource.kind:
            yield found(resource.parameters.where(parameter),
                        f"{other.id} and {resource.id} both manage {kind} {name}",
                        resource=resource.id, parameter=parameter)


@rule("PCMK-DRBD-TWICE", ERROR, "one resource manages a DRBD resource",
      why="Two promote, demote and stop each other's device: one stops it under the other's LVs.",
      fix="`pcs resource update {resource} {parameter}=...`, or `pcs resource delete {resource}`",
      scope=CIB)
def drbd_once(cib: "Cib") -> "Findings":
    cib.ours()
    return _twice(storage.drbd(cib), "DRBD resource")


@rule("PCMK-VG-TWICE", ERROR, "one resource manages a VG",
      why="Two activate and deactivate each other's LVs: one stops what the other serves.",
      fix="`pcs resource update {resource} {parameter}=...`, or `pcs resource delete {resource}`",
      scope=CIB)
def group_once(cib: "Cib") -> "Findings":
    cib.ours()
    return _twice(storage.groups(cib), "VG")


@rule("PCMK-VG", ERROR, "the VG that a resource names exists",
      why="LVM does not find the VG: the resource does not start on any node.",
      fix="`pcs resource update {resource} vgname=...`; on DRBD: {names}", scope=CIB)
def group_exists(cib: "Cib") -> "Findings":
    unseen = None
    for resource in cib.ours(CLUSTERED_VG):
        name, seen, on_drbd = resource.parameters.get("vgname"), set(), set()
        for host in cib.cluster.hosts:
            try:
                seen |= {row["vg_name"] for row in host.lvm.rows("vgs")}
                on_drbd |= set(storage.on(host))
            except Unavailable as problem:
                unseen = f"{host.name}: {problem}"
        if name is None or name in seen:
            continue
        if not on_drbd:     # a Secondary shows no VG
            unseen = unseen or f"no VG on DRBD is visible, so it is not known whether {name} exists"
        else:
            yield found(resource.parameters.where("vgname"),
                        f"{resource.id} has vgname={name}, and vgs lists {_listed(seen)}",
                        resource=resource.id, names=_listed(on_drbd))
    if unseen or not cib.cluster.hosts:
        raise Unavailable(unseen or "no host")


@rule("PCMK-VG-DRBD", ERROR, "a VG starts after, and runs with, the DRBD resources that it is on",
      why="A constraint with another DRBD resource does not help: the VG is activated before its "
          "disk is Primary, and the disk is demoted under its active LVs; a VG on a disk that is "
          "not replicated is not shared at all.",
      fix="correct vgname, or `pcs constraint order promote {drbd} then start {volume}` and `pcs "
          "constraint colocation add {volume} with Promoted {drbd} score=INFINITY`", scope=CIB)
def group_on_drbd(cib: "Cib") -> "Findings":
    unseen, hosts = None, []    # (HostView, its DRBD resources, {VG: those that it is on})
    for host in cib.cluster.hosts:
        try:
            hosts.append((host, storage.resources(host), storage.on(host)))
        except Unavailable as problem:
            unseen = f"{host.name}: {problem}"
    managed = [(one, name) for one, _, name in storage.drbd(cib)]
    for volume in cib.ours(CLUSTERED_VG):
        edges = orders(cib), colocations(cib)
        tied = {name: one.ids[-1] for one, name in managed
                if all(path(cib, each, one, volume, True) for each in edges)}
        group = volume.parameters.get("vgname", "")
        # else PCMK-ORDER, PCMK-COLOCATION or PCMK-DRBD-RESOURCE says so
        places = {name for _, known, groups in hosts if tied and known.issuperset(tied)
                  for name in groups.get(group, ())}
        disks = {disk for host, _, _ in hosts if tied for disk in storage.elsewhere(host, group)}
        if disks and not places:
            yield found(volume.parameters.where("vgname"),
                        f"VG {group} is on {_listed(disks)}, and {volume.ids[-1]} is ordered and "
                        f"colocated with DRBD resource {_listed(tied)}", volume=volume.ids[-1],
                        drbd=sorted(tied.values())[0])
        for name in sorted(places.difference(tied)):
            own = [one.ids[-1] for one, other in managed if other == name]
            yield found(volume.parameters.where("vgname"),
                        f"VG {group} is on DRBD resource {name}, and "
                        f"{volume.ids[-1]} is ordered and colocated with {_listed(tied)}" + (
                            "" if own else f"; no resource manages {name}"),
                        volume=volume.ids[-1], drbd=own[0] if own else f"{name}-clone")
    if unseen or not cib.cluster.hosts:
        raise Unavailable(unseen or "no host")
