# SPDX-License-Identifier: GPL-2.0-or-later
"""clvmd's decisions on any observation: what must hold whatever is seen."""

import pytest
from hypothesis import HealthCheck, given, settings

from dualstor.action.steps import Do, Finish, Unseen, Wait
from dualstor.agents import catalogue
from dualstor.agents.clvmd import seen
from dualstor.ocf.codes import MONITOR_ONLY, ExitCode
from facts import Facts

from . import observations as seen_by
from .observations import decide
from .test_reasons import WAITED

many = settings(max_examples=400, deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

OF_ACTION = {"start": {"launch", "launch_mirror_log", "remember"}, "monitor": set(),
             "validate-all": {"warn"}, "reload-agent": {"refresh", "restart", "remember", "warn"},
             "stop": {"launch", "stop_lockspaces", "signal", "forget"}}
REASONS = catalogue.reasons("clvmd")
KERNEL = ("processes", "lockspaces", "recovering", "remembered", "active", "sockets", "remaining",
          "configured", "mirror_logs")


@many
@given(seen_by.situations())
def test_every_decision_fits_its_action_and_every_reason_is_in_the_catalogue(situation):
    asked, values, facts = situation
    step = decide(asked, values, facts)
    assert isinstance(step, (Do, Wait, Finish))
    if isinstance(step, Do):
        assert step.deed in OF_ACTION[asked.action]
        assert step.deed != "warn" or step.args[0].reason.logged
    if isinstance(step, Wait):
        assert step.why.reason in WAITED and step.why.reason.step and step.seconds > 0
    if isinstance(step, Finish):
        if step.code != ExitCode.SUCCESS:
            assert step.reason.reason in REASONS and not step.reason.reason.logged
        assert asked.action == "monitor" or step.code not in MONITOR_ONLY


@many
@given(seen_by.situations())
def test_no_daemon_is_started_without_quorum_or_dlm(situation):
    asked, values, facts = situation
    step = decide(asked, values, facts)
    if isinstance(step, Do) and step.deed == "launch" and values.cluster_engine != "singlenode":
        assert facts.quorum.quorate is True
        assert facts.dlm.ready
    if isinstance(step, Do) and step.deed == "launch":
        assert not [p for p in facts.processes if values.daemon in ("auto", p.program)]


@many
@given(seen_by.situations("stop"))
def test_stop_ends_well_only_when_nothing_is_left_and_never_under_an_active_lv(situation):
    asked, values, facts = situation
    step = decide(asked, values, facts)
    ours = seen.PROGRAMS if values.daemon == "auto" else (values.daemon,)
    left = seen.needing(facts.lockspaces, ours)
    running = [p for p in facts.processes if p.program in ours]
    if isinstance(step, Finish) and step.code == ExitCode.SUCCESS:
        assert not left and not running and not (values.with_cmirrord and facts.mirror_logs)
    if isinstance(step, Do) and step.deed in ("signal", "stop_lockspaces"):
        assert not [v for v in facts.active if "lvm_" + v.vg in left]


@many
@given(seen_by.situations("stop"))
def test_signals_go_to_the_daemon_alone(situation):
    asked, values, facts = situation
    step = decide(asked, values, facts)
    if isinstance(step, Do) and step.deed == "signal":
        assert (step.args[0], step.args[1]) in [
            (p.pid, p.start_time) for p in facts.processes + facts.mirror_logs]
        if step.args[2] == 9:
            assert [d for d in facts.done("signal") if d.args[0] == step.args[0]]


@many
@given(seen_by.situations())
def test_a_probe_and_a_stop_with_nothing_there_ask_the_kernel_alone(situation):
    asked, values, facts = situation
    kernel = Facts(history=facts.history, elapsed=facts.elapsed,
                   **{name: getattr(facts, name) for name in KERNEL})
    nothing = not facts.processes and not facts.lockspaces and not facts.mirror_logs
    if asked.action == "monitor" and asked.probe or asked.action == "stop" and nothing:
        assert decide(asked, values, kernel) == decide(asked, values, facts)


@many
@given(seen_by.situations("reload-agent"))
def test_clvmd_is_only_replaced_where_it_keeps_its_locks(situation):
    asked, values, facts = situation
    step = decide(asked, values, facts)
    if isinstance(step, Do) and step.deed == "restart":
        assert facts.version.number >= (2, 2, 89) and values.on_reload == "restart"
    if isinstance(step, Do) and step.deed in ("restart", "refresh") \
            and values.cluster_engine != "singlenode":
        assert facts.quorum.quorate is True


def test_stop_with_nothing_in_the_kernel_observes_nothing_else():
    facts = Facts(processes=(), lockspaces=("gfs",), remembered=None)
    step = decide(seen_by.request("stop"), seen_by.parameters(), facts)
    assert step == Finish(ExitCode.SUCCESS)


def test_start_looks_at_the_kernel_before_anything_else():
    with pytest.raises(Unseen) as caught:
        decide(seen_by.request("start"), seen_by.parameters(), Facts())
    assert caught.value.facet == "processes"
