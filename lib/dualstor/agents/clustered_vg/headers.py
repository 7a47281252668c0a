# SPDX-License-Identifier: GPL-2.0-or-later
"""The headers of the VG's metadata areas, for later monitors to compare (see unchanged.py)."""

from dualstor import log
from dualstor.agents.clustered_vg.unchanged import Header, sector
from dualstor.errors import ParseError
from dualstor.kernel import block, pvheader


def _disk(host, name):
    """Kernel's name of the one disk below the DRBD device *name*; None when there is none."""
    number = host.device(name)
    if number is None or number[0] != block.DRBD_MAJOR:
        return None
    disks = host.list("/sys/dev/block/%d:%d/slaves" % number)
    return disks[0] if len(disks) == 1 else None


def _of_disk(host, disk):
    """(Header, pvheader.Area) of each metadata area on a disk; None when it does not tell."""
    first = sector(host, disk, 0, pvheader.LABEL_SPAN)
    label = pvheader.parse_label(first) if isinstance(first, bytes) else None
    if label is None:
        return None
    found = []
    for offset, _ in label.areas:
        data = sector(host, disk, offset, pvheader.SECTOR)
        if not isinstance(data, bytes):
            return None
        found.append((Header(disk, offset, data), pvheader.parse_area(data)))
    return found


def read(host, devices):
    """The Headers of all metadata areas on the PVs *devices* (tools.lvm.PhysicalVolume).

    :returns: tuple; None where a PV is not on a DRBD device with a disk, a disk does not
        tell, or LVM writes into none of the areas
    """
    found = []
    for device in devices:
        disk = None if device.missing else _disk(host, device.name)
        try:
            areas = _of_disk(host, disk) if disk else None
        except ParseError as problem:
            log.debug("%s: %s", device.name, problem.reason)
            areas = None
        if areas is None:
            return None
        found.extend(areas)
    return tuple(header for header, _ in found) if any(area.used for _, area in found) else None
