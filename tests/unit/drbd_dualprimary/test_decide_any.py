# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds for every decision of drbd-dualprimary, whatever was observed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.action.steps import Do, Done, Finish, Unseen, Wait
from dualstor.agents.drbd_dualprimary import deeds, published, reasons, seen
from dualstor.ocf.codes import MONITOR_ONLY, ExitCode
from facts import Facts

from . import observations as o
from .observations import decide

ACTIONS = ("start", "stop", "monitor", "promote", "demote", "notify", "validate-all", "reload-agent")
DEEDS = ("load_module", "up", "adjust", "attach", "primary", "secondary", "down", "down_directly", "publish",
         "republish", "warn", "warn_of_handler", "warn_of_hold", "note", "remember", "advise")
ADVISED = Done("advise", (), None, 0.0)
GENERATIONS = st.sampled_from((None, 8, 9))
COMMANDS = st.sampled_from((None, "", "/usr/lib/drbd/x", o.STOCK))

REQUESTS = st.builds(
    o.request, st.sampled_from(ACTIONS), probe=st.booleans(), level=st.sampled_from((0, 10)),
    degraded_known=st.booleans(), in_cluster=st.booleans(), clone_max=st.sampled_from((None, 2, 3)),
    promoted_max=st.sampled_from((None, 1, 2)), notifies=st.sampled_from((None, False, True)))
PARAMETERS = st.builds(o.parameters, require_fencing=st.sampled_from(("true", "false")),
                       split_brain=st.sampled_from(("failed", "degraded")))
HISTORIES = st.lists(st.builds(Done, st.sampled_from(DEEDS), st.just(()), o.OUTCOMES,
                               st.floats(0, 60)), max_size=4)
SUSPENSIONS = st.sampled_from((None, (), ("fencing",), ("user",), ("fencing", "no-data"),
                               ("quorum",), ("another",)))
FACTS = st.builds(
    o.facts, history=HISTORIES, elapsed=st.floats(0, 120), state=o.states(), module=st.booleans(),
    configured=st.builds(seen.Configured, there=st.sampled_from((None, False, True)),
                         says=st.just("drbdadm: no")),
    configuration=o.CONFS, handler=st.builds(seen.Handler, st.just("/x"), st.booleans()),
    confined=st.booleans(),
    fencing_enabled=st.sampled_from((None, False, True)), patience=st.floats(0, 60),
    published=st.sampled_from((None, published.UNSURE, 1000, 10000)),
    peer=st.builds(seen.PeerNode, st.just("node2"), st.sampled_from((None, False, True))),
    lost_peer=st.builds(seen.PeerNode, st.just("node2"), st.sampled_from((None, False, True)),
                        st.sampled_from((None, False, True))),
    suspension=SUSPENSIONS,
    refusal=st.sampled_from((None, reasons.NO_HANDLER(drbd="r0"))),
    holders=st.sampled_from(((), ("qemu[4711]",))),
    hold=st.sampled_from((None, None, None, o.HOLD, o.HOLD.but(dead=True))),
    stacked=st.sampled_from(((), ("LV vg0/lv0",))), generation=GENERATIONS, fence_peer=COMMANDS)


@given(REQUESTS, PARAMETERS, FACTS)
def test_a_step_is_well_formed(request, parameters, facts):
    step = decide(request, parameters, facts)
    if isinstance(step, Do):
        assert callable(getattr(deeds, step.deed))
    elif isinstance(step, Wait):
        assert "r0" in step.why and step.why.reason.step
    else:
        assert isinstance(step, Finish)
        if step.code != ExitCode.SUCCESS:
            assert "DRBD r0" in step.reason
        if request.action != "monitor":
            assert step.code not in MONITOR_ONLY


@given(PARAMETERS, FACTS, st.booleans())
def test_never_primary_without_good_data_and_a_peer_that_is_here_or_down(parameters, facts, managed):
    step = decide(o.request("promote", in_cluster=managed), parameters, facts)
    if isinstance(step, Do) and step.deed == "primary":
        state = facts.state
        assert all(v.dstate == "UpToDate" for v in state.volumes)
        assert not state.standalone
        assert state.connected or facts.peer.down is True
        assert state.peers, "nothing would ever connect it"
        if state.connected:
            assert "DUnknown" not in state.peers[0].dstates
        conf = facts.configuration
        assert conf.allow_two_primaries and conf.protocol in ("C", None) and len(conf.hosts) == 2
        assert conf.after_sb[2] in (None, "disconnect")
        if parameters.require_fencing:
            assert conf.fencing == "resource-and-stonith" and conf.fence_peer
            assert facts.handler.usable and facts.fencing_enabled is True
            assert conf.fence_peer != o.STOCK or facts.generation != 9
        else:
            assert facts.done("warn"), "the waiver is logged before it is used"


@given(REQUESTS, PARAMETERS, FACTS)
def test_each_action_has_its_own_deeds(request, parameters, facts):
    step = decide(request, parameters, facts)
    allowed = {"start": {"load_module", "up", "adjust", "attach", "secondary", "warn",
                         "warn_of_handler", "note", "remember", "publish", "republish", "advise"},
               "promote": {"primary", "warn", "publish", "republish"}, "demote": {"secondary"},
               "stop": {"secondary", "down", "down_directly", "publish"},
               "monitor": {"publish", "republish", "resume_io", "advise", "warn_of_hold"},
               "notify": {"publish", "republish", "resume_io"},
               "validate-all": {"warn"}, "reload-agent": set()}
    if isinstance(step, Do):
        assert step.deed in allowed[request.action]


@given(REQUESTS, PARAMETERS, FACTS)
def test_io_goes_on_only_without_a_peer_that_could_write(request, parameters, facts):
    step = decide(request, parameters, facts)
    if isinstance(step, Do) and step.deed == "resume_io":
        assert facts.lost_peer.down is True and facts.suspension == ("fencing",)
        assert facts.lost_peer.fenced is not False or all(
            dstate == "Outdated" for peer in facts.state.peers for dstate in peer.dstates)
        assert facts.state.up_to_date and not facts.state.connected
        assert not request.probe


@given(PARAMETERS, FACTS)
def test_no_connection_that_was_given_up_is_made_again(parameters, facts):
    step = decide(o.request("start"), parameters, facts)
    if isinstance(step, Do) and step.deed == "adjust" and facts.state.standalone:
        assert not facts.last("up").ok, "only what our own `up` did not get to"


@given(PARAMETERS, o.states(), st.booleans(), st.booleans(), GENERATIONS, COMMANDS, SUSPENSIONS)
def test_a_monitor_tells_the_role_and_no_more(parameters, state, probe, degraded, generation, command,
                                              suspension):
    asked = o.request("monitor", probe=probe, degraded_known=degraded, in_cluster=False)
    facts = Facts(state=state, generation=generation, fence_peer=command, history=[ADVISED],
                  suspension=suspension, hold=None)
    code = decide(asked, parameters, facts).code
    if state is None:
        assert code == ExitCode.NOT_RUNNING
    elif state.primary:
        assert code in (8, 9, 191)
    else:
        assert code in (0, 1, 190)
    assert degraded or code not in (190, 191)


@given(o.states())
def test_a_score_asks_for_good_data(state):
    score = seen.score(state)
    assert score in (None, 10, 1000, 10000)
    if score and not state.primary:
        assert state.up_to_date and not state.standalone
    if score:
        assert state.up_to_date or seen.served(state)


@given(o.states())
def test_a_primary_with_good_data_within_reach_keeps_a_score(state):
    """A cluster demotes an instance without one, and all that runs on it stops."""
    if state and state.primary and (state.up_to_date or seen.served(state)):
        assert seen.score(state)


@pytest.mark.parametrize("action", ["stop", "monitor"])
def test_nothing_in_the_kernel_is_all_that_is_looked_at(action):
    """A broken configuration, a missing tool: nobody asks."""
    facts = Facts(state=None, published=None)
    code = decide(o.request(action), o.parameters(), facts).code
    assert code == {"stop": ExitCode.SUCCESS, "monitor": ExitCode.NOT_RUNNING}[action]
    with pytest.raises(Unseen) as caught:
        decide(o.request(action), o.parameters(), Facts())
    assert caught.value.facet == "state"
