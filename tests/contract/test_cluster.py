# SPDX-License-Identifier: GPL-2.0-or-later
"""The cluster's engine and manager: quorum, fencing, scores."""

import pytest

from dualstor.tools import cib, pacemaker, quorum

NODES = ["node1", "node2"]


@pytest.mark.parametrize("name", NODES)
def test_quorum_of_a_whole_cluster(place, name):
    seen = quorum.look(place.host(name))
    assert (seen.engine, seen.running, seen.quorate) == ("corosync", True, True)
    assert set(seen.members) == set(NODES) and seen.two_node is True


@pytest.mark.parametrize("name", NODES)
def test_local_node(place, name):
    assert pacemaker.local_node(place.host(name)) == name


def test_both_nodes_are_up_and_fencing_is_enabled(place):
    host = place.host("node1")
    assert pacemaker.node_down(host, "node2") is False
    assert pacemaker.fencing_enabled(host) is True


def test_the_copy_of_the_cib_says_the_same(place):
    root = cib.ask(place.host("node1"))
    assert cib.states(root) == {"node1": cib.UP, "node2": cib.UP}
    assert {node.name: node.id for node in cib.nodes(root)} == {
        name: pacemaker.node_number(place.host("node1"), name) for name in ("node1", "node2")}


def test_promotion_score_is_written_read_and_deleted(place):
    host = place.host("node1")
    pacemaker.set_promotion_score(host, "contract", 10, True)
    assert str(pacemaker.promotion_score(host, "contract", True)) == "10"
    pacemaker.resend_attributes(host)
    assert str(pacemaker.promotion_score(host, "contract", True)) == "10"
    pacemaker.set_promotion_score(host, "contract", None, True)
    pacemaker.resend_attributes(host)
    assert pacemaker.promotion_score(host, "contract", True) is None
