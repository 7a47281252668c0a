# SPDX-License-Identifier: GPL-2.0-or-later
"""Decisions of drbd-dualprimary in the cases that people meet, with the words they read."""

import pytest

from dualstor.action.steps import Do, Done, Finish, Wait
from dualstor.agents.drbd_dualprimary import published, reasons, seen
from dualstor.ocf.codes import ExitCode
from dualstor.ocf.environment import Notification
from facts import Facts

from . import observations as o
from .observations import decide

ALONE = o.state(cstate="WFConnection", peer="DUnknown")
SPLIT = o.state(role="Primary", cstate="StandAlone", peer="DUnknown")
FINE = Finish(ExitCode.SUCCESS)


def first_step(action, texts=None, asked=None, **facets):
    return decide(o.request(action, **(asked or {})), o.parameters(**(texts or {})),
                  o.facts(**facets))


def step(action, texts=None, asked=None, history=(), **facets):
    """The next step; when it notes why start fails, the one after that."""
    found = first_step(action, texts, asked, history=history, **facets)
    if getattr(found, "deed", None) == "note":
        found = first_step(action, texts, asked, history=[*history, done("note")], **facets)
    return found


def done(deed, at=0.0, **outcome):
    return Done(deed, (), o.Outcome(**outcome), at)


# -- start -------------------------------------------------------------------------------


def test_start_loads_attaches_waits_and_remembers():
    assert step("start", state=None, module=False) == Do("load_module")
    assert step("start", state=None) == Do("up")
    waiting = step("start", state=ALONE, elapsed=3.0)
    assert isinstance(waiting, Wait) and "peer" in waiting.why
    assert step("start", state=ALONE, elapsed=16.0) == Do("remember"), "a missing peer is no failure"
    assert step("start") == Do("remember")
    assert step("start", history=[done("remember")]) == Do("publish", (10000,))
    assert step("start", history=[done("remember")], published=10000) == FINE


def test_start_waits_for_a_resync_to_this_node_and_not_for_one_to_the_peer():
    target = o.state(cstate="SyncTarget", dstate="Inconsistent")
    waiting = step("start", state=target, elapsed=3.0)
    assert isinstance(waiting, Wait) and "resync" in waiting.why
    assert step("start", state=target, elapsed=16.0) == Do("remember")
    assert step("start", state=o.state(cstate="SyncSource", peer="Inconsistent")) == Do("remember")


@pytest.mark.parametrize("cstate", ("WFSyncUUID", "WFBitMapT", "StartingSyncT", "PausedSyncT"))
@pytest.mark.parametrize("action", ("start", "promote"))
def test_a_resync_that_is_about_to_begin_is_waited_for_as_well(action, cstate):
    """DRBD 8.4 shows WFSyncUUID and Outdated for half a second of each rejoin."""
    assert isinstance(step(action, state=o.state(cstate=cstate, dstate="Outdated")), Wait)


def test_start_ends_unpromoted():
    assert step("start", state=o.state(role="Primary")) == Do("secondary")


@pytest.mark.parametrize("facets, code, words", [
    (dict(configured=seen.Configured(there=False, says="not defined")), 5, "correct drbd_resource"),
    (dict(configured=seen.Configured(there=None, says="drbdadm: not found")), 5, "drbd-utils"),
    (dict(configured=seen.Configured(there=None, says="drbdadm: no answer in 10 s", hung=True)), 1,
     "drbdadm dump r0"),
    (dict(configuration=o.Conf(allow_two_primaries=False)), 2, "allow-two-primaries yes;"),
    (dict(configuration=o.Conf(protocol="A")), 2, "protocol C;"),
    (dict(configuration=o.Conf(hosts=("a", "b", "c"))), 2, "two"),
    (dict(configuration=o.Conf(hosts=("a", "b", "c"), witnesses=("c",))), 2, "witness c"),
    (dict(configuration=o.Conf(quorum="majority")), 2, "quorum off;"),
    (dict(configuration=o.Conf(after_sb=(None, None, "violently-as0p"))), 2,
     "after-sb-2pri disconnect;"),
    (dict(configuration=o.Conf(fencing="resource-only")), 2, "fencing resource-and-stonith;"),
    (dict(configuration=o.Conf(fence_peer=None)), 2, "fence-peer"),
    (dict(handler=seen.Handler(program="/no", usable=False)), 2, "cannot run fence-peer handler /no")])
def test_start_refuses_what_would_lose_data_with_the_line_to_set(facets, code, words):
    refused = step("start", state=None, **facets)
    assert refused.code == code and words in refused.reason


@pytest.mark.parametrize("asked, words", [
    (dict(promoted_max=1), "promoted-max=2"), (dict(clone_max=3), "clone-max=2"),
    (dict(notifies=False), "notify=true"), (dict(promoted_max=None), "promotable=true")])
def test_start_refuses_a_clone_that_cannot_be_dual_primary(asked, words):
    refused = step("start", asked=asked, state=None)
    assert refused.code == ExitCode.ERR_CONFIGURED and words in refused.reason


NO_CLONE = dict(of_clone=False, clone_max=None, clone_node_max=None, promoted_max=None,
                promoted_node_max=None, notifies=None)


def test_a_caller_that_says_nothing_of_a_clone_is_refused_only_what_needs_one():
    assert step("validate-all", asked=NO_CLONE) == Finish(ExitCode.SUCCESS)
    for action in ("start", "promote"):
        refused = step(action, asked=NO_CLONE, state=o.state() if action == "promote" else None)
        assert refused.code == ExitCode.ERR_CONFIGURED and "promotable=true" in refused.reason
    refused = step("validate-all", asked=dict(NO_CLONE, of_clone=True, notifies=False))
    assert refused.code == ExitCode.ERR_CONFIGURED and "promotable=true" in refused.reason


def test_the_waiver_is_logged_before_anything_is_done():
    unfenced = dict(configuration=o.Conf(fencing=None, fence_peer=None), state=None)
    warned = step("start", dict(require_fencing="false"), **unfenced)
    assert warned.deed == "warn" and "require_fencing=false" in warned.args[0]
    assert step("start", dict(require_fencing="false"), history=[done("warn")],
                **unfenced) == Do("up")


def test_a_disk_without_meta_data_is_told_and_not_how_to_overwrite_it():
    failed = step("start", state=None,
                  history=[done("up", ok=False, code=10, says="No valid meta data found")])
    assert failed.code == ExitCode.ERR_GENERIC and "no metadata on its backing device" in failed.reason
    assert "dualstor status" in failed.reason and "create-md" not in failed.reason


def test_a_split_brain_is_not_started_again():
    split = o.state(cstate="StandAlone", peer="DUnknown")
    assert step("start", state=split) == Do("advise")
    refused = step("start", state=split, history=[done("advise")])
    assert refused.code == ExitCode.ERR_GENERIC and "run `dualstor status`" in refused.reason
    assert step("start", dict(split_brain="degraded"), state=split) == Do("remember")


def test_a_disk_comes_back_without_the_connection_that_was_given_up():
    alone = o.state(cstate="StandAlone", dstate="Diskless", peer="DUnknown")
    assert step("start", state=alone) == Do("attach")
    assert step("start", state=alone, history=[done("up", ok=True)]) == Do("attach")
    failed = step("start", state=alone, history=[done("attach", ok=False, says="No valid meta data found")])
    assert failed.code == ExitCode.ERR_GENERIC and "no metadata on its backing device" in failed.reason
    assert step("start", state=o.state(dstate="Diskless")) == Do("adjust")


def test_what_our_own_up_did_not_get_to_is_not_given_up():
    alone = o.state(cstate="StandAlone", dstate="Diskless", peer="DUnknown")
    assert step("start", state=alone, history=[done("up", ok=False, says="busy")]) == Do("adjust")


ABSENT = o.state().but(peers=())


def test_start_makes_a_connection_that_is_not_there():
    """DRBD 9 removes it with a `down` that it then refuses."""
    assert step("start", state=ABSENT) == Do("adjust")
    assert step("start", history=[done("adjust")]) == Do("remember")
    refused = step("start", state=ABSENT, history=[done("adjust")])
    assert refused.code == ExitCode.ERR_GENERIC and refused.reason.reason is reasons.STILL_UNCONNECTED


def test_without_a_connection_nobody_waits_for_the_peer():
    refused = step("promote", state=ABSENT)
    assert refused.code == ExitCode.ERR_GENERIC and "`drbdadm adjust r0`" in refused.reason
    assert step("promote", state=ABSENT, peer=seen.PeerNode(name="node2", down=True)) == refused


# -- the fence-peer handler and the DRBD that is loaded ------------------------------------

STOCK = dict(configuration=o.Conf(fence_peer=o.STOCK))
CRM = "/usr/lib/drbd/crm-fence-peer.9.sh --timeout=90"
LINE = 'fence-peer "/usr/lib/drbd/dualstor-fence-peer";'


@pytest.mark.parametrize("command", [o.STOCK, CRM])
@pytest.mark.parametrize("action, asked", [("promote", {}), ("validate-all", dict(level=10))])
def test_a_handler_that_cannot_work_with_drbd_9_is_refused_with_the_line_to_set(
        action, asked, command):
    stock = dict(configuration=o.Conf(fence_peer=command))
    refused = step(action, asked=asked, **stock)
    assert refused.code == ExitCode.ERR_ARGS and LINE in refused.reason
    for generation in (8, None):    # it works, and what is not loaded is not judged
        assert step(action, asked=asked, generation=generation, **stock) in (Do("primary"), FINE)
    warned = step(action, dict(require_fencing="false"), asked, **stock)
    assert warned.deed == "warn"


def test_start_warns_of_it_when_the_module_is_loaded_and_goes_on():
    assert step("start", generation=None, **STOCK) == Do("remember")
    warned = step("start", **STOCK)
    assert warned.deed == "warn_of_handler"
    assert LINE in warned.args[0] and o.STOCK in warned.args[0]
    assert step("start", history=[done("warn_of_handler")], **STOCK) == Do("remember")
    assert step("start", state=None, **STOCK) == Do("up")


PRIMARY_9 = o.state(role="Primary").but(peers=(o.state().peers[0].but(name="node2"),))


@pytest.mark.parametrize("level", [0, 10])
def test_a_primary_that_would_freeze_is_degraded_and_not_failed(level):
    asked, facets = dict(level=level), dict(state=PRIMARY_9, published=10000, fence_peer=o.STOCK)
    verdict = step("monitor", asked=asked, **facets)
    assert verdict.code == ExitCode.DEGRADED_PROMOTED and LINE in verdict.reason
    for waived in (dict(texts=dict(require_fencing="false")), dict(generation=8), dict(fence_peer=None),
                   dict(asked=dict(asked, degraded_known=False))):
        assert step("monitor", **dict(dict(facets, asked=asked), **waived)).code == 8
    secondary = PRIMARY_9.but(role="Secondary")
    assert step("monitor", asked=asked, **dict(facets, state=secondary)) == FINE.but(well=())


def test_a_monitor_of_drbd_8_and_a_probe_do_not_ask_for_the_handler():
    for asked, state in ((dict(), o.state(role="Primary")), (dict(probe=True), PRIMARY_9)):
        assert decide(o.request("monitor", **asked), o.parameters(),
                      Facts(state=state, hold=None, published=10000)).code == 8


def test_a_handler_that_cannot_work_does_not_keep_io_from_going_on():
    frozen = PRIMARY_9.but(suspended=True, peers=(PRIMARY_9.peers[0].but(cstate="Connecting"),))
    assert step("monitor", state=frozen, fence_peer=o.STOCK, suspension=("fencing",),
                lost_peer=seen.PeerNode(name="node2", down=True)) == Do("resume_io", ("node2",))


def test_a_failed_start_is_remembered_before_it_is_told():
    broken = dict(state=None, configuration=o.Conf(allow_two_primaries=False))
    noted = first_step("start", **broken)
    assert noted.deed == "note" and "allow-two-primaries yes;" in noted.args[0]
    refused = first_step("start", history=[done("note")], **broken)
    assert refused.code == 2 and refused.reason == noted.args[0]


# -- DRBD 9: promoting by itself, its quorum, why I/O is suspended ----------------------------


@pytest.mark.parametrize("action, asked", [("start", {}), ("validate-all", dict(level=10))])
def test_auto_promote_is_warned_of_where_it_is_the_default_or_set(action, asked):
    for value, generation in ((None, 9), ("yes", 9), ("yes", None)):
        facets = dict(configuration=o.Conf(auto_promote=value), generation=generation)
        warned = step(action, asked=asked, **facets)
        assert warned.deed == "warn_of_auto_promote" and "auto-promote no;" in warned.args[0]
        after = step(action, asked=asked, history=[done("warn_of_auto_promote")], **facets)
        assert after in (Do("remember"), FINE)
    for value, generation in ((None, 8), (None, None), ("no", 9)):
        fine = step(action, asked=asked, configuration=o.Conf(auto_promote=value),
                    generation=generation)
        assert fine in (Do("remember"), FINE)


NO_QUORUM = PRIMARY_9.but(volumes=(PRIMARY_9.volumes[0].but(quorum=False),),
                          peers=(PRIMARY_9.peers[0].but(cstate="Connecting", dstates=("DUnknown",)),))
CAUSES = [(("fencing",), reasons.SUSPENDED), (("user",), reasons.SUSPENDED_USER),
          (("quorum",), reasons.SUSPENDED_QUORUM), (("no-data",), reasons.SUSPENDED_NO_DATA),
          (("fencing", "user"), reasons.SUSPENDED), (("quorum", "user"), reasons.SUSPENDED_QUORUM),
          (None, reasons.SUSPENDED_UNKNOWN), ((), reasons.SUSPENDED_UNKNOWN),
          (("a new one",), reasons.SUSPENDED_UNKNOWN)]


@pytest.mark.parametrize("causes, reason", CAUSES)
def test_each_cause_of_a_suspension_has_its_own_next_step(causes, reason):
    told = step("monitor", state=PRIMARY_9.but(suspended=True), suspension=causes, published=10000)
    assert told.code == ExitCode.DEGRADED_PROMOTED and told.reason.reason is reason
    assert ("fenc" in told.reason) is (reason is reasons.SUSPENDED)


@pytest.mark.parametrize("reason", [reasons.SUSPENDED_USER, reasons.SUSPENDED_QUORUM,
                                    reasons.SUSPENDED_NO_DATA, reasons.SUSPENDED_UNKNOWN,
                                    reasons.WRITES_FAIL, reasons.NO_QUORUM])
def test_nobody_is_confirmed_as_fenced_for_what_is_no_fencing(reason):
    assert "--confirm" not in reason.template + reason.topic.means + reason.topic.todo


def test_without_good_data_a_suspended_primary_has_failed():
    state = o.state(role="Primary", dstate="Diskless", cstate="Connecting", peer="DUnknown",
                    suspended=True)
    told = step("monitor", state=state, suspension=("no-data",))
    assert told.code == ExitCode.FAILED_PROMOTED
    assert told.reason.reason is reasons.SUSPENDED_NO_DATA
    told = step("monitor", state=state, suspension=("user",))
    assert told.reason.reason is reasons.NO_DISK_NO_PEER


def test_a_primary_that_cannot_write_has_failed():
    told = step("monitor", state=NO_QUORUM, published=10000)
    assert told.code == ExitCode.FAILED_PROMOTED and told.reason.reason is reasons.WRITES_FAIL
    waits = step("monitor", state=NO_QUORUM.but(suspended=True), suspension=("quorum",),
                 published=10000)
    assert waits.code == ExitCode.DEGRADED_PROMOTED
    assert waits.reason.reason is reasons.SUSPENDED_QUORUM


def test_without_quorum_nobody_is_promoted():
    connected = o.state().but(volumes=(o.state().volumes[0].but(quorum=False),))
    assert seen.score(connected) is seen.NO_SCORE
    waiting = step("promote", state=connected)
    assert isinstance(waiting, Wait) and waiting.why.reason is reasons.NO_QUORUM
    told = step("monitor", state=connected)
    assert told.code == ExitCode.DEGRADED and told.reason.reason is reasons.NO_QUORUM


def test_what_a_failed_up_leaves_is_no_split_brain():
    left = o.state(cstate="StandAlone", dstate="Diskless", peer="DUnknown")
    for split_brain in ("failed", "degraded"):
        told = step("monitor", dict(split_brain=split_brain), state=left)
        assert told.code == ExitCode.ERR_GENERIC and told.reason.reason is reasons.HALF_UP
    refused = step("promote", state=left)
    assert refused.reason.reason is reasons.HALF_UP
    for split in (left.but(role="Primary"), o.state(cstate="StandAlone", peer="DUnknown")):
        assert step("monitor", state=split) == Do("advise")


def test_both_copies_consistent_has_a_way_out():
    both = o.state(dstate="Consistent", peer="Consistent")
    told = step("monitor", state=both)
    assert told.code == ExitCode.DEGRADED and told.reason.reason is reasons.BOTH_CONSISTENT
    refused = step("promote", state=both)
    assert refused.reason.reason is reasons.BOTH_CONSISTENT and "dualstor status" in refused.reason
    for other in (o.state(dstate="Consistent"), o.state(dstate="Consistent", cstate="WFConnection"),
                  o.state(dstate="Consistent", peer="Outdated")):
        assert not seen.undecided(other)


def test_whoever_drbd_names_is_named_where_proc_shows_nobody():
    refused = [done("down", ok=False, held_open=True, no_up_to_date=True, openers=("sh[220]",))]
    waiting = step("stop", history=refused)
    assert isinstance(waiting, Wait) and "in use by sh[220]:" in waiting.why
    assert "qemu[7]" in step("stop", history=refused, holders=("qemu[7]",)).why
    assert "does not show" in step("stop", history=[done("down", ok=False, held_open=True)]).why


# -- promote ------------------------------------------------------------------------------


def test_promote_of_a_connected_resource():
    assert step("promote") == Do("primary")
    assert step("promote", state=o.state(role="Primary"), published=10000) == FINE


def test_a_primary_in_split_brain_is_not_called_promoted():
    refused = step("promote", state=SPLIT)
    assert refused.code == ExitCode.ERR_GENERIC and "StandAlone" in refused.reason


def test_promote_waits_for_the_peer_or_for_its_end():
    waiting = step("promote", state=ALONE)
    assert isinstance(waiting, Wait) and "node2" in waiting.why and "fenced" in waiting.why
    assert isinstance(step("promote", state=ALONE, peer=seen.PeerNode(name="node2")), Wait)
    assert step("promote", state=ALONE,
                peer=seen.PeerNode(name="node2", down=True)) == Do("primary")


def test_promote_waits_for_the_handshake():
    early = o.state(cstate="WFBitMapS", peer="DUnknown")
    assert isinstance(step("promote", state=early), Wait)


@pytest.mark.parametrize("state, words", [
    (None, "start the resource"),
    (o.state(cstate="StandAlone", peer="DUnknown"), "StandAlone"),
    (o.state(dstate="Diskless"), "drbdadm attach r0"),
    (o.state(dstate="Outdated"), "good copy")])
def test_promote_refuses_without_good_data(state, words):
    refused = step("promote", state=state)
    assert refused.code == ExitCode.ERR_GENERIC and words in refused.reason


def test_promote_waits_for_a_resync():
    waiting = step("promote", state=o.state(cstate="SyncTarget", dstate="Inconsistent"))
    assert isinstance(waiting, Wait) and "SyncTarget" in waiting.why


def test_promote_refuses_a_cluster_without_fencing_everywhere():
    refused = step("promote", fencing_enabled=False)
    assert refused.code == ExitCode.ERR_CONFIGURED and "stonith-enabled=true" in refused.reason


def test_promote_waits_where_it_is_unknown_whether_the_cluster_fences():
    for managed in (True, False):
        waiting = step("promote", asked=dict(in_cluster=managed),
                       fencing_enabled=None)
        assert isinstance(waiting, Wait) and waiting.why.reason is reasons.FENCING_UNKNOWN
    assert not isinstance(step("promote", dict(require_fencing="false"), fencing_enabled=None,
                               history=[done("warn")]), Wait)


def test_a_refused_primary_is_told_and_a_transient_one_tried_again():
    assert isinstance(step("promote", history=[done("primary", ok=False, transient=True)]), Wait)
    assert step("promote", elapsed=2.0,
                history=[done("primary", ok=False, transient=True)]) == Do("primary")
    failed = step("promote", history=[done("primary", ok=False, no_up_to_date=True, says="Need")])
    assert failed.code == ExitCode.ERR_GENERIC
    assert failed.reason.reason is reasons.NOT_PRIMARY_UNFENCED


# -- demote and stop -----------------------------------------------------------------------


def test_demote_names_who_holds_the_device():
    held = [done("secondary", ok=False, held_open=True, says="Device is held open by someone")]
    waiting = step("demote", state=o.state(role="Primary"), history=held, holders=("qemu[4711]",))
    assert isinstance(waiting, Wait) and "qemu[4711]" in waiting.why
    assert step("demote") == FINE
    assert step("demote", state=None).code == ExitCode.ERR_GENERIC


def test_demote_of_what_did_not_start_tells_why_it_did_not():
    """Pacemaker demotes after a failed start, and keeps one failure a resource: the last."""
    why = reasons.ONE_PRIMARY(drbd="r0")
    assert step("demote", state=None, refusal=why) == Finish(ExitCode.ERR_GENERIC, why)


@pytest.mark.parametrize("action", ("demote", "stop"))
def test_an_lv_on_the_device_is_not_waited_for_until_the_deadline(action):
    """Its own stop was refused, and the cluster cannot try that again while this action lasts."""
    held = [done("secondary", ok=False, held_open=True, says="Device is held open by someone")]
    busy = dict(state=o.state(role="Primary"), history=held, holders=("LV vg0/lv0", "qemu[4711]"))
    assert step(action, elapsed=16.0, stacked=("LV vg0/lv0",), **busy).code == ExitCode.ERR_GENERIC
    assert "LV vg0/lv0" in step(action, elapsed=16.0, stacked=("LV vg0/lv0",), **busy).reason
    assert not isinstance(step(action, elapsed=3.0, stacked=("LV vg0/lv0",), **busy), Finish)
    assert not isinstance(step(action, elapsed=16.0, stacked=(), **busy), Finish)


@pytest.mark.parametrize("refusal", [
    dict(held_open=True, no_up_to_date=True), dict(no_up_to_date=True),
    dict(held_open=True, transient=True)])
def test_stop_waits_for_whoever_reads_the_device(refusal):
    """In DRBD 9 a Secondary can be read, and then does not go down."""
    refused = [done("down", ok=False, code=17, says="Need access to UpToDate data", **refusal)]
    waiting = step("stop", history=refused, holders=("blkid[220]",))
    assert isinstance(waiting, Wait) and "in use by blkid[220]" in waiting.why
    assert step("stop", elapsed=2.0, history=refused) == Do("down")
    stuck = step("stop", elapsed=16.0, history=refused, stacked=("LV vg0/lv0",))
    assert stuck.code == ExitCode.ERR_GENERIC and "LV vg0/lv0" in stuck.reason


def test_stop_goes_down_and_takes_the_score_back():
    assert step("stop", state=o.state(role="Primary")) == Do("secondary")
    assert step("stop") == Do("down")
    assert step("stop", state=None, published=10000) == Do("publish", (None,))
    assert step("stop", state=None, published=10000, history=[done("publish")]) == FINE


def test_stop_with_a_broken_configuration_asks_the_kernel_directly():
    broken = done("down", ok=False, code=10, says="drbd.d/r0.res:3: Parse error")
    assert step("stop", history=[broken]) == Do("down_directly")
    failed = step("stop", history=[broken, done("down_directly", ok=False, says="no")])
    assert failed.code == ExitCode.ERR_GENERIC and "Parse error; drbdsetup: no" in failed.reason


# -- monitor and notify ---------------------------------------------------------------------


@pytest.mark.parametrize("state, code, words", [
    (o.state(role="Primary"), 8, "Primary"),
    (SPLIT, 9, "is StandAlone, as after a split brain: run `dualstor status`"),
    (o.state(cstate="StandAlone", peer="DUnknown"), 1, "split brain"),
    (ALONE, 190, "without its peer"),
    (o.state().but(peers=()), 190, "`drbdadm adjust r0`"),
    (o.state(role="Primary").but(peers=()), 191, "`drbdadm adjust r0`"),
    (o.state(role="Primary", cstate="WFConnection", peer="Outdated"), 191, "without its peer"),
    (o.state(role="Primary", dstate="Diskless"), 191, "drbdadm attach r0"),
    (o.state(role="Primary", dstate="Diskless", cstate="WFConnection", peer="DUnknown"), 9, "no disk"),
    (o.state(role="Primary", cstate="SyncSource", peer="Inconsistent"), 191, "resync"),
    (o.state(role="Primary", suspended=True), 191, "suspended"),
    (o.state(dstate="Inconsistent"), 190, "not UpToDate")])
def test_monitor(state, code, words):
    verdict = step("monitor", state=state, published=seen.score(state), history=[done("advise")])
    assert verdict.code == code and words in verdict.reason


def test_monitor_of_a_healthy_secondary_has_nothing_to_say():
    assert step("monitor", published=10000) == FINE.but(well=())


@pytest.mark.parametrize("role, code", [("Primary", 8), ("Secondary", 0)])
def test_old_managers_do_not_know_degraded(role, code):
    state = o.state(role=role, cstate="WFConnection", peer="DUnknown")
    assert step("monitor", asked=dict(degraded_known=False), state=state,
                published=seen.score(state)).code == code


def test_how_a_split_brain_ends_is_written_into_the_log_before_the_monitor_fails():
    assert step("monitor", state=SPLIT, published=seen.score(SPLIT)) == Do("advise")


def test_split_brain_may_be_tolerated_by_name():
    assert step("monitor", dict(split_brain="degraded"), state=SPLIT,
                published=seen.score(SPLIT)).code == 191


def test_the_score_is_written_only_when_it_changes():
    assert step("monitor", published=None) == Do("publish", (10000,))
    assert step("monitor", published=1000) == Do("publish", (10000,))
    assert step("monitor", published=published.UNSURE) == Do("republish", (10000,))
    assert step("monitor", published=published.UNSURE, history=[done("republish")]) == FINE
    assert isinstance(step("monitor", published=10000), Finish)
    assert isinstance(step("monitor", asked=dict(in_cluster=False)), Finish)
    lost = o.state(dstate="Inconsistent")
    assert step("monitor", state=lost, published=10000) == Do("publish", (None,))


def test_notify_refreshes_the_score_after_something_happened():
    post = Notification(type="post", operation="start")
    assert step("notify", asked=dict(notification=post)) == Do("publish", (10000,))
    assert step("notify", asked=dict(notification=post.but(type="pre"))) == FINE
    assert step("notify", asked=dict(notification=post), state=None) == FINE


FROZEN = dict(state=o.state(role="Primary", cstate="WFConnection", peer="DUnknown", suspended=True),
              lost_peer=seen.PeerNode(name="node2", down=True), suspension=("fencing",),
              published=10000)


def test_io_that_waited_for_a_fencing_goes_on_once_the_cluster_has_confirmed_it():
    asked = dict(notification=Notification(type="post", operation="stop"))
    assert step("notify", asked=asked, **FROZEN) == Do("resume_io", ("node2",))


def test_what_dlm_says_of_the_fencing_counts():
    fenced = dict(FROZEN, lost_peer=seen.PeerNode(name="node2", down=True, fenced=True))
    assert step("monitor", **fenced) == Do("resume_io", ("node2",))
    left = dict(FROZEN, lost_peer=seen.PeerNode(name="node2", down=True, fenced=False), state=o.state(
        role="Primary", cstate="WFConnection", peer="Outdated", suspended=True))
    assert step("monitor", **left) == Do("resume_io", ("node2",)), "it was stopped in good order"


def test_a_monitor_lets_it_go_on_too_as_not_every_fencing_is_notified():
    assert step("monitor", **FROZEN) == Do("resume_io", ("node2",))
    tried = step("monitor", history=[done("resume_io", ok=False)], **FROZEN)
    assert tried.code == 191 and tried.reason.reason is reasons.SUSPENDED
    assert step("monitor", asked=dict(probe=True), **FROZEN).code == 191
    assert step("monitor", asked=dict(in_cluster=False), **FROZEN).code == 191


@pytest.mark.parametrize("change", [
    dict(lost_peer=seen.PeerNode(name="node2", down=False)),
    dict(lost_peer=seen.PeerNode(name="node2", down=None)),
    dict(lost_peer=seen.PeerNode(name="node2", down=True, fenced=False)),
    dict(suspension=("user",)), dict(suspension=("fencing", "user")), dict(suspension=None),
    dict(suspension=()),
    dict(state=o.state(role="Primary", suspended=True)),
    dict(state=o.state(role="Primary", cstate="WFConnection", peer="DUnknown")),
    dict(state=o.state(role="Primary", cstate="WFConnection", peer="DUnknown", dstate="Diskless",
                       suspended=True), published=None)])
def test_io_stands_still_in_every_other_case(change):
    asked = dict(notification=Notification(type="post", operation="stop"))
    facets = dict(FROZEN, **change)
    facets["published"] = seen.score(facets["state"])
    assert step("notify", asked=asked, **facets) == FINE
    assert isinstance(step("monitor", **facets), Finish)


def test_validate_looks_at_the_host_only_at_level_10():
    wrong = dict(configuration=o.Conf(allow_two_primaries=False))
    assert step("validate-all", **wrong) == FINE
    assert step("validate-all", asked=dict(level=10), **wrong).code == ExitCode.ERR_ARGS
    assert step("validate-all", asked=dict(level=10)) == FINE


# -- SELinux -------------------------------------------------------------------------------


@pytest.mark.parametrize("action, asked", [("start", {}), ("promote", {}),
                                           ("validate-all", dict(level=10))])
def test_selinux_without_the_module_of_our_handler_is_warned_of(action, asked):
    warned = step(action, asked=asked, confined=True)
    assert warned.deed == "warn" and "install dualstor-selinux" in warned.args[0]
    assert getattr(step(action, asked=asked, confined=True, history=[done("warn")]),
                   "deed", "") != "warn"
    for waived in (dict(texts=dict(require_fencing="false")), dict(generation=8, **STOCK)):
        step_ = step(action, asked=asked, confined=True, **waived)
        assert "dualstor-selinux" not in str(step_)
