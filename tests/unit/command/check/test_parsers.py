# SPDX-License-Identifier: GPL-2.0-or-later
"""The parsers with line numbers, and LVM's filters."""

import pytest

from dualstor.command.check.parsers import (
    corosyncconf,
    drbdfiles,
    lvmconf,
    xml,
)
from dualstor.command.check.view.lvm import passes
from dualstor.command.check.view.seen import Unavailable


def test_lvm_conf_keeps_lines_lists_and_paths():
    settings, problems = lvmconf.parse(
        '# locking_type = 1\nglobal {\n\tlocking_type = 3 # clvmd\n}\n'
        'devices/filter = [ "a|\\"x\\"|",\n "r|.*|" ]\nactivation { a { b = "c" } }\n', "f")
    assert problems == ()
    assert settings["global/locking_type"][0] == "3"
    assert str(settings["global/locking_type"][1]) == "f:3"
    assert settings["devices/filter"][0] == ('a|"x"|', "r|.*|")
    assert settings["activation/a/b"][0] == "c"


def test_lvm_conf_may_have_single_quotes():
    settings, problems = lvmconf.parse("devices { dir = '/dev'\nfilter = ['a|/dev/x|'] }", "f")
    assert problems == ()
    assert settings["devices/dir"][0] == "/dev" and settings["devices/filter"][0] == ("a|/dev/x|",)


@pytest.mark.parametrize("text, line, says", [
    ("global {\nlocking_type = 3\n", 1, "no closing brace"),
    ("global {\n}\n}\n", 3, "closing brace that nothing opened"),
    ("a = [ \"x\"\n}\n", 2, "list is not closed"),
    ("global {\n\tlocking_type\n}\n", 2, "neither a setting nor a section"),
    ("a = \n", 1, "value is missing"),
    ("x = \"open\n", 1, "value is missing"),
])
def test_lvm_conf_reports_the_line_of_a_mistake(text, line, says):
    problems = lvmconf.parse(text, "f")[1]
    assert [(p.where.line, says in p.text) for p in problems][:1] == [(line, True)]


def test_corosync_conf_keeps_lines_and_repeated_sections():
    top, problems = corosyncconf.parse(
        "totem {\n  version: 2\n  interface {\n    bindnetaddr: 10.0.0.0\n  }\n  interface {\n"
        "    bindnetaddr: fd00::\n  }\n}\n", "f")
    rings = top.first("totem").named("interface")
    assert problems == ()
    assert [r.get("bindnetaddr") for r in rings] == ["10.0.0.0", "fd00::"]
    assert str(rings[1].at("bindnetaddr")) == "f:7"
    assert str(rings[1].at("mcastport")) == "f:6", "where the section begins"


def test_drbd_files_follow_includes_and_keep_file_and_line():
    resources, problems = drbdfiles.parse({
        "/etc/drbd.conf": 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n',
        "/etc/drbd.d/global_common.conf": "common {\n net {\n  protocol C;\n }\n}\n",
        "/etc/drbd.d/b.res": "resource b {\n net {\n\n  allow-two-primaries;\n }\n}\n",
        "/etc/drbd.d/a.res": "resource a { }\n", "/etc/drbd.d/unused": "{{{"})
    assert problems == ()
    assert [r.name for r in resources] == ["a", "b"]
    assert str(resources[1].at("allow-two-primaries")) == "/etc/drbd.d/b.res:4"
    assert str(resources[1].at("protocol")) == "/etc/drbd.d/global_common.conf:3"
    assert str(resources[0].at("allow-two-primaries")) == "/etc/drbd.d/a.res:1"
    assert resources[1].configuration.protocol == "C"


def test_drbd_files_that_include_themselves_end():
    files = {f"/etc/drbd.d/{n}.res": 'include "*.res";\n' * 9 for n in range(4)}
    files["/etc/drbd.conf"] = 'include "drbd.conf";\ninclude "drbd.d/*.res";\nresource a { }\n'
    assert [r.name for r in drbdfiles.parse(files)[0]] == ["a"]


@pytest.mark.parametrize("text, line", [
    ("resource r0 {\n  net {\n    protocol C\n  }\n}\n", 4),
    ("resource r0 {\n  net {\n    protocol C;\n  }\n", 4),
    ("resource r0 {\n  on \"node1 {\n}\n", 2),
])
def test_drbd_files_report_the_line_of_a_mistake(text, line):
    problems = drbdfiles.parse({"/etc/drbd.d/r0.res": text})[1]
    assert [(p.where.source, p.where.line) for p in problems] == [("/etc/drbd.d/r0.res", line)]


def test_xml_that_is_broken_is_read_as_far_as_possible():
    root, problems = xml.parse("<a>\n<b c='1'>\n</a>\n", "f")
    assert root.find("b").get("c") == "1"
    assert len(problems) == 1 and problems[0].where.line == 3


def test_xml_of_another_encoding_keeps_its_lines():
    root, problems = xml.parse('<?xml version="1.0"\n encoding="latin1"?>\n<a>\n <b/>\n</a>', "f")
    assert problems == () and root.find("b").sourceline == 4


@pytest.mark.parametrize("patterns, device, through", [
    (("a|^/dev/drbd.*|", "r|.*|"), "/dev/drbd0", True),
    (("a|^/dev/drbd.*|", "r|.*|"), "/dev/sda1", False),
    (("r|/dev/sdb|",), "/dev/sdb1", False),
    (("r|/dev/sdb$|",), "/dev/sdb1", True),
    (("r/sda/", "a/.*/"), "/dev/sda", False),
    (("a|.*/|",), "/dev/sdb", True),
    ((), "/dev/sdb", True),
    (("r(/dev/sd[bc])",), "/dev/sdc", False),
])
def test_the_first_pattern_that_matches_decides(patterns, device, through):
    assert passes(patterns, (device,)) is through


def test_one_accepted_name_of_a_device_is_enough():
    """LVM continues with the other names: one rejected hides nothing if another is accepted."""
    names = ("/dev/sdb", "/dev/disk/by-id/scsi-1")
    assert passes(("r|^/dev/sdb$|", "a|.*|"), names)
    assert not passes(("r|^/dev/sdb$|",), names)
    assert not passes(("a|^/dev/drbd|", "r|.*|"), names)


@pytest.mark.parametrize("pattern", ["/dev/sdb", "", "a", "a|x", "r|[|", "x|.*|"])
def test_a_pattern_of_another_form_is_not_evaluated(pattern):
    with pytest.raises(Unavailable):
        passes((pattern,), ("/dev/sdb",))
