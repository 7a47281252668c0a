# SPDX-License-Identifier: GPL-2.0-or-later
"""What to do now: each state that is not well has its advice, and a good one has none."""

import io

import pytest

from dualstor import recipes
from dualstor.agents import catalogue
from dualstor.agents.clustered_vg import reasons
from dualstor.agents.clvmd import reasons as clvmd_reasons
from dualstor.agents.drbd_dualprimary import reasons as drbd_reasons
from dualstor.command.console import Console
from dualstor.command.status import advice, peer, screen
from dualstor.command.status.report import (
    Active,
    DrbdReport,
    Fencing,
    Listed,
    Locking,
    LockspaceState,
    Report,
    Silent,
)
from dualstor.kernel import drbd
from dualstor.ocf.reason import LIMIT
from dualstor.tools import pacemaker, quorum, stonith

NODES = tuple(pacemaker.PacemakerNode(
    name=name, online=True, unclean=False, pending=False, standby=False, maintenance=False) for name in ("node1", "node2"))


def drbd_state(**changes):
    values = dict(resource="r0", role="Primary",
                  volumes=(drbd.Volume(number=0, minor=0, dstate="UpToDate"),),
                  peers=(drbd.Peer(name=None, cstate="Connected", role="Primary",
                                   dstates=("UpToDate",)),))
    return DrbdReport(loaded=True, resources=(("r0", drbd.State(**dict(values, **changes))),))


def disk(dstate, **more):
    return drbd_state(volumes=(drbd.Volume(number=0, minor=0, dstate=dstate, **more),))


def link(cstate):
    return drbd_state(peers=(drbd.Peer(name=None, cstate=cstate, role="Unknown",
                                       dstates=("DUnknown",)),))


GOOD = Report(
    node="node1",
    quorum=quorum.Quorum(engine="corosync", running=True, quorate=True, says="quorate"),
    cluster=pacemaker.ClusterState(nodes=NODES, dc="node1", quorate=True, fencing=True),
    fencing=Fencing(enabled=True), drbd=drbd_state(),
    locking=Locking(daemon="lvmlockd", modes=(("id0", "sh"),), lockspaces=(
        LockspaceState(name="lvm_global", recovered=True),
        LockspaceState(name="lvm_vg0", recovered=True))),
    active=(Active(vg="vg0", lv="lv0", id="id0"),),
    listed=(Listed(vg="vg0", lv="lv0", id="id0", attr="-wi-a-----", vg_attr="wz--ns"),))


DOWN = GOOD.quorum.but(running=False, quorate=None)


def cluster(**of_node2):
    return GOOD.cluster.but(nodes=(NODES[0], NODES[1].but(**of_node2)))


def failure(operation):
    return GOOD.cluster.but(failures=(pacemaker.Failure(
        operation=operation, node="node2", code="error", reason="vg0 start: no quorum"),))


def event(status):
    return Fencing(enabled=True, events=(stonith.FenceEvent(
        target="node2", action="off", status=status),))


def test_a_good_state_needs_nothing():
    assert advice.advise(GOOD) == ()


@pytest.mark.parametrize("changes, severity, what, do", [
    ({"quorum": DOWN, "locking": Locking(daemon="lvmlockd")}, "error", "does not run on node1",
     "start it"),
    ({"quorum": DOWN, "locking": GOOD.locking.but(engine=True)}, "error", "does not run on node1",
     "start it"),
    ({"quorum": DOWN}, "error", "has left lvmlockd and dlm's lockspaces in the kernel (lvm_global, "
     "lvm_vg0)", "reboot this node"),
    ({"quorum": DOWN, "locking": GOOD.locking.but(
        daemon="clvmd", problem="its socket is gone", pid=935, state="D", waits="quorum")},
     "error", "has left clvmd (pid 935) in state D and dlm's lockspaces", "reboot this node"),
    ({"quorum": DOWN, "locking": GOOD.locking.but(daemon=None)}, "error",
     "has left dlm's lockspaces in the kernel", "reboot this node"),
    ({"locking": GOOD.locking.but(daemon="clvmd", problem="its socket is gone", pid=935,
                                  state="D")},
     "error", "clvmd (pid 935) hangs in the kernel (state D): its socket", "reboot this node"),
    ({"quorum": GOOD.quorum.but(quorate=False)}, "error", "node1 has no quorum", "run none"),
    ({"cluster": Silent(says="no answer in 5 s")}, "error", "Pacemaker does not answer", "log"),
    ({"cluster": cluster(online=False, unclean=True)}, "error", "node2 is lost and not fenced",
     "stonith_admin --confirm node2"),
    ({"cluster": cluster(online=False)}, "warning", "node2 is down; node1 works alone",
     "switch it on"),
    ({"cluster": cluster(standby=True)}, "warning", "node2 is in standby", "--name standby"),
    ({"cluster": GOOD.cluster.but(properties=(("maintenance-mode", "true"),))}, "warning",
     "whole cluster is in maintenance", "--delete"),
    ({"cluster": failure("vg0_start_0")}, "warning", "vg0_start_0 on node2 (error): vg0 start: no",
     "--cleanup --resource vg0`"),
    ({"cluster": failure("my_vg_monitor_20000")}, "warning", "my_vg_monitor_20000",
     "--resource my_vg`"),
    ({"fencing": Fencing(enabled=False)}, "error", "fencing is disabled", "stonith-enabled=true"),
    ({"fencing": event("pending")}, "error", "node2 is being fenced", "wait"),
    ({"fencing": event("pending").but(waits="quorum")}, "error",
     "node2 is to be fenced, which waits for quorum", "bring back the other node"),
    ({"fencing": event("pending").but(waits="messages")}, "error", "which waits for messages",
     "`fence_tool ls` shows"),
    ({"fencing": event("failed")}, "error", "last fencing of node2 failed", "--history node2"),
    ({"drbd": DrbdReport(loaded=False)}, "error", "module is not loaded", "modprobe drbd"),
    ({"drbd": DrbdReport(loaded=True, resources=(("r0", None),))}, "error", "r0 is not up",
     "--cleanup"),
    ({"drbd": link("StandAlone")}, "error", "StandAlone", "connect --discard-my-data r0"),
    ({"drbd": link("WFConnection")}, "error", "not connected", "replication link"),
    ({"drbd": drbd_state(suspended=True, causes=("fencing",))}, "error", "suspends all writes",
     "fenced"),
    ({"drbd": drbd_state(suspended=True, causes=("fencing", "user"))}, "error",
     "suspends all writes", "fenced"),
    ({"drbd": drbd_state(suspended=True, causes=("user",))}, "error", "somebody has asked for",
     "resume-io r0"),
    ({"drbd": drbd_state(suspended=True, causes=("quorum", "user"))}, "error",
     "its own quorum is lost", "restore the connections"),
    ({"drbd": drbd_state(suspended=True, causes=("no-data",))}, "error", "no UpToDate copy",
     "drbdadm attach r0"),
    ({"drbd": drbd_state(suspended=True)}, "error", "not known why", "drbdadm status r0"),
    ({"drbd": disk("UpToDate", quorum=False)}, "error", "lost its own quorum: writes fail",
     "quorum off;"),
    ({"drbd": disk("Diskless")}, "error", "lost its disk", "attach r0"),
    ({"drbd": disk("Outdated")}, "error", "is Outdated here", "connection"),
    ({"drbd": disk("Inconsistent", resync=3.0)}, "warning", "resyncing (3 %)", "wait"),
    ({"drbd": drbd_state(role="Secondary")}, "warning", "not Primary on node1", "promotes"),
    ({"locking": GOOD.locking.but(daemon=None, modes=None)}, "error", "no LVM lock daemon",
     "--cleanup"),
    ({"locking": GOOD.locking.but(problem="Connection refused", dead=True)}, "error",
     "no LVM lock daemon", "--cleanup"),
    ({"locking": GOOD.locking.but(problem="Connection refused")}, "error",
     "lvmlockd does not answer (Connection refused)", "do not kill it"),
    ({"locking": GOOD.locking.but(silence="no answer in 4 s")}, "error", "does not answer",
     "do not kill"),
    ({"locking": GOOD.locking.but(waits="fencing of node 2")}, "error", "waits for fencing of",
     "run no LVM command"),
    ({"locking": GOOD.locking.but(lockspaces=(LockspaceState(name="lvm_vg0", recovered=False),))},
     "warning", "lvm_vg0 is being recovered", "dlm_tool ls"),
    ({"active": (Active(vg="vg0", lv="lv0", id="id0", suspended=True),)}, "error",
     "vg0/lv0 is suspended", "dmsetup"),
    ({"active": ()}, "warning", "vg0/lv0 is not active on node1", "next monitor"),
    ({"drbd": Silent(says="no answer in 5 s")}, "unseen", "DRBD could not be read: no answer", ""),
    ({"listed": Silent(says="hung")}, "unseen", "volume groups could not be read: hung", ""),
])
def test_what_is_wrong_has_its_advice(changes, severity, what, do):
    found = advice.advise(GOOD.but(**changes))
    assert len(found) == 1, found
    whole = "\n".join([found[0].do] + recipes.lines(found[0].parts))
    assert found[0].severity == severity and what in found[0].what and do in whole


@pytest.mark.parametrize("causes", [("user",), ("quorum",), ("no-data",), ()])
def test_a_fencing_is_confirmed_for_no_other_cause(causes):
    (one,) = advice.advise(GOOD.but(drbd=drbd_state(suspended=True, causes=causes)))
    assert "--confirm" not in "\n".join([one.do] + recipes.lines(one.parts))


def test_what_a_failed_up_leaves_is_no_split_brain():
    left = drbd_state(role="Secondary", volumes=disk("Diskless").resources[0][1].volumes,
                      peers=link("StandAlone").resources[0][1].peers)
    (one,) = advice.advise(GOOD.but(drbd=left))
    assert "neither disk nor connection" in one.what and "discard" not in str(one)


def three(witness="Connected"):
    """A resource of three nodes, the third of which is a diskless witness."""
    return drbd_state(peers=(
        drbd.Peer(name="node2", cstate="Connected", role="Primary", dstates=("UpToDate",)),
        drbd.Peer(name="node3", cstate=witness, role="Secondary", dstates=("Diskless",),
                  client=True)))


@pytest.mark.parametrize("state, words", [
    (drbd_state(suspended=True, causes=("fencing", "user")), "writes suspended (fencing, user)"),
    (drbd_state(suspended=True), "Connected, writes suspended "),
    (disk("UpToDate", quorum=False), "Connected, no quorum")])
def test_why_nothing_is_written_is_on_the_screen(state, words):
    stream = io.StringIO()
    screen.show(Console(stream, stream, "status"), GOOD.but(drbd=state), ())
    assert words in stream.getvalue()


def test_a_witness_is_shown_and_missed_by_its_name():
    stream = io.StringIO()
    screen.show(Console(stream, stream, "status"), GOOD.but(drbd=three()), ())
    rows = [line.split() for line in stream.getvalue().splitlines() if line.startswith("r0/0")]
    assert rows == [["r0/0", "Primary", "Primary", "node2", "Connected", "UpToDate/UpToDate"],
                    ["r0/0", "Primary", "Secondary", "node3", "Connected", "UpToDate/no", "disk"]]
    assert advice.advise(GOOD.but(drbd=three())) == ()
    (one,) = advice.advise(GOOD.but(drbd=three("Connecting")))
    assert "r0 is not connected to node3," in one.what


def test_a_peer_that_is_down_is_no_reason_to_look_at_the_cable():
    report = GOOD.but(cluster=cluster(online=False), drbd=link("WFConnection"))
    assert [each.what for each in advice.advise(report)] == ["node2 is down; node1 works alone"]


@pytest.mark.parametrize("events, pointed", [
    ((), False), (event("pending").events, False), (event("success").events, True),
    ((event("success").events[0].but(target="node1"),), False),
    (event("pending").events + event("success").events, True)])
def test_the_last_fencing_is_pointed_at_only_where_it_is_shown(events, pointed):
    report = GOOD.but(cluster=cluster(online=False), fencing=Fencing(enabled=True, events=events))
    (down,) = [each for each in advice.advise(report) if "node2 is down" in each.what]
    assert ("see the last fencing above" in down.do) is pointed
    assert ("last: off of node2" in shown(report)) is pointed


def shown(report):
    stream = io.StringIO()
    screen.show(Console(stream, stream, "status"), report, advice.advise(report))
    return stream.getvalue()


@pytest.mark.parametrize("code", ["promoted (degraded)", "OCF_DEGRADED"])
def test_a_degraded_monitor_is_no_failure(code):
    cluster_ = failure("r0_monitor_20000")
    (one,) = cluster_.failures
    assert advice.advise(GOOD.but(cluster=cluster_.but(failures=(one.but(code=code),)))) == ()


def test_errors_come_first():
    report = GOOD.but(cluster=cluster(online=False), drbd=link("StandAlone"),
                      listed=Silent(says="hung"))
    assert [each.severity for each in advice.advise(report)] == ["error", "warning", "unseen"]


# -- the last action that failed ------------------------------------------------------------


def failed(reason, agent="ocf:dualstor:clustered-vg", operation="vg0_start_0"):
    """A cluster in which an action failed with a reason."""
    return GOOD.cluster.but(
        failures=(pacemaker.Failure(operation=operation, node="node2", code="error",
                                    reason=reason),),
        instances=(pacemaker.Instance(resource="vg0", agent=agent, node="node2", role="Stopped"),))


@pytest.mark.parametrize("reason, do", [
    (reasons.NOT_DRBD(vg="vg0", device="/dev/vdb"),
     "restore /etc/drbd.d from the other node before any command of LVM"),
    (reasons.SYSTEM_ID(vg="vg0", says="Cannot access VG vg0 with system ID x with local system ID "
                                      "y.").fitted(LIMIT),
     "on the host that has that ID, once its LVs are inactive, `vgchange --systemid '' vg0`"),
    (reasons.NOT_SHARED(vg="vg0"),
     "only while its LVs are inactive on all nodes"),
    ("something that no agent says", "do what the reason says")])
def test_what_the_page_says_about_its_reason_is_told(reason, do):
    (one,) = advice.advise(GOOD.but(cluster=failed(reason)))
    assert do in one.do and one.do.endswith("`crm_resource --cleanup --resource vg0`")


DRBD_AGENT = "ocf:dualstor:drbd-dualprimary"


def drbd_failed(reason, node, resources=(("r0", None),)):
    """A Report of node1 on which DRBD resources are down, after a failed start on *node*."""
    failure = pacemaker.Failure(operation="drbd_start_0", node=node, code="error",
                                reason=reason.fitted(127))
    instance = pacemaker.Instance(resource="drbd", agent=DRBD_AGENT, node="node1", role="Stopped")
    return GOOD.but(node="node1", cluster=GOOD.cluster.but(
        failures=(failure,), instances=(instance,)), drbd=GOOD.drbd.but(resources=resources))


def all_of(report):
    """Everything that is advised, with its recipes, as text."""
    return " ".join(f"{each.what} {each.do} {each.parts}" for each in advice.advise(report))


def test_new_metadata_is_only_for_the_node_that_lacks_them():
    lacks = drbd_reasons.NO_METADATA(drbd="r0", says="none")
    assert "create-md" in all_of(drbd_failed(lacks, "node1"))
    assert "create-md" not in all_of(drbd_failed(lacks, "node2"))


def test_a_shortened_name_that_fits_two_resources_has_no_recipe():
    name = "a-very-long-name-of-a-resource-%s-that-does-not-fit-into-a-reason-of-pacemaker-at-all-%s"
    one, two = (name % (n, "the-end") for n in ("one", "two"))
    lacks = drbd_reasons.NO_METADATA(drbd=one, says="none")
    assert one not in lacks.fitted(127)
    assert "create-md" in all_of(drbd_failed(lacks, "node1", ((one, None),)))
    assert "create-md" not in all_of(drbd_failed(lacks, "node1", ((one, None), (two, None))))


def test_what_another_node_has_to_do_is_not_told_as_if_it_were_this_one():
    ended = clvmd_reasons.ENGINE_ENDED(daemon="clvmd", pid=7, says="gone")
    report = GOOD.but(cluster=failed(ended, agent="ocf:dualstor:clvmd", operation="vg0_start_0"))
    (one,) = [each for each in advice.advise(report) if "last failed action" in each.what]
    assert one.do.startswith("on node2: ") and "this node" not in one.do


def test_nothing_is_above_where_no_recipe_is_shown():
    split = drbd_reasons.SPLIT_BRAIN(drbd="r9")
    report = drbd_failed(split, "node1", GOOD.drbd.resources)
    (one,) = [each for each in advice.advise(report) if "last failed action" in each.what]
    assert "see above" not in one.do and "dualstor status" in one.do


@pytest.mark.parametrize("agent, entry", [
    (agent, entry) for agent in catalogue.NAMES for entry in catalogue.reasons(agent)
    if not entry.logged], ids=lambda each: getattr(each, "id", each))
def test_the_failure_is_cleaned_up_once(agent, entry):
    reason = entry(**{place: "x" for place in entry.places})
    report = GOOD.but(cluster=failed(reason, agent="ocf:dualstor:" + agent))
    (one,) = [each for each in advice.advise(report) if "last failed action" in each.what]
    assert one.do.count("crm_resource --cleanup") == 1


def failed_advice(report):
    (one,) = [each for each in advice.advise(report) if "last failed action" in each.what]
    return one.do


@pytest.mark.parametrize("reason, command", [
    (reasons.LEAVING(vg="vg0"), "`vgchange --lockstop vg0`"),
    (reasons.NOT_LOCKED(vg="vg0", says="x"), "`vgs -o+locktype vg0`"),
    (reasons.ELSEWHERE(vg="vg0", lvs="lv0"), "`lvchange -aln vg0/lv0`"),
    (reasons.ELSEWHERE(vg="vg0", lvs="lv0, lv1"), "`lvchange -aln VG/LV`"),
    (reasons.ELSEWHERE(vg="vg0", lvs="lv0, lv1"), "`lvs -a -o+lv_active vg0`")])
def test_names_that_the_reason_has_are_in_the_commands(reason, command):
    assert command in failed_advice(GOOD.but(cluster=failed(reason)))


def test_a_name_that_the_reason_has_shortened_is_whole_in_the_commands():
    begin, end = "a-volume-group-with-a-name-that-is-very-long-" * 2, "-indeed" * 9
    name, other = f"{begin}1{end}", f"{begin}2{end}"
    reason = reasons.LEAVING(vg=name).fitted(LIMIT)
    assert name not in reason
    report = GOOD.but(cluster=failed(reason))
    assert "--lockstop VG`" in failed_advice(report)
    known = report.but(active=(Active(vg=name, lv="lv0", id="id0"),))
    assert f"--lockstop {name}`" in failed_advice(known)
    two = known.but(listed=(Listed(vg=other, lv="lv0", id="id1",
                                   attr="-wi-------", vg_attr="wz--ns"),))
    assert "--lockstop VG`" in failed_advice(two)


@pytest.mark.parametrize("agent, reason, command", [
    ("drbd-dualprimary", drbd_reasons.SUSPENDED(drbd="r0"), "stonith_admin --confirm"),
    ("clvmd", clvmd_reasons.NO_MEMBERSHIP(daemon="clvmd", says="x"), "fence_ack_manual")])
def test_a_node_is_named_as_lost_only_where_the_cluster_has_lost_it(agent, reason, command):
    cluster_ = failed(reason, f"ocf:dualstor:{agent}")
    assert command + " NODE`" in failed_advice(GOOD.but(cluster=cluster_))
    lost = cluster_.but(nodes=(NODES[0].but(online=False), NODES[1]))
    assert command + " node1`" in failed_advice(GOOD.but(node="node2", cluster=lost))


def test_a_command_that_reboots_a_node_names_none():
    cluster_ = failed(drbd_reasons.FENCING_DISABLED(drbd="r0"), DRBD_AGENT)
    lost = cluster_.but(nodes=(NODES[0].but(online=False), NODES[1]))
    assert "stonith_admin --reboot NODE`" in failed_advice(GOOD.but(node="node2", cluster=lost))


def test_of_the_reason_of_another_agent_nothing_is_known():
    cluster_ = failed(reasons.NOT_SHARED(vg="vg0"), "ocf:heartbeat:LVM-activate")
    assert "do what the reason says" in advice.advise(GOOD.but(cluster=cluster_))[0].do


def test_with_cman_fenced_is_told_only_under_its_condition():
    report = GOOD.but(fencing=event("pending"), quorum=GOOD.quorum.but(engine="cman"))
    (one,) = advice.advise(report)
    assert "Only if you have checked yourself that the machine is off: `fence_ack_manual" in one.do
    assert "fence_ack_manual" not in advice.advise(GOOD.but(fencing=event("pending")))[0].do


# -- what the other node tells ---------------------------------------------------------------


def test_the_other_nodes_document_is_understood_whatever_else_it_tells():
    told = {"node": "node2", "volumes": [{"vg": "vg0", "state": "sh"}, {"vg": "vg1", "state": "-"}],
            "drbd": {"resources": [
                {"name": "r0", "state": {
                    "resource": "r0", "role": "Primary", "suspended": False, "new": 1,
                    "volumes": [{"number": 0, "minor": 0, "dstate": "UpToDate", "new": 1}],
                    "peers": [{"name": None, "cstate": "StandAlone", "role": "Unknown",
                               "dstates": ["DUnknown"], "new": 1}]}},
                {"name": "r1", "state": None}, {"name": "r2", "state": {"silent": "hung"}}]}}
    assert peer.resource_state(told, "r0").standalone and peer.resource_state(told, "r0").primary
    assert peer.resource_state(told, "r1") is None
    for document in (told, None, {}, {"drbd": {"silent": "hung"}}):
        assert peer.resource_state(document, "r2") is drbd.UNKNOWN
    assert peer.active_groups(told) == ("vg0",) and peer.active_groups({}) is None
    assert peer.active_groups({"volumes": [{"vg": "x"}]}) is None
