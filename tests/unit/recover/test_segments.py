# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose a block is: as LVM reports its segments, with all that is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import ParseError
from dualstor.recover import bitmap, segments
from dualstor.recover.blocks import Blocks
from dualstor.tools import lvm
from unit.drbd.helpers import PaperHost
from unit.recover.helpers import golden

MIB = 1 << 20
#: As captured with the VG of tests/data/recover/dump-8-*.txt, with the columns that are asked for.
LVS = """\
  demo1|hXwA6H|linear|0|8388608|0|/dev/drbd0:4-5|-wi-a-----
  demo2|v9XmkU|linear|0|8388608|0|/dev/drbd0:6-7|-wi-a-----
  lv0|bilqgc|linear|0|16777216|0|/dev/drbd0:0-3|-wi-a-----
  lvA|PUajU4|linear|0|8388608|0|/dev/drbd0:8-9|-wi-a-----
  lvA|PUajU4|linear|8388608|4194304|0|/dev/drbd0:16-16|-wi-a-----
  lvB|94GYk6|linear|0|8388608|0|/dev/drbd0:10-11|-wi-a-----
  lvC|iduxVG|linear|0|8388608|0|/dev/drbd0:12-13|-wi-a-----
  lvU|oaDbfa|linear|0|8388608|0|/dev/drbd0:14-15|-wi-a-----
"""
VGS = "  10|4194304|25165824|/dev/drbd0|pv0|1048576|23|100622336\n"
STRIPED = "  s|uuid-s|striped|0|16777216|65536|/dev/drbd0:0-1 /dev/drbd1:3-4|-wi-a-----\n" \
          "  s|uuid-s|linear|16777216|4194304|0|/dev/drbd0:2-2|-wi-a-----\n" \
          "  t|uuid-t|linear|0|4194304|0|/dev/drbd1:0-0|-wi-a-----\n"
TWO = "  3|4194304|0|/dev/drbd0|pv0|1048576|10|100622336\n" \
      "  3|4194304|0|/dev/drbd1|pv1|1048576|10|100622336\n"


def ask(lvs=LVS, vgs=VGS):
    asked = []

    def answer(text):
        return lambda argv: asked.append(argv) or (0, text, "")
    host = PaperHost(programs={"lvs": answer(lvs), "vgs": answer(vgs)})
    found = lvm.segments(host, "vg0", 5.0), lvm.extents(host, "vg0", 5.0)
    assert "-a" in asked[0], "hidden LVs have extents, too"
    return found


def layout(lvs=LVS, vgs=VGS):
    found, extents = ask(lvs, vgs)
    assert found.outcome.ok and extents.outcome.ok
    return segments.layout("vg0", found.segments, extents)


def test_the_reports():
    found, extents = ask(STRIPED, TWO)
    assert found.segments[0] == lvm.Segment(
        lv="s", uuid="uuid-s", type="striped", start=0, size=16777216, stripe=65536,
        areas=(("/dev/drbd0", 0, 1), ("/dev/drbd1", 3, 4)))
    assert (extents.sequence, extents.extent, extents.free) == (3, 4194304, 0)
    assert extents.devices[1] == lvm.Extents(pv="/dev/drbd1", uuid="pv1", start=MIB, count=10,
                                             size=100622336)


def test_a_vg_that_is_not_there():
    host = PaperHost(programs={"vgs": lambda _: (5, "", '  Volume group "vg0" not found\n')})
    assert not lvm.extents(host, "vg0").outcome.ok


@pytest.mark.parametrize("lvs", [
    LVS.replace("0:4-5", "0:5-4"), LVS.replace("0:4-5", "0"), LVS.replace("|8388608|", "|8m|", 1)])
def test_a_report_that_is_no_report(lvs):
    with pytest.raises(ParseError):
        ask(lvs)


def of_dump(name, **more):
    found = layout(**more)
    dump = bitmap.parse(golden(name).splitlines())
    disk = found.disks[0]
    mine = segments.owned(found, disk, dump.slot().blocks, dump.granularity)
    names = {each.uuid: each.name for each in found.volumes}
    return found, disk, dump, {names[uuid]: len(b) for uuid, b in mine.volumes.items()}, mine


@pytest.mark.parametrize("name, counts", [
    ("dump-8-node1.txt", {"lvA": 76, "lvC": 10, "lvU": 2}),
    ("dump-8-node2.txt", {"lvB": 100, "lvC": 10, "lvU": 2})])
def test_the_captured_split_brain(name, counts):
    _, _, _, found, mine = of_dump(name)
    assert found == counts and not mine.metadata and not mine.free


def test_offsets_are_those_that_were_written():
    found, disk, dump, _, _ = of_dump("dump-8-node1.txt")
    runs = [(uuid, begin // 4096, end // 4096) for uuid, begin, end in segments.offsets(
        found, disk, dump.slot().blocks, 4096)]
    assert runs == [("PUajU4", 100, 164), ("PUajU4", 300, 301), ("PUajU4", 400, 401),
                    ("iduxVG", 0, 10), ("oaDbfa", 5, 7), ("PUajU4", 2100, 2110)]


def test_metadata_and_free_space():
    found, disk, _, counts, mine = of_dump("dump-8-applied.txt")
    assert counts == {"lv0": 768, "lvA": 256, "lvB": 2048, "lvC": 1024, "lvU": 768}
    assert len(mine.metadata) == 256 and not mine.free
    end = disk.end // 4096
    mine = segments.owned(found, disk, Blocks.of_runs([(256 + 17 * 1024, 256 + 17 * 1024 + 2),
                                                       (end - 1, end + 3)]), 4096)
    assert len(mine.free) == 3 and len(mine.metadata) == 3, "there may be metadata behind, too"


def test_a_run_over_the_border_of_two_volumes():
    found = layout()
    border = 256 + 4 * 1024
    mine = segments.owned(found, found.disks[0], Blocks.of_runs([(border - 2, border + 3)]), 4096)
    assert {uuid: len(b) for uuid, b in mine.volumes.items()} == {"bilqgc": 2, "hXwA6H": 3}


def test_stripes_on_two_disks():
    found = layout(STRIPED, TWO)
    assert segments.problems(found, 4096) == ()
    one, two = found.disks
    ext, k = 4 * MIB, 4096
    first = Blocks.of_runs([(256 + 17, 256 + 18)])        # the second stripe row of disk 0
    assert list(segments.offsets(found, one, first, k)) == [
        ("uuid-s", 2 * 65536 + k, 2 * 65536 + 2 * k)]
    run = Blocks.of_runs([((MIB + 3 * ext) // k, (MIB + 3 * ext) // k + 32)])
    assert list(segments.offsets(found, two, run, k)) == [
        ("uuid-s", 65536, 2 * 65536), ("uuid-s", 3 * 65536, 4 * 65536)]
    assert found.regions("uuid-s") == (
        ("pv0", MIB, MIB + 2 * ext), ("pv0", MIB + 2 * ext, MIB + 3 * ext),
        ("pv1", MIB + 3 * ext, MIB + 5 * ext))


@given(st.sets(st.integers(0, 3 * 1024 - 1)), st.sets(st.integers(0, 5 * 1024 - 1)))
def test_each_byte_has_one_place(on_one, on_two):
    found = layout(STRIPED, TWO)
    total = 0
    seen = set()
    for disk, blocks in zip(found.disks, (on_one, on_two)):
        blocks = Blocks.of_runs((256 + b, 256 + b + 1) for b in blocks)
        mine = segments.owned(found, disk, blocks, 4096)
        parts = list(mine.volumes.values()) + [mine.free, mine.metadata]
        assert sum(map(len, parts)) == len(blocks)
        total += sum(map(len, mine.volumes.values()))
        for uuid, begin, end in segments.offsets(found, disk, blocks, 4096):
            places = {(uuid, at) for at in range(begin // 4096, end // 4096)}
            assert not places & seen
            seen |= places
    assert len(seen) == total


def test_the_same_place_on_both_nodes():
    mine = layout()
    assert mine.same_place(layout(), "PUajU4") and not mine.same_place(layout(), "none")
    grown = LVS + "  lvA|PUajU4|linear|12582912|4194304|0|/dev/drbd0:20-20|-wi-a-----\n"
    assert not mine.same_place(layout(grown), "PUajU4")
    assert mine.same_place(layout(grown), "94GYk6")


@pytest.mark.parametrize("lvs, vgs, says", [
    (LVS + "  [p_tdata]|u|raid1|0|4194304|0|p_rimage_0:0-0|rwi-aor---\n", VGS,
     r"\[p_tdata\] is raid1"),
    (LVS + "  t|u|thin|0|4194304|0||Vwi-a-tz--\n", VGS, "t is thin"),
    (LVS + "  s|u|linear|0|4194304|0|/dev/drbd0:20-20|swi-a-s---\n", VGS, "s is snapshot"),
    (LVS + "  [lvmlock]|u|linear|0|4194304|0|/dev/drbd0:20-20|-wi-ao----\n", VGS,
     "sanlock's leases"),
    (LVS, VGS.replace("1048576", "1050624"), "begins at 1050624 bytes"),
    (STRIPED.replace("65536", "6144"), TWO, "a stripe has 6144 bytes")])
def test_what_cannot_be_told_apart(lvs, vgs, says):
    found = segments.problems(layout(lvs, vgs), 4096)
    assert len(found) == 1
    with pytest.raises(AssertionError, match=says):
        raise AssertionError(found[0])


def test_bits_larger_than_an_extent():
    assert len(segments.problems(layout(), 8 * MIB)) == 2


@pytest.mark.parametrize("lvs, vgs, says", [
    (LVS.replace("/dev/drbd0:4-5", "/dev/sdx:4-5"), VGS, "is no PV"),
    (LVS.replace("/dev/drbd0:4-5", "/dev/drbd0:4-6"), VGS, "do not fit"),
    (LVS.replace("/dev/drbd0:4-5", "/dev/drbd0:22-23"), VGS, "do not fit"),
    (LVS.replace("/dev/drbd0:4-5", "/dev/drbd0:6-7"), VGS, "the same extents"),
    (LVS.replace("/dev/drbd0:4-5", ""), VGS, "0 stripes"),
    (STRIPED.replace("65536", "0"), TWO, "2 stripes"),
    (LVS, VGS.replace("|4194304|", "|0|", 1), "no PVs")])
def test_reports_that_do_not_fit_together(lvs, vgs, says):
    with pytest.raises(ParseError, match=says):
        layout(lvs, vgs)
