# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose a block of a PV is: a logical volume's, LVM's own, or nobody's. Pure.

A PV has its label and LVM's metadata before the first extent, perhaps more metadata behind the
last one, and between them extents that LVs have or that are free (lvmraid(7), pvcreate(8):
--dataalignment, --metadatacopies). Of a striped segment each stripe has a range of extents of
its own, and the bytes of the LV alternate between them (LVM2 lib/striped/striped.c).
"""

from bisect import bisect_right

from dualstor.errors import ParseError
from dualstor.record import Record
from dualstor.recover.blocks import NONE, Blocks

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Iterator, Tuple

    from dualstor.tools.lvm import ExtentsReport, Segment

    Region = Tuple[str, int, int]       # (disk, first byte, the byte after the last)

_SOURCE = "lvs"
_SANLOCK = "[lvmlock]"      # the hidden LV in which sanlock has its leases
#: The types of segments of which a block belongs to one LV and to one place in it.
PLAIN = ("linear", "striped")


class Disk(Record):
    """A PV. ``uuid`` is the same on both nodes, ``name`` need not be.

    Bytes: extents are from ``begin`` to before ``end``; ``size`` is that of the device.
    """

    uuid: str
    name: str
    begin: int
    end: int
    size: int


class Piece(Record):
    """Consecutive extents of a disk that one segment has. All numbers are bytes.

    ``begin`` and ``end`` on the disk ``disk``; ``volume``: uuid of the LV; ``start``: where the
    segment begins in the LV; ``number``: which of the ``stripes`` it is; ``stripe``: their size,
    0 in a linear segment.
    """

    disk: str
    begin: int
    end: int
    volume: str
    start: int
    number: int = 0
    stripes: int = 1
    stripe: int = 0

    def in_volume(self, begin: int, end: int) -> "Iterator[tuple[int, int]]":
        """Ranges of bytes of the LV that a range of the disk within this piece is."""
        if self.stripes == 1:
            yield self.start + begin - self.begin, self.start + end - self.begin
            return
        at = begin - self.begin
        while at < end - self.begin:
            row, offset = divmod(at, self.stripe)
            length = min(self.stripe - offset, end - self.begin - at)
            place = self.start + (row * self.stripes + self.number) * self.stripe + offset
            yield place, place + length
            at += length


class Volume(Record):
    """An LV: uuid, name (in brackets if it is hidden) and size in bytes."""

    uuid: str
    name: str
    size: int


class Layout(Record):
    """A VG on one node. ``sequence``: of its metadata; ``extent`` and ``free``: bytes.

    ``pieces``: sorted by disk and place. ``odd``: (LV, type) of segments that are neither linear
    nor striped, which have no pieces here.
    """

    vg: str
    sequence: int
    extent: int
    free: int
    disks: "tuple[Disk, ...]"
    volumes: "tuple[Volume, ...]"
    pieces: "tuple[Piece, ...]"
    odd: "tuple[tuple[str, str], ...]" = ()

    def disk(self, uuid: str) -> "Disk | None":
        """The Disk of that uuid."""
        return next((each for each in self.disks if each.uuid == uuid), None)

    def volume(self, uuid: str) -> "Volume | None":
        """The Volume of that uuid."""
        return next((each for each in self.volumes if each.uuid == uuid), None)

    def regions(self, volume: str) -> "tuple[Region, ...]":
        """Where the LV of that uuid is: (disk, begin, end) in bytes, in the order of the disks.

        For a striped LV that is not the order of its bytes.
        """
        return tuple((each.disk, each.begin, each.end) for each in self.pieces
                     if each.volume == volume)

    def same_place(self, other: "Layout", volume: str) -> bool:
        """Whether an LV has the same extents for the same bytes on both nodes."""
        mine = [each for each in self.pieces if each.volume == volume]
        return bool(mine) and mine == [each for each in other.pieces if each.volume == volume]


class Owned(Record):
    """Blocks of one disk by their owners; ``volumes``: {uuid of the LV: its blocks}, no empty ones.

    ``metadata``: where LVM's own are; ``free``: in no LV's extents.
    """

    volumes: "dict[str, Blocks]"
    metadata: Blocks
    free: Blocks


def _pieces(segment: "Segment", disks: "dict[str, Disk]", extent: int) -> "Iterator[Piece]":
    count = len(segment.areas)
    stripe = segment.stripe if count > 1 else 0
    if not count or count > 1 and not stripe or segment.size % (count * extent):
        raise ParseError(_SOURCE, segment.lv, f"{count} stripes of {segment.size} bytes")
    for number, (pv, first, last) in enumerate(segment.areas):
        disk = disks.get(pv)
        if disk is None:
            raise ParseError(_SOURCE, segment.lv, f"{pv} is no PV of the volume group")
        begin, end = disk.begin + first * extent, disk.begin + (last + 1) * extent
        if end > disk.end or end - begin != segment.size // count:
            raise ParseError(_SOURCE, segment.lv, f"extents {first}-{last} of {pv} do not fit")
        yield Piece(disk=disk.uuid, begin=begin, end=end, volume=segment.uuid,
                    start=segment.start, number=number, stripes=count, stripe=stripe)


def layout(vg: str, segments: "Iterable[Segment]", extents: "ExtentsReport") -> Layout:
    """The Layout of a VG.

    :param segments: as ``tools.lvm.segments`` reports them
    :param extents: as ``tools.lvm.extents`` reports them, at the same time
    :raises ParseError: they do not fit together, e.g. because the VG changed meanwhile
    """
    if not extents.extent or not extents.devices:
        raise ParseError("vgs", vg, "no PVs")
    disks = tuple(Disk(uuid=each.uuid, name=each.pv, begin=each.start,
                       end=each.start + each.count * extents.extent, size=each.size)
                  for each in extents.devices)
    by_name = {disk.name: disk for disk in disks}
    pieces: "list[Piece]" = []
    sizes: "dict[str, tuple[str, int]]" = {}
    odd: "dict[tuple[str, str], None]" = {}
    for each in segments:
        sizes[each.uuid] = (each.lv, sizes.get(each.uuid, ("", 0))[1] + each.size)
        if each.type in PLAIN:
            pieces += _pieces(each, by_name, extents.extent)
        else:
            odd[each.lv, each.type] = None
    pieces.sort(key=lambda piece: (piece.disk, piece.begin))
    for one, two in zip(pieces, pieces[1:]):
        if one.disk == two.disk and one.end > two.begin:
            raise ParseError(_SOURCE, one.volume, f"the same extents as {two.volume}")
    return Layout(vg=vg, sequence=extents.sequence, extent=extents.extent, free=extents.free,
                  disks=disks, pieces=tuple(pieces), odd=tuple(odd),
                  volumes=tuple(Volume(uuid=uuid, name=name, size=size)
                                for uuid, (name, size) in sizes.items()))


def problems(found: Layout, granularity: int) -> "tuple[str, ...]":
    """Why the blocks of a bitmap cannot be assigned to LVs, as sentences without a full stop.

    :param granularity: bytes per bit
    """
    why = [f"{name} is {kind}, and only linear and striped LVs can be found by their blocks"
           for name, kind in found.odd]
    if any(each.name == _SANLOCK for each in found.volumes):
        why.append("sanlock's leases are in the volume group, and both nodes write them")
    for name, value in [("an extent", found.extent)] + [
            (f"the first extent of {disk.name} begins at", disk.begin) for disk in found.disks] + [
            ("a stripe", stripe) for stripe in sorted({p.stripe for p in found.pieces} - {0})]:
        if value % granularity:
            why.append(f"{name}{'' if name.endswith(' at') else ' has'} {value} bytes, which is "
                       f"no multiple of the {granularity} of DRBD's bitmap")
    return tuple(why)


def owned(found: Layout, disk: Disk, blocks: Blocks, granularity: int) -> Owned:
    """The owners of *blocks* of a disk, of *granularity* bytes each; ``problems`` has none."""
    volumes: "dict[str, Blocks]" = {}
    free = blocks.within(disk.begin // granularity, disk.end // granularity)
    metadata = blocks - free
    pieces = [each for each in found.pieces if each.disk == disk.uuid]
    for each in pieces if free else ():
        mine = free.within(each.begin // granularity, each.end // granularity)
        if mine:
            volumes[each.volume] = volumes.get(each.volume, NONE) | mine
    taken = Blocks.of_runs((each.begin // granularity, each.end // granularity)
                           for each in pieces)
    return Owned(volumes=volumes, metadata=metadata, free=free - taken)


def offsets(found: Layout, disk: Disk, blocks: Blocks,
            granularity: int) -> "Iterator[tuple[str, int, int]]":
    """(uuid of the LV, first byte in it, the byte after the last) of blocks that LVs have."""
    pieces = [each for each in found.pieces if each.disk == disk.uuid]
    begins = [each.begin for each in pieces]
    for first, after in blocks.runs():
        begin, end = first * granularity, after * granularity
        at = max(0, bisect_right(begins, begin) - 1)
        for each in pieces[at:]:
            if each.begin >= end:
                break
            low, high = max(begin, each.begin), min(end, each.end)
            if low < high:
                for start, stop in each.in_volume(low, high):
                    yield each.volume, start, stop
