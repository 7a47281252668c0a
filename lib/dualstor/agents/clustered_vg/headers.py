# SPDX-License-Identifier: GPL-2.0-or-later
"""The headers of the VG's metadata areas: no change of the metadata leaves them as they were.

They are read from the backing device of DRBD's: what the peer writes arrives there, and nothing
waits for DRBD. An old copy there does no harm, it becomes a new one sooner or later.
"""

from dualstor import log
from dualstor.errors import ParseError
from dualstor.host import freshread
from dualstor.kernel import block, drbd, pvheader
from dualstor.look.sights import header, sector
from dualstor.record import whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, List, Tuple

    from dualstor.host.files import Files
    from dualstor.host.freshread import NoBytes
    from dualstor.host.host import Host
    from dualstor.look.sights import Seen, Sight
    from dualstor.tools.lvm import PhysicalVolume

    Areas = List[Tuple[Sight, pvheader.Area]]

_KIND = "header"
_LONG = 1 << 15     # bytes: of some 80 LVs; LVM reads a longer one sooner than we would


def among(sights: "Iterable[Sight]") -> "tuple[Sight, ...]":
    """Those of *sights*, (kind, argument, text) each, that are headers."""
    return tuple(sight for sight in sights if sight[0] == _KIND)


def again(host: "Files", kept: "Iterable[Sight]") -> "tuple[tuple[str, str, Seen], ...]":
    """The headers *kept* as they are now; the text of one may be freshread.SILENT, or None."""
    return tuple((kind, place, header(host, place)) for kind, place, _ in kept)


def _disks(sights: "Iterable[tuple[str, str, Seen]]") -> "set[str]":
    return {place.partition(" ")[0] for _, place, _ in sights}


def silent(sights: "Iterable[tuple[str, str, Seen]]") -> "list[str]":
    """Names of the disks that did not answer, sorted."""
    return sorted(_disks(s for s in sights if s[2] is freshread.SILENT))


def _disk(host: "Host", name: str) -> "str | None":
    """Kernel's name of the one backing device of the DRBD device *name*; None if there is none."""
    number = host.device(name)
    if number is None or number[0] != block.DRBD_MAJOR:
        return None
    disks = host.list(f"/sys/dev/block/{number[0]}:{number[1]}/slaves")
    return disks[0] if len(disks) == 1 else None


def _of_disk(host: "Files", disk: str) -> "Areas | NoBytes | None":
    """(sight, pvheader.Area) of each metadata area on a disk.

    :returns: None when the disk does not say, freshread.SILENT when it does not answer
    """
    first = sector(host, disk, 0, pvheader.LABEL_SPAN)
    if not isinstance(first, bytes):
        return first if first is freshread.SILENT else None
    label = pvheader.parse_label(first)
    if label is None:
        return None
    found = []
    for offset, _ in label.areas:
        data = sector(host, disk, offset, pvheader.SECTOR)
        if not isinstance(data, bytes):
            return data if data is freshread.SILENT else None
        found.append(((_KIND, f"{disk} {offset}", data.rstrip(b"\0").hex()),
                      pvheader.parse_area(data)))
    return found


def read(host: "Host", devices: "Iterable[PhysicalVolume]",
         kept: "tuple[Sight, ...]" = ()) -> "tuple[Sight, ...] | None":
    """The headers of all metadata areas on the PVs *devices* (tools.lvm.PhysicalVolume).

    :param kept: those of the last answer. They are returned in place of headers on the same
        disks that do not answer: a change will show against them, too
    :returns: tuple of sights; None where a PV is not on a DRBD device with a disk, a disk does
        not say, or LVM writes into none of the areas
    """
    found: "list[Areas | NoBytes]" = []
    names: "list[str]" = []
    for device in devices:
        disk = None if device.missing else _disk(host, device.name)
        try:
            areas = _of_disk(host, disk) if disk else None
        except ParseError as problem:
            log.debug("%s: %s", device.name, problem)
            areas = None
        if disk is None or areas is None:
            return None
        names.append(disk)
        found.append(areas)
    if freshread.SILENT in found:
        return kept if _disks(kept) == set(names) else None
    pairs = [pair for areas in found if not isinstance(areas, freshread.NoBytes) for pair in areas]
    return tuple(sight for sight, _ in pairs) if any(area.used for _, area in pairs) else None


def metadata(host: "Files", found: "Iterable[Sight]") -> "str | None":
    """The text of the metadata that headers point to.

    :param found: all headers of the VG, as sights
    :returns: None where a disk may have an old copy or does not say, the headers do not point to
        the same text, it was written over meanwhile, or it is long
    :raises ParseError: a header or /proc/drbd is in no known form
    """
    found = tuple(found)
    if not drbd.current(host, _disks(found)):
        return None
    areas = [(place.partition(" "), pvheader.parse_area(
        bytes.fromhex(text).ljust(pvheader.SECTOR, b"\0"))) for _, place, text in found]
    used = [(disk, whole(offset) or 0, area) for (disk, _, offset), area in areas if area.used]
    if len({(area.size, area.checksum) for _, _, area in used}) != 1 or used[0][2].size > _LONG:
        return None
    disk, begin, area = used[0]
    parts = [sector(host, disk, begin + offset, size) for offset, size in area.places()]
    data = b"".join(part for part in parts if isinstance(part, bytes))
    if len(data) != area.size or pvheader.checksum(data) != area.checksum:
        return None
    return data.rstrip(b"\0").decode("utf-8", "backslashreplace")
