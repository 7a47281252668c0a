# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's label and metadata headers, as real LVM wrote them."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import ParseError
from dualstor.kernel import pvheader

from .helpers import DATA, golden

FILES = sorted(os.listdir(os.path.join(DATA, "pv")))


def steps(name):
    """[(seqno, device, {offset: sector})] of a golden file: a VG after each change of it."""
    found = []
    for line in golden("pv/" + name).splitlines():
        if line.startswith("# ") and ", seqno " in line:
            head, _, seqno = line.rpartition(" ")
            found.append((int(seqno), head.partition(": ")[2].partition(",")[0], {}))
        elif not line.startswith("#"):
            offset, data = line.split()
            found[-1][2][int(offset)] = bytes.fromhex(data).ljust(512, b"\0")
    return found


def begin(sectors):
    """The bytes of a device that hold the label."""
    return b"".join(sectors.get(at, b"\0" * 512) for at in range(0, pvheader.LABEL_SPAN, 512))


def areas(sectors):
    label = pvheader.parse_label(begin(sectors))
    return [pvheader.parse_area(sectors[offset]) for offset, _ in label.areas]


@pytest.mark.parametrize("name, counts", [
    ("one-area.txt", {1}), ("two-areas-4096.txt", {2}), ("one-of-two-pvs-without.txt", {0, 1}),
    ("large-area.txt", {1}), ("ignored.txt", {1})])
def test_the_metadata_areas_of_real_pvs(name, counts):
    assert {len(areas(sectors)) for _, _, sectors in steps(name)} == counts
    for _, _, sectors in steps(name):
        label = pvheader.parse_label(begin(sectors))
        assert len(label.pv) == 32 and label.pv.isalnum()
        assert all(offset % 512 == 0 and size >= 4096 for offset, size in label.areas)


@pytest.mark.parametrize("name", FILES)
def test_every_change_of_the_vg_changes_a_header_that_is_used(name):
    """A VG is created, an LV made, renamed, extended and removed: the seqno grows each time."""
    seen = {}
    for seqno, _, sectors in steps(name):
        for area in areas(sectors):
            if area.used:
                seen.setdefault(seqno, set()).add(area)
    assert len(seen) == 5
    values = [frozenset(found) for _, found in sorted(seen.items())]
    assert len(set(values)) == len(values)


def test_an_ignored_area_is_not_used_and_is_left_as_it_was():
    ignored = {area for _, _, sectors in steps("ignored.txt") for area in areas(sectors)
               if area.ignored}
    assert len(ignored) == 1 and not any(area.used for area in ignored)


def test_large_areas_keep_their_size():
    label = pvheader.parse_label(begin(steps("large-area.txt")[0][2]))
    assert label.areas[0][1] > 4 << 20 or label.areas[0][1] >= (4 << 20) - 4096


def test_what_is_no_pv_has_no_label():
    assert pvheader.parse_label(b"\0" * pvheader.LABEL_SPAN) is None
    assert pvheader.parse_label(b"") is None


@given(st.integers(0, 511), st.integers(1, 255))
def test_a_damaged_sector_is_not_believed(at, change):
    _, _, sectors = steps("one-area.txt")[0]
    for offset, parse in ((512, lambda s: pvheader.parse_label(b"\0" * 512 + s + b"\0" * 1024)),
                          (4096, pvheader.parse_area)):
        sector = bytearray(sectors[offset])
        sector[at] ^= change
        try:
            found = parse(bytes(sector))
        except ParseError:
            continue
        # the id of the label is what the search goes by; its own number is outside the checksum
        assert offset == 512 and (found is None or 8 <= at < 16)


@pytest.mark.parametrize("length", [0, 3, 20, 40, 511])
def test_a_header_that_is_cut_off_is_an_error(length):
    _, _, sectors = steps("one-area.txt")[0]
    with pytest.raises(ParseError):
        pvheader.parse_area(sectors[4096][:length])
