# SPDX-License-Identifier: GPL-2.0-or-later
"""Pacemaker: nodes that are down for sure, fencing, names, promotion scores."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import ParseError, ToolError, ToolFailed, ToolHung
from dualstor.tools import pacemaker
from unit.cluster.helpers import CMAN_DOWN, HANGS, PaperHost, golden

BOTH, SURVIVOR = golden("crm_mon-both.xml"), golden("crm_mon-survivor.xml")
NOT_CONNECTED = (102, golden("crm_mon-down.xml"), "")
#: What the survivor sees of node2 after it was fenced.
_FENCED = 'name="node2" id="2" online="false" standby="false" standby_onfail="false" ' \
    'maintenance="false" pending="false" unclean="false"'
OLD = """<?xml version="1.0"?>
<crm_mon version="1.1.23">
    <summary>
        <current_dc present="true" version="1.1.23-1.el7" name="a" id="1" with_quorum="true"/>
        <cluster_options stonith-enabled="false" no-quorum-policy="stop"/>
    </summary>
    <nodes>
        <node name="a" id="1" online="true" pending="false" unclean="false" expected_up="true"/>
        <node name="b" id="2" online="false" pending="false" unclean="true" expected_up="true"/>
    </nodes>
</crm_mon>
"""
CMAN = {"cman_tool status": golden("cman-status-two-node.txt"),
        "cman_tool nodes": golden("cman-nodes-F.txt"),
        "fence_tool ls": golden("fence-ls.txt").replace("members       1 2", "members       1")}


def survivor(**changes):
    """SURVIVOR with other attributes of node2."""
    text = _FENCED
    for name, value in changes.items():
        assert f'{name}="false"' in text
        text = text.replace(f'{name}="false"', f'{name}="{value}"')
    assert _FENCED in SURVIVOR
    return SURVIVOR.replace(_FENCED, text)


def down(answer, node="node2", **more):
    return pacemaker.node_down(PaperHost(dict({"crm_mon": answer}, **more)), node)


def test_cluster_of_both():
    seen = pacemaker.parse_mon(BOTH)
    assert (seen.dc, seen.quorate, seen.fencing) == ("node2", True, True)
    assert seen.version == "2.1.5-a3f44794f94"
    node = seen.node("node1")
    assert node.online and node.expected_up and node.id == "1" and node.type == "member"
    assert ("feature_set", "3.16.1") in node.rest and seen.node("other") is None


def test_resources_and_failures():
    text = BOTH.replace("</pacemaker-result>", """
  <failures><failure op_key="vg0_start_0" node="node2" exitstatus="error" exitcode="1"
    exitreason="vg0 start: no quorum" last-rc-change="2026-11-24 04:50:58Z"/></failures>
  <resources><clone id="r0-clone"><resource id="r0:1" resource_agent="ocf:dualstor:drbd-dualprimary"
    role="Promoted" failed="true" blocked="false"><node name="node1" id="1"/></resource></clone>
    <resource id="vg9" resource_agent="ocf:dualstor:clustered-vg" role="Stopped" failed="false"
    blocked="true"/></resources></pacemaker-result>""")
    seen = pacemaker.parse_mon(text)
    assert seen.failures == (pacemaker.Failure(
        operation="vg0_start_0", node="node2", code="error", reason="vg0 start: no quorum",
        when="2026-11-24 04:50:58Z"),)
    assert [i for i in seen.instances if i.resource in ("r0", "vg9")] == [
        pacemaker.Instance(resource="r0", agent="ocf:dualstor:drbd-dualprimary", node="node1",
                           role="Promoted", failed=True),
        pacemaker.Instance(resource="vg9", agent="ocf:dualstor:clustered-vg", node=None,
                           role="Stopped", blocked=True)]


def test_a_reason_that_was_escaped_twice_is_shown_as_the_agent_said_it():
    text = BOTH.replace("</pacemaker-result>", """<failures><failure op_key="x" node="node2"
        exitreason="a &amp;lt; b: parameter vgname is &amp;apos;a&amp;quot;&amp;apos; &amp;amp;lt;"/></failures></pacemaker-result>""")
    assert pacemaker.parse_mon(text).failures[0].reason == "a < b: parameter vgname is 'a\"' &lt;"


def test_cluster_of_1_1():
    seen = pacemaker.parse_mon(OLD)
    assert seen.fencing is False and seen.node("b").unclean and seen.node("b").standby is None


@given(st.integers(0, len(SURVIVOR.rstrip()) - 1))
def test_cut_off_xml_is_refused(length):
    with pytest.raises(ParseError):
        pacemaker.parse_mon(SURVIVOR[:length])


def test_foreign_xml_shows_the_line():
    with pytest.raises(ParseError, match="Segmentation fault"):
        pacemaker.parse_mon("<a>\nSegmentation fault </b>\n")
    with pytest.raises(ParseError, match="Connection refused"):
        pacemaker.parse_mon(golden("crm_mon-down.xml"))
    with pytest.raises(ParseError, match="online"):
        pacemaker.parse_mon('<crm_mon><nodes><node online="true"/></nodes></crm_mon>')


def test_a_fenced_node_is_down():
    assert down(SURVIVOR) is True


@pytest.mark.parametrize("changes", [{"unclean": "true"}, {"pending": "true"},
                                     {"online": "true"}])
def test_a_node_that_may_still_write_is_not_down(changes):
    assert down(survivor(**changes)) is False


def test_both_up():
    assert down(BOTH) is False and down(BOTH, "node1") is False


def test_a_lost_node_is_not_down_where_nobody_fences():
    text = SURVIVOR.replace('shutdown="false" expected_up="false"',
                            'shutdown="false" expected_up="true"')
    assert text != SURVIVOR and down(text) is None


@pytest.mark.parametrize("answer", [
    NOT_CONNECTED, HANGS, "not XML\n",
    SURVIVOR.replace('current_dc present="true"', 'current_dc present="false"')])
def test_down_cannot_be_told(answer):
    assert down(answer) is None


def test_an_unknown_node_cannot_be_told():
    assert down(SURVIVOR, "other") is None and pacemaker.node_down(PaperHost(), "node2") is None


def test_down_by_the_old_option():
    host = PaperHost({"crm_mon -1 --output-as=xml": (
        64, "", "crm_mon: unrecognized option '--output-as=xml'\n"), "crm_mon -1 -X": OLD})
    assert pacemaker.node_down(host, "b") is False and pacemaker.node_down(host, "a") is False
    assert host.lines[:2] == ["crm_mon -1 --output-as=xml", "crm_mon -1 -X"]
    assert all(seconds <= 5 for _, seconds, _ in host.calls)


def test_down_by_cman():
    assert down(NOT_CONNECTED, **CMAN) is True
    assert down(NOT_CONNECTED, "node1", **CMAN) is False
    assert down(NOT_CONNECTED, "other", **CMAN) is None


@pytest.mark.parametrize("change, result", [
    ({"fence_tool ls": golden("fence-ls-n-fencing.txt")}, False),
    ({"fence_tool ls": golden("fence-ls.txt")}, False),     # fenced has not noticed yet
    ({"fence_tool ls": (1, "", "")}, None),
    ({"cman_tool status": golden("cman-status-inquorate.txt")}, None),
    ({"cman_tool": CMAN_DOWN, "cman_tool status": CMAN_DOWN}, None),
])
def test_down_by_cman_needs_the_fence_domain(change, result):
    assert down(NOT_CONNECTED, **dict(CMAN, **change)) is result


OPTION = "crm_attribute -t crm_config -n "
UNSET = (105, "", "crm_attribute: Error performing operation: No such device or address\n")


@pytest.mark.parametrize("text, result", [
    ("true\n", True), ("false\n", False), ("1\n", True), ("off\n", False), (UNSET, True),
    ((6, "", "No such device or address\n"), True), ((102, "", "Connection refused\n"), None),
    (HANGS, None)])
def test_fencing_enabled(text, result):
    host = PaperHost({OPTION + "stonith-enabled": text, OPTION + "fencing-enabled": UNSET})
    assert pacemaker.fencing_enabled(host) is result


@pytest.mark.parametrize("old, new, result", [
    (UNSET, "true", True), (UNSET, "false", False), ("true", "true", True),
    ("true", "false", False), ("false", "true", False)])
def test_fencing_enabled_by_its_newer_name(old, new, result):
    """Pacemaker before 3.0.2 does not know the newer one: it would not fence with the last."""
    host = PaperHost({OPTION + "stonith-enabled": old, OPTION + "fencing-enabled": new})
    assert pacemaker.fencing_enabled(host) is result


@pytest.mark.parametrize("names, result", [
    ('fencing-enabled="true" stonith-enabled="true"', True),
    ('fencing-enabled="false" stonith-enabled="false"', False), ('fencing-enabled="false"', False)])
def test_crm_mon_of_3_0_2_has_both_names(names, result):
    text = golden("crm_mon-both.xml").replace('stonith-enabled="true"', names)
    assert pacemaker.parse_mon(text).fencing is result


def test_fencing_enabled_by_cman():
    assert pacemaker.fencing_enabled(PaperHost(CMAN)) is True
    assert pacemaker.fencing_enabled(PaperHost(dict(CMAN, **{"fence_tool ls": (1, "", "")}))) \
        is False
    assert pacemaker.fencing_enabled(PaperHost()) is None


HOSTNAME = {"/proc/sys/kernel/hostname": "alpha.example.com\n"}


def test_local_node():
    assert pacemaker.local_node(PaperHost({"crm_node -n": "node1\n"}, HOSTNAME)) == "node1"
    for answers in ({}, {"crm_node": (102, "", "refused\n")}, {"crm_node": HANGS}):
        assert pacemaker.local_node(PaperHost(answers, HOSTNAME)) == "alpha.example.com"
    assert pacemaker.local_node(PaperHost()) == os.uname()[1]


def test_known_nodes():
    assert pacemaker.known_nodes(PaperHost({"crm_mon": BOTH})) == ("node1", "node2")


def test_known_nodes_without_crm_mon():
    host = PaperHost({"crm_node -l": golden("crm_node-l-survivor.txt")})
    assert pacemaker.known_nodes(host) == ("node1", "node2")
    assert pacemaker.known_nodes(PaperHost(CMAN)) == ("node1", "node2")
    assert pacemaker.known_nodes(PaperHost()) is None


def test_crm_node():
    assert pacemaker.parse_peers(golden("crm_node-l-survivor.txt"))[1] == pacemaker.KnownNode(
        id=2, name="node2", state="lost")
    assert pacemaker.parse_peers("1 old\n")[0].state == ""
    with pytest.raises(ParseError, match="what is this"):
        pacemaker.parse_peers("what is this\n")


@pytest.mark.parametrize("score, known, line", [
    (1000, True, "crm_attribute --promotion -v 1000"), (None, True, "crm_attribute --promotion -D"),
    (10, False, "crm_master -l reboot -v 10"), (None, False, "crm_master -l reboot -D")])
def test_set_promotion_score(score, known, line):
    host = PaperHost({"crm_attribute": "", "crm_master": ""})
    pacemaker.set_promotion_score(host, "r0:1", score, known)
    assert host.lines == [line]
    assert host.calls[0][1:] == (5.0, {"OCF_RESOURCE_INSTANCE": "r0:1"})


def test_attributes_are_written_once_more():
    host = PaperHost({"attrd_updater": ""})
    pacemaker.resend_attributes(host)
    assert host.lines == ["attrd_updater --refresh"]
    with pytest.raises(ToolFailed):
        pacemaker.resend_attributes(PaperHost({"attrd_updater": (102, "", "Connection refused\n")}))


def test_deleting_a_score_that_is_not_there():
    pacemaker.set_promotion_score(PaperHost({"crm_attribute": UNSET}), "r0", None, True)
    with pytest.raises(ToolFailed):
        pacemaker.set_promotion_score(PaperHost({"crm_attribute": UNSET}), "r0", 5, True)


@pytest.mark.parametrize("answers, problem", [
    ({"crm_attribute": (102, "", "Connection refused\n")}, ToolFailed),
    ({"crm_attribute": HANGS}, ToolHung), ({}, ToolError)])
def test_a_score_that_cannot_be_set_or_read_raises(answers, problem):
    with pytest.raises(problem):
        pacemaker.set_promotion_score(PaperHost(answers), "r0", 5, True)
    with pytest.raises(problem):
        pacemaker.promotion_score(PaperHost(answers), "r0", True)


@pytest.mark.parametrize("text, score", [
    ("10\n", 10), ("-5\n", -5), ("+7\n", 7), ("INFINITY\n", 1000000), ("-INFINITY\n", -1000000)])
def test_promotion_score(text, score):
    assert pacemaker.promotion_score(PaperHost({"crm_attribute": text}), "r0", True) == score
    assert pacemaker.promotion_score(PaperHost({"crm_master": text}), "r0", False) == score


def test_no_promotion_score():
    assert pacemaker.promotion_score(PaperHost({"crm_attribute": UNSET}), "r0", True) is None
    for text in ("", "ten", "--5", "1 2"):
        with pytest.raises(ParseError):
            pacemaker.parse_score(text)
