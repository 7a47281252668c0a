# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on the LVs of the cluster's VGs: file systems and guests, by the CIB and the kernel.

No program is asked: which file systems are mounted here is in mountinfo, which guests run here in
the command lines of qemu. Sources: metadata of ocf:heartbeat:Filesystem and VirtualDomain;
proc_pid_mountinfo(5); qemu(1), -name.
"""

import re

from dualstor.kernel import devmapper, holders
from dualstor.record import Record, whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator
    from xml.etree.ElementTree import Element

    from dualstor.host.host import Host

_FILESYSTEM, _GUEST = ("heartbeat", "Filesystem"), ("heartbeat", "VirtualDomain")
_OURS = ("dualstor", "clustered-vg")

#: What a guest is called as a kind; a file system is called by its type.
GUEST = "vm"
#: File systems that both nodes may mount.
SHARED = ("gfs2", "ocfs2")

#: In a command line of qemu, whose words end with NUL: "-name", "guest=web,debug-threads=on".
_NAME = re.compile("\0-name\0(?:guest=)?([^,\0]+)")


class Standing(Record):
    """A resource that stands on LVs; ``volumes``: "VG/LV" of a file system's, () of a guest.

    ``place``: where it is mounted, or the file of its domain. ``here``: whether this node's kernel
    has it mounted there, or runs the guest; ``pid``: of the guest here.
    """

    resource: str
    kind: str
    volumes: "tuple[str, ...]" = ()
    place: str = ""
    here: bool = False
    pid: "int | None" = None


def _parameters(primitive: "Element") -> "dict[str, str]":
    """A resource's parameters as they are written down; those of templates are left out."""
    return {pair.get("name") or "": pair.get("value") or ""
            for pair in primitive.iterfind("instance_attributes/nvpair")}


def _of(root: "Element", agent: "tuple[str, str]") -> "Iterator[tuple[str, dict[str, str]]]":
    """(id, parameters) of the resources of an agent."""
    for primitive in root.iterfind("configuration/resources//primitive"):
        if (primitive.get("provider"), primitive.get("type")) == agent:
            yield primitive.get("id") or "", _parameters(primitive)


def configured(root: "Element") -> "tuple[Standing, ...]":
    """Those that the CIB has; nothing is known of this node.

    :param root: of the CIB
    """
    groups = {parameters.get("vgname") for _, parameters in _of(root, _OURS)}
    found = []
    for name, parameters in _of(root, _FILESYSTEM):
        lv = devmapper.named_by(parameters.get("device", ""))
        if lv is not None and lv[0] in groups:
            found.append(Standing(resource=name, kind=parameters.get("fstype") or "?",
                                  volumes=("/".join(lv),),
                                  place=parameters.get("directory", "").rstrip("/") or "/"))
    found += [Standing(resource=name, kind=GUEST, place=parameters.get("config", ""))
              for name, parameters in _of(root, _GUEST)]
    return tuple(found)


def _guests(host: "Host") -> "dict[str, int]":
    """{name: pid} of the guests that run here."""
    found = {}
    for name in host.list("/proc"):
        pid = whole(name)
        if pid is None or not (host.read(f"/proc/{name}/comm") or "").startswith(("qemu", "kvm")):
            continue
        match = _NAME.search("\0" + (host.read(f"/proc/{name}/cmdline") or ""))
        if match:
            found[match.group(1)] = pid
    return found


def _domain(path: str) -> str:
    """The name of a guest's domain, by that of its file."""
    return path.rpartition("/")[2].partition(".xml")[0]


def look(host: "Host", root: "Element") -> "tuple[Standing, ...]":
    """Those that the CIB has, and whether they are here.

    :param root: of the CIB
    """
    found = configured(root)
    if not found:
        return ()
    numbers = {f"{each.vg}/{each.lv}": f"{each.major}:{each.minor}"
               for each in devmapper.volumes(host) if each.usable}
    mounts = host.read("/proc/self/mountinfo") or ""
    guests = _guests(host) if any(each.kind == GUEST for each in found) else {}
    return tuple(
        each.but(pid=guests.get(_domain(each.place)), here=_domain(each.place) in guests)
        if each.kind == GUEST else
        each.but(here=each.place in holders.mounted_on(mounts, {
            numbers[lv] for lv in each.volumes if lv in numbers}))
        for each in found)
