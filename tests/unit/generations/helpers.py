# SPDX-License-Identifier: GPL-2.0-or-later
"""Running agents in a simulated cluster of the older generation, as its managers call them."""

import contextlib
import io
import os

from dualstor.action import reasons
from dualstor.agents.catalogue import load
from dualstor.errors import DualstorError
from dualstor.host.deadline import Deadline
from dualstor.main import conclude, perform
from dualstor.ocf.reason import LIMIT
from simulator import world
from simulator.host import SimHost, Simulation
from simulator.state import CLVMD

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "environments")
MANAGERS = ("heartbeat-3.0", "pacemaker-1.1.6-cman", "pacemaker-1.1.18-cman")
ENGINES = ("cman", "corosync")

_PREFIX = "ocf-exit-reason:"


def environ(manager, call):
    """The variables that *manager* sets for a call, e.g. "vg-start"."""
    with open(os.path.join(DATA, "%s-%s.env" % (manager, call)), encoding="utf-8") as stream:
        return dict(line.rstrip("\n").split("=", 1) for line in stream)


def cluster(state, lvm=None, engine="cman"):
    """A Simulation of the older generation in a state of ``world.STATES``."""
    made = world.make(CLVMD, lvm)
    made.engine = engine
    world.STATES[state](made)
    world.settle(made)
    return Simulation(made)


def fitted(reason):
    """An exit reason as these managers keep it."""
    return reason.fitted(LIMIT)


def run(simulation, agent, action, variables, node="node1", seconds=None):
    """One action; (exit code, the whole exit reason or "", the commands it ran).

    The manager shows no more of the reason than ``fitted`` leaves.
    """
    said, whole, before = io.StringIO(), [""], len(simulation.cluster.calls)
    seconds = seconds or int(variables["OCF_RESKEY_CRM_meta_timeout"]) / 1000.0

    def make_host(_deadline):
        return SimHost(Deadline(seconds, simulation.clock), simulation, node)

    def work():
        try:
            verdict = perform(load(agent), action, variables, make_host)
        except DualstorError as problem:
            whole.append(problem.said or reasons.of(problem, agent))
            raise
        whole.append(verdict.reason or "")
        return verdict

    with contextlib.redirect_stderr(said):
        code = conclude(agent, action, work)
    shown = [l[len(_PREFIX):] for l in said.getvalue().splitlines() if l.startswith(_PREFIX)]
    assert shown == ([fitted(whole[-1])] if code else [])
    calls = [tuple(call[1:]) for call in simulation.cluster.calls[before:] if call[0] == node]
    return code, whole[-1], calls
