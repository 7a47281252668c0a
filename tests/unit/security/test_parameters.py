# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile parameters: whatever stands in them, it never reaches a command line.

The agents run over the simulated cluster, which records each command; the
hostile texts hold a mark that no argument may have.
"""

import subprocess
from functools import partial

import pytest

from dualstor.agents.catalogue import load
from dualstor.agents.clustered_vg.interface import INTERFACE as GROUP_INTERFACE
from dualstor.agents.clvmd.interface import INTERFACE as DAEMON_INTERFACE
from dualstor.agents.drbd_dualprimary.interface import INTERFACE as DRBD_INTERFACE
from dualstor.main import conclude, perform
from model import actions, events, invariants
from model.actions import DAEMON, DRBD, GROUP
from simulator import faults, world
from simulator.host import Simulation

MARK = "pwn"
INTERFACES = {DRBD: DRBD_INTERFACE, DAEMON: DAEMON_INTERFACE, GROUP: GROUP_INTERFACE}

#: Options, other places, line ends, invisible, foreign and far too long.
HOSTILE = (
    "-pwn", "--pwn", "--config=pwn", "-o pwn", "--", "-",
    "pwn/lv", "/pwn", "../pwn", "a/../pwn", "./pwn", "@pwn", "vg0 pwn", " pwn", "pwn ", "pwn\tx",
    "pwn\nx", "vg0\n--pwn", "vg0\rpwn", "pwn\x00", "vg0\x00pwn", "pwn\x1b[2J", "pwn\x7f",
    "pwn;id", "$(pwn)", "`pwn`", "pwn|x", "pwn&", "pwn>x", "pwn*", "'pwn'", '"pwn"', "pwn\\",
    "pwn\u00e9", "pwn\u202e", "pwn\uff0d", "\u2010pwn", "pwn\U0001f4a9", "pwn\udcff",
    "pwn" * 100, "pwn" * 50000)

#: What means nothing to the program that gets it.
HARMLESS = {("drbdconf", "/pwn"), ("drbd_resource", "@pwn")}

#: Each parameter that is text, with what is hostile to it.
STRINGS = [(agent, parameter.name, text) for agent, interface in sorted(INTERFACES.items())
           for parameter in interface.parameters if parameter.type in ("string", "select")
           for text in HOSTILE
           if (parameter.name, text) not in HARMLESS]
ACTIONS = ("start", "stop", "monitor", "probe", "validate-all", "promote", "demote")


def arguments(simulation):
    """All words of all commands that were run."""
    return [word for call in simulation.calls() for word in call[1:]]


@pytest.mark.parametrize("agent", sorted(INTERFACES))
def test_every_parameter_that_is_text_has_a_rule(agent):
    """daemon_options is judged by the daemon it is for (clvmd.start.unadmitted)."""
    free = {p.name for p in INTERFACES[agent].parameters
            if p.type == "string" and p.pattern is None}
    assert free <= {"daemon_options"}


@pytest.mark.parametrize("state", ["active", "cluster-up"])
@pytest.mark.parametrize("agent, name, text", STRINGS,
                         ids=[f"{a}-{n}-{HOSTILE.index(t)}" for a, n, t in STRINGS])
def test_no_hostile_text_reaches_a_command(agent, name, text, state):
    simulation = Simulation(world.reach(state), stretch=1.5)
    for action in ACTIONS:
        if action not in actions.ACTIONS[agent]:
            continue
        result = actions.act(simulation, agent, action, "node1", level=10, **{name: text})
        invariants.codes(result)
        invariants.harmless(simulation.cluster, result)
        if action in ("start", "validate-all") and text.strip():
            assert result.code in (6, 0), result
        for reason in result.reasons:
            assert reason.isprintable() and len(reason) <= 500
    assert not [w for w in arguments(simulation) if MARK in w]
    assert not [name for node in simulation.cluster.nodes.values() for name in node.files
                if MARK in name]


@pytest.mark.parametrize("agent, name", [(DRBD, "drbd_resource"), (GROUP, "vgname")])
@pytest.mark.parametrize("text", HOSTILE)
def test_what_cannot_have_been_started_is_stopped(agent, name, text):
    """A stop that fails is answered with fencing."""
    simulation = Simulation(world.reach("active"))
    assert actions.act(simulation, agent, "stop", "node1", **{name: text}).code == 0
    assert actions.act(simulation, agent, "probe", "node1", **{name: text}).code == 7
    assert simulation.calls() == []


def test_all_is_not_the_name_of_a_resource():
    """drbdadm takes it for every resource of the host."""
    simulation = Simulation(world.reach("both-primary"))
    result = actions.act(simulation, DRBD, "demote", "node1", drbd_resource="all")
    assert result.code == 6 and simulation.calls() == []


@pytest.mark.parametrize("daemon, text", [
    ("lvmlockd", "-p/tmp/x"), ("lvmlockd", "-p /tmp/x"), ("lvmlockd", "--pid=/tmp/x"),
    ("lvmlockd", "-Df"), ("lvmlockd", "--foreg"), ("lvmlockd", "-S"), ("lvmlockd", "-S /tmp/x"),
    ("lvmlockd", "-A 0"), ("lvmlockd", "--adopt=0"), ("lvmlockd", "--syslog-priority=/x"),
    ("lvmlockd", "-S=debug"), ("lvmlockd", "lvmlockd"), ("lvmlockd", "--"),
    ("clvmd", "-d1"), ("clvmd", "-fd2"), ("clvmd", "-Isinglenode"), ("clvmd", "-T99"),
    ("clvmd", "-S"), ("clvmd", "-E/tmp/x"), ("clvmd", "-d2=x"), ("clvmd", "-d2 x")])
def test_options_that_take_the_daemon_out_of_sight(daemon, text):
    simulation = Simulation(world.reach("both-primary", daemon))
    result = actions.act(simulation, DAEMON, "start", "node1", daemon_options=text)
    assert result.code == 6 and "daemon_options" in result.reasons[0]
    assert not [call for call in simulation.calls() if call[0] == daemon and "-V" not in call]


@pytest.mark.parametrize("daemon, text", [
    ("lvmlockd", "-S debug"), ("lvmlockd", "--syslog-priority=err"),
    ("lvmlockd", "--syslog-priority warning"), ("clvmd", "-d2"), ("clvmd", "-d0")])
def test_options_for_what_is_logged_are_passed_on(daemon, text):
    simulation = Simulation(world.reach("both-primary", daemon))
    result = actions.act(simulation, DAEMON, "start", "node1", daemon_options=text)
    assert result.code == 0, result
    assert [c for c in simulation.calls() if c[0] == daemon and c[-1] == text.split()[-1]]


def test_a_stop_that_starts_the_daemon_anew_leaves_forbidden_options_out():
    simulation = Simulation(world.reach("group"))
    events.kill_daemon(simulation, simulation.cluster.nodes["node1"])
    simulation.cluster.faults.append(faults.fault("dlm_tool", faults.EXIT, match="leave"))
    actions.act(simulation, DAEMON, "stop", "node1", daemon_options="-p/tmp/pwn")
    launched = [c for c in simulation.calls() if c[0] == "lvmlockd"]
    assert launched and not [w for w in arguments(simulation) if MARK in w]


@pytest.mark.parametrize("variable", ["OCF_RESOURCE_INSTANCE", "OCF_RESKEY_CRM_meta_on_node",
                                      "OCF_CHECK_LEVEL", "OCF_RESKEY_CRM_meta_timeout",
                                      "OCF_RESKEY_crm_feature_set", "HA_LOGFACILITY"])
@pytest.mark.parametrize("agent", sorted(INTERFACES))
def test_no_variable_of_the_caller_reaches_a_command(agent, variable, capsys):
    for text in HOSTILE:
        simulation = Simulation(world.reach("both-secondary"), stretch=1.5)
        for action in ("start", "monitor", "promote", "stop"):
            if action not in actions.ACTIONS[agent]:
                continue
            environ = dict(actions.environ(agent, action, "node1"), **{variable: text})
            conclude(agent, action, partial(
                perform, load(agent), action, environ,
                lambda _, simulation=simulation: simulation.host("node1", 60)))
        assert not [w for w in arguments(simulation) if MARK in w]
        for line in capsys.readouterr().err.splitlines():
            assert line.isprintable()


# -- the same with processes ------------------------------------------------------------


@pytest.mark.parametrize("agent, name, text", [
    (GROUP, "vgname", "--config=pwn"), (GROUP, "vgname", "vg0\n--pwn"),
    (DRBD, "drbd_resource", "all"), (DRBD, "drbdconf", "-pwn"), (DAEMON, "daemon", "pwn"),
    (GROUP, "vgname", "pwn\udcff")])
def test_no_hostile_text_reaches_a_process(simulated, agent, name, text):
    for action in ("start", "validate-all"):
        environ = actions.environ(agent, action, "node1", **{name: text})
        done = subprocess.run(simulated.agent_command("node1", agent, action), env=environ,
                              stdin=subprocess.DEVNULL, capture_output=True, cwd="/", check=False)
        assert done.returncode == 6, done
        reasons = [line for line in done.stderr.decode().splitlines()
                   if line.startswith("ocf-exit-reason:")]
        assert len(reasons) == 1 and reasons[0].isprintable()
    with simulated.state() as cluster:
        seen = [word for call in cluster.calls for word in call[2:]]
    assert not [w for w in seen if MARK in w or w == "all"]
