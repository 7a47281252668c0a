# SPDX-License-Identifier: GPL-2.0-or-later
"""What two DRBD resources, volumes or hosts cannot share."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, found, rule
from dualstor.record import Record
from dualstor.tools import drbdaddress

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.check.parsers.drbdfiles import DrbdResource
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView
    from dualstor.tools.drbdconf import OnSection


class _Use(Record):
    """Something that a resource uses on a host, and where its file says so."""

    key: "tuple[str, ...]"
    what: str
    resource: str
    where: Where


def _sections(resource: "DrbdResource") -> "tuple[OnSection, ...]":
    return resource.configuration.hosts + resource.configuration.others


def _disks(host: "HostView", resource: "DrbdResource") -> "Iterator[_Use]":
    """Backing devices, and external metadata with its index, per host."""
    for section in _sections(resource):
        for number, (_, _, disk, meta_disk) in enumerate(section.devices):
            if disk:
                names = sorted([disk] + host.tree.aliases.get(disk, "").split()
                               if section.name == host.name else [disk])
                yield _Use(key=("disk", section.name, names[0]), resource=resource.name,
                           what=f"disk {disk}", where=resource.spot(section, "disk", number))
            if disk and meta_disk and meta_disk != "internal":
                yield _Use(key=("meta-disk", section.name, "".join(meta_disk.split())),
                           resource=resource.name, what=f"meta-disk {meta_disk}",
                           where=resource.spot(section, "meta-disk", number))


def _addresses(resource: "DrbdResource") -> "Iterator[_Use]":
    """Addresses with their ports; a loopback address is each host's own."""
    conf = resource.configuration
    named = [(section.name, section.address, resource.spot(section, "address"))
             for section in _sections(resource)]
    named += [(name, address, resource.spot_of_host(name)) for ends in conf.ends
              for name, address in ends]
    for name, text, where in named:
        parsed = drbdaddress.parse(text)
        if parsed:
            key = (str(parsed), name if parsed.ip.is_loopback else "")
            yield _Use(key=key, what=f"address {parsed}", resource=resource.name, where=where)


def _repeated(uses: "Iterator[_Use]", within: bool) -> "Iterator[tuple[_Use, _Use]]":
    """(use, first use) of what is used again.

    :param within: whether one resource must not use it twice, either
    """
    first: "dict[tuple[str, ...], _Use]" = {}
    for use in uses:
        earlier = first.setdefault(use.key, use)
        if earlier is not use and (within or earlier.resource != use.resource):
            yield use, earlier


@rule("DRBD-TWICE", ERROR, "nothing is defined or used twice in DRBD's configuration",
      why="drbdadm refuses the whole configuration, or the second resource does not come up: DRBD "
          "opens a backing device exclusively, and an address and port belong to one resource.",
      fix="keep one of {again} and {first}: remove the other, or give it a name, device or port of "
          "its own, on both hosts; then `drbdadm dump all` must report no error")
def twice(host: "HostView") -> "Findings":
    for section, again, first in host.drbd_files.repeated:
        yield found(again, f"{section} is defined again; first at {first}", again=again,
                    first=first)
    seen = set()
    resources = host.resources
    uses = list(_repeated((use for one in resources for use in _disks(host, one)), True))
    uses += _repeated((use for one in resources for use in _addresses(one)), False)
    for use, earlier in uses:
        if (use.where, use.what) not in seen:
            seen.add((use.where, use.what))
            yield found(use.where, f"resource {use.resource} uses {use.what}, as resource "
                                   f"{earlier.resource} does ({earlier.where})",
                        again=use.where, first=earlier.where)
    for resource in resources:
        yield from _both_ends(resource)


def _both_ends(resource: "DrbdResource") -> "Findings":
    """One address and port for both ends of a connection."""
    ends: "dict[str, OnSection]" = {}
    for section in _sections(resource):
        parsed = drbdaddress.parse(section.address)
        if parsed and not parsed.ip.is_loopback:
            other = ends.setdefault(str(parsed), section)
            if resource.section_of(other) is not resource.section_of(section):
                where = resource.spot(section, "address")
                yield found(where, f"resource {resource.name} uses {parsed} for {other.name} and "
                                   f"{section.name}", again=where,
                            first=resource.spot(other, "address"))
