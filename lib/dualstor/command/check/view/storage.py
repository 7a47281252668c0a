# SPDX-License-Identifier: GPL-2.0-or-later
"""What the CIB, DRBD's files and LVM call the same: DRBD resources, devices, VGs."""

import re

from dualstor.agents.catalogue import CLUSTERED_VG, DRBD_DUALPRIMARY
from dualstor.command.check.view.seen import Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.host import HostView
    from dualstor.command.check.view.resources import Resource

#: Agents and the parameter that names what they manage.
_DRBD = {f"ocf:dualstor:{DRBD_DUALPRIMARY}": "drbd_resource", "ocf:linbit:drbd": "drbd_resource",
         "ocf:heartbeat:drbd": "drbd_resource"}
_GROUPS = {f"ocf:dualstor:{CLUSTERED_VG}": "vgname", "ocf:heartbeat:LVM-activate": "vgname",
           "ocf:heartbeat:LVM": "volgrpname"}


def _managing(cib: "Cib", agents: "dict[str, str]") -> "list[tuple[Resource, str, str]]":
    """[(resource, parameter, name that it manages)]."""
    return [(each, agents[each.kind], each.parameters[agents[each.kind]])
            for each in cib.resources
            if each.kind in agents and agents[each.kind] in each.parameters]


def drbd(cib: "Cib") -> "list[tuple[Resource, str, str]]":
    """[(resource of the CIB, parameter, DRBD resource)], of any agent for DRBD."""
    return _managing(cib, _DRBD)


def groups(cib: "Cib") -> "list[tuple[Resource, str, str]]":
    """[(resource of the CIB, parameter, VG)] of agents that activate a whole VG."""
    return [each for each in _managing(cib, _GROUPS) if not each[0].parameters.get("lvname")]


def resources(host: "HostView") -> "set[str]":
    """The names of a host's DRBD resources.

    :raises Unavailable: DRBD's files are not there, or cannot all be read
    """
    files = host.drbd_files
    if files.problems:
        raise Unavailable(f"{files.problems[0].where}: {files.problems[0].text}")
    return {each.name for each in files.resources}


def devices(host: "HostView") -> "dict[str, str]":
    """{name of a DRBD device: DRBD resource} of a host.

    :raises Unavailable: DRBD's files do not say
    """
    known: "dict[str, str]" = {}
    for resource in host.resources:
        own = host.own(resource)
        for number, (device, minor, _, _) in enumerate(own.devices if own else ()):
            names = [device, f"/dev/drbd/by-res/{resource.name}", f"/dev/drbd/by-res/"
                     f"{resource.name}/{number}", None if minor is None else f"/dev/drbd{minor}"]
            known.update({name: resource.name for name in names if name})
    if not known:
        raise Unavailable(f"no DRBD resource names a device of host {host.name}")
    return known


_PLAIN = re.compile(r"^/dev/(?:sd|vd|xvd|hd|nvme)[a-z0-9]+$")


def is_plain(path: str) -> bool:
    """Whether a path names a disk of one host, or a partition of it."""
    return bool(_PLAIN.match(path))


def elsewhere(host: "HostView", group: str) -> "list[str]":
    """The disks that a VG is on, if they are plain ones and DRBD has nothing to do with them.

    A device of device-mapper may be on DRBD. Of DRBD's backing devices LVM-PV-BELOW speaks.

    :raises Unavailable: LVM did not answer, or DRBD's files do not say
    """
    places = [row["pv_name"] for row in host.lvm.rows("pvs") if row["vg_name"] == group]
    below = {name for disk in host.disks for name in disk.names}
    return places if all(_PLAIN.match(name) and name not in below for name in places) else []


def on(host: "HostView") -> "dict[str, set[str]]":
    """{VG: the DRBD resources on which it is} of what LVM sees on a host.

    :raises Unavailable: LVM did not answer, or DRBD's files do not say
    """
    known = devices(host)
    found: "dict[str, set[str]]" = {}
    for row in host.lvm.rows("pvs"):
        if row["vg_name"] and row["pv_name"] in known:
            found.setdefault(row["vg_name"], set()).add(known[row["pv_name"]])
    return found
