# SPDX-License-Identifier: GPL-2.0-or-later
"""What is on DRBD's volumes, block by block, and DRBD's bitmap: sparse, so that it stays small.

It is only kept where a test has begun with it (``begin``); else a volume has no content. A block
is kept as text, which zeros follow up to its size. How bitmap, activity log and resync behave is
as in the captures of a healing by hand: a bitmap reaches the disk when a connection is given up
(8.4.7 and later), a crash marks whole extents of the log, a resync is the union of both bitmaps.
"""

BLOCK = 4096
SECTORS = 196528                        # as both nodes agreed on it
TOTAL = SECTORS * 512 // BLOCK
START, EXTENT = 256, 1024               # blocks before the first extent of the PV, and in one
LOGGED = 1024                           # blocks of an extent of the activity log
_METADATA, _RING = 16, 200              # LVM's own: the first block, and how many it goes round in


def counted(disk):
    """Whether the content of a volume is kept."""
    return disk is not None and disk.bits is not None


def begin(cluster, name="r0"):
    """Keep the content of a resource's volume from now on: all zeros, on both nodes."""
    for node in cluster.nodes.values():
        disk = node.disks[name]
        disk.blocks, disk.bits, disk.flushed, disk.hot, disk.parted = {}, [], [], [], 0


def to_text(data):
    """The text of a block."""
    return data.rstrip(b"\0").decode("latin-1")


def to_bytes(text):
    """A block with that text."""
    return text.encode("latin-1").ljust(BLOCK, b"\0")


def get(node, name, block):
    """The text of a block on a node's disk."""
    return node.disks[name].blocks.get(str(block), "")


def _set(disk, block, text):
    if text:
        disk.blocks[str(block)] = text
    else:
        disk.blocks.pop(str(block), None)


def read(node, name, first, last):
    """The bytes from one block to before another one."""
    data = bytearray((last - first) * BLOCK)
    kept = node.disks[name].blocks
    if len(kept) < last - first:
        found = [(int(block), text) for block, text in kept.items() if first <= int(block) < last]
    else:
        found = [(block, kept[str(block)]) for block in range(first, last) if str(block) in kept]
    for block, text in found:
        at = (block - first) * BLOCK
        data[at:at + len(text)] = text.encode("latin-1")
    return bytes(data)


def replicates(each):
    """Whether what is written is on both disks when it returns."""
    return each.cstate in ("Connected", "SyncSource", "SyncTarget", "VerifyS", "VerifyT")


def write(cluster, node, name, block, text):
    """What DRBD does with a write of a block; whether it was done."""
    each, disk = node.drbd.get(name), node.disks[name]
    if not node.up or each is None or each.role != "Primary" or each.causes:
        return False
    _set(disk, block, text)
    each.written += BLOCK >> 10
    disk.hot = sorted({*disk.hot, block // LOGGED})
    if replicates(each):
        peer = cluster.peer(node)
        _set(peer.disks[name], block, text)
        peer.drbd[name].written += BLOCK >> 10
    else:
        disk.bits = sorted({*disk.bits, block})
    return True


def flush(node, name):
    """The kernel's bitmap is written to the disk."""
    if counted(node.disks[name]):
        node.disks[name].flushed = list(node.disks[name].bits)


def crashed(disk, primary):
    """What is known after a crash: the disk's bitmap, and whole extents of the activity log."""
    if counted(disk):
        logged = {block for number in disk.hot if primary
                  for block in range(number * LOGGED, min((number + 1) * LOGGED, TOTAL))}
        disk.bits = disk.flushed = sorted({*disk.flushed, *logged})
        disk.hot = []


def union(one, other):
    """Two nodes' bitmaps before a resync."""
    if counted(one) and counted(other):
        one.bits = other.bits = sorted({*one.bits, *other.bits})
        one.flushed, other.flushed = list(one.bits), list(other.bits)


def copy(source, target, part=1.0):
    """A resync from one disk to another one, or as much of it as was done when it was cut short."""
    if counted(source) and counted(target):
        wanted = sorted({*source.bits, *target.bits})
        for block in wanted[:int(len(wanted) * part)]:
            _set(target, block, source.blocks.get(str(block), ""))
        if part == 1.0:
            for disk in (source, target):
                disk.bits, disk.flushed, disk.parted = [], [], 0


def verify(one, other):
    """Blocks that differ are marked on both nodes."""
    if counted(one) and counted(other):
        odd = [int(block) for block in {*one.blocks, *other.blocks}
               if one.blocks.get(block) != other.blocks.get(block)]
        for disk in (one, other):
            disk.bits = sorted({*disk.bits, *odd})


# -- LVM on it ----------------------------------------------------------------------------------


def place(volume, block):
    """Where a block of an LV is on its PV."""
    for start, mib in volume.pieces:
        if block < mib * 256:
            return start // 8 + block
        block -= mib * 256
    raise ValueError("%s has no such block" % volume.name)


def metadata(cluster, node, group):
    """LVM has written the metadata of a group."""
    if counted(node.disks.get(group.resource)):
        write(cluster, node, group.resource, _METADATA + group.sequence % _RING,
              "%s %d %s" % (group.name, group.sequence, node.name))


# -- as dump-md prints it -------------------------------------------------------------------------


def words(bits, total=TOTAL):
    """Lines of a bitmap as drbdmeta writes them: runs of four or more equal words are counted."""
    found, lines, at = [0] * (-(-total // 256) * 4), [], 0
    for block in bits:
        found[block // 64] |= 1 << block % 64
    while at < len(found):
        same = 1
        while at + same < len(found) and found[at + same] == found[at]:
            same += 1
        if same >= 4:
            lines.append("    %d times 0x%016X;" % (same, found[at]))
            at += same
        else:
            lines.append("    " + " ".join("0x%016X;" % word for word in found[at:at + 4]))
            at += 4
    return lines
