# SPDX-License-Identifier: GPL-2.0-or-later
"""The parsers with line numbers."""

from dualstor.command.check.parsers import corosyncconf, xml


def test_corosync_conf_keeps_lines_and_repeated_sections():
    top, problems = corosyncconf.parse(
        "totem {\n  version: 2\n  interface {\n    bindnetaddr: 10.0.0.0\n  }\n  interface {\n"
        "    bindnetaddr: fd00::\n  }\n}\n", "f")
    rings = top.first("totem").named("interface")
    assert problems == ()
    assert [r.get("bindnetaddr") for r in rings] == ["10.0.0.0", "fd00::"]
    assert str(rings[1].at("bindnetaddr")) == "f:7"
    assert str(rings[1].at("mcastport")) == "f:6", "where the section begins"


def test_xml_that_is_broken_is_read_as_far_as_possible():
    root, problems = xml.parse("<a>\n<b c='1'>\n</a>\n", "f")
    assert root.find("b").get("c") == "1"
    assert len(problems) == 1 and problems[0].where.line == 3


def test_xml_of_another_encoding_keeps_its_lines():
    root, problems = xml.parse('<?xml version="1.0"\n encoding="latin1"?>\n<a>\n <b/>\n</a>', "f")
    assert problems == () and root.find("b").sourceline == 4
