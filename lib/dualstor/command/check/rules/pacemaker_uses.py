# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on the LVs: after the VG's clone, on one node or on both, and what migrates."""

from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG
from dualstor.command.check.rules.registry import CIB, ERROR, WARNING, found, rule
from dualstor.command.check.view import storage, uses
from dualstor.command.check.view.constraints import colocations, orders, path
from dualstor.tools import lvuses
from dualstor.tools.pacemaker import is_true

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.resources import Resource


def _standing(cib: "Cib") -> "Iterator[tuple[Resource, Resource]]":
    """(what stands on LVs, our resource of their VG), each pair once."""
    ours = uses.groups(cib)
    for one, lv in uses.mounted(cib):
        yield one, ours[lv[0]]
    for lv, one in uses.activated(cib).items():
        if lv[0] in ours:
            yield one, ours[lv[0]]
    for guest in uses.guests(cib):
        for group in sorted({lv[0] for lv in uses.on(cib, guest)}):
            yield guest, ours[group]


@rule("PCMK-USE-ORDER", ERROR, "what is on an LV starts after its VG, and stops before it",
      why="Otherwise it starts before its disk is there, and a stop of the VG finds the LV in use, "
          "fails, and has the node fenced.",
      fix="`pcs constraint order start {first} then start {later}`", scope=CIB)
def use_order(cib: "Cib") -> "Findings":
    edges = orders(cib)
    for later, first in _standing(cib):
        if not path(cib, edges, first, later):
            yield found(later.where, f"no mandatory order constraint: start {first.ids[-1]} before "
                        f"{later.ids[-1]}", first=first.ids[-1], later=later.ids[-1])
    uses.unread(cib, uses.guests(cib))


@rule("PCMK-USE-COLOCATION", ERROR, "what is on an LV runs only where its VG is active",
      why="Elsewhere its start fails, and where the VG fails it keeps running without a disk.",
      fix="`pcs constraint colocation add {later} with {first} score=INFINITY`", scope=CIB)
def use_colocation(cib: "Cib") -> "Findings":
    edges = colocations(cib)
    for later, first in _standing(cib):
        if not path(cib, edges, first, later):
            yield found(later.where, f"no colocation (INFINITY) of {later.ids[-1]} with "
                        f"{first.ids[-1]}", first=first.ids[-1], later=later.ids[-1])
    uses.unread(cib, uses.guests(cib))


@rule("PCMK-USE-LOCAL-FS", ERROR, "a file system of one host is on an exclusive LV",
      why="xfs and ext4 do not know that another node may have them mounted: where the LV is "
          "active on both nodes, a second mount destroys the file system.",
      fix="unmount it, `dualstor volume exclusive {volume}`, and activate it with "
          "ocf:heartbeat:LVM-activate, activation_mode=exclusive, in a group before {resource}",
      scope=CIB)
def local_filesystem(cib: "Cib") -> "Findings":
    activated = uses.activated(cib)
    for one, lv in uses.mounted(cib):
        kind, name = one.parameters.get("fstype", ""), "/".join(lv)
        if kind.lower() in lvuses.SHARED:
            continue
        tags = uses.tags(cib, lv)
        what = f"{one.id} mounts {kind or 'a file system'} on {name}"
        if one.clone is not None:
            wrong = f"{what}, and is a clone"
        elif lv not in activated:
            wrong = f"{what}, and no resource activates {name} exclusively"
        elif tags is not None and EXCLUSIVE_TAG not in tags:
            wrong = f"{what}, which has no tag {EXCLUSIVE_TAG}: it is active on both nodes"
        else:
            continue
        yield found(one.where, wrong, resource=one.id, volume=name)


@rule("PCMK-USE-GFS2", ERROR, "a GFS2 is mounted by an interleaved clone",
      why="Without a clone one node mounts it; a clone that is not interleaved unmounts it on both "
          "nodes when the VG stops on one.",
      fix="{command}", scope=CIB)
def gfs2(cib: "Cib") -> "Findings":
    for one, _ in uses.mounted(cib):
        if one.parameters.get("fstype", "").lower() not in lvuses.SHARED:
            continue
        if one.clone is None:
            yield found(one.where, f"{one.id} mounts a GFS2 and is not cloned",
                        command=f"`pcs resource clone {one.id} meta interleave=true`")
        elif not is_true(one.clone.meta.get("interleave")):
            yield found(one.clone.where, f"clone {one.clone.id} of a GFS2 is not interleaved",
                        command=f"`pcs resource meta {one.clone.id} interleave=true`")


@rule("PCMK-USE-MIGRATE-EXCLUSIVE", ERROR, "a guest that migrates live has shared LVs",
      why="A live migration has the disk open on both nodes: an exclusive LV is refused on the "
          "second one, and the migration fails.",
      fix="stop {guest}, `dualstor volume shared {volume}`, and remove what activates it "
          "exclusively; or `pcs resource meta {guest} allow-migrate=false`", scope=CIB)
def migrate_exclusive(cib: "Cib") -> "Findings":
    activated, migrating = uses.activated(cib), uses.guests(cib, migrating=True)
    for guest in migrating:
        for lv in sorted(uses.on(cib, guest)):
            if EXCLUSIVE_TAG in (uses.tags(cib, lv) or ()):
                why = f"has the tag {EXCLUSIVE_TAG}"
            elif lv in activated:
                why = f"is activated exclusively by {activated[lv].id}"
            else:
                continue
            yield found(guest.where, f"{guest.id} may migrate live, and its disk {'/'.join(lv)} "
                        f"{why}", guest=guest.id, volume="/".join(lv))
    uses.unread(cib, migrating)


_POOL = "/var/lib/libvirt/images/"      # of each host, unless something is mounted there


@rule("PCMK-USE-MIGRATE-DISK", WARNING, "a guest that migrates live has no disk of one host",
      why="The other node does not have that disk, or has another one under its name: the "
          "migration fails, or the guest continues on other data.",
      fix="copy the disk to an LV of the shared VG; or `pcs resource meta {guest} "
          "allow-migrate=false`", scope=CIB)
def migrate_disk(cib: "Cib") -> "Findings":
    shared = [one.parameters.get("directory", "").rstrip("/") + "/" for one in cib.resources
              if one.kind == uses.FILESYSTEM and one.clone is not None]
    cib.ours()
    migrating = uses.guests(cib, migrating=True)
    for guest in migrating:
        sources = {disk.source: disk for domain in uses.domains(cib, guest)
                   for disk in domain.disks}
        for source, disk in sorted(sources.items()):
            if storage.is_plain(source) or (
                    source.startswith(_POOL) and not source.startswith(tuple(shared))):
                yield found(disk.where, f"{guest.id} may migrate live, and its disk {source} is "
                            "one of this host", guest=guest.id)
    uses.unread(cib, migrating)
