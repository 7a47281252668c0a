# SPDX-License-Identifier: GPL-2.0-or-later
"""What drbdadm dump-md prints: as captured, as it may be, and never half of it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import ParseError
from dualstor.recover import bitmap
from dualstor.recover.blocks import CHUNK
from unit.drbd.helpers import mangled
from unit.recover.helpers import dump, golden


def parse(text):
    return bitmap.parse(text.splitlines(True))


def test_a_dump_of_a_node_that_is_attached():
    found = parse(golden("dump-8-node1.txt"))
    assert (found.version, found.current, found.sectors, found.granularity) == (
        "v08", 0xC9E8219B1C3DB725, 196528, 4096)
    assert found.unclean and found.bits_set == 88 and len(found.slots) == 1
    slot = found.slot()
    assert slot.peer is None and slot.uuid == 0x098BCFFA96149B65
    assert slot.parent == 0x098BCFFA96149B64
    # pe_start is block 256, lvA has the extents 8, 9 and 16 of 1024 blocks, lvC 12, lvU 14:
    a, c, u = 256 + 8 * 1024, 256 + 12 * 1024, 256 + 14 * 1024
    assert list(slot.blocks.runs()) == [
        (a + 100, a + 164), (a + 300, a + 301), (a + 400, a + 401), (c, c + 10), (u + 5, u + 7),
        (256 + 16 * 1024 + 52, 256 + 16 * 1024 + 62)]
    assert found.agrees(352) and not found.agrees(348) and not found.agrees(0)


def test_a_dump_after_down_is_clean():
    found = parse(golden("dump-8-node2.txt"))
    assert not found.unclean and len(found.slot().blocks) == 112 and found.agrees(448)


def test_the_activity_log_marks_whole_extents():
    found = parse(golden("dump-8-applied.txt")).slot().blocks
    assert len(found) == 5120 and list(found.runs()) == [(0, 1024), (10240, 13312), (14336, 15360)]


def test_a_fresh_dump_of_9_has_slots_and_no_peer():
    found = parse(golden("dump-9-fresh.txt"))
    assert found.version == "v09" and found.current == 4 and len(found.slots) == 2
    assert all(slot.peer is None and not slot.blocks for slot in found.slots)
    with pytest.raises(ParseError, match="2 bitmaps for peer None"):
        found.slot()


#: Written after drbd-utils' source: no such text has been captured yet.
WITH_PEERS = """\
version "v09";

max-peers 2;
node-id 0;
current-uuid 0xC9E8219B1C3DB725;
flags 0x00000080;
peer[0] {
    bitmap-index -1;
    bitmap-uuid 0x0000000000000000;
    flags 0x00000000;
}
peer[1] {
    bitmap-index 1;
    bitmap-uuid 0x098BCFFA96149B64;
    flags 0x00000000;
}
history-uuids {
        0x0000000000000000; 0x0000000000000000; 0x0000000000000000; 0x0000000000000000;
}
la-size-sect 1024;
bm-byte-per-bit 4096;
# bm-bytes 32;
bitmap[0] {
   # at 0kB
    0xFFFFFFFFFFFFFFFF; 0xFFFFFFFFFFFFFFFF; 0x0000000000000000; 0x0000000000000000;
}
bitmap[1] {
   # at 0kB
    0x0000000000000003; 0x0000000000000000; 0x0000000000000000; 0x0000000000000000;
}
# bits-set 2;
"""


def test_of_9_the_peers_own_slot_counts():
    found = parse(WITH_PEERS)
    assert [slot.peer for slot in found.slots] == [None, 1]
    assert set(found.slot(1).blocks) == {0, 1} and found.slot(1).uuid == 0x098BCFFA96149B64
    assert found.agrees(8, peer=1)
    with pytest.raises(ParseError, match="0 bitmaps for peer 3"):
        found.slot(3)


@pytest.mark.parametrize("old, new, says", [
    ("# bits-set 88;", "# bits-set 87;", "88 bits are set"),
    ("# bits-set 88;\n", "", "bits-set is not there"),
    ("}\n# bits-set 88;\n", "", "cut off"),
    ("la-size-sect 196528;", "la-size-sect 1048576;", "too short"),
    ("la-size-sect 196528;", "la-size-sect 65528;", "beyond the device's end"),
    ("la-size-sect 196528;", "", "la-size-sect is not there"),
    ("bm-byte-per-bit 4096;", "bm-byte-per-bit 5000;", "no power of two"),
    ("bm-byte-per-bit 4096;", "bm-byte-per-bit 512;", "not possible"),
    ("132 times 0x0000000000000000;", "132 times", "no words of a bitmap"),
    ("132 times 0x0000000000000000;", "99999999999999 times 0x0000000000000000;", "longer than"),
    ('"v08"', '"v07"', "not the metadata of DRBD 8 or 9"), ('"v08"', '"v09"', "is not there"),
    ("0x0000000000000000;\n    flags", "\n    flags", "3 UUIDs"),
    ("bm {", "bm {\n}\nbm {", "said twice"),
    ("# bits-set 88;", "# bits-set 88;\nla-size-sect 196528;", "said twice"),
    ("# bits-set 88;", "# bits-set 88;\nSegmentation fault", "not understood")])
def test_what_is_wrong_is_said(old, new, says):
    text = golden("dump-8-node1.txt")
    assert old in text
    with pytest.raises(ParseError, match=says):
        parse(text.replace(old, new, 1))


@pytest.mark.parametrize("old, new, says", [
    ("bitmap-index 1;", "bitmap-index 7;", r"bitmap\[7\] is not there"),
    ("bitmap-index -1;", "bitmap-index 1;", "another peer's"),
    ("bitmap-index 1;", "", "bitmap-index or bitmap-uuid"),
    ("current-uuid 0xC9E8219B1C3DB725;", "", "current-uuid is not there"),
    ("# bits-set 2;", "# bits-set 130;", "2 bits are set")])
def test_what_is_wrong_with_9_is_said(old, new, says):
    with pytest.raises(ParseError, match=says):
        parse(WITH_PEERS.replace(old, new, 1))


def test_no_dump_at_all():
    for text in ("", "Found meta data is \"unclean\", please apply-al first\n"):
        with pytest.raises(ParseError):
            parse(text)


@given(st.sets(st.integers(0, 3 * CHUNK - 1), max_size=60),
       st.sampled_from([4096, 8192, 1 << 20]))
def test_all_blocks_are_found(blocks, granularity):
    found = parse(dump(blocks, 3 * CHUNK, granularity=granularity))
    assert set(found.slot().blocks) == blocks
    assert found.agrees(len(blocks) * granularity // 1024)


def test_long_runs_are_not_written_out():
    total = 1 << 28
    text = dump((), 256).replace("la-size-sect 2048", f"la-size-sect {total * 8}")
    text = text.replace("4 times 0x0000000000000000;", "4 times 0x0000000000000001;\n"
                        f"{total // 64 - 4} times 0xFFFFFFFFFFFFFFFF;").replace(
        "bits-set 0", f"bits-set {4 + total - 256}")
    found = parse(text).slot().blocks
    assert list(found.runs()) == [(0, 1), (64, 65), (128, 129), (192, 193), (256, total)]


def test_changes_at_random_over_more_than_a_chunk():
    drawn = random.Random(1)
    lines = ["; ".join(f"0x{drawn.getrandbits(64):016X}" for _ in range(4)) + ";"
             for _ in range(1000)]
    count = sum(bin(int(word, 16)).count("1") for line in lines for word in line[:-1].split("; "))
    text = dump((), 256000).split("bm {")[0] + "bm {\n" + "\n".join(lines) + \
        f"\n}}\n# bits-set {count};\n"
    found = parse(text).slot().blocks
    assert len(found) == count
    for number, line in enumerate(lines):
        for place, word in enumerate(line[:-1].split("; ")):
            base = (number * 4 + place) * 64
            assert set(found.within(base, base + 64)) == {
                base + bit for bit in range(64) if int(word, 16) >> bit & 1}


@given(mangled([golden("dump-8-node1.txt"), golden("dump-8-node2.txt"), WITH_PEERS]))
def test_a_damaged_text_is_understood_or_refused(text):
    try:
        found = parse(text)
    except ParseError:
        return
    assert found.slots


def test_eight_times_the_text_is_eight_times_the_work():
    from unit.core.test_size import work

    def text(lines):
        return dump((), 256 * lines).split("bm {")[0] + "bm {\n" + \
            "0x0000000000000001; 0x0000000000000000; 0x0000000000000000; 0x0000000000000000;\n" \
            * lines + f"}}\n# bits-set {lines};\n"
    few, many = work(parse, text(600)), work(parse, text(4800))
    assert many <= few * 8 * 1.25, (few, many)
