# SPDX-License-Identifier: GPL-2.0-or-later
"""The wrappers of lvm, lvmlockctl and dmsetup: golden answers, known texts, foreign input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import ParseError, ToolFailed, ToolHung
from dualstor.host.deadline import Deadline
from dualstor.tools import dmsetup, lvm, lvm_messages, lvmconf, lvmlock

from .helpers import PaperHost, golden

anything = st.text(max_size=60)


def answering(stdout="", stderr="", code=0):
    """A host on which each program of LVM answers this."""
    def answer(_argv):
        return code, stdout, stderr
    return PaperHost(programs={p: answer for p in (
        "lvm", "vgs", "lvs", "pvs", "vgchange", "lvchange", "lvmlockctl", "dmsetup")})


# -- dmsetup and lvmlockctl ----------------------------------------------------

def test_dmsetup_info():
    (device,) = dmsetup.info(answering(golden("dmsetup-info.txt")))
    assert (device.name, device.open_count, device.major, device.minor) == ("vg0-lv0", 0, 253, 0)
    assert device.attr == "L--w" and not device.suspended
    assert dmsetup.parse_info(golden("dmsetup-info-none.txt")) == ()


@pytest.mark.parametrize("line", ["vg0-lv0|LVM-x|0|L--w|253", "vg0-lv0|u|x|L--w|253|0|Active"])
def test_dmsetup_info_that_is_cut_shows_the_line(line):
    with pytest.raises(ParseError) as caught:
        dmsetup.parse_info(line)
    assert line in str(caught.value)


def test_dmsetup_remove_never_waits_for_udev_nor_forces():
    host = answering()
    dmsetup.remove(host, "vg0-lv0")
    assert host.calls == [("dmsetup", "remove", "--noudevsync", "vg0-lv0")]


def test_lvmlockctl_info():
    everything = lvmlock.parse_info(golden("lvmlockctl-info-one-shared-one-exclusive.txt"))
    assert [(space.vg, space.name, space.lock_type) for space in everything] == [
        ("", "lvm_global", ""), ("vg0", "lvm_vg0", "dlm")]
    assert everything[1].uuid == "smkfDs-SuWt-e2Jy-ANJt-U0pB-J4d9-hjeZ2Q"
    assert everything[1].volumes == (("IaK8XddwzKswnXpjmcDNA2Vifwcwef7S", "sh"),
                                     ("Blm50V63FK1KrbUKORdo0L3jvNXawRxW", "ex"))
    host = answering(golden("lvmlockctl-info-global-only.txt"))
    assert lvmlock.modes(host, "vg0") == () and len(lvmlock.lockspaces(host)) == 1


BOTH = golden("lvmlockctl-info-one-shared-one-exclusive.txt")
OTHER = "VG vg lock_type=dlm u-v\nLS dlm lvm_vg\nLK LV sh a-b\n"


@pytest.mark.parametrize("text", [
    BOTH, OTHER + BOTH, BOTH + OTHER, BOTH + "\n" + OTHER + "VG vg0-x lock_type=dlm w\n"])
def test_the_locks_of_one_vg_are_those_of_all(text):
    (whole,) = [each for each in lvmlock.parse_info(text) if each.vg == "vg0"]
    assert lvmlock.modes(answering(text), "vg0") == whole.volumes != ()
    assert lvmlock.modes(answering(text), "nosuch") == ()


def test_what_is_said_of_another_vg_does_not_matter():
    odd = OTHER.replace("sh", "who")
    assert lvmlock.modes(answering(odd + BOTH), "vg0") == lvmlock.modes(answering(BOTH), "vg0")
    with pytest.raises(ParseError, match="LK LV who"):
        lvmlock.modes(answering(BOTH + odd), "vg")
    with pytest.raises(ParseError, match="LK LV sh"):
        lvmlock.modes(answering("LK LV sh uuid\n" + BOTH), "vg0")


class Passing(PaperHost):
    """A host on which sleeping is all that takes time."""

    def __init__(self, **more):
        super().__init__(**more)
        self.now = 0.0
        self.deadline = Deadline(60.0, lambda: self.now)

    def sleep(self, seconds):
        self.now += seconds


def taken_for(tries):
    """A host on which another lvmlockctl has the socket for the answer for so many tries."""
    left = [tries]

    def answer(_argv):
        left[0] -= 1
        if left[0] >= 0:    # as seen of 2.03.16
            return 158, "socket error -98\n", ""
        return 0, golden("lvmlockctl-info-global-only.txt"), ""
    return Passing(programs={"lvmlockctl": answer})


def test_lvmlockctl_that_another_one_keeps_from_its_answer_is_asked_again():
    host = taken_for(3)
    assert len(lvmlock.lockspaces(host)) == 1 and len(host.calls) == 4
    assert 0 < host.now < 5


def test_lvmlockctl_that_never_gets_its_answer_is_given_up_in_time():
    host = taken_for(10 ** 6)
    with pytest.raises(ToolFailed) as caught:
        lvmlock.lockspaces(host, 2.0)
    assert "another lvmlockctl" in str(caught.value)
    assert host.now <= 2.0


@pytest.mark.parametrize("text", [
    "VG vg0\n", "LS dlm lvm_vg0\n", "VG vg0 lock_type=dlm u\nLS dlm lvm_vg0\nLK LV sh\n",
    "VG vg0 lock_type=dlm u\nLS dlm lvm_vg0\nLK LV who uuid\n", "LK LV sh uuid\n"])
def test_lvmlockctl_info_that_is_cut_shows_the_line(text):
    with pytest.raises(ParseError) as caught:
        lvmlock.parse_info(text)
    assert text.splitlines()[-1] in str(caught.value)


@given(anything)
def test_foreign_text_ends_as_parse_error_or_as_a_value(text):
    for parse in (lvmlock.parse_info, dmsetup.parse_info, lvm.parse_version, lvmconf.parse,
                  lvm_messages.classify, lambda t: lvm.parse_rows("vgs", t, 3)):
        try:
            parse(text)
        except ParseError:
            pass


# -- version and settings --------------------------------------------------------

@pytest.mark.parametrize("text, version", [
    (golden("lvm-version-2.03.16.txt"), (2, 3, 16)),
    ("  LVM version:     2.02.84(2) (2011-02-09)\n  Library version: 1.02.63\n", (2, 2, 84)),
    ("  LVM version:     2.02.188(2)-git (2021-05-07)\n", (2, 2, 188))])
def test_version(text, version):
    assert lvm.version(answering(text)) == version


def test_name_of_the_filter_for_all_of_lvm():
    assert lvm.filter_name((2, 2, 84)) == "filter"
    assert lvm.filter_name((2, 3, 16)) == "global_filter"


# -- reports ------------------------------------------------------------------------

def test_a_shared_group():
    answer = lvm.group(answering(golden("vgs-shared.txt")), "vg0")
    group = answer.group
    assert (group.name, group.shared, group.clustered, group.exported, group.partial) == \
        ("vg0", True, False, False, False)
    assert (group.pv_count, group.lv_count) == (1, 1) and answer.outcome.ok
    assert [(d.name, d.missing, d.duplicate) for d in answer.devices] == \
        [("/dev/drbd0", False, False)]


def test_a_clustered_group_with_a_missing_device():
    answer = lvm.group(answering(golden("vgs-clustered.txt")), "vgc")
    assert answer.group.clustered and not answer.group.shared
    assert [d.missing for d in answer.devices] == [False, True]


@pytest.mark.parametrize("attr, clustered, shared, exported, partial", [
    ("wz--n-", False, False, False, False), ("wz--nc", True, False, False, False),
    ("wz--ns-", False, True, False, False), ("wzx-ns", False, True, True, False),
    ("wz-pnc", True, False, False, True), ("", False, False, False, False)])
def test_attributes_go_by_position_not_by_length(attr, clustered, shared, exported, partial):
    group = lvm.VolumeGroup("vg0", "u", attr, 1, 0)
    assert (group.clustered, group.shared, group.exported, group.partial) == \
        (clustered, shared, exported, partial)


def test_a_group_that_is_not_there():
    answer = lvm.group(answering("", '  Volume group "vgc" not found\n'
                                     "  Cannot process volume group vgc\n", 5), "vgc")
    assert answer.group is None and answer.outcome.kinds == {"no group", "consequence"}
    assert answer.outcome.says == 'Volume group "vgc" not found'


def test_volumes_one_for_each_whatever_its_segments():
    text = golden("lvs-shared.txt") + "  big|u-1|-wi-a-----|a,b|linear|4194304|7|active\n" \
        "  big|u-1|-wi-a-----|a,b|striped|4194304|7|active\n  off|u-2|-wi------k||linear|4194304|7|\n"
    found = lvm.volumes(answering(text), "vg0", (2, 3, 16)).volumes
    assert [lv.name for lv in found] == ["big", "lv0", "off"]
    assert found[0].tags == ("a", "b") and found[0].segment_types == ("linear", "striped")
    assert found[1].id == "rnaFUW0MWjm2GPfAyj2mE0dV1oE3b6xB" and found[1].active_here
    assert found[2].skipped and not found[2].active_here and not found[2].open


def test_an_old_lvm_is_not_asked_for_what_it_does_not_know():
    host = answering("  lv0|u-0|-wi-ao||linear|4194304|7\n")
    (volume,) = lvm.volumes(host, "vg0", (2, 2, 84)).volumes
    assert volume.open and not volume.skipped and volume.active is None
    assert "lv_active" not in host.calls[0][-2]


def test_remarks_on_stdout_are_no_rows():
    text = "  Using volume group(s) on command line.\n" + golden("vgs-shared.txt")
    assert lvm.group(answering(text), "vg0").group.name == "vg0"


def test_a_cut_row_shows_the_line():
    with pytest.raises(ParseError) as caught:
        lvm.group(answering("  vg0|smkfDs-SuWt|wz--ns|1\n"), "vg0")
    assert "vg0|smkfDs-SuWt|wz--ns|1" in str(caught.value)
    with pytest.raises(ParseError):
        lvm.group(answering("  vg0|u|wz--ns|one|1|/dev/drbd0|u|a--\n"), "vg0")


# -- changes --------------------------------------------------------------------------

def test_commands_that_change_something_are_local_and_name_their_group():
    host = answering()
    lvm.activate(host, "vg0", "-asy", ("a", "b"))
    lvm.activate(host, "vg0", "-aly", ("a",), partial=True)
    lvm.deactivate(host, "vg0", ("a", "b"))
    lvm.deactivate_group(host, "vg0")
    lvm.start_locking(host, "vg0")
    lvm.stop_locking(host, "vg0")
    assert host.calls == [
        ("lvchange", "-asy", "vg0/a", "vg0/b"), ("lvchange", "-aly", "--partial", "vg0/a"),
        ("lvchange", "-aln", "vg0/a", "vg0/b"), ("vgchange", "-aln", "vg0"),
        ("vgchange", "--lockstart", "vg0"), ("vgchange", "--lockstop", "vg0")]


def test_falling_back_to_local_locking_is_an_error_whatever_the_exit_code():
    outcome = lvm.deactivate_group(answering("", golden("stderr-clvmd-absent-fallback.txt")), "vgc")
    assert not outcome.ok and "local locking" in outcome.kinds
    assert [m.name for m in outcome.messages if m.kind == "clustered"] == ["vgc"]


def test_hanging_and_missing_programs_are_outcomes():
    def hang(argv):
        raise ToolHung(argv, "no answer in 5 s")
    host = PaperHost(programs={"lvchange": hang})
    outcome = lvm.activate(host, "vg0", "-asy", ("a",))
    assert outcome.hung and not outcome.ok and "lvchange" in outcome.says
    outcome = lvm.stop_locking(host, "vg0")
    assert outcome.missing and not outcome.ok


@pytest.mark.parametrize("line, kind, name", [
    ("VG vg0 lock skipped: lock start in progress", "starting", None),
    ("Global lock failed: lockspace is starting", "starting", None),
    ("Global lock failed: held by other host.", "held", None),
    ("VG vg0 lock failed: held by other host.", "held", None),
    ("Can't get lock for vg0", "held", None),
    ("LV locked by other host: vg0/lv1", "elsewhere", "vg0/lv1"),
    ("Error locking on node 1: Volume is busy on another node", "elsewhere", None),
    ("Error locking on node node1: Device or resource busy", "other mode", "node1"),
    ("Error locking on node UNKNOWN 2: Device or resource busy", "other mode", "2"),
    ("One or more specified logical volume(s) not found.", "no volume", None),
    ("WARNING: Falling back to local file-based locking.", "local locking", None),
    ("WARNING: Locking disabled. Be careful! This could corrupt your metadata.",
     "local locking", None),
    ("Skipping clustered volume group vgc", "clustered", "vgc"),
    ("Cannot access clustered VG vgc.", "clustered", "vgc"),
    ("Cannot access clustered VG vg.c. See lvmlockd(8)", "clustered", "vg.c"),
    ("clvmd not running on node node2", "peer lacks clvmd", "node2"),
    ("VG vg0 start failed: lock manager dlm is not running", "no manager", None),
    ("connect() failed on local socket: No such file or directory", "no daemon", None),
    ("Global lock failed: check that lvmlockd is running.", "no daemon", None),
    ("WARNING: lvmlockd process is not running.", "no daemon", None),
    ("LV vg0/lv0 lock failed: lockspace is inactive", "not started", None),
    ("VG vg0 stop failed: LVs must first be deactivated", "locks remain", None),
    ("LV is already locked with incompatible mode: vg0/lv0", "incompatible", "vg0/lv0"),
    ("Shared activation not compatible with LV type thin of vg0/t", "unshareable", "vg0/t"),
    ("Cannot access VG vg0 due to failed lock.", "failed lock", None),
    ("Global lock failed: error -211", "failed lock", None),
    ("Found duplicate PV ShB5GZqzXV: using /dev/vdb not /dev/drbd0", "duplicate", "/dev/vdb"),
    ("WARNING: Not using device /dev/vdb for PV ShB5GZ-qzXV.", "duplicate", "/dev/vdb"),
    ("WARNING: PV ShB5GZ-qzXV prefers device /dev/drbd0 because of previous preference.",
     "duplicate", "/dev/drbd0"),
    ("Cannot activate LVs in VG vg0 while PVs appear on duplicate devices.", "duplicate", None),
    ('Can\'t deactivate volume group "vgc" with 1 open logical volume(s)', "open", None),
    ("Logical volume vgc/lv0 in use.", "open", "vgc/lv0"),
    ("Logical volume vg0/lv0 is used by another device.", "open", "vg0/lv0"),
    ("Error locking on node node1: LV vg0/lv0 in use: not deactivating", "open", "vg0/lv0"),
    ("Volume group vg0 is exported", "exported", "vg0"),
    ('Volume group "vg0" is exported', "exported", "vg0"),
    ("Cannot access VG vg0 with system ID a with local system ID b.", "foreign", "vg0"),
    ('Volume group "vg0" not found', "no group", "vg0"),
    ('Failed to find logical volume "vg0/lv9"', "no volume", "vg0/lv9"),
    ("Couldn't find device with uuid ShB5GZ-qzXV.", "missing PV", None),
    ("Reading VG vg0 without a lock.", "unlocked reading", None),
    ("Failed to lock logical volume vg0/lv1.", "consequence", None),
    ("File descriptor 3 (pipe:[1]) leaked on vgs invocation.", "warning", None),
    ("Something new", "other", None)])
def test_what_lvm_says_is_classified(line, kind, name):
    (message,) = lvm_messages.classify(f"  {line}\n")
    assert (message.kind, message.name, message.text) == (kind, name, line)


def test_the_cause_is_told_not_its_consequence():
    outcome = lvm.activate(answering("", "  WARNING: something\n  LV locked by other host: vg0/b\n"
                                         "  Failed to lock logical volume vg0/b.\n", 5),
                           "vg0", "-asy", ("b",))
    assert outcome.says == "LV locked by other host: vg0/b" and not outcome.transient
    host = answering("", golden("stderr-peer-exclusive.txt"))
    outcome = lvm.activate(host, "vg0", "-aey", ("b",))
    assert outcome.ok and outcome.kinds == {"elsewhere"}


def test_what_passes_is_transient_only_when_it_failed():
    assert lvm.start_locking(answering("", "  VG vg0 lock failed: lock start in progress\n", 5),
                             "vg0").transient
    assert not lvm.start_locking(answering("", "  VG vg0 lock skipped: lock start in progress\n"),
                                 "vg0").transient


def test_of_a_flood_of_messages_the_ends_are_judged():
    """Found by the model: a flood on stderr kept an agent busy far beyond its deadline."""
    assert [m.text for m in lvm_messages.classify("y\n" * 100000)] == ["y"]
    flood = "".join(f"line {n}\n" for n in range(100000))
    messages = lvm_messages.classify(flood + "  VG vg0 lock failed: lock manager\n")
    assert len(messages) <= 10000
    assert messages[0].text == "line 0" and messages[-1].text.startswith("VG vg0 lock failed")
