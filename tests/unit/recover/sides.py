# SPDX-License-Identifier: GPL-2.0-or-later
"""Two sides of a split brain that are written down: VG vg0 of 100 extents of 8 blocks."""

from dualstor.recover import bitmap, differ, segments
from dualstor.recover.blocks import Blocks
from unit.recover.helpers import dump

BLOCK = 4096
EXTENT = 8 * BLOCK
START = 16 * BLOCK
TOTAL = 16 + 800 + 8
#: LV: (first extent, extents), one segment each.
LVS = {"a": (0, 2), "b": (2, 2), "c": (4, 3), "d": (7, 1)}


def parts(lv):
    """The segments of an LV, (volume, first extent, extents) each; one on the first is a pair."""
    return ((0,) + tuple(lv),) if isinstance(lv[0], int) else lv


def layout(lvs=None, sequence=10, disk="pv0", volumes=1, uuids=None):
    """:param volumes: of DRBD, each with a PV; uuids: {LV: uuid} of those that have others"""
    uuids = uuids or {}
    names = [disk] + [f"pv{number}" for number in range(1, volumes)]
    known = sorted((lvs or LVS).items())
    pieces = []
    for name, lv in known:
        start = 0
        for volume, first, count in parts(lv):
            pieces.append(segments.Piece(
                disk=names[volume], begin=START + first * EXTENT,
                end=START + (first + count) * EXTENT, volume=uuids.get(name, f"uuid-{name}"),
                start=start))
            start += count * EXTENT
    return segments.Layout(
        vg="vg0", sequence=sequence, extent=EXTENT, free=(100 * volumes - 8) * EXTENT,
        disks=tuple(segments.Disk(uuid=name, name=f"/dev/drbd{number}", begin=START,
                                  end=START + 100 * EXTENT, size=TOTAL * BLOCK)
                    for number, name in enumerate(names)),
        volumes=tuple(segments.Volume(uuid=uuids.get(name, f"uuid-{name}"), name=name,
                                      size=sum(count for _, _, count in parts(lv)) * EXTENT)
                      for name, lv in known),
        pieces=tuple(sorted(pieces, key=lambda piece: (piece.disk, piece.begin))))


def blocks(*places):
    """Blocks of the device: ("a", 3) is block 3 of the LV a, a number that of the device."""
    numbers = [16 + LVS[place[0]][0] * 8 + place[1] if isinstance(place, tuple) else place
               for place in places]
    return Blocks.of_runs((number, number + 1) for number in numbers)


def copy(changed, current=0x11, parent=0x21, oos=None, **more):
    text = dump(changed, TOTAL, current=current, bitmap=parent)
    return differ.Copy(disk="pv0", resource="r0", volume=0, dump=bitmap.parse(text.splitlines()),
                       oos=len(changed) * 4 if oos is None else oos, **more)


def side(node, *places, users=(), lvs=None, put_back=(), **more):
    current = {"node1": 0x101, "node2": 0x202}[node]
    return differ.Seen(node=node, layout=layout(lvs), users=dict(users), put_back=dict(put_back),
                       copies=(copy(blocks(*places), **{"current": current, **more}),))
