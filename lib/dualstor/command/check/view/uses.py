# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on the LVs of the VGs that we manage: file systems and guests of the CIB.

Sources: metadata of ocf:heartbeat:Filesystem, LVM-activate and VirtualDomain; libvirt's
formatdomain.
"""

import posixpath

from dualstor.agents.catalogue import CLUSTERED_VG
from dualstor.command.check.parsers import xml
from dualstor.command.check.view.seen import Unavailable
from dualstor.kernel import devmapper
from dualstor.record import Record
from dualstor.tools.pacemaker import is_true

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Tuple

    from dualstor.command.check.parsers.where import Where
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.host import HostView
    from dualstor.command.check.view.resources import Resource

    Lv = Tuple[str, str]    # VG, LV

FILESYSTEM, ACTIVATE, GUEST = \
    "ocf:heartbeat:Filesystem", "ocf:heartbeat:LVM-activate", "ocf:heartbeat:VirtualDomain"


class GuestDisk(Record):
    """A disk of a libvirt domain that the guest writes: where it is, and what cache it has."""

    kind: str           # "block", "file", "network", ...
    source: str
    cache: str
    where: "Where"


class Domain(Record):
    """A libvirt domain in a file of a host."""

    name: str
    host: "HostView"
    path: str
    disks: "tuple[GuestDisk, ...]"


def groups(cib: "Cib") -> "dict[str, Resource]":
    """{VG: our resource that activates it on both nodes}."""
    return {each.parameters["vgname"]: each for each in cib.ours(CLUSTERED_VG)
            if "vgname" in each.parameters}


def tags(cib: "Cib", lv: "Lv") -> "set[str] | None":
    """The tags of an LV; None if no host says."""
    for host in cib.cluster.hosts:
        try:
            for row in host.lvm.rows("lvs"):
                if (row["vg_name"], row["lv_name"]) == lv:
                    return set(row["lv_tags"].split(","))
        except Unavailable:
            continue
    return None


def activated(cib: "Cib") -> "dict[Lv, Resource]":
    """{LV: the resource that activates it on one node at a time}."""
    return {(each.parameters["vgname"], each.parameters["lvname"]): each for each in cib.resources
            if each.kind == ACTIVATE and {"vgname", "lvname"} <= set(each.parameters)
            and each.parameters.get("activation_mode", "exclusive") == "exclusive"}


def mounted(cib: "Cib") -> "list[tuple[Resource, Lv]]":
    """[(resource, LV)] of the file systems on LVs of our VGs."""
    ours, found = groups(cib), []
    for each in cib.resources:
        lv = devmapper.named_by(each.parameters.get("device", "")) \
            if each.kind == FILESYSTEM else None
        if lv is not None and lv[0] in ours:
            found.append((each, lv))
    return found


def _domain(host: "HostView", path: str) -> "Domain | None":
    text = host.text(path)
    root = xml.parse(text, path)[0] if text is not None else None
    if root is None:
        return None
    disks = []
    for element in root.iterfind("devices/disk"):
        source, driver = element.find("source"), element.find("driver")
        if source is None or element.find("readonly") is not None \
                or element.get("device", "disk") not in ("disk", "lun"):
            continue
        disks.append(GuestDisk(
            kind=element.get("type", ""), source=source.get("dev") or source.get("file") or "",
            cache=("" if driver is None else driver.get("cache", "")) or "default",
            where=xml.at(element, path)))
    return Domain(name=(root.findtext("name") or "").strip(), host=host, path=path,
                  disks=tuple(disks))


def domains(cib: "Cib", guest: "Resource") -> "list[Domain]":
    """The domain of a guest in the file that its resource names, on each host that has it."""
    path = guest.parameters.get("config", "")
    return [each for each in (_domain(host, path) for host in cib.cluster.hosts)
            if each is not None]


def named(cib: "Cib", guest: "Resource") -> str:
    """The name of a guest's domain: the file says, else it is taken from the file's name."""
    known = [each.name for each in domains(cib, guest)]
    path = guest.parameters.get("config", "")
    return known[0] if known else posixpath.basename(path)[:-len(".xml")]


def guests(cib: "Cib", migrating: bool = False) -> "list[Resource]":
    """The guests that the cluster manages; with *migrating* those that may migrate live."""
    return [each for each in cib.resources if each.kind == GUEST
            and (is_true(each.meta.get("allow-migrate")) or not migrating)]


def unread(cib: "Cib", some: "list[Resource]") -> None:
    """After what could be seen.

    :raises Unavailable: the domain of one of these guests was not read on any host
    """
    for guest in some:
        if not domains(cib, guest):
            raise Unavailable(f"{guest.id}: no host has {guest.parameters.get('config')} in a "
                              "directory that is read")


def on(cib: "Cib", guest: "Resource") -> "set[Lv]":
    """The LVs of our VGs on which a guest's disks are."""
    ours = groups(cib)
    lvs = {devmapper.named_by(disk.source) for domain in domains(cib, guest)
           for disk in domain.disks if disk.kind == "block"}
    return {lv for lv in lvs if lv is not None and lv[0] in ours}
