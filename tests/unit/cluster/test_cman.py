# SPDX-License-Identifier: GPL-2.0-or-later
"""cman_tool and fence_tool of cman 3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import ParseError, ToolFailed
from dualstor.tools import cman, fence_tool, group_tool
from unit.cluster.helpers import CMAN_DOWN, PaperHost, golden

TWO = golden("cman-status-two-node.txt")


def test_status_of_two_nodes():
    seen = cman.parse_status(TWO)
    assert seen.member and seen.quorate and seen.two_node and not seen.blocked
    assert (seen.version, seen.config_version, seen.cluster) == ("6.2.0", 1, "alpha")
    assert (seen.nodes, seen.expected, seen.total, seen.votes, seen.quorum) == (2, 1, 2, 1, 1)
    assert (seen.generation, seen.subsystems, seen.node, seen.node_id) == (8, 6, "node1", 1)
    assert seen.ports == (0, cman.CLVMD_PORT) and seen.flags == ("2node",)
    assert seen.addresses == ("10.9.0.1",) and seen.device_votes is None
    assert (seen.cluster_id, seen.multicast, seen.rest) == (3169, ("239.192.12.109",), ())


def test_status_without_flags():
    seen = cman.parse_status(golden("cman-status-el6.txt"))
    assert seen.quorate and not seen.two_node and seen.flags == () and seen.quorum == 2


def test_inquorate_and_missing_keys():
    seen = cman.parse_status(golden("cman-status-inquorate.txt"))
    assert seen.member and seen.blocked and not seen.quorate
    assert seen.node is None and seen.cluster is None and seen.quorum == 2


def test_quorum_disk_and_no_node_votes():
    seen = cman.parse_status(golden("cman-status-el5-qdisk.txt"))
    assert seen.device_votes == 2 and seen.votes is None and seen.flags == ("Dirty",)


def test_every_flag_and_the_disallowed_nodes():
    seen = cman.parse_status(TWO.replace(
        "Flags: 2node ", "Flags: 2node Shutdown Error DisallowedNodes DisallowedEnabled HaveState ")
        + "Disallowed nodes: node2 node3 \nSomething New: 7\n")
    assert seen.flags == ("2node", "Shutdown", "Error", "DisallowedNodes", "DisallowedEnabled",
                          "HaveState")
    assert seen.disallowed == ("node2", "node3") and seen.rest == (("Something New", "7"),)


@pytest.mark.parametrize("state", ["Joining", "Not-in-Cluster", "Leaving", "Unknown: code=9"])
def test_no_member_is_not_quorate(state):
    seen = cman.parse_status(TWO.replace("Cluster-Member", state))
    assert seen.membership == state and not seen.member and not seen.quorate


@given(st.integers(0, TWO.index("Quorum:")))
def test_status_cut_off_before_quorum_is_refused(length):
    with pytest.raises(ParseError):
        cman.parse_status(TWO[:length])


def test_parse_errors_show_the_line():
    with pytest.raises(ParseError, match="Killed"):
        cman.parse_status(TWO + "Killed\n")
    with pytest.raises(ParseError, match="Ports Bound: 0 clvmd"):
        cman.parse_status(TWO.replace("Ports Bound: 0 11", "Ports Bound: 0 clvmd"))
    with pytest.raises(ParseError, match="Nodes: many"):
        cman.parse_status(TWO.replace("Nodes: 2", "Nodes: many"))


def test_nodes_by_fields():
    host = PaperHost({"cman_tool nodes -F": golden("cman-nodes-F.txt")})
    assert [(n.id, n.name, n.state, n.word, n.votes, n.addresses) for n in cman.nodes(host)] == [
        (1, "node1", "M", "Member", 1, ("10.9.0.1",)), (2, "node2", "X", "Dead", 1, ())]
    assert host.lines == ["cman_tool nodes -F id,type,state,votes,name"]


def test_nodes_by_fields_with_two_rings_a_note_and_a_disk():
    first, disk, second = cman.parse_fields(
        "NOTE: There are 1 disallowed nodes,\n      members list may seem inconsistent across the "
        "cluster\n1 M Member 1 node1 10.9.0.1,10.9.1.1 \n0 M Member 2 /dev/sdc1  \n"
        "2 d Disallowed 1 node2 10.9.0.2 \n")
    assert first.addresses == ("10.9.0.1", "10.9.1.1") and first.member
    assert disk.disk and not disk.member and disk.votes == 2
    assert second.word == "Disallowed" and not second.member


def test_foreign_fields_are_refused():
    with pytest.raises(ParseError, match="1 Member"):
        cman.parse_fields("1 Member node1\n")


def test_version():
    assert cman.parse_version("6.2.0 config 35\n") == ("6.2.0", 35)
    with pytest.raises(ParseError, match="6.2.0"):
        cman.parse_version("6.2.0\n")


def test_not_running():
    host = PaperHost({"cman_tool": CMAN_DOWN})
    for question in (cman.status, cman.nodes, cman.version):
        with pytest.raises(ToolFailed) as caught:
            question(host)
        assert cman.stopped(caught.value)


def test_services_of_nothing():
    assert cman.services(PaperHost({"cman_tool services": ""})) == group_tool.Groups()


def test_fence_domain():
    domain = fence_tool.parse(golden("fence-ls.txt"))
    assert (domain.victims, domain.victim, domain.master, domain.wait) == (0, 0, 1, "none")
    assert domain.members == (1, 2) and not domain.pending


def test_fencing_pending():
    domain = fence_tool.parse(golden("fence-ls-n-fencing.txt"))
    assert domain.pending and domain.victim == 2 and domain.wait == "fencing"
    assert domain.nodes[1] == fence_tool.FenceDomainNode(
        id=2, member=False, victim=True, how="none")


@pytest.mark.parametrize("change", [("victim count  0", "victim count  1"),
                                    ("victim now    0", "victim now    2"),
                                    ("wait state    none", "wait state    messages")])
def test_any_of_these_means_pending(change):
    assert fence_tool.parse(golden("fence-ls.txt").replace(*change)).pending


@given(st.integers(0, golden("fence-ls.txt").index("members ")))
def test_cut_off_fence_domain_is_refused(length):
    with pytest.raises(ParseError):
        fence_tool.parse(golden("fence-ls.txt")[:length])


def test_foreign_fence_domain_shows_the_line():
    with pytest.raises(ParseError, match="fenced query error"):
        fence_tool.parse("fenced query error -1\n")
    with pytest.raises(ParseError, match="victim count  x"):
        fence_tool.parse(golden("fence-ls.txt").replace("victim count  0", "victim count  x"))


def test_who_is_to_be_fenced():
    assert fence_tool.parse(golden("fence-ls-n-fencing.txt")).doomed == (2,)
    assert fence_tool.parse(golden("fence-ls.txt")).doomed == ()


@pytest.mark.parametrize("deed, name", [(fence_tool.join, "join"), (fence_tool.leave, "leave")])
def test_fenced_is_waited_for_and_not_only_cman(deed, name):
    host = PaperHost({"fence_tool": ""})
    deed(host, 20)
    assert host.lines == ["fence_tool -t 20 -w 20 " + name] and host.calls[0][1] > 40
    with pytest.raises(ToolFailed, match="not complete"):
        deed(PaperHost({"fence_tool": (0, "", f"fence_tool: {name} not complete\n")}), 20)


def test_fence_domain_not_joined():
    host = PaperHost({"fence_tool ls": (1, "", ""), "fence_tool -t": (1, "", "no fenced\n")})
    assert fence_tool.ls(host) is None
    for deed in (fence_tool.join, fence_tool.leave):
        with pytest.raises(ToolFailed, match="no fenced"):
            deed(host, 20)
