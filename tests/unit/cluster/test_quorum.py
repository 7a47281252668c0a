# SPDX-License-Identifier: GPL-2.0-or-later
"""Quorum and membership by corosync and by cman, and the one view of both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import ParseError
from dualstor.tools import corosync, quorum
from unit.cluster.helpers import CMAN_DOWN, HANGS, PaperHost, golden

BOTH, SURVIVOR = golden("quorumtool-both.txt"), golden("quorumtool-survivor.txt")
BLOCKED = BOTH.replace("Quorate:          Yes", "Quorate:          No") \
    .replace("Quorum:           1  ", "Quorum:           2 Activity blocked")
COROSYNC_DOWN = (1, "", "Cannot initialize CMAP service\n")
#: corosync 1.4 below a cman that runs, and with nothing running: its exit code is 0 in any case.
COROSYNC_1 = golden("quorumtool-1.4-cman.txt")
COROSYNC_1_DOWN = (0, "", "Cannot connect to quorum service, is it loaded?\n")
CMAN = {"cman_tool status": golden("cman-status-two-node.txt"),
        "cman_tool nodes": golden("cman-nodes-F.txt")}


def test_status_of_two_nodes():
    seen = corosync.parse_status(BOTH)
    assert (seen.quorate, seen.node_id, seen.ring, seen.two_node) == (True, 1, "1.9", True)
    assert (seen.nodes, seen.expected, seen.total, seen.quorum) == (2, 2, 2, 1)
    assert [(m.id, m.name, m.votes, m.local) for m in seen.members] == [
        (1, "node1", 1, True), (2, "node2", 1, False)]
    assert ("Highest expected", "2") in seen.rest


def test_status_of_the_survivor():
    seen = corosync.parse_status(SURVIVOR)
    assert [m.name for m in seen.members] == ["node1"] and seen.quorate and seen.total == 1


def test_status_without_vote_counting():
    text = ("Quorum information\n------------------\nQuorum provider:  none\n"
            "Nodes:            1\nNode ID:          1\nQuorate:          Yes\n\n"
            "Membership information\n----------------------\n    Nodeid Name\n"
            "         1 node1 (local)\n")
    seen = corosync.parse_status(text)
    assert seen.two_node is None and seen.total is None
    assert seen.members == (corosync.Member(id=1, name="node1", local=True),)


def test_a_quorum_device_is_no_member():
    text = BOTH.split("    Nodeid")[0] + (
        "    Nodeid      Votes    Qdevice Name\n"
        "         1          1    A,V,NMW node1 (local)\n"
        "         2          1         NR node2\n"
        "         0          1            Qdevice\n")
    assert [m.name for m in corosync.parse_status(text).members] == ["node1", "node2"]


@given(st.integers(0, len(BOTH) - 1))
def test_cut_off_status_is_refused_or_holds_less(length):
    whole = corosync.parse_status(BOTH)
    try:
        seen = corosync.parse_status(BOTH[:length])
    except ParseError as problem:
        assert problem.line in BOTH
    else:
        assert seen.quorate == whole.quorate and len(seen.members) <= len(whole.members)


@given(st.text(max_size=80))
def test_foreign_text_is_refused(text):
    with pytest.raises(ParseError):
        corosync.parse_status(text)


def test_parse_error_shows_the_line():
    with pytest.raises(ParseError, match="Segmentation fault"):
        corosync.parse_status("Segmentation fault\n")
    with pytest.raises(ParseError, match="Quorate: Perhaps"):
        corosync.parse_status(BOTH.replace("Yes", "Perhaps"))


def test_exit_code_2_is_not_quorate_whatever_the_text():
    host = PaperHost({"corosync-quorumtool -s": (2, BOTH, "")})
    assert corosync.status(host).quorate is False


def test_quorum_by_corosync():
    seen = quorum.look(PaperHost({"corosync-quorumtool -s": BOTH}))
    assert (seen.engine, seen.running, seen.quorate) == ("corosync", True, True)
    assert seen.members == ("node1", "node2") and seen.two_node is True
    assert seen.says == "corosync-quorumtool: quorate, 2 of 2 expected votes, 1 needed"


def test_blocked_by_corosync():
    seen = quorum.look(PaperHost({"corosync-quorumtool -s": (2, BLOCKED, "")}))
    assert seen.running and seen.quorate is False and "Activity blocked" in seen.says


def test_quorum_by_cman():
    seen = quorum.look(PaperHost(CMAN))
    assert (seen.engine, seen.running, seen.quorate, seen.two_node) == ("cman", True, True, True)
    assert seen.members == ("node1",) and seen.says.startswith("cman_tool status: quorate")


def test_cman_counts_before_the_corosync_below_it():
    answers = dict(CMAN, **{"corosync-quorumtool -s": BOTH})
    assert quorum.look(PaperHost(answers)).engine == "cman"


def test_blocked_and_leaving_by_cman():
    blocked = dict(CMAN, **{"cman_tool status": golden("cman-status-inquorate.txt")})
    assert quorum.look(PaperHost(blocked)).quorate is False
    leaving = golden("cman-status-two-node.txt").replace("Cluster-Member", "Leaving")
    seen = quorum.look(PaperHost(dict(CMAN, **{"cman_tool status": leaving})))
    assert seen.running and seen.quorate is False and seen.says.endswith("Leaving")


@pytest.mark.parametrize("answers, engine, word", [
    ({"corosync-quorumtool": COROSYNC_DOWN}, "corosync", "CMAP"),
    ({"corosync-quorumtool": HANGS}, "corosync", "no answer"),
    ({"cman_tool": CMAN_DOWN}, "cman", "is it running"),
    ({"cman_tool": CMAN_DOWN, "corosync-quorumtool": COROSYNC_DOWN}, "cman", "is it running"),
    ({"cman_tool": HANGS}, "cman", "no answer"),
    ({"corosync-quorumtool": COROSYNC_1_DOWN}, "corosync", "is it loaded"),
    ({"corosync-quorumtool": (0, "", "quorum_getquorate FAILED: 9\n")}, "corosync", "FAILED: 9"),
    ({"corosync-quorumtool": ""}, "corosync", "no answer"),
    ({"cman_tool": CMAN_DOWN, "corosync-quorumtool": COROSYNC_1_DOWN}, "cman", "is it running"),
    ({"cman_tool": "", "corosync-quorumtool": COROSYNC_1_DOWN}, "cman", "no answer"),
    ({}, None, "neither"),
])
def test_nothing_that_is_down_raises(answers, engine, word):
    seen = quorum.look(PaperHost(answers))
    assert (seen.engine, seen.running, seen.quorate) == (engine, False, None)
    assert word in seen.says and "\n" not in seen.says and not seen.members


def test_status_of_corosync_1():
    seen = corosync.parse_status(COROSYNC_1)
    assert (seen.quorate, seen.provider, seen.nodes, seen.ring) == (True, "quorum_cman", 2, "280")
    assert seen.two_node is None and seen.members == () and seen.rest == (("Version", "UNKNOWN"),)
    assert corosync.parse_status(COROSYNC_1.replace("Yes", "No")).quorate is False
    with pytest.raises(ParseError):
        corosync.parse_status(COROSYNC_1.partition("Quorate")[0])


@pytest.mark.parametrize("nodes", [HANGS, (1, "", "cman_tool: no\n"), "what\n", ""])
def test_the_names_of_members_may_be_missing_but_not_quorum(nodes):
    seen = quorum.look(PaperHost(dict(CMAN, **{"cman_tool nodes": nodes})))
    assert (seen.engine, seen.running, seen.quorate, seen.members) == ("cman", True, True, ())


def test_a_cman_tool_that_hangs_leaves_the_question_to_corosync():
    seen = quorum.look(PaperHost({"cman_tool": HANGS, "corosync-quorumtool": COROSYNC_1}))
    assert (seen.engine, seen.running, seen.quorate) == ("corosync", True, True)


def test_output_of_another_form_is_not_known_rather_than_no():
    for answers in ({"corosync-quorumtool": "Quorate: what\n"}, {"cman_tool": "what\n"}):
        seen = quorum.look(PaperHost(answers))
        assert seen.running and seen.quorate is None and "what" in seen.says


def test_every_question_is_bounded():
    host = PaperHost({"cman_tool": CMAN_DOWN, "corosync-quorumtool": BOTH})
    quorum.look(host)
    assert len(host.calls) == 2 and all(seconds <= 5 for _, seconds, _ in host.calls)
