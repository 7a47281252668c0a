# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of recovery share: captures, and dumps that are written down."""

import os

from sourcetree import TREE

DATA = os.path.join(TREE, "tests", "data", "recover")


def golden(name):
    """The text of a captured file."""
    with open(os.path.join(DATA, name), encoding="utf-8") as stream:
        return stream.read()


def words(blocks, total):
    """Lines of a bitmap of *total* blocks, as drbdmeta writes them: runs of the same word."""
    found, lines = [0] * (-(-total // 256) * 4), []
    for block in blocks:
        found[block // 64] |= 1 << block % 64
    at = 0
    while at < len(found):
        same = 1
        while at + same < len(found) and found[at + same] == found[at]:
            same += 1
        if same >= 4:
            lines.append(f"    {same} times 0x{found[at]:016X};")
            at += same
            continue
        lines.append("    " + " ".join(f"0x{word:016X};" for word in found[at:at + 4]))
        at += 4
    return "\n".join(lines)


def dump(blocks, total, current=0x11, bitmap=0x21, sectors=None, granularity=4096, claimed=None):
    """The text of ``dump-md`` of DRBD 8 for a device of *total* blocks."""
    blocks = set(blocks)
    return (f'version "v08";\n\nuuid {{\n    0x{current:016X}; 0x{bitmap:016X}; '
            "0x0000000000000000; 0x0000000000000000;\n    flags 0x00000000;\n}\n"
            f"# al-extents 1237;\n"
            f"la-size-sect {total * granularity // 512 if sectors is None else sectors};\n"
            f"bm-byte-per-bit {granularity};\ndevice-uuid 0x5B6B2BEA8B2C5695;\n"
            f"# bm-bytes 4096;\nbm {{\n   # at 0kB\n{words(blocks, total)}\n}}\n"
            f"# bits-set {len(blocks) if claimed is None else claimed};\n")
