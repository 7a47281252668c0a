# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking: nothing waits for a lock, a stuck part holds nothing up, the peer is asked over ssh."""

import json
import re
import threading

import pytest

from dualstor.command.status import advice, document, observe, peer
from dualstor.command.status.report import Silent
from dualstor.errors import DualstorError
from simulator import world
from simulator.host import Simulation
from simulator.state import CLVMD, LVMLOCKD
from unit.status.replay import Replay
from unit.status.test_screens import tape

GENERATIONS = (LVMLOCKD, CLVMD)
#: Programs of LVM that take locks.
LVM = ("lvs", "vgs", "pvs", "vgchange", "lvchange")


def look(simulation, node="node1"):
    return observe.look(lambda: simulation.host(node, 20), observe.one_by_one)


def nodes(simulation):
    """Both nodes as text, but for how far a resync is, and who was at a daemon's socket."""
    return re.sub(r"(synced=[0-9.]+|queue=[0-9]+)", "", repr(simulation.cluster.nodes))


def asked_lvm(simulation):
    return [call for call in simulation.calls() if call[0] in LVM]


# -- on the simulator ---------------------------------------------------------------------


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_running_pair_is_all_well(generation):
    simulation = Simulation(world.reach("active", generation))
    report = look(simulation)
    assert report.quorum.quorate and report.locking.works
    assert [(name, state.role) for name, state in report.drbd.resources] == [("r0", "Primary")]
    assert {each.vg for each in report.listed} == {"vg0"}
    assert all(each.severity != advice.ERROR for each in advice.advise(report))


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("state", sorted(world.STATES))
def test_in_any_state_there_is_a_report_and_nothing_is_changed(state, generation):
    simulation = Simulation(world.reach(state, generation))
    before = nodes(simulation)
    report = look(simulation)
    json.dumps(document.document(report, advice.advise(report)))
    changing = {"vgchange", "lvchange", "lvmlockd", "clvmd", "modprobe", "stonith_admin"}
    assert [c for c in simulation.calls() if c[0] in changing and "--history" not in c] == []
    assert nodes(simulation) == before


@pytest.mark.parametrize("generation", GENERATIONS)
def test_without_quorum_lvm_is_not_asked(generation):
    simulation = Simulation(world.reach("inquorate", generation))
    report = look(simulation)
    assert not report.quorum.quorate and report.listed is None
    assert asked_lvm(simulation) == []
    assert any("no quorum" in each.what for each in advice.advise(report))


def test_while_dlm_waits_for_fencing_lvm_is_not_asked():
    recorded = tape("healthy")
    status = recorded["run"]["dlm_tool status"][1]
    recorded["run"]["dlm_tool status"][1] = status + "fence 2 no delay\n"
    host = Replay(recorded)
    report = observe.look(lambda: host, observe.one_by_one)
    assert "fencing" in report.locking.waits and report.listed is None
    assert [call for call in host.calls if call[0] in LVM] == []


# -- parts --------------------------------------------------------------------------------


def test_a_part_that_never_ends_does_not_hold_up_the_others():
    forever = threading.Event()
    found = observe.at_once({"stuck": lambda host: forever.wait(), "quick": lambda host: 1},
                            lambda: None, 0.2)
    forever.set()
    assert found["quick"] == 1 and found["stuck"] == Silent(says="no answer in 0 s")


def test_a_part_that_breaks_is_silent():
    def broken(host):
        raise ValueError("x")
    found = observe.at_once({"broken": broken}, lambda: None, 5)
    assert found["broken"].says == "unexpected ValueError: x; please report it"


def test_where_pacemaker_is_down_its_own_words_are_shown():
    recorded = tape("healthy")
    recorded["run"]["crm_mon -1 --output-as=xml"] = [102, (
        "<pacemaker-result><status><errors><error>Connection refused</error></errors></status>"
        "</pacemaker-result>"), ""]
    report = observe.look(lambda: Replay(recorded), observe.one_by_one)
    assert report.cluster == Silent(says="crm_mon: Connection refused")
    assert report.listed, "LVM needs the membership only"


def test_and_of_its_fencer():
    recorded = tape("healthy")
    for command in recorded["run"]:
        if command.startswith("stonith_admin"):
            recorded["run"][command] = [102, (
                "<pacemaker-result><status code=\"102\" message=\"Not connected\"><errors><error>"
                "Could not connect to fencer: Transport endpoint is not connected</error></errors>"
                "</status>\n</pacemaker-result>\n"), ""]
    report = observe.look(lambda: Replay(recorded), observe.one_by_one)
    assert report.fencing.says.endswith(
        "Could not connect to fencer: Transport endpoint is not connected (exit code 102)")


# -- the peer -----------------------------------------------------------------------------


def test_the_peer_tells_its_lock_modes():
    report = observe.look(lambda: Replay(tape("healthy")), observe.one_by_one)
    told = dict(document.document(report, ()), schema="dualstor.status/1")
    host = Replay({"run": {" ".join(peer.argv("node2")): [0, json.dumps(told), ""]}})
    seen = peer.ask(host, "node2")
    assert [(each["lv"], each["state"]) for each in seen["volumes"]] == [("lv0", "sh")]


@pytest.mark.parametrize("answer, says", [
    ([255, "", "ssh: connect to host node2 port 22: No route to host"], "No route to host"),
    ([0, "[]", ""], "another version"), ([0, '{"schema": "dualstor.status/9"}', ""], "version"),
    ("hung", "no answer"), ("missing", "not found")])
def test_a_peer_that_does_not_answer_is_silent(answer, says):
    host = Replay({"run": {" ".join(peer.argv("node2")): answer}})
    assert says in peer.ask(host, "node2").says


@pytest.mark.parametrize("name", ["", "-oProxyCommand=id"])
def test_a_peer_is_no_option_of_ssh(name):
    with pytest.raises(DualstorError, match="is no host"):
        peer.argv(name)
