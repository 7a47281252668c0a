# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's metadata as text, against what lvs says of the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.agents.clustered_vg import headers
from dualstor.errors import ParseError
from dualstor.kernel import pvheader
from dualstor.tools import lvm, lvmtext
from simulator import pvheader as simulated
from simulator import volumes, world

from .helpers import PaperHost, golden

TEXT = golden("metadata-shared.txt")


def changed(old, new):
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def test_it_says_what_lvs_says():
    """Both were taken at the same time; which are active is not in the metadata."""
    host = PaperHost(programs={"lvs": lambda _: (0, golden("metadata-shared.lvs.txt"), "")})
    told = lvm.volumes(host, "vg0", (2, 2, 100))
    found = lvmtext.volumes(TEXT, "vg0")
    assert found.outcome.ok and found.sequence == told.sequence == 6
    assert [v.but(attr=v.attr.replace("a", "-")) for v in told.volumes] == list(found.volumes)


def test_tags_and_the_flag_to_skip_activation():
    flags = 'flags = ["WRITE_LOCKED"]\ncreation_time = 1795818551'
    text = changed(flags, flags.replace('D"]', 'D", "ACTIVATION_SKIP"]\ntags = ["one", "two"]'))
    volume = lvmtext.volumes(text, "vg0").volumes[-1]
    assert volume.name == "lv0" and volume.skipped and volume.tags == ("one", "two")
    assert not any(each.skipped or each.tags for each in lvmtext.volumes(text, "vg0").volumes[:-1])


@pytest.mark.parametrize("old, new", [
    ('type = "striped"', 'type = "thin-pool"'),
    ('type = "striped"', 'type = "snapshot"'),
    ('"READ", "VISIBLE"]\nflags = ["WRITE_LOCKED"]\ncreation_time', '"READ"]\nflags = ["WRITE_LOCKED"]\ncreation_time'),
    ('"READ", "VISIBLE"', '"READ", "VISIBLE", "PVMOVE"'),
    ('flags = ["WRITE_LOCKED"]\ncreation_time', 'flags = ["WRITE_LOCKED", "SOMETHING_NEW"]\ncreation_time')])
def test_of_lvs_that_are_not_plain_lvm_says_more(old, new):
    assert lvmtext.volumes(changed(old, new), "vg0") is None


def test_a_vg_without_lvs():
    text = TEXT[:TEXT.index("logical_volumes")] + "}\n"
    found = lvmtext.volumes(text, "vg0")
    assert found.volumes == () and found.sequence == 6 and found.outcome.ok


@pytest.mark.parametrize("text", [
    "", TEXT[:700], TEXT.replace("vg0 {", "vg1 {"), TEXT.replace("seqno = 6", "seqno = x"),
    TEXT.replace("extent_count = 4", "extent_count"), TEXT.replace("segment_count = 1", "segment_count = x"),
    TEXT.replace("extent_size = 8192", "")])
def test_what_is_cut_off_or_something_else_is_refused(text):
    with pytest.raises(ParseError):
        lvmtext.volumes(text, "vg0")


@given(st.integers(0, len(TEXT)), st.integers(0, len(TEXT)), st.text(max_size=8))
def test_any_text_is_refused_or_has_sound_rows(begin, end, put):
    try:
        found = lvmtext.volumes(TEXT[:begin] + put + TEXT[end:], "vg0")
    except ParseError:
        return
    assert found is None or all(v.size >= 0 and v.type == "-" for v in found.volumes)


# -- where it is on the disk ------------------------------------------------------------------------

DRBD = """version: 8.4.11 (api:1/proto:86-101)
srcversion: 637677C4EAFCF5D1D5446B0
 0: cs:Connected ro:Primary/Primary ds:%s/UpToDate C r-----
    ns:0 nr:0 dw:0 dr:0 al:0 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
"""


class Disk(PaperHost):
    """A host with a PV on the backing device of drbd0."""

    def __init__(self, content, dstate="UpToDate"):
        super().__init__({"/proc/drbd": DRBD % dstate, "/sys/class/block/vdb/holders/drbd0": ""})
        self.content = content

    def list(self, name):
        return ("drbd0",) if name == "/sys/class/block/vdb/holders" else super().list(name)

    def read_fresh(self, name, offset, length, _seconds):
        assert name == "/dev/vdb"
        return self.content[offset:offset + length]

    @property
    def found(self):
        return [("header", "vdb 4096", self.content[4096:4096 + 512].rstrip(b"\0").hex())]


@pytest.fixture
def content():
    cluster = world.make()
    group = volumes.create_group(cluster, "vg0")
    volumes.create_volume(cluster, group, "lv0")
    return simulated.begin_of(group, "node1")


def test_the_text_is_found_by_its_header(content):
    disk = Disk(content)
    assert [v.name for v in lvmtext.volumes(headers.metadata(disk, disk.found), "vg0").volumes] == ["lv0"]


@pytest.mark.parametrize("dstate", ["Inconsistent", "Outdated", "Consistent", "Diskless", "Failed"])
def test_a_disk_that_may_have_an_old_copy_is_not_read(content, dstate):
    disk = Disk(content, dstate)
    assert headers.metadata(disk, disk.found) is None


def test_a_text_that_was_written_over_is_not_taken(content):
    disk = Disk(content)
    found = disk.found
    disk.content = content.replace(b"seqno = 2", b"seqno = 3")
    assert disk.content != content and headers.metadata(disk, found) is None


def test_disks_with_different_versions_are_not_taken(content):
    disk = Disk(content)
    other = disk.found[0][2].replace(disk.content[4096 + 56:4096 + 60].hex(), "00000000")
    with pytest.raises(ParseError):
        headers.metadata(disk, disk.found + [("header", "vdb 8192", other)])


def test_the_text_continues_at_the_beginning_of_the_area():
    area = pvheader.Area(offset=3584, size=1000, checksum=0, span=4096)
    assert area.places() == ((3584, 512), (512, 488))
    assert area.but(offset=1024).places() == ((1024, 1000),)
