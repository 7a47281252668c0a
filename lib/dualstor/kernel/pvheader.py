# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a physical volume has LVM's metadata, and which version of it is valid.

A PV has a label in one of its first four sectors; it points to none, one or two
metadata areas. Each begins with a header of one sector: where in the area the valid
metadata is, how long it is and its checksum. LVM writes every change to another
place in the area, then this header: so every change changes the header.

Format (little endian): LVM2 lib/label/label.h, lib/format_text/layout.h (label_header,
pv_header, mda_header, raw_locn), lib/misc/crc.c. Sectors are of 512 bytes on all disks.
"""

from dualstor.errors import ParseError
from dualstor.record import Record

SECTOR = 512
#: Bytes at the beginning of a PV that hold the label.
LABEL_SPAN = 4 * SECTOR

_ID = 32            # characters of an id
_CRC_SEED = 0xf597a6cf
_MAGIC = b"\x20LVM2\x20x[5A%r0N*>"
_HEADER = 40        # bytes of mda_header before its list of places
_PLACE = 24         # bytes of a raw_locn
_IGNORED = 1        # RAW_LOCN_IGNORED


class Label(Record):
    """The label of a PV: its id (no hyphens) and its metadata areas, (offset, size) in bytes."""

    pv: str
    areas: "tuple[tuple[int, int], ...]" = ()


class Area(Record):
    """The header of a metadata area: where the valid metadata is, in bytes from its beginning.

    ``offset`` is 0 if there is none yet, or if the area is ``ignored``. ``span``: bytes of the
    whole area.
    """

    offset: int
    size: int
    checksum: int
    ignored: bool = False
    span: int = 0

    @property
    def used(self) -> bool:
        """Whether LVM writes its changes here."""
        return bool(self.offset) and not self.ignored

    def places(self) -> "tuple[tuple[int, int], ...]":
        """(offset, size) of the parts of the metadata: what is beyond the end of the area is
        behind its header."""
        here = min(self.size, max(0, self.span - self.offset))
        rest = self.size - here
        return ((self.offset, here),) + (((SECTOR, rest),) if rest else ())


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at:at + size], "little")


def checksum(data: bytes) -> int:
    """LVM's checksum: CRC-32 with a seed of its own and no final inversion."""
    import zlib
    return zlib.crc32(data, _CRC_SEED ^ 0xffffffff) ^ 0xffffffff


def _pairs(data: bytes, at: int) -> "tuple[tuple[tuple[int, int], ...], int]":
    """((offset, size) ... up to an offset of 0, the place after that)."""
    found: "list[tuple[int, int]]" = []
    while at + 16 <= len(data):
        offset, size = _number(data, at, 8), _number(data, at + 8, 8)
        at += 16
        if not offset:
            return tuple(found), at
        found.append((offset, size))
    raise ParseError("LVM's label", "", "a list of areas does not end")


def parse_label(data: bytes) -> "Label | None":
    """The Label in the first LABEL_SPAN bytes of a device; None when it is not a PV.

    :raises ParseError: it is damaged
    """
    for at in range(0, LABEL_SPAN, SECTOR):
        sector = data[at:at + SECTOR]
        if sector[:8] == b"LABELONE" and sector[24:32] == b"LVM2 001":
            break
    else:
        return None
    if len(sector) < SECTOR or checksum(sector[20:]) != _number(sector, 16, 4):
        raise ParseError("LVM's label", sector[:32].hex(), "wrong checksum")
    begin = _number(sector, 20, 4)
    pv = sector[begin:begin + _ID].decode("ascii", "backslashreplace")
    _, at = _pairs(sector, begin + _ID + 8)     # id, device size, data areas
    areas, _ = _pairs(sector, at)
    return Label(pv=pv, areas=areas)


def parse_area(data: bytes) -> Area:
    """The Area in the first sector of a metadata area.

    :raises ParseError: it is damaged, or something else
    """
    if len(data) < SECTOR or data[4:20] != _MAGIC:
        raise ParseError("LVM's metadata header", data[:20].hex())
    if checksum(data[4:SECTOR]) != _number(data, 0, 4):
        raise ParseError("LVM's metadata header", data[:20].hex(), "wrong checksum")
    place = data[_HEADER:_HEADER + _PLACE]
    return Area(offset=_number(place, 0, 8), size=_number(place, 8, 8),
                checksum=_number(place, 16, 4), ignored=bool(_number(place, 20, 4) & _IGNORED),
                span=_number(data, 32, 8))
