# SPDX-License-Identifier: GPL-2.0-or-later
"""libvirt's domains that the cluster manages: the cache of their disks, and who starts them."""

from dualstor.command.check.rules.registry import CIB, ERROR, found, rule
from dualstor.command.check.sources.wanted import AUTOSTART
from dualstor.command.check.view import uses
from dualstor.kernel import devmapper

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib

_SAFE = ("none", "directsync")


@rule("LIBVIRT-CACHE", ERROR, "a guest that migrates live bypasses the host's cache",
      why="With another cache, which is also the default, the target may read old blocks from its "
          "own page cache: libvirt refuses the migration, and with --unsafe data are lost.",
      fix="cache='none' (or 'directsync') in the disk's <driver> in {file} on both nodes; it is "
          "used when the guest is started again", scope=CIB)
def cache(cib: "Cib") -> "Findings":
    cib.ours()
    migrating, ours = uses.guests(cib, migrating=True), uses.groups(cib)
    for guest in migrating:
        for domain in uses.domains(cib, guest):
            for disk in domain.disks:
                lv = devmapper.named_by(disk.source)
                if lv is not None and lv[0] in ours and disk.cache not in _SAFE:
                    yield found(disk.where, f"{domain.host.name}: disk {disk.source} of "
                                f"{domain.name} has cache={disk.cache}, and {guest.id} may migrate "
                                "live")
    uses.unread(cib, migrating)


@rule("LIBVIRT-AUTOSTART", ERROR, "libvirt does not start a guest that the cluster manages",
      why="When a node boots, libvirt starts the guest there, while it may run on the other node: "
          "two of them write to one disk.",
      fix="on {host}: `virsh autostart --disable {guest}`", scope=CIB)
def autostart(cib: "Cib") -> "Findings":
    cib.ours()
    for guest in uses.guests(cib):
        name = uses.named(cib, guest)
        for host in cib.cluster.hosts:
            link = f"{AUTOSTART}{name}.xml"
            if host.tree.paths.get(link):
                yield found(guest.where, f"{host.name} has {link}, and {guest.id} manages the "
                            f"domain {name}", host=host.name, guest=name)
