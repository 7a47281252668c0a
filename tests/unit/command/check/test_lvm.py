# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's files, filters and devices (LVM2 lib/filters, libdm/regex, lib/config)."""

import pytest

from dualstor.command.check.parsers import dmregex, lvmfilter
from dualstor.command.check.parsers.dmregex import Malformed
from dualstor.command.check.view.devices import is_lv

CONF, LOCAL, TAG = "/etc/lvm/lvm.conf", "/etc/lvm/lvmlocal.conf", "/etc/lvm/lvm_node1.conf"
FILTER = "LVM-FILTER"


# -- filters ------------------------------------------------------------------------------


@pytest.mark.parametrize("patterns, device, through", [
    (("a|^/dev/drbd.*|", "r|.*|"), "/dev/drbd0", True),
    (("a|^/dev/drbd.*|", "r|.*|"), "/dev/sda1", False),
    (("r|.*|", "a|^/dev/drbd.*|"), "/dev/drbd0", False),
    (("r|/dev/sdb|",), "/dev/sdb1", False),
    (("r|/dev/sdb$|",), "/dev/sdb1", True),
    (("r/sda/", "a/.*/"), "/dev/sda", False),
    (("a|.*/|",), "/dev/sdb", True),
    ((), "/dev/sdb", True),
    (("r(/dev/sd[bc])",), "/dev/sdc", False),
    (("r{/dev/sd[^bc]}",), "/dev/sdc", True),
    (("r[sdb]",), "/dev/sdb", False),
    (("r!^/dev/(sda|sdb)[0-9]*$!",), "/dev/sdb12", False),
    (("r#/dev/sd[a-c]#",), "/dev/sdb", False),
    (("r|/dev/sd[c-a]|",), "/dev/sdb", False),
    (("r|drbd?|",), "/dev/drb", False),
    (("r|sd{1}|",), "/dev/sd", True),           # device-mapper knows no {}
    (("r|\\d\\d|",), "/dev/sd11", True),        # nor classes
    (("r|/dev/disk/by-id/a\\.b|",), "/dev/disk/by-id/axb", True),
    (("r|sdb|$|",), "/dev/sdc", False),
    (("r|^sdb|",), "/dev/sdb", True),
])
def test_the_first_pattern_that_matches_decides(patterns, device, through):
    assert lvmfilter.passes(patterns, (device,)) is through


def test_one_accepted_name_of_a_device_is_enough():
    """LVM continues with the other names: one rejected hides nothing if another is accepted."""
    names = ("/dev/sdb", "/dev/disk/by-id/scsi-1")
    assert lvmfilter.passes(("r|^/dev/sdb$|", "a|.*|"), names)
    assert not lvmfilter.passes(("r|^/dev/sdb$|",), names)
    assert not lvmfilter.passes(("a|^/dev/drbd|", "r|.*|"), names)


@pytest.mark.parametrize("pattern, says", [
    ("/dev/sdb", "begins neither"), ("", "begins neither"), ("x|.*|", "begins neither"),
    ("a", "does not end"), ("a|", "does not end"), ("a|x", "does not end"),
    ("a(x(", "does not end"), ("r|[|", '"]"'), ("r|(|", "nothing where"), ("r|(x|", '")"'),
    ("r|x)|", "nothing opened"), ("r|x\\|", "backslash"), ("r|*|", "repeats"),
    ("r#a|#", "nothing where"), ("r||", "nothing where"),
])
def test_what_lvm_refuses(pattern, says):
    assert says in lvmfilter.problem(pattern)
    with pytest.raises(Malformed):
        lvmfilter.passes((pattern,), ("/dev/sdb",))


@pytest.mark.parametrize("pattern", ["a|.*|", "r|.*/|", "a/^.dev.drbd/", "r|[]|", "a|a**+|"])
def test_what_lvm_accepts(pattern):
    assert lvmfilter.problem(pattern) is None


def test_an_expression_is_refused_if_no_person_wrote_it():
    for text in ("(" * 900, "x" * 2000):
        with pytest.raises(Malformed):
            dmregex.search(text, "/dev/sdb")


# -- what is found ------------------------------------------------------------------------


def found(pair):
    """[(rule, where)] that the rules find."""
    return [(one.rule.id, str(one.where)) for one in pair.verdict().findings]


def conf(pair, text):
    """The first host of a good pair, with another lvm.conf."""
    return pair.alone().write(CONF, text, hosts=(0,))


DEVICES = "devices {\n\t%s\n\tuse_devicesfile = 0\n}\n" \
          "global { use_lvmlockd = 1 event_activation = 0 }\n"
BOTH = 'filter = [ "a|^/dev/drbd.*|", "r|.*|" ]\n global_filter = [ "a|^/dev/drbd.*|", "r|.*|" ]'


@pytest.mark.parametrize("text, rules", [
    (BOTH, []), (BOTH.replace('"', "'"), []),
    (BOTH.replace(", ", "\n\t\t"), []),                         # commas may be missing
    (BOTH.replace('[ ', "[ # first\n").replace(" ]", ", ]"), []),
    (BOTH.replace("filter = [ \"a|^/dev/drbd.*|\", \"r|.*|\" ]", "filter = \"r|/dev/[^d]|\""), []),
    (BOTH.replace("^/dev/drbd.*", "^/dev/drbd/by-res/r0"), []),     # a name by DRBD's udev rules
    (BOTH.replace("^/dev/drbd.*", "^/dev/drbd/by-res/r1"), ["LVM-FILTER-DRBD"] * 2),
    ("filter = [ 'a|^/dev/drbd.*|', 'r|.*|' ]", ["LVM-GLOBAL-FILTER"]),
    ("filter = [ a|^/dev/drbd.*| ]", ["LVM-FILTER"]),
    ("filter = [ ]\n" + BOTH.partition("\n")[2], ["LVM-FILTER-SYNTAX"]),
    ('filter = [ "/dev/drbd" ]\n' + BOTH.partition("\n")[2], ["LVM-FILTER-SYNTAX"]),
])
def test_filters_of_a_file(good, text, rules):
    assert [rule for rule, _ in found(conf(good("corosync"), DEVICES % text))] == rules


@pytest.mark.parametrize("text, where", [
    ("devices/filter = [ 'r|.*|' ]\n", CONF + ":1"),
    ("# filter\ndevices {\n/filter = [\n 'r|.*|'\n]\n}\n", CONF + ":3"),
    ("devices { filter = [ 'a|.*|' ] }\ndevices {\n filter = [ 'r|.*|' ]\n}\n", CONF + ":3"),
])
def test_the_line_of_a_setting(good, text, where):
    pair = conf(good("corosync"), text + "global { use_lvmlockd = 1 event_activation = 0 }\n")
    assert ("LVM-FILTER-DRBD", where) in found(pair)


@pytest.mark.parametrize("text", [
    "[totem]\n" * 40, "<cluster>\n" * 40, "resource r0 {\n on node1 {\n}\n}\n" * 30, "x\n" * 80,
    "devices {\n filter = [ 'a|x|'\n}\n",
])
def test_what_is_no_lvm_conf_is_one_finding(good, text):
    problems = [where for rule, where in found(conf(good("corosync"), text))
                if rule == "LVM-SYNTAX"]
    assert len(problems) == 1 and problems[0].startswith(CONF + ":")


@pytest.mark.parametrize("value, rules", [
    ("1", []), ("0", ["LVM-LVMLOCKD"]), ('"yes"', []), ("on", []), ("\"no\"", ["LVM-LVMLOCKD"]),
    ('"1"', ["LVM-LVMLOCKD"]),      # LVM takes no number in quotes
])
def test_a_switch(good, value, rules):
    text = (DEVICES % BOTH).replace("use_lvmlockd = 1", f"use_lvmlockd = {value}")
    assert [rule for rule, _ in found(conf(good("corosync"), text))] == rules


def test_a_number_in_quotes_is_the_default(good):
    pair = good("cman").edit(CONF, "locking_type = 3", 'locking_type = "3"')
    assert "LVM-LOCKING-TYPE-1" in [rule for rule, _ in found(pair)]


# -- several files ------------------------------------------------------------------------


def test_the_local_file_overrides_and_its_filters_come_first(good):
    pair = conf(good("corosync"), DEVICES % BOTH).write(
        LOCAL, "devices {\n filter = [ 'r|drbd|' ]\n}\nglobal { use_lvmlockd = 0 }\n", hosts=(0,))
    assert set(found(pair)) == {("LVM-FILTER-DRBD", LOCAL + ":2"), ("LVM-LVMLOCKD", LOCAL + ":4")}


@pytest.mark.parametrize("tags, applies", [
    ("tags { hosttags = 1 }", True), ("tags { hosttags = 0 }", False), ("", False),
    ("tags { node1 { } }", True), ("tags { @node1 { } }", True),
    ("tags { node1 { host_list = [ \"node1\", \"x\" ] } }", True),
    ("tags { node1 { host_list = [ \"node2\" ] } }", False),
])
def test_the_files_of_the_tags_of_this_host(good, tags, applies):
    pair = conf(good("corosync"), DEVICES % BOTH + tags).write(
        TAG, "global { use_lvmlockd = 0 }\n", hosts=(0,))
    assert (("LVM-LVMLOCKD", TAG + ":1") in found(pair)) is applies


@pytest.mark.parametrize("tag, applies", [("node1", True), ("@node1", True), ("other", False)])
def test_a_section_may_be_for_hosts_with_a_tag(good, tag, applies):
    pair = conf(good("corosync"), DEVICES % BOTH + "tags { hosttags = 1 }\n").write(
        LOCAL, f"global {{\n tags = [ \"{tag}\" ]\n use_lvmlockd = 0\n}}\n", hosts=(0,))
    assert (("LVM-LVMLOCKD", LOCAL + ":3") in found(pair)) is applies


# -- DRBD on an LV ------------------------------------------------------------------------


def _on(pair, device, version="2.03.16(2)", lvm="devices { use_devicesfile = 0 }\n"):
    """A host whose backing device is another, without filters."""
    text = lvm + "global { use_lvmlockd = 1 event_activation = 0 }\n"
    old = "/dev/" + pair.trees[0].files["/etc/drbd.d/r0.res"].partition("disk /dev/")[2].split(
        ";")[0]
    return conf(pair, text).edit("/etc/drbd.d/r0.res", old, device, hosts=(0,)).kind(
        device, "device", hosts=(0,)).answer(
        "lvm-version", f"  LVM version:     {version} (2022-05-18)\n", hosts=(0,))


@pytest.mark.parametrize("device, version, lvm, rules", [
    ("/dev/vg_sys/drbd", "2.03.16(2)", "devices { use_devicesfile = 0 }\n", []),
    ("/dev/vg_sys/drbd", "2.03.16(2)", "devices { use_devicesfile = 0 scan_lvs = 1 }\n", [FILTER]),
    ("/dev/sdb1", "2.03.16(2)", "devices { use_devicesfile = 0 }\n", [FILTER]),
    ("/dev/disk/by-id", "2.03.16(2)", "devices { use_devicesfile = 0 }\n", [FILTER]),
    ("/dev/mapper/mpatha-part1", "2.03.16(2)", "devices { use_devicesfile = 0 }\n", [FILTER]),
    ("/dev/mapper/vg_sys-drbd", "2.03.16(2)", "devices { use_devicesfile = 0 }\n", []),
])
def test_lvm_takes_no_lv_for_a_pv_unless_it_is_told_to(good, device, version, lvm, rules):
    assert [rule for rule, _ in found(_on(good("corosync"), device, version, lvm))] == rules


def test_whether_an_lv_is_meant_may_not_be_known(good):
    unseen = _on(good("corosync"), "/dev/mapper/vg_sys-drbd").verdict().unseen
    assert "whether it is an LV is not in the tree" in "".join(
        one.reason for one in unseen if one.rule.id == FILTER)


SYS = {"/sys/block/dm-3/dm/name": "vg_sys-drbd\n", "/sys/block/dm-3/dm/uuid": "LVM-x7\n",
       "/sys/block/dm-4/dm/name": "mpatha\n", "/sys/block/dm-4/dm/uuid": "mpath-36\n"}


@pytest.mark.parametrize("names, files, answer", [
    (("/dev/vg_sys/drbd", "/dev/dm-3"), SYS, True), (("/dev/mapper/vg_sys-drbd",), SYS, True),
    (("/dev/mapper/mpatha",), SYS, False), (("/dev/dm-4", "/dev/mpatha/x"), SYS, False),
    (("/dev/vg_sys/drbd",), {}, True), (("/dev/vg-sys/lv.1",), {}, True),
    (("/dev/mapper/vg--sys-drbd",), {}, None), (("/dev/mapper/luks-1-2",), {}, False),
    (("/dev/sdb",), {}, False), (("/dev/md/0",), {}, False), (("/dev/cciss/c0d0p1",), {}, False),
    (("/dev/disk/by-id/x",), {}, False), (("/dev/mapper/mpatha",), {}, False),
])
def test_what_is_an_lv(names, files, answer):
    assert is_lv(files, names) is answer
