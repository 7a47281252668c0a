# SPDX-License-Identifier: GPL-2.0-or-later
"""The begin of a physical volume as LVM writes it: label and the header of one metadata area.

Format: see dualstor.kernel.pvheader. The place of the metadata goes round in the area with
each version of it, as LVM's does.
"""

import struct
import zlib

_AREA, _SIZE = 4096, 1044480


def _crc(data):
    return zlib.crc32(data, 0xf597a6cf ^ 0xffffffff) ^ 0xffffffff


def begin_of(group):
    """The first 8 KiB of the PV of a simulator.state.Group, for its metadata as it is."""
    text = repr(group).encode()
    header = struct.pack("<32sQ4Q4Q", group.pv_uuid.replace("-", "").encode(), 96 << 20,
                         1 << 20, 0, 0, 0, _AREA, _SIZE, 0, 0)
    label = (struct.pack("<I8s", 32, b"LVM2 001") + header).ljust(512 - 20, b"\0")
    label = struct.pack("<8sQI", b"LABELONE", 1, _crc(label)) + label
    version = zlib.crc32(text)
    area = struct.pack("<16sIQQ", b"\x20LVM2\x20x[5A%r0N*>", 1, _AREA, _SIZE) \
        + struct.pack("<QQII", 512 + version % 1000 * 512, len(text), version, 0)
    area = area.ljust(512 - 4, b"\0")
    area = struct.pack("<I", _crc(area)) + area
    return (b"\0" * 512 + label).ljust(_AREA, b"\0") + area.ljust(4096, b"\0")
