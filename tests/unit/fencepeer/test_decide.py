# SPDX-License-Identifier: GPL-2.0-or-later
"""What the fence-peer handler decides: one way to thaw I/O, and every other freezes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.action.steps import Do, Done, Finish, Request, Unseen, Wait
from dualstor.fencepeer import decide as module
from dualstor.fencepeer import deeds, reasons, seen
from dualstor.fencepeer.call import Call
from dualstor.fencepeer.decide import FENCED, FROZEN, LEAVING, PATIENCE, YIELDING
from dualstor.fencepeer.seen import DrbdSeen, Fenced, Fencing
from dualstor.kernel.drbd import Peer, State, Volume
from dualstor.tools.quorum import Quorum
from facts import Facts, deciding

decide = deciding(seen.Case, module.decide, deeds)

CALL = Call(resource="r0", peers=("node2",))
QUORATE = Quorum(engine="corosync", running=True, quorate=True, says="corosync-quorumtool: quorate",
                 members=("node1",))
BOTH = QUORATE.but(members=("node1", "node2"))


def peer(cstate="Connecting", name="node2"):
    return Peer(name=name, cstate=cstate, role="Unknown", dstates=("DUnknown",))


def state(dstates=("UpToDate",), peers=(peer(),)):
    return State(resource="r0", role="Primary", peers=peers, suspended=True, volumes=tuple(
        Volume(number=n, minor=n, dstate=dstate) for n, dstate in enumerate(dstates)))


GOOD = dict(peers=("node2",), drbd=DrbdSeen(state=state()), quorum=QUORATE,
            nodes=("node1", "node2"),
            local="node1", action="reboot", connected_for=100.0, by_dlm=Fencing(), by_us=None,
            by_fenced=Fencing(), turn=True, behind=(), first="node1", notice=20.5)
FENCE = Do("fence", ("node2", "reboot"))


def step(history=(), elapsed=0.0, **facets):
    return decide(Request("fence-peer", "r0"), CALL,
                  Facts(history=history, elapsed=elapsed, **dict(GOOD, **facets)))


def done(ok, says="", took=0.0, at=1.0):
    return [Done("fence", FENCE.args, Fenced(ok=ok, says=says, took=took), at)]


def test_a_lost_peer_is_fenced_with_the_clusters_own_action():
    assert step() == FENCE
    assert step(action="off") == Do("fence", ("node2", "off"))


def test_io_goes_on_when_the_cluster_has_fenced_it():
    assert step(history=done(True)).code == FENCED


def test_a_peer_that_is_still_a_member_was_not_fenced_whatever_the_device_reports():
    history = done(True, took=4.0, at=5.0)
    assert step(history=history, elapsed=6.0, quorum=BOTH).why.reason is reasons.STILL_THERE
    verdict = step(history=history, elapsed=5.0 + LEAVING, quorum=BOTH)
    assert verdict.code == FROZEN and verdict.reason.reason is reasons.STILL_THERE
    assert step(history=history, elapsed=20.0).code == FENCED, "it has left now"
    unknown = QUORATE.but(running=False, quorate=None, members=())
    assert step(history=history, elapsed=20.0, quorum=unknown).code == FENCED, "the device's word counts"


def test_a_peer_that_boots_fast_is_a_member_again_and_was_fenced():
    history = done(True, took=6.0, at=7.0)
    back = dict(history=history, elapsed=8.0, quorum=BOTH)
    assert step(by_dlm=Fencing(back=3.0), **back).code == FENCED, "it joined after the request"
    assert isinstance(step(by_dlm=Fencing(back=7.5), **back), Wait), "it has never left"
    linked = DrbdSeen(state=state(peers=(peer("Connected"),)))
    assert step(**dict(back, drbd=linked)).reason.reason is reasons.CONNECTED


def test_a_fencing_that_failed_leaves_io_frozen_and_says_what_to_do():
    failed = done(False, "stonith_admin --reboot node2: No such device")
    assert step(history=failed, elapsed=5.0).why.reason is reasons.NOT_FENCED
    assert step(history=failed, elapsed=12.0) == FENCE, "DRBD asks only once, so it tries again"
    verdict = step(history=failed, elapsed=PATIENCE)
    assert verdict.code == FROZEN and "No such device" in verdict.reason
    assert verdict.reason.reason is reasons.NOT_FENCED


# -- a fencing that has happened already ----------------------------------------------------


@pytest.mark.parametrize("proof", [dict(by_dlm=Fencing(ago=3.0)), dict(by_us=3.0),
                                   dict(by_dlm=Fencing(ago=100.0))])
def test_a_fencing_since_the_connection_was_established_is_proof(proof):
    verdict = step(**proof)
    assert verdict.code == FENCED and verdict.reason.reason is reasons.PROVEN


@pytest.mark.parametrize("facets", [
    dict(connected_for=2.0),    # it was fenced, came back, connected, and was lost again
    dict(connected_for=None),   # nobody knows since when it was there
    dict(quorum=QUORATE.but(members=()))])      # nobody knows whether it is back
def test_any_other_fencing_is_not(facets):
    for proof in (dict(by_dlm=Fencing(ago=3.0)), dict(by_us=3.0)):
        assert step(**dict(proof, **facets)) == FENCE


def test_one_that_is_a_member_has_been_back():
    assert step(by_dlm=Fencing(ago=3.0), quorum=BOTH) == FENCE


def test_what_happens_while_the_handler_runs_counts():
    assert step(connected_for=1.0, by_dlm=Fencing(ago=5.0), elapsed=3.0) == FENCE
    assert step(connected_for=1.0, by_dlm=Fencing(ago=5.0), elapsed=4.0).code == FENCED


def test_a_connection_that_is_back_ends_it_whatever_was_fenced():
    assert step(by_us=3.0, drbd=DrbdSeen(state=state(peers=(peer("Connected"),)))).code == FROZEN


# -- who asks, and when ----------------------------------------------------------------------


def test_the_handlers_of_a_node_take_turns():
    assert step(turn=False).why.reason is reasons.TURN
    assert step(turn=False, by_us=1.0).code == FENCED


def test_whom_another_handler_has_had_fenced_is_not_fenced_again():
    """Even if membership still has it: from before, again, or because the device has lied."""
    fenced = dict(quorum=BOTH, by_us=6.0)
    assert step(**fenced).why.reason is reasons.STILL_THERE
    assert step(by_dlm=Fencing(back=3.0), **fenced).code == FENCED
    assert step(**dict(fenced, by_us=PATIENCE, connected_for=1000.0)).reason.reason is reasons.STILL_THERE
    assert step(connected_for=5.0, **fenced) == FENCE, "it has been connected since"


def test_a_fencing_by_dlm_that_ours_would_not_join_is_waited_for():
    dlm = Fencing(pending=True)
    assert step(by_dlm=dlm) == FENCE, "Pacemaker makes one of equal requests"
    assert step(by_dlm=dlm, action="off").why.reason is reasons.BY_DLM
    assert step(by_dlm=dlm, action="off", elapsed=61.0) == Do("fence", ("node2", "off"))


def test_of_two_members_the_one_that_is_to_survive_asks_at_once():
    assert step(quorum=BOTH) == FENCE
    assert step(quorum=BOTH, first="node2").why.reason is reasons.SECOND
    other = dict(quorum=BOTH, local="node2", peers=("node1",), drbd=DrbdSeen(state=state(
        peers=(peer(name="node1"),))))
    assert step(**dict(other, first="node2")) == Do("fence", ("node1", "reboot"))
    assert step(**other).why.reason is reasons.SECOND
    assert step(elapsed=21.0, **other) == Do("fence", ("node1", "reboot"))
    assert step(**dict(other, quorum=QUORATE.but(members=("node2",)))) == Do(
        "fence", ("node1", "reboot")), "a node that is gone is not waited for"


def test_a_node_without_a_good_copy_of_something_else_lets_the_other_go_first():
    assert step(quorum=BOTH, behind=("r1",)).why.reason is reasons.YIELDS
    assert step(quorum=BOTH, behind=("r1",), elapsed=YIELDING, notice=7.0) == FENCE
    assert step(behind=("r1",)) == FENCE, "the other one is gone already"
    slow = dict(quorum=BOTH, behind=("r1",), notice=40.5)
    assert step(elapsed=100.0, **slow).why.reason is reasons.YIELDS, "it may notice late, and wait itself"
    assert step(elapsed=101.0, **slow) == FENCE


def test_two_nodes_that_both_lack_a_good_copy_do_not_end_to_yield_at_once():
    both = dict(quorum=BOTH, behind=("r1",), elapsed=YIELDING + 1, notice=7.0)
    assert step(**both) == FENCE
    assert step(first="node2", **both).why.reason is reasons.SECOND
    assert step(first="node2", **dict(both, elapsed=YIELDING + 7.0)) == FENCE


# -- cman's way --------------------------------------------------------------------------------

CMAN = dict(quorum=QUORATE.but(engine="cman"), by_fenced=Fencing(there=True))
BY_FENCED = Do("fence", ("node2", "fence_node"))


def test_with_cman_fenced_is_asked_for_it():
    assert step(**CMAN) == BY_FENCED
    assert step(**dict(CMAN, by_fenced=Fencing())) == FENCE, "fenced does not run"
    assert step(by_fenced=Fencing(there=True)) == FENCE, "no cman"


def test_whom_fenced_is_fencing_nobody_else_does():
    pending = dict(CMAN, by_fenced=Fencing(there=True, pending=True))
    assert step(elapsed=100.0, **pending).why.reason is reasons.BY_FENCED
    assert step(elapsed=120.0, **pending) == BY_FENCED


def test_what_fenced_did_since_the_loss_is_proof():
    fenced = dict(CMAN, by_fenced=Fencing(there=True, ago=3.0))
    assert step(elapsed=4.0, connected_for=None, **fenced).reason.reason is reasons.PROVEN
    assert step(elapsed=2.0, connected_for=None, **fenced) == BY_FENCED


@pytest.mark.parametrize("cstate", ["Connected", "SyncTarget", "WFBitMapS"])
@pytest.mark.parametrize("name", ["node2", None])
def test_nobody_is_fenced_when_the_connection_is_back(cstate, name):
    verdict = step(drbd=DrbdSeen(state=state(peers=(peer(cstate, name),))))
    assert verdict.code == FROZEN and "connected again" in verdict.reason


def test_with_several_connections_that_to_the_lost_node_counts():
    third = peer("Connected", "node3")
    assert step(drbd=DrbdSeen(state=state(peers=(third, peer())))) == FENCE
    gone = step(drbd=DrbdSeen(state=state(peers=(third, peer("Connected", "node4")))))
    assert gone.code == FROZEN and "no connection to node2 any more" in gone.reason


@pytest.mark.parametrize("facets, words", [
    (dict(peers=()), "should name one lost node, but names none"),
    (dict(peers=("node2", "node3")), "but names node2 and node3"),
    (dict(local="node2"), "is this node"),
    (dict(nodes=("node1", "other")), "its peer node2, but the cluster has no such node, only node1, other"),
    (dict(drbd=DrbdSeen(state=state(("UpToDate", "Inconsistent")))), "UpToDate/Inconsistent"),
    (dict(drbd=DrbdSeen(state=state(("Consistent",)))), "may have the only good copy"),
    (dict(drbd=DrbdSeen(state=None)), "no connection to node2 any more"),
    (dict(drbd=DrbdSeen(state=state(peers=()))), "no connection to node2 any more")])
def test_what_cannot_be_told_for_certain_freezes_and_the_log_says_why(facets, words):
    verdict = step(**facets)
    assert isinstance(verdict, Finish) and verdict.code == FROZEN and words in verdict.reason


@pytest.mark.parametrize("facets, words", [
    (dict(quorum=QUORATE.but(quorate=False, says="Activity blocked")), "no quorum, so it fences nobody (Activity blocked)"),
    (dict(quorum=QUORATE.but(running=False, quorate=None, says="no corosync")), "no corosync"),
    (dict(nodes=None), "Pacemaker does not list its nodes"),
    (dict(drbd=DrbdSeen(says="drbdsetup status r0 --json: no answer in 10 s")),
     "no answer in 10 s")])
def test_a_busy_node_is_waited_for_and_not_for_ever(facets, words):
    waiting = step(**facets)
    assert isinstance(waiting, Wait) and words in waiting.why
    verdict = step(elapsed=PATIENCE, **facets)
    assert verdict.code == FROZEN and words in verdict.reason


def test_nobody_waits_for_quorum_when_the_connection_is_back():
    verdict = step(nodes=None, drbd=DrbdSeen(state=state(peers=(peer("Connected"),))))
    assert verdict.code == FROZEN and "connected again" in verdict.reason


def test_where_no_cluster_is_installed_nobody_waits_for_it():
    verdict = step(quorum=Quorum(engine=None, running=False, says="neither is installed"))
    assert verdict.code == FROZEN and "neither is installed" in verdict.reason


def test_drbd_is_looked_at_last():
    """Between that look and the kill nothing else is asked."""
    facets = without(GOOD, "drbd")
    with pytest.raises(Unseen) as caught:
        decide(Request("fence-peer", "r0"), CALL, Facts(**facets))
    assert caught.value.facet == "drbd"


def without(facets, name):
    return {key: value for key, value in facets.items() if key != name}


NAMES = st.sampled_from(("node1", "node2", "node3"))
LISTS = st.lists(NAMES, max_size=3).map(tuple)
STATES = st.builds(state, st.lists(st.sampled_from(("UpToDate", "Consistent", "Outdated", "Diskless")),
                                   max_size=2),
                   st.lists(st.builds(peer, st.sampled_from(("Connected", "SyncSource", "Connecting",
                                                             "NetworkFailure", "StandAlone")),
                                      st.one_of(st.none(), NAMES)), max_size=2).map(tuple))
FACTS = st.builds(
    lambda history, elapsed, **facets: Facts(history=history, elapsed=elapsed, **facets),
    st.sampled_from(((), done(True), done(False, "no"))), st.floats(0, 700), peers=LISTS,
    drbd=st.one_of(st.builds(DrbdSeen, state=st.one_of(st.none(), STATES)),
                   st.just(DrbdSeen(says="hung"))),
    quorum=st.builds(QUORATE.but, engine=st.sampled_from(("corosync", "cman")), running=st.booleans(), quorate=st.sampled_from((None, False, True)),
                     members=LISTS), connected_for=st.sampled_from((None, 1.0, 100.0)),
    by_dlm=st.builds(Fencing, pending=st.booleans(), back=st.sampled_from((None, 3.0, 900.0)), ago=st.sampled_from((None, 5.0, 500.0))),
    by_us=st.sampled_from((None, 5.0, 500.0)), turn=st.booleans(),
    by_fenced=st.builds(Fencing, pending=st.booleans(), there=st.booleans(),
                        ago=st.sampled_from((None, 5.0, 500.0))), first=NAMES,
    behind=st.sampled_from(((), ("r1",))), notice=st.sampled_from((7.0, 20.5)),
    nodes=st.one_of(st.none(), LISTS), local=NAMES, action=st.sampled_from(("reboot", "off")))


def proven(facts):
    """Fenced since the connection was there, away since, and DRBD has not seen it again."""
    by_cluster = facts.by_fenced if facts.quorum.engine == "cman" else facts.by_dlm
    fenced = [ago for ago in (facts.by_us, by_cluster.ago) if ago is not None]
    return facts.quorum.quorate \
        and min(fenced, default=1e9) <= (facts.connected_for or 0.0) + facts.elapsed \
        and facts.quorum.members and facts.peers and facts.peers[0] not in facts.quorum.members


@given(FACTS)
def test_whatever_is_seen(facts):
    found = decide(Request("fence-peer", "r0"), CALL, facts)
    if isinstance(found, Finish):
        assert found.code in (FENCED, FROZEN) and found.reason
        reported = facts.history and facts.last("fence").ok or facts.by_us is not None
        assert found.code == FROZEN or proven(facts) or reported and (
            not {"node2", *facts.peers} <= {*facts.quorum.members} or facts.by_dlm.back is not None)
    elif isinstance(found, Do):
        assert found.deed == "fence" and callable(getattr(deeds, found.deed))
        by_fenced = facts.quorum.engine == "cman" and facts.by_fenced.there
        assert found.args == (facts.peers[0], "fence_node" if by_fenced else facts.action) and facts.turn
        assert facts.quorum.quorate and facts.peers[0] in facts.nodes and facts.peers[0] != facts.local
        assert facts.drbd.state.up_to_date and not all(p.connected for p in facts.drbd.state.peers)
    else:
        assert isinstance(found, Wait) and (facts.elapsed < PATIENCE or not facts.turn
                                            or facts.history and facts.last("fence").ok
                                            or facts.by_us is not None)
