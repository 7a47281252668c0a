# SPDX-License-Identifier: GPL-2.0-or-later
"""clustered-vg's decisions on any observation: what must hold whatever is seen."""

from unittest import mock

from hypothesis import HealthCheck, given, settings

from dualstor.action.engine import pursue
from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents.clustered_vg import deeds, locking, seen
from dualstor.agents.clustered_vg import plan as planning
from dualstor.agents.clustered_vg.agent import ClusteredVg
from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG, LEAVING_TAG
from dualstor.errors import DeadlineReached
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.ocf.codes import MONITOR_ONLY, ExitCode
from facts import Facts

from . import observations as seen_by
from .observations import decide

many = settings(max_examples=300, deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

LOCKING = {"start_locking", "stop_locking", "activate", "pick_up", "pick_up_when_shared",
           "reactivate", "make_shared", "deactivate_group", "deactivate", "release", "refresh"}
ACTIVATING = {"activate", "pick_up", "pick_up_when_shared", "reactivate", "make_shared"}
CHANGING = {"pick_up_when_shared", "make_shared", "deactivate", "refresh"}
OF_ACTION = {"start": {"start_locking", "activate", "remember", "start_watcher", "stop_watcher"},
             "stop": {"deactivate_group", "deactivate", "remove_devices", "stop_locking",
                      "release", "forget", "stop_watcher"},
             "monitor": {"make_shared", "pick_up", "reactivate", "remember", "warn",
                         "start_watcher", "stop_watcher"},
             "validate-all": set(), "reload-agent": {"start_watcher", "stop_watcher"},
             "propagate": {"deactivate", "make_shared", "pick_up_when_shared", "refresh", "remember",
                           "publish"}}


def step_of(situation):
    """(the step, the facets that were read for it)."""
    asked, values, facts = situation
    read = []
    return decide(asked, values, facts, read), read


@many
@given(seen_by.situations())
def test_every_decision_is_a_step_that_fits_its_action(situation):
    asked, _, _ = situation
    step, _ = step_of(situation)
    assert isinstance(step, (Do, Wait, Finish))
    if isinstance(step, Do):
        assert step.deed in OF_ACTION[asked.action]


@many
@given(seen_by.situations(("quorum", "daemons", "lockspaces", "held_back"), 1))
def test_no_lock_is_asked_for_unless_quorate_and_the_daemon_lives(situation):
    asked, values, facts = situation
    step, read = step_of(situation)
    known = dict(facts.__dict__, history=())
    granted = locking.obstacle(seen.Case(asked, values, **known)) is None
    if isinstance(step, Do) and step.deed in LOCKING:
        assert granted and facts.quorum.quorate is True and facts.daemons.accepting
        assert facts.lockspaces.recovered and not facts.held_back
    if not granted:
        assert not {"group", "volumes"} & set(read)


@many
@given(seen_by.situations())
def test_only_monitor_describes_a_state_and_every_refusal_names_the_group(situation):
    asked, _, _ = situation
    step, _ = step_of(situation)
    if isinstance(step, Finish) and step.code != ExitCode.SUCCESS:
        assert step.code not in MONITOR_ONLY or asked.action == "monitor"
        assert step.reason.startswith(("VG vg0", "LV vg0/")) and not step.reason.reason.logged
        assert len(step.reason) < 500
        assert step.code != ExitCode.DEGRADED or asked.degraded_known
    if isinstance(step, Wait):
        assert step.why.startswith("VG vg0") and step.why.reason.step


@many
@given(seen_by.situations(("volumes", "active"), 1))
def test_a_start_that_succeeds_has_every_expected_lv_active(situation):
    asked, values, facts = situation
    step, _ = step_of((asked.but(action="start", probe=False), values, facts))
    if isinstance(step, Do) and step.deed == "remember":
        usable = planning.usable_ids(facts.active)
        plan = planning.plan(facts.volumes.volumes, values.activation_mode == "exclusive")
        assert facts.volumes.outcome.ok
        for volume in plan.wanted:
            elsewhere = "elsewhere" in facts.last("activate").kinds
            assert volume.id in usable or (elsewhere and values.activation_mode == "shared")
            assert (volume.id in usable) == ((f"lv {volume.id} ") in step.args[0])
        if plan.wanted:
            assert not facts.last("activate").hung
    assert step != Finish(ExitCode.SUCCESS) or facts.done("remember")


@many
@given(seen_by.situations(("volumes", "active"), 1))
def test_an_lv_with_the_tag_is_never_activated_nor_shared(situation):
    _, _, facts = situation
    step, _ = step_of(situation)
    if isinstance(step, Do) and step.deed in ACTIVATING:
        tagged = {v.name for v in facts.volumes.volumes if {EXCLUSIVE_TAG, LEAVING_TAG} & {*v.tags}}
        assert not tagged & set(step.args[1:])


@many
@given(seen_by.situations(("volumes", "active"), 1))
def test_only_plain_lvs_are_shared_and_only_on_this_node(situation):
    _, values, facts = situation
    step, _ = step_of(situation)
    if isinstance(step, Do) and step.deed in ACTIVATING:
        assert step.args[0] in ("-asy", "-aly", "-aey") and len(step.args) > 1
        assert (step.args[0] == "-aey") == (values.activation_mode == "exclusive")
        types = {v.name: v.type for v in facts.volumes.volumes}
        if step.args[0] != "-aey":
            assert {types[name] for name in step.args[1:]} == {"-"}


@many
@given(seen_by.facets(), seen_by.any_parameters, seen_by.histories("stop"))
def test_stop_with_nothing_active_asks_nothing_but_the_kernel(facets, values, history):
    facets.update(active=(), lockspaces=facets["lockspaces"].but(group=False))
    facts, read = Facts(history=history, **facets), []
    step = decide(seen_by.request("stop"), values, facts, read)
    assert step == Finish(ExitCode.SUCCESS) or step.deed in ("forget", "stop_watcher")
    assert set(read) <= {"watcher", "active", "lockspaces", "remembered"}


@many
@given(seen_by.situations(("volumes", "active", "held", "standing"), 1))
def test_a_round_changes_nothing_that_is_to_be_left_alone_or_is_in_use(situation):
    asked, values, facts = situation
    step, read = step_of((asked.but(action="propagate"), values, facts))
    if isinstance(step, Do) and step.deed in CHANGING:
        assert not facts.standing and "standing" in read
    if isinstance(step, Do) and step.deed == "deactivate":
        leaving = {v.name for v in facts.volumes.volumes if LEAVING_TAG in v.tags}
        assert set(step.args) <= leaving - {lv for lv, words in facts.held if words}
    assert not isinstance(step, Finish) or step.code == ExitCode.SUCCESS


@many
@given(seen_by.situations(("watcher",), 2))
def test_there_is_a_watcher_where_it_is_wanted_and_only_there(situation):
    asked, values, facts = situation
    step, _ = step_of(situation)
    if isinstance(step, Do) and step.deed == "start_watcher":
        assert values.watched and asked.action != "stop"
    if isinstance(step, Do) and step.deed == "stop_watcher":
        assert facts.watcher and (asked.action == "stop" or not values.watched)


@many
@given(seen_by.situations())
def test_stop_never_succeeds_while_an_lv_is_active(situation):
    asked, values, facts = situation
    step, _ = step_of((asked.but(action="stop", probe=False), values, facts))
    if isinstance(step, Finish):
        assert (step.code == ExitCode.SUCCESS) == (not facts.active)


@many
@given(seen_by.situations())
def test_a_probe_looks_at_the_kernel_only_and_does_nothing(situation):
    asked, values, facts = situation
    step, read = step_of((asked.but(action="monitor", probe=True), values, facts))
    assert isinstance(step, Finish) and step.code in (ExitCode.SUCCESS, ExitCode.NOT_RUNNING)
    assert set(read) <= {"present", "lockspaces", "remembered"}
    if not facts.active and not facts.lockspaces.group and not facts.lockspaces.clvmd:
        assert step.code == ExitCode.NOT_RUNNING


@many
@given(seen_by.situations())
def test_monitor_is_not_running_only_when_nothing_is_active(situation):
    asked, values, facts = situation
    step, _ = step_of((asked.but(action="monitor", probe=False), values, facts))
    if isinstance(step, Finish) and step.code == ExitCode.NOT_RUNNING:
        assert not facts.active


@many
@given(seen_by.situations(), seen_by.outcomes, seen_by.outcomes)
def test_a_pick_up_that_fails_never_fails_a_healthy_group(situation, sharing, picking):
    asked, values, facts = situation
    names = tuple(v.name for v in facts.volumes.volumes)
    healthy = seen_by.started(
        volumes=facts.volumes.but(volumes=tuple(
            v for v in facts.volumes.volumes if v.name not in "ab")
            + (seen_by.lv("a"), seen_by.lv("b"))),
        modes=facts.modes, quorum=facts.quorum, daemons=facts.daemons)
    healthy = seen_by.with_history(healthy, ("make_shared", ("-asy",) + names, sharing),
                                   ("pick_up", ("-asy",) + names, picking))
    step = decide(asked.but(action="monitor", probe=False, level=0), values, healthy)
    assert isinstance(step, Do) or step.code in (ExitCode.SUCCESS, ExitCode.DEGRADED)


@many
@given(seen_by.situations())
def test_whatever_happens_an_action_comes_to_an_end(situation):
    """Run against a host on which no deed has any effect."""
    asked, values, facts = situation

    class Clock:
        now = 0.0

    calls = []

    def stub(name):
        def deed(agent, *args):
            Clock.now += 0.1
            calls.append((name, args))
            assert len(calls) < 200, "it goes on for ever: %r" % calls[-3:]
            if name == "remove_devices":
                return seen.Removal(left=("x",))
            outcomes = [d.outcome for d in facts.history if d.deed == name]
            return outcomes[0] if outcomes else seen_by.OK
        deed.__name__ = name
        return deed

    class Numb(ClusteredVg):
        def observe(self, facet):
            self.case = self.case.but(**{facet: getattr(facts, facet)})

    host = Host(Deadline(60, lambda: Clock.now))

    def sleep(seconds):
        Clock.now += min(seconds, host.deadline.remaining)
    host.sleep = sleep
    stubs = {name: stub(name) for name in set().union(*OF_ACTION.values())}
    with mock.patch.multiple(deeds, **stubs):
        _ends(Numb(host, asked, values))


def _ends(agent):
    try:
        assert isinstance(pursue(agent), Finish)
    except DeadlineReached as ended:
        assert ended.said.startswith("VG vg0") and ", waited 5" in ended.said.fact
