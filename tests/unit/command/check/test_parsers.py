# SPDX-License-Identifier: GPL-2.0-or-later
"""The parsers with line numbers."""

import pytest

from dualstor.command.check.parsers import (
    corosyncconf,
    drbdfiles,
    xml,
)


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
