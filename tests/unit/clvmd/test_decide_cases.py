# SPDX-License-Identifier: GPL-2.0-or-later
"""clvmd's decisions, case by case."""

import pytest

from dualstor.action.steps import Do, Done, Finish, Wait
from dualstor.agents.clvmd import reasons, seen
from dualstor.agents.lvmversion import LvmVersion
from dualstor.kernel.locksocket import Sockets
from dualstor.ocf.codes import ExitCode

from . import observations as seen_by
from .observations import decide

OK = Finish(ExitCode.SUCCESS)
WELL = OK.but(well=())      # a monitor's, which the next ones may repeat


def step(action, facts, level=0, **parameters):
    return decide(seen_by.request(action, level=level), seen_by.parameters(**parameters), facts)


def refused(action, facts, code, *words, level=0, **parameters):
    verdict = step(action, facts, level, **parameters)
    assert isinstance(verdict, Finish) and verdict.code == code, verdict
    for word in words:
        assert word in verdict.reason, verdict.reason
    return True


def done(deed, *args, at=0.0, code=0, says=""):
    return Done(deed=deed, args=args, outcome=seen.Attempt(code=code, says=says), at=at)


# -- start


def test_start_of_a_running_daemon_is_success():
    assert step("start", seen_by.facts()) == OK


def test_start_launches_what_the_version_of_lvm_has():
    assert step("start", seen_by.stopped()) == Do("launch", ("lvmlockd",))
    assert step("start", seen_by.stopped(**seen_by.OLD)) == Do("launch", ("clvmd",))


def test_start_remembers_the_process_once_it_is_ready():
    facts = seen_by.facts(remembered=None, history=(done("launch"),))
    assert step("start", facts) == Do("remember", (seen_by.LVMLOCKD,))


@pytest.mark.parametrize("changes, words", (
    (dict(quorum=seen_by.BLOCKED), "there is no quorum (Activity blocked)"),
    (dict(quorum=seen_by.GOOD.but(quorate=None, says="not understood")),
     "it is unknown whether there is quorum (not understood)"),
    (dict(quorum=seen_by.GOOD.but(running=False, quorate=None, says="corosync is down")),
     "this node's cluster engine does not answer (corosync is down)"),
    (dict(dlm=seen.Dlm(ready=True, pending="fencing of node2")), "dlm waits for fencing of node2"),
    (dict(dlm=seen.Dlm(ready=False)), "dlm is not set up on this node"),
    (dict(quorum=seen_by.GOOD.but(engine="cman"), fence_domain=None, dlm=seen.Dlm(ready=False)),
     "cman's dlm_controld does not run on this node"),
    (dict(quorum=seen_by.GOOD.but(engine="cman"), fence_domain=seen_by.FENCING),
     "node2 (id 2) is not fenced yet"),
))
def test_start_says_what_it_waits_for(changes, words):
    waiting = step("start", seen_by.stopped(**changes))
    assert isinstance(waiting, Wait) and waiting.why.fact == "lock daemon: " + words


def test_start_names_the_lines_of_lvm_conf_to_change():
    refused("start", seen_by.stopped(settings=seen.Settings(use_lvmlockd="0")),
            ExitCode.ERR_ARGS, "use_lvmlockd = 1", "/etc/lvm/lvm.conf")
    old = dict(seen_by.OLD, settings=seen.Settings(locking_type="3", fallback="1",
                                                   use_lvmetad="1"))
    refused("start", seen_by.stopped(**old), ExitCode.ERR_ARGS,
            "in /etc/lvm/lvm.conf set fallback_to_local_locking = 0, use_lvmetad = 0")
    refused("start", seen_by.stopped(metadata_cache=(seen_by.LVMETAD,), **old), ExitCode.ERR_ARGS,
            "LVM uses lvmetad (pid 400): stop it", "fallback_to_local_locking = 0",
            "use_lvmetad = 0")


def test_lvmetad_that_nobody_asks_is_no_hindrance():
    facts = seen_by.stopped(metadata_cache=(seen_by.LVMETAD,), **seen_by.OLD)
    assert step("start", facts) == Do("launch", ("clvmd",))


def test_a_fallback_that_is_not_known_to_be_off_is_refused():
    settings = seen.Settings(locking_type="3", fallback=None, use_lvmetad="0")
    refused("start", seen_by.stopped(**dict(seen_by.OLD, settings=settings)), ExitCode.ERR_ARGS,
            "fallback_to_local_locking = 0")


def test_clvmd_that_is_still_starting_is_waited_for():
    facts = seen_by.facts(
        processes=(seen_by.CLVMD,), lockspaces=("clvmd",), recovering=("clvmd",),
        history=(done("launch", "clvmd", code=5, says="startup timed out"),), elapsed=30.0)
    waiting = step("start", facts)
    assert isinstance(waiting, Wait) and waiting.why.fact == "clvmd (pid 200) is not ready"


def test_clvmd_without_its_cluster_manager_is_started_again_but_not_for_ever():
    attempt = done("launch", "clvmd", code=3, says="could not connect")
    facts = seen_by.stopped(history=(attempt,), elapsed=1.0, **seen_by.OLD)
    waiting = step("start", facts)
    assert isinstance(waiting, Wait) and waiting.why.reason is reasons.NO_CLUSTER
    facts = seen_by.stopped(history=(attempt,), elapsed=4.0, **seen_by.OLD)
    assert step("start", facts) == Do("launch", ("clvmd",))
    facts = seen_by.stopped(history=(attempt,) * 3, elapsed=9.0, **seen_by.OLD)
    refused("start", facts, ExitCode.ERR_GENERIC, "cluster manager", "could not connect")


@pytest.mark.parametrize("daemon, code, reason", (
    ("clvmd", None, reasons.START_HUNG), ("clvmd", 0, reasons.ENDED_AT_ONCE),
    ("clvmd", 1, reasons.INITIALISATION), ("clvmd", 2, reasons.SOCKET),
    ("clvmd", 4, reasons.RIGHTS), ("clvmd", 127, reasons.START_FAILED),
    ("lvmlockd", 1, reasons.START_FAILED), ("lvmlockd", 0, reasons.ENDED_AT_ONCE)))
def test_a_daemon_that_does_not_come_up_fails_the_start(daemon, code, reason):
    attempt = done("launch", daemon, code=code, says="it said so")
    facts = seen_by.stopped(history=(attempt,), elapsed=9.0,
                            **(seen_by.OLD if daemon == "clvmd" else {}))
    verdict = step("start", facts)
    assert verdict.code == ExitCode.ERR_GENERIC and verdict.reason.reason is reason
    assert daemon in verdict.reason


@pytest.mark.parametrize("code, reason", ((3, reasons.NO_CLUSTER), (5, reasons.START_FAILED)))
def test_clvmd_that_finds_nothing_to_lock_with_ends_with_what_was_waited_for(code, reason):
    attempt = done("launch", "clvmd", code=code, says="it said so")
    facts = seen_by.stopped(history=(attempt,), elapsed=1.0, **seen_by.OLD)
    assert step("start", facts).why.reason is reason
    facts = seen_by.stopped(history=(attempt,) * 3, elapsed=9.0, **seen_by.OLD)
    assert step("start", facts).reason.reason is reason


def test_options_that_hide_the_daemon_are_refused():
    refused("start", seen_by.stopped(), ExitCode.ERR_CONFIGURED, "--pid-file",
            daemon_options="--pid-file=/tmp/x")
    assert isinstance(step("start", seen_by.stopped(), daemon_options="-S debug"), Do)


def test_cmirrord_is_up_before_clvmd():
    wanted = dict(with_cmirrord=True)
    facts = seen_by.stopped(**seen_by.OLD)
    assert step("start", facts, **wanted) == Do("launch_mirror_log")
    launched = (done("launch_mirror_log", at=1.0),)
    facts = seen_by.stopped(history=launched, elapsed=1.5, **seen_by.OLD)
    assert isinstance(step("start", facts, **wanted), Wait)
    facts = seen_by.stopped(history=launched, elapsed=1.5, mirror_logs=(seen_by.CMIRRORD,),
                            **seen_by.OLD)
    assert step("start", facts, **wanted) == Do("launch", ("clvmd",))
    assert step("start", seen_by.stopped(), **wanted) == Do("launch", ("lvmlockd",))


@pytest.mark.parametrize("attempt, code, words", (
    (seen.Attempt(code=None, says="cmirrord: not found", missing=True), ExitCode.ERR_INSTALLED,
     "install cmirror"),
    (seen.Attempt(code=1, says="exit code 1"), ExitCode.ERR_GENERIC,
     "failed to start (exit code 1)"),
    (seen.Attempt(code=0), ExitCode.ERR_GENERIC, "ended right after its start")))
def test_cmirrord_that_does_not_come_up_fails_the_start(attempt, code, words):
    tried = Done(deed="launch_mirror_log", args=(), outcome=attempt, at=1.0)
    facts = seen_by.stopped(history=(tried,), elapsed=9.0, **seen_by.OLD)
    refused("start", facts, code, "cmirrord", words, with_cmirrord=True)


# -- monitor


def test_cmirrord_is_watched_where_it_is_wanted():
    assert step("monitor", seen_by.old()) == WELL
    assert step("monitor", seen_by.old(mirror_logs=(seen_by.CMIRRORD,)), with_cmirrord=True) == WELL
    refused("monitor", seen_by.old(), ExitCode.ERR_GENERIC,
            "clvmd (pid 200) runs, but cmirrord has ended", with_cmirrord=True)
    assert step("monitor", seen_by.facts(), with_cmirrord=True) == WELL


def test_clvmd_that_is_left_behind_by_a_dead_cluster_is_seen():
    facts = seen_by.old(configured=False, elapsed=5.0)
    refused("monitor", facts, ExitCode.ERR_GENERIC, "dlm_controld has ended", "reboot the node")
    down = seen_by.GOOD.but(running=False, quorate=None, says="corosync-quorumtool: exit code 1")
    refused("monitor", seen_by.old(quorum=down), ExitCode.ERR_GENERIC,
            "the cluster engine does not (corosync-quorumtool: exit code 1)", "reboot the node",
            level=10)
    assert step("monitor", seen_by.old(quorum=down)) == OK, "but it has to be looked at again"
    assert step("monitor", seen_by.old(quorum=down, configured=True, lockspaces=()), level=0,
                cluster_engine="singlenode") == WELL


def test_a_healthy_daemon_is_running():
    assert step("monitor", seen_by.facts()) == WELL
    assert step("monitor", seen_by.facts(), level=10) == WELL


def test_no_daemon_and_no_lockspace_is_not_running():
    refused("monitor", seen_by.stopped(), ExitCode.NOT_RUNNING, "no lock daemon runs")
    refused("monitor", seen_by.stopped(), ExitCode.NOT_RUNNING, "no clvmd runs", daemon="clvmd")
    refused("monitor", seen_by.stopped(remembered=seen_by.LVMLOCKD), ExitCode.NOT_RUNNING,
            "lvmlockd (pid 100) has ended by itself or was killed")


def test_lockspaces_without_a_daemon_are_a_failure():
    refused("monitor", seen_by.stopped(lockspaces=("lvm_vg0",)), ExitCode.ERR_GENERIC,
            "lvmlockd has died, its lockspaces remain (lvm_vg0)")


@pytest.mark.parametrize("changes, words", (
    (dict(processes=(seen_by.LVMLOCKD.but(state="Z", threads=2),)), "has died"),
    (dict(processes=(seen_by.LVMLOCKD.but(state="D"),)), "state D"),
    (dict(processes=(seen_by.LVMLOCKD.but(state="T"),)), "kill -CONT 100"),
    (dict(processes=(seen_by.LVMLOCKD, seen_by.LVMLOCKD.but(pid=101))), "pid 101"),
    (dict(sockets=Sockets(says="Connection refused")), "Connection refused"),
    (dict(processes=(seen_by.CLVMD,), lockspaces=()), "without its dlm lockspace"),
))
def test_a_trouble_that_lasts_is_a_failure(changes, words):
    refused("monitor", seen_by.facts(elapsed=5.0, **changes), ExitCode.ERR_GENERIC, words)


def test_a_moment_in_the_kernel_is_no_trouble():
    facts = seen_by.facts(processes=(seen_by.LVMLOCKD.but(state="D"),))
    waiting = step("monitor", facts)
    assert isinstance(waiting, Wait) and waiting.why.reason is reasons.IN_KERNEL


@pytest.mark.parametrize("level", [0, 10])
def test_a_daemon_that_accepts_but_never_answers_is_a_failure(level):
    facts = seen_by.facts(answer="lvmlockctl --info: no answer in 8 s")
    refused("monitor", facts, ExitCode.ERR_GENERIC, "accepts connections, but does not answer",
            "LVM commands hang", level=level)


def test_clvmd_is_not_asked_without_quorum():
    facts = seen_by.facts(processes=(seen_by.CLVMD,), lockspaces=("clvmd",),
                          quorum=seen_by.BLOCKED, answer="hung")
    assert step("monitor", facts, level=10) == OK


# -- stop


def test_stop_names_the_active_lvs_of_cluster_groups_alone():
    facts = seen_by.facts(active=(seen.ActiveVolume(vg="vg0", lv="a", on_drbd=True),
                                  seen.ActiveVolume(vg="root", lv="swap")))
    refused("stop", facts, ExitCode.ERR_GENERIC, "VG vg0 has active LVs here (vg0/a)",
            "vgchange -aln vg0")
    refused("stop", seen_by.facts(
        processes=(seen_by.CLVMD,), lockspaces=("clvmd",),
        active=(seen.ActiveVolume(vg="vg1", lv="b", on_drbd=True),)), ExitCode.ERR_GENERIC, "vg1/b")


def test_lvs_of_the_host_itself_do_not_hinder_a_stop():
    facts = seen_by.facts(lockspaces=(), active=(seen.ActiveVolume(vg="root", lv="swap"),))
    assert step("stop", facts) == Do("signal", (100, 5000, 15))


def test_lvmlockd_leaves_its_lockspaces_then_ends():
    assert step("stop", seen_by.facts()) == Do("stop_lockspaces")
    told = (done("stop_lockspaces"),)
    waiting = step("stop", seen_by.facts(history=told, elapsed=1.0))
    assert isinstance(waiting, Wait)
    assert waiting.why.fact == "lvmlockd is still in its lockspaces (lvm_global, lvm_vg0)"
    facts = seen_by.facts(history=told, elapsed=1.0, lockspaces=())
    assert step("stop", facts) == Do("signal", (100, 5000, 15))


def test_a_daemon_that_ignores_sigterm_is_killed_and_one_that_survives_is_told():
    term = done("signal", 100, 5000, 15)
    facts = dict(lockspaces=())
    assert isinstance(step("stop", seen_by.facts(history=(term,), elapsed=5.0, **facts)), Wait)
    assert step("stop", seen_by.facts(history=(term,), elapsed=11.0, **facts)) \
        == Do("signal", (100, 5000, 9))
    kill = done("signal", 100, 5000, 9, at=11.0)
    refused("stop", seen_by.facts(history=(term, kill), elapsed=17.0, **facts),
            ExitCode.ERR_GENERIC, "SIGKILL", "reboot")


def test_lockspaces_of_a_dead_daemon_are_left_without_it_or_cleared_by_a_new_one():
    dead = dict(lockspaces=("lvm_global", "lvm_vg0"))
    assert step("stop", seen_by.stopped(**dead)) == Do("leave", ("lvm_global", "lvm_vg0"))
    tried = done("leave", "lvm_global", "lvm_vg0", code=1)
    assert step("stop", seen_by.stopped(history=(tried,), **dead)) == Do("launch", ("lvmlockd",))
    launched = (tried, done("launch", "lvmlockd", at=1.0))
    assert step("stop", seen_by.facts(history=launched, elapsed=1.0, **dead)) \
        == Do("stop_lockspaces")
    refused("stop", seen_by.stopped(history=launched, elapsed=9.0, **dead),
            ExitCode.ERR_GENERIC, "lvm_global", "reboot the node")


@pytest.mark.parametrize("changes, reason", (
    (dict(quorum=seen_by.BLOCKED, elapsed=30.0), reasons.LEFT_NO_QUORUM),
    (dict(dlm=seen.Dlm(ready=False)), reasons.LEFT_NO_DLM),
    (dict(history=(done("launch", code=1, says="it said so"),)), reasons.LEFT_FAILED),
    (dict(history=(done("launch", code=0),)), reasons.LEFT_AGAIN)))
def test_lockspaces_that_cannot_be_cleared_are_named_with_the_cause(changes, reason):
    verdict = step("stop", seen_by.stopped(lockspaces=("lvm_global",), **changes))
    assert verdict.code == ExitCode.ERR_GENERIC and verdict.reason.reason is reason
    assert "lvmlockd" in verdict.reason and "lvm_global" in verdict.reason


def test_a_new_daemon_waits_a_while_for_quorum():
    waiting = step("stop", seen_by.stopped(lockspaces=("lvm_global",), quorum=seen_by.BLOCKED))
    assert isinstance(waiting, Wait) and waiting.why.reason is reasons.LEFT_NO_QUORUM


def test_lockspaces_of_a_dead_daemon_with_an_active_lv_stay():
    refused("stop", seen_by.stopped(lockspaces=("lvm_vg0",),
                                    active=(seen.ActiveVolume(vg="vg0", lv="a", on_drbd=True),)),
            ExitCode.ERR_GENERIC, "vg0/a")


def test_cmirrord_ends_after_clvmd():
    wanted = dict(with_cmirrord=True)
    both = dict(mirror_logs=(seen_by.CMIRRORD,))
    assert step("stop", seen_by.old(**both), **wanted) == Do("signal", (200, 6000, 15))
    assert step("stop", seen_by.stopped(**both), **wanted) == Do("signal", (300, 5900, 2))
    assert step("stop", seen_by.stopped(**both)) == OK
    told = (done("signal", 300, 5900, 2),)
    assert isinstance(step("stop", seen_by.stopped(history=told, elapsed=2.0, **both), **wanted),
                      Wait)
    assert step("stop", seen_by.stopped(history=told, elapsed=11.0, **both), **wanted) \
        == Do("signal", (300, 5900, 9))
    used = (seen.ActiveVolume(vg="vg0", lv="mirror"),)
    refused("stop", seen_by.stopped(history=told, elapsed=11.0, active=used, **both),
            ExitCode.ERR_GENERIC, "cmirrord (pid 300)", "dmsetup table --target mirror", **wanted)
    killed = told + (done("signal", 300, 5900, 9, at=11.0),)
    refused("stop", seen_by.stopped(history=killed, elapsed=17.0, **both), ExitCode.ERR_GENERIC,
            "even after SIGKILL", **wanted)


def test_stop_forgets_the_process():
    assert step("stop", seen_by.stopped(remembered=seen_by.LVMLOCKD)) == Do("forget")


# -- validate-all


def test_validate_all_looks_at_the_host_at_level_10_only():
    bare = seen_by.stopped(installed=())
    assert step("validate-all", bare) == OK
    refused("validate-all", bare, ExitCode.ERR_INSTALLED, "lvm2-lockd", level=10)
    assert step("validate-all", seen_by.stopped(), level=10) == OK


@pytest.mark.parametrize("daemon, options, taken", [
    ("auto", "-d0", True), ("auto", "-S err", True), ("auto", None, True), ("auto", "-f", False),
    ("auto", "--pid-file=/x", False), ("auto", "-d2 -S err", False), ("auto", "-S loud", False),
    ("clvmd", "-S err", False), ("lvmlockd", "-d0", False), ("lvmlockd", "-S err", True)])
def test_validate_all_refuses_options_that_no_daemon_may_have(daemon, options, taken):
    """With daemon=auto level 0 does not know which it will be: one that may have them is enough."""
    facts, given = seen_by.stopped(), dict(daemon=daemon, daemon_options=options)
    if taken:
        assert step("validate-all", facts, **given) == OK
    else:
        refused("validate-all", facts, ExitCode.ERR_CONFIGURED, "daemon_options has", **given)


def test_validate_all_warns_of_a_cluster_conf_that_does_not_validate():
    facts = seen_by.old(installed=("clvmd",), configuration="tempfile:5: element x")
    warning = step("validate-all", facts, level=10)
    assert warning.deed == "warn" and "tempfile:5" in warning.args[0]
    told = seen_by.old(installed=("clvmd",), configuration="x", history=(done("warn"),))
    assert step("validate-all", told, level=10) == OK
    assert step("validate-all", facts, level=10, cluster_engine="corosync") == OK


# -- reload-agent


def test_reload_refreshes_clvmd_of_every_node():
    assert step("reload-agent", seen_by.old()) == Do("refresh")
    assert step("reload-agent", seen_by.old(history=(done("refresh"),))) == OK
    assert step("reload-agent", seen_by.facts()) == OK, "lvmlockd reads nothing anew"
    refused("reload-agent", seen_by.stopped(), ExitCode.ERR_GENERIC, "nothing to reload")
    assert isinstance(step("reload-agent", seen_by.old(quorum=seen_by.BLOCKED)), Wait)
    refused("reload-agent", seen_by.old(history=(done("refresh", code=1, says="cluster request "
                                                      "failed: Invalid argument"),)),
            ExitCode.ERR_GENERIC, "cluster request failed")


def test_reload_waits_for_a_peer_that_lacks_clvmd_but_not_for_ever():
    tried = Done(deed="refresh", args=(), at=1.0,
                 outcome=seen.Attempt(code=1, says="clvmd not running", peer="node2"))
    waiting = step("reload-agent", seen_by.old(history=(tried,), elapsed=2.0))
    assert isinstance(waiting, Wait) and waiting.why.fact == "clvmd does not run on node2"
    assert step("reload-agent", seen_by.old(history=(tried,), elapsed=4.0)) == Do("refresh")
    late = seen_by.old(history=(tried,), elapsed=16.0)
    assert "clvmd does not run on node2" in step("reload-agent", late).args[0]
    assert step("reload-agent", seen_by.old(history=(tried, done("warn")), elapsed=16.0)) == OK


def restarted(lost=False, elapsed=1.0, **changes):
    before = frozenset(("uuid",)) if lost else frozenset()
    tried = Done(deed="restart", args=(200,), at=0.5, outcome=seen.Attempt(exclusive=before))
    return seen_by.old(history=(tried,), elapsed=elapsed, **changes)


def test_restart_is_done_when_another_process_holds_all_locks():
    asked = dict(on_reload="restart")
    new = seen_by.CLVMD.but(pid=201)
    assert step("reload-agent", seen_by.old(), **asked) == Do("restart", (200,))
    assert step("reload-agent", restarted(), **asked).why.fact \
        == "clvmd (pid 200) has not been replaced by a new one"
    assert step("reload-agent", restarted(processes=(new,)), **asked) == Do("remember", (new,))
    joining = restarted(processes=(new,), recovering=("clvmd",))
    assert step("reload-agent", joining, **asked).why.fact \
        == "the new clvmd (pid 201) has not joined its lockspace"
    refused("reload-agent", restarted(lost=True, processes=(new,)), ExitCode.ERR_GENERIC,
            "has lost exclusive locks (uuid)", **asked)
    kept = restarted(lost=True, processes=(new,), exclusive=frozenset(("uuid",)))
    assert step("reload-agent", kept, **asked).deed == "remember"


def test_restart_that_is_refused_fails_the_reload():
    tried = Done(deed="restart", args=(200,), at=0.5,
                 outcome=seen.Attempt(code=1, says="connect() failed on local socket"))
    refused("reload-agent", seen_by.old(history=(tried,)), ExitCode.ERR_GENERIC,
            "connect() failed", on_reload="restart")


def test_restart_tells_that_the_timeout_is_lost():
    new = seen_by.CLVMD.but(pid=201)
    facts = restarted(processes=(new,))
    facts = seen_by.old(history=facts.history + (done("remember"),), elapsed=2.0, processes=(new,))
    assert step("reload-agent", facts, on_reload="restart") == OK
    assert "daemon_timeout" in step("reload-agent", facts, on_reload="restart",
                                    daemon_timeout=30).args[0]


def test_an_lvm_that_would_lose_locks_is_only_refreshed():
    older = seen_by.old(version=LvmVersion(number=(2, 2, 84)))
    assert step("reload-agent", older, on_reload="restart") == Do("refresh")
    done_it = seen_by.old(version=older.version, history=(done("refresh"),))
    assert "2.02.89" in step("reload-agent", done_it, on_reload="restart").args[0]
