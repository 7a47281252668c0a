# SPDX-License-Identifier: GPL-2.0-or-later
"""What each side of a split brain has that the other lacks, and what each choice costs. Pure.

A choice names the winner, whose copy is kept as a whole. LVs that only the loser changed are
carried over to the winner's copy before the loser's is discarded, whole and never in part: so an
LV with a cluster file system (GFS2, OCFS2) is always one side's or the other's. LVs that both
have changed stay as the winner has them, and the loser's blocks are kept in a file.

All sizes are in bytes. "Side" 0 and 1 are the two Seen in the order in which they were given.
"""

from dualstor.record import Record
from dualstor.recover import bitmap, segments
from dualstor.recover.blocks import NONE
from dualstor.recover.side import CONSISTENT

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Dict, Iterable, Iterator

    from dualstor.recover.bitmap import Dump
    from dualstor.recover.blocks import Blocks
    from dualstor.recover.segments import Layout

    OnDisks = Dict[str, Blocks]     # {uuid of the PV: blocks}

#: Which side changed an LV: numbers of sides for one, BOTH, or NEITHER.
BOTH, NEITHER = 2, -1
#: Characters of the name that device-mapper has of an LV; of ".2" in it.
_LONGEST, _NUMBER = 127, 3


class Refusal(Record):
    """Why something is not done. ``fact`` and ``step`` are sentences without a full stop."""

    fact: str
    step: str


class Copy(Record):
    """A DRBD volume on one node, StandAlone, with its bitmap.

    ``disk``: uuid of the PV that is on it; ``oos``: KiB out of sync that the kernel counted when
    the dump was made; ``dstate``: of the disk, DRBD's word; ``peer``: node-id for the bitmap
    of DRBD 9.
    """

    disk: str
    resource: str
    volume: int
    dump: "Dump"
    oos: int
    dstate: str = "UpToDate"
    peer: "int | None" = None

    @property
    def blocks(self) -> "Blocks":
        """Those that have changed, as the bitmap has them."""
        return self.dump.slot(self.peer).blocks

    @property
    def agrees(self) -> bool:
        """Whether the bitmap is the kernel's."""
        return self.dump.agrees(self.oos, self.peer)


class Seen(Record):
    """One side. ``users``: {uuid of an LV: who has it open, "" for somebody}.

    ``put_back``: {uuid of an LV: what this side itself had changed in it}, of LVs whose bits say
    more because a healing wrote to them and put their own content back. ``others``: (resource,
    volume) of those on which the VG has no PV.
    """

    node: str
    layout: "Layout"
    copies: "tuple[Copy, ...]"
    users: "dict[str, str]" = {}
    put_back: "dict[str, OnDisks]" = {}
    others: "tuple[tuple[str, int], ...]" = ()

    def copy(self, disk: str) -> "Copy | None":
        """The Copy that has this PV."""
        return next((each for each in self.copies if each.disk == disk), None)


class Row(Record):
    """An LV that a side has changed.

    ``changed``: by each side; ``common``: by both in the same blocks; ``users``: who has it open
    on each side, None for nobody; ``portable``: it is at the same place on both sides.
    """

    uuid: str
    name: str
    size: int
    changed: "tuple[int, int]"
    common: int
    users: "tuple[str | None, str | None]"
    portable: bool

    @property
    def by(self) -> int:
        """Which side changed it: 0, 1 or BOTH."""
        return BOTH if all(self.changed) else 0 if self.changed[0] else 1


class Difference(Record):
    """What two sides have that the other lacks.

    ``metadata``, ``free``: bytes that each side changed of LVM's metadata and of free space;
    ``changes``: {uuid of the PV: (blocks of side 0, of side 1)}; ``volumes``: {uuid of the LV:
    the same for its blocks alone}; ``granularity``: bytes of a block; ``refusals``: why nothing
    of this can be trusted or healed.
    """

    nodes: "tuple[str, str]"
    rows: "tuple[Row, ...]" = ()
    metadata: "tuple[int, int]" = (0, 0)
    free: "tuple[int, int]" = (0, 0)
    changes: "dict[str, tuple[Blocks, Blocks]]" = {}
    volumes: "dict[str, dict[str, tuple[Blocks, Blocks]]]" = {}
    granularity: int = 4096
    refusals: "tuple[Refusal, ...]" = ()

    @property
    def metadata_by(self) -> int:
        """Which side changed LVM's metadata: 0, 1, BOTH or NEITHER."""
        return _by(self.metadata)


class Choice(Record):
    """What it means that ``winner`` wins.

    ``carried``: rows that the winner gets from the loser; ``lost``: rows whose version on the
    loser does not survive there, only in the file of blocks or, with ``beside``, as a new LV;
    ``copied``: bytes to copy; ``room``: bytes to keep on the winner; ``beside``: bytes of free
    extents that new LVs for ``lost`` need (see ``name_beside``); ``refusals``: why it is not
    possible now.
    """

    winner: str
    loser: str
    carried: "tuple[Row, ...]"
    lost: "tuple[Row, ...]"
    copied: int
    room: int
    beside: int
    refusals: "tuple[Refusal, ...]" = ()
    recommended: bool = False


def _by(amounts: "tuple[int, int]") -> int:
    return BOTH if all(amounts) else 0 if amounts[0] else 1 if amounts[1] else NEITHER


# -- whether both bitmaps can be compared -------------------------------------------------------


def _counterparts(one: Seen, two: Seen) -> "Iterator[tuple[Copy, Copy]]":
    for each in one.copies:
        other = two.copy(each.disk)
        if other is not None:
            yield each, other


def _of_pair(nodes: "tuple[str, str]", one: Copy, two: Copy) -> "Iterator[Refusal]":
    """Refusals for two copies of the same volume."""
    name = f"{one.resource}/{one.volume}"
    bitmaps = one.dump.slot(one.peer), two.dump.slot(two.peer)
    if not bitmaps[0].parent or bitmaps[0].parent != bitmaps[1].parent:
        yield Refusal(f"both copies of {name} have not parted from the same data (bitmap UUIDs "
                      f"{bitmaps[0].parent:016X} and {bitmaps[1].parent:016X})",
                      "decide which copy is kept as a whole: `dualstor recover --plan`")
    if one.dump.current & ~1 == two.dump.current & ~1:
        yield Refusal(f"both copies of {name} are of the same generation: this is no split brain",
                      f"`drbdadm connect {one.resource}` on both nodes")
    for what, values in (("sizes", (one.dump.sectors, two.dump.sectors)),
                         ("bytes per bit", (one.dump.granularity, two.dump.granularity))):
        if values[0] != values[1]:
            yield Refusal(f"both bitmaps of {name} have different {what}: {values[0]} and "
                          f"{values[1]}", "it was resized on one node: keep one copy as a whole")
    for node, each in zip(nodes, (one, two)):
        if each.dstate not in CONSISTENT:
            yield Refusal(f"the disk of {name} on {node} is {each.dstate}",
                          "only copies that are UpToDate can be healed: see `dualstor status`")


def untrusted(seen: Seen) -> "tuple[Refusal, ...]":
    """Refusals for bitmaps that do not count what the kernel counts: they are old."""
    return tuple(Refusal(
        f"the bitmap of {each.resource}/{each.volume} on {seen.node} counts "
        f"{len(each.blocks) * each.dump.granularity >> 10} KiB, the kernel {each.oos} KiB",
        "stop what writes there, and run it again: the bitmap is written once more")
        for each in seen.copies if not each.agrees)


def _comparable(one: Seen, two: Seen) -> "list[Refusal]":
    nodes = (one.node, two.node)
    found: "list[Refusal]" = []
    for seen, other in ((one, two), (two, one)):
        for disk in seen.layout.disks:
            if seen.copy(disk.uuid) is None or other.copy(disk.uuid) is None:
                found.append(Refusal(f"the PV {disk.name} of {seen.layout.vg} on {seen.node} is on "
                                     "no DRBD volume that both nodes have", "see `pvs`"))
        found += [Refusal(f"volume {volume} of {resource} has no PV of {seen.layout.vg} on "
                          f"{seen.node}, and what is on it would be discarded unseen",
                          "keep one copy as a whole: `dualstor recover --plan`")
                  for resource, volume in seen.others]
        for each in seen.copies[:1]:
            found += [Refusal(why, "keep one copy as a whole: `dualstor recover --plan`")
                      for why in segments.problems(seen.layout, each.dump.granularity)]
    for each, counterpart in _counterparts(one, two):
        found += _of_pair(nodes, each, counterpart)
    if len({each.dump.granularity for each in one.copies + two.copies}) > 1:
        found.append(Refusal("the bitmaps have different sizes of blocks",
                             "keep one copy as a whole: `dualstor recover --plan`"))
    return list(dict.fromkeys(found))


# -- content ------------------------------------------------------------------------------------


def equal(blocks: "Blocks", one: "Iterable[bytes]", two: "Iterable[bytes]") -> "Blocks":
    """Those of *blocks* whose content is the same on both sides.

    :param one: hashes of side 0, one per block in the order of *blocks*
    :param two: those of side 1
    """
    return blocks.of_runs((block, block + 1)
                          for block, mine, theirs in zip(blocks, one, two) if mine == theirs)


def settled(mine: "Blocks", theirs: "Blocks", same: "Blocks") -> "tuple[Blocks, Blocks]":
    """What really changed, of what the bitmaps say, which after a crash is too much.

    Where only one side has a bit, the other's block is what both had when they parted. So equal
    content is no change, and a block that is equal on both sides is lost by no choice.

    :param same: blocks with the same content on both sides, as ``equal`` finds them
    """
    return mine - same, theirs - same


# -- what differs -------------------------------------------------------------------------------


def _own(seen: Seen, disk: str, changed: "Blocks", granularity: int) -> segments.Owned:
    """The owners of what a side changed, LVs that were put back as they were before."""
    found = seen.layout.disk(disk)
    if found is None:
        return segments.Owned(volumes={}, metadata=NONE, free=NONE)
    mine = segments.owned(seen.layout, found, changed, granularity)
    volumes = {uuid: (blocks & seen.put_back[uuid].get(disk, NONE)
                      if uuid in seen.put_back else blocks)
               for uuid, blocks in mine.volumes.items()}
    return mine.but(volumes={uuid: blocks for uuid, blocks in volumes.items() if blocks})


def _rows(one: Seen, two: Seen, granularity: int,
          volumes: "dict[str, dict[str, tuple[Blocks, Blocks]]]") -> "Iterator[Row]":
    for uuid, disks in volumes.items():
        known = [found for seen in (one, two) for found in [seen.layout.volume(uuid)] if found]
        changed = [sum(len(pair[side]) for pair in disks.values()) for side in (0, 1)]
        yield Row(uuid=uuid, name=known[0].name, size=max(each.size for each in known),
                  changed=(changed[0] * granularity, changed[1] * granularity),
                  common=sum(len(a & b) for a, b in disks.values()) * granularity,
                  users=(one.users.get(uuid), two.users.get(uuid)),
                  portable=one.layout.same_place(two.layout, uuid))


def compare(one: Seen, two: Seen, same: "OnDisks | None" = None) -> Difference:
    """What differs between two sides.

    Each side's changes belong to the LVs that its own metadata has there.

    :param same: for each PV the blocks whose content is known to be the same on both sides
    :raises ParseError: a dump has no bitmap for the peer
    """
    refusals = tuple(_comparable(one, two))
    granularity = (one.copies + two.copies)[0].dump.granularity if one.copies + two.copies else 4096
    changes: "dict[str, tuple[Blocks, Blocks]]" = {}
    volumes: "dict[str, dict[str, tuple[Blocks, Blocks]]]" = {}
    metadata, free = [0, 0], [0, 0]
    for mine, theirs in _counterparts(one, two):
        disk = mine.disk
        changes[disk] = pair = settled(mine.blocks, theirs.blocks, (same or {}).get(disk, NONE))
        owners = [_own(seen, disk, changed, granularity)
                  for seen, changed in zip((one, two), pair)]
        for side, each in enumerate(owners):
            metadata[side] += len(each.metadata) * granularity
            free[side] += len(each.free) * granularity
        for uuid in sorted({uuid for each in owners for uuid in each.volumes}):
            volumes.setdefault(uuid, {})[disk] = (owners[0].volumes.get(uuid, NONE),
                                                  owners[1].volumes.get(uuid, NONE))
    rows = sorted(_rows(one, two, granularity, volumes), key=lambda row: row.name)
    return Difference(nodes=(one.node, two.node), rows=tuple(rows), changes=changes,
                      metadata=(metadata[0], metadata[1]), free=(free[0], free[1]),
                      volumes=volumes, granularity=granularity, refusals=refusals)


# -- choices ------------------------------------------------------------------------------------


def name_beside(name: str, loser: str, taken: "Iterable[str]" = ()) -> str:
    """The name of the new LV with the version of *loser* of the LV *name*.

    :param taken: names that LVs have
    """
    first = found = f"{name}.{loser}"
    names, number = frozenset(taken), 1
    while found in names:
        number += 1
        found = f"{first}.{number}"
    return found


def _too_long(vg: str, name: str) -> bool:
    """Whether LVM may find a name too long; there may be a number behind it."""
    return sum(len(each) + each.count("-") for each in (vg, name)) + 1 > _LONGEST - _NUMBER


def _open(found: Difference, vg: str, side: int, rows: "Iterable[Row]") -> "Iterator[Refusal]":
    """Refusals for LVs that are open where nothing may write to them."""
    for row in rows:
        who = row.users[side]
        if who is not None:
            yield Refusal(f"{vg}/{row.name} is open on {found.nodes[side]}"
                          + (f" ({who})" if who else ""), "stop what uses it there")


def choose(found: Difference, winner: str, vg: str, loser_users: "dict[str, str]",
           keep_both: bool = False, free: int = 0) -> Choice:
    """The Choice that *winner* wins.

    :param vg: name of the volume group, for the sentences
    :param loser_users: {name of an LV: who} of all LVs that are open on the loser: it must leave
        its role, so all of them have to be closed
    :param keep_both: whether LVs that both have changed are to be kept as new LVs, too
    :param free: bytes of extents that are free on the winner
    :raises ValueError: *winner* is none of both nodes
    """
    side = found.nodes.index(winner)
    other = 1 - side
    carried = tuple(row for row in found.rows if row.by == other and row.portable)
    lost = tuple(row for row in found.rows if row.changed[other] and row not in carried)
    refusals = list(found.refusals)
    if found.metadata_by in (other, BOTH):
        where = "both nodes" if found.metadata_by == BOTH else f"{found.nodes[other]} alone"
        refusals.append(Refusal(
            f"LVM's metadata of {vg} were changed on {where}",
            "decide which copy is kept as a whole, and copy away what only the other one has"
            if found.metadata_by == BOTH else f"{found.nodes[other]} can win"))
    refusals += _open(found, vg, side, carried)
    refusals += [Refusal(f"{vg}/{name} is open on {found.nodes[other]}" + (f" ({who})" if who
                         else ""), "stop what uses it there")
                 for name, who in sorted(loser_users.items())]
    copied = sum(row.changed[other] for row in carried)
    beside = sum(row.size for row in lost) if keep_both else 0
    refusals += [Refusal(f"{name} is longer than LVM takes a name",
                         "without --keep-both the other version is kept as a file of blocks")
                 for row in lost for name in [name_beside(row.name, found.nodes[other])]
                 if keep_both and _too_long(vg, name)]
    if beside > free:
        refusals.append(Refusal(f"{vg} has {free >> 20} MiB free on {winner}, and {beside >> 20} "
                                "MiB are needed to keep both", "without --keep-both the other "
                                "version is kept as a file of blocks"))
    room = copied + sum(len(pair[other]) for pair in found.changes.values()) * found.granularity
    return Choice(winner=winner, loser=found.nodes[other], carried=carried, lost=lost,
                  copied=copied, room=room, beside=beside, refusals=tuple(dict.fromkeys(refusals)))


def recommend(one: Choice, two: Choice) -> "tuple[Choice, Choice]":
    """Both, one of them ``recommended``, if it is better: less is lost, then less is copied.

    One that needs nothing but that programs are stopped is as good as one that needs nothing.
    """
    def cost(choice: Choice) -> "tuple[bool, int, int, int]":
        stuck = any(not each.step.startswith("stop what uses it") for each in choice.refusals)
        return stuck, len(choice.lost), sum(row.size for row in choice.lost), choice.copied
    costs = cost(one), cost(two)
    return (one.but(recommended=costs[0] < costs[1] and not costs[0][0]),
            two.but(recommended=costs[1] < costs[0] and not costs[1][0]))


def of_another_kind(dumps: "Iterable[Dump]") -> "Refusal | None":
    """The Refusal to heal what is not DRBD 8.4's, of which only a plan is made; None for no such.

    The format is the same in 8.3, which cannot write its bitmap while it is Primary.
    """
    if any(each.version != bitmap.EIGHT for each in dumps):
        return Refusal("healing was not tried with DRBD 9 yet",
                       "keep one copy as a whole: `dualstor recover --plan`")
    return None
