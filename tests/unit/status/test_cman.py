# SPDX-License-Identifier: GPL-2.0-or-later
"""Status on the cman generation: the engine dies under clvmd, fenced waits, votes of two_node."""

import io

import pytest

from contract import situations
from dualstor.command.console import Console
from dualstor.command.status import advice, observe, screen
from dualstor.command.status.report import Fencing
from dualstor.tools import cman, quorum
from simulator import locking, membership, world
from simulator.host import Simulation
from simulator.state import CLVMD, LVMLOCKD
from unit.cluster.helpers import PaperHost, golden

#: As cman 3.1.8 printed it, without quorum after the other node was lost.
WAITS = """fence domain
member count  1
victim count  1
victim now    0
master nodeid 2
wait state    quorum
members       1 2
all nodes
nodeid 1 member 1 victim 0 last fence master 0 how none
nodeid 2 member 0 victim 1 last fence master 0 how none

"""
NODES = {"cman_tool nodes": golden("cman-nodes-F.txt")}


def look(simulation, node="node1"):
    return observe.look(lambda: simulation.host(node, 20), observe.one_by_one)


def shown(report):
    stream = io.StringIO()
    screen.show(Console(stream, stream, "status"), report, advice.advise(report))
    return stream.getvalue()


# -- the engine dies ------------------------------------------------------------------------


def engine_dies(generation, inactive=False):
    simulation = Simulation(world.reach("active", generation))
    if inactive:
        simulation.cluster.nodes["node1"].mappings.clear()
    membership.lose_engine(simulation.cluster, simulation.cluster.nodes["node1"])
    return simulation


def test_a_clvmd_that_the_kernel_holds_since_its_engine_died_needs_a_reboot():
    simulation = engine_dies(CLVMD)
    report = look(simulation)
    pid = locking.daemon(simulation.cluster.nodes["node1"], "clvmd").pid
    assert (report.locking.daemon, report.locking.pid, report.locking.state) == ("clvmd", pid, "D")
    assert not report.locking.works and report.listed is None and report.stranded
    text = shown(report)
    assert f"clvmd (pid {pid}, state D) does not answer: its socket is gone" in text
    assert f"clvmd (pid {pid}) in state D and dlm's lockspaces in the kernel (clvmd)" in text
    assert "then reboot this node" in text
    assert "the cluster starts it" not in text and "then start it" not in text


def test_so_does_whatever_else_is_left_of_it():
    text = shown(look(engine_dies(LVMLOCKD)))
    assert "then reboot this node" in text and "lockspaces in the kernel (lvm_global" in text
    assert "the cluster starts it" not in text


def test_a_clvmd_that_ended_with_its_engine_leaves_a_node_that_can_start_again():
    report = look(engine_dies(CLVMD, inactive=True))
    text = shown(report)
    assert report.locking.daemon is None and not report.stranded
    assert "reboot" not in text and "then start it" in text
    assert "/var/log/messages" in text and "journalctl" not in text


def test_a_pacemaker_that_is_down_is_looked_up_as_el_6_does():
    simulation = Simulation(world.reach("active", CLVMD))
    simulation.cluster.nodes["node1"].pacemaker = False
    text = shown(look(simulation))
    assert "see `service pacemaker status` and its log" in text and "systemctl" not in text


def test_a_clvmd_in_state_d_while_the_engine_runs_may_go_on():
    simulation = Simulation(world.reach("active", CLVMD))
    node = simulation.cluster.nodes["node1"]
    locking.daemon(node, "clvmd").state = "D"
    del node.sockets[locking.SOCKET["clvmd"]]
    report = look(simulation)
    assert report.locking.stuck and not report.stranded
    assert "it may continue. If it does not" in shown(report)


# -- fenced ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text, pending, waits", [
    (WAITS, ("node2",), "quorum"),
    (WAITS.replace("now    0", "now    2").replace("quorum", "fencing"), ("node2",), None),
    (WAITS.partition("all nodes")[0], ("a node",), "quorum"),
    (WAITS.replace("count  1", "count  0").replace("victim 1", "victim 0"), (), "quorum"),
    (WAITS.replace("count  1", "count  0").replace("victim 1", "victim 0")
     .replace("quorum", "none"), (), None),
    (WAITS.replace("nodeid 2", "nodeid 7"), ("node 7",), "quorum")])
def test_what_fenced_has_to_do_is_pending_also_while_it_waits(text, pending, waits):
    host = PaperHost(dict(NODES, **{"fence_tool": (0, text, "")}))
    found = observe._by_fenced(host, True)
    assert isinstance(found, Fencing) and found.waits == waits
    assert tuple(event.target for event in found.events if event.pending) == pending


def test_without_quorum_the_screen_names_whom_fenced_would_fence():
    simulation = Simulation(world.reach("active", CLVMD))
    for change in ("not a two-node cluster", "fencing is pending"):
        situations.CHANGES[change](simulation)
        world.settle(simulation.cluster)
    text = shown(look(simulation))
    assert "pending: node2; the fence domain waits for quorum" in text
    assert "node2 is to be fenced, which waits for quorum" in text


def test_a_fence_domain_that_only_changes_is_shown_too():
    simulation = Simulation(world.reach("active", CLVMD))
    simulation.cluster.nodes["node1"].cman.fence_wait = "messages"
    assert "pending: none; the fence domain waits for messages" in shown(look(simulation))


# -- votes ----------------------------------------------------------------------------------


def test_two_votes_where_one_is_expected_are_not_two_of_one():
    status = cman.parse_status(golden("cman-status-two-node.txt")).but(total=2)
    assert (status.expected, status.quorum) == (1, 1)
    assert quorum._votes(status) == "quorate, 2 votes, 1 needed"
    assert quorum._votes(status.but(total=1)) == "quorate, 1 of 1 expected votes, 1 needed"
