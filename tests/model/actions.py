# SPDX-License-Identifier: GPL-2.0-or-later
"""Running an agent's action on a simulated node as Pacemaker would."""

import contextlib
import io
import sys
from dataclasses import dataclass, field

from dualstor.agents.catalogue import load
from dualstor.errors import Terminated
from dualstor.host.deadline import Deadline
from dualstor.look import well
from dualstor.main import conclude, perform
from dualstor.ocf.environment import Environment
from simulator.host import Killed, NodeDied, SimHost
from simulator.state import CLVMD

DRBD, DAEMON, GROUP = "drbd-dualprimary", "clvmd", "clustered-vg"

PARAMETERS = {DRBD: {"drbd_resource": "r0"}, DAEMON: {}, GROUP: {"vgname": "vg0", "propagation": "at-once"}}
ACTIONS = {
    DRBD: ("start", "stop", "monitor", "probe", "promote", "demote", "notify", "validate-all",
           "reload-agent"),
    DAEMON: ("start", "stop", "monitor", "probe", "validate-all", "reload-agent"),
    GROUP: ("start", "stop", "monitor", "probe", "validate-all", "reload-agent"),
}
PAIRS = tuple((agent, action) for agent in ACTIONS for action in ACTIONS[agent])
_PREFIX = "ocf-exit-reason:"


@dataclass
class Result:
    """How an action ended."""

    agent: str
    action: str
    node: str
    code: int           # None: the node died under it, or it was killed
    reasons: list = field(default_factory=list)
    seconds: float = 0.0
    allowed: float = 0.0
    calls: list = field(default_factory=list)

    def __str__(self):
        return "%s %s on %s: %s after %.1f s %s" % (
            self.agent, self.action, self.node, self.code, self.seconds, self.reasons)


def environ(agent, action, node, timeout=60.0, level=0, generation=None, **parameters):
    """The environment that Pacemaker gives to *action* ("probe" is a monitor without interval)."""
    old = generation == CLVMD
    values = {
        "OCF_ROOT": "/usr/lib/ocf", "OCF_RA_VERSION_MAJOR": "1",
        "OCF_RA_VERSION_MINOR": "0" if old else "1",
        "OCF_RESOURCE_INSTANCE": agent, "OCF_RESOURCE_TYPE": agent,
        "OCF_RESOURCE_PROVIDER": "dualstor", "OCF_CHECK_LEVEL": str(level),
        "OCF_RESKEY_crm_feature_set": "3.0.14" if old else "3.16.1",
        "OCF_RESKEY_CRM_meta_timeout": str(int(timeout * 1000)),
        "OCF_RESKEY_CRM_meta_interval": "20000" if action == "monitor" else "0",
        "OCF_RESKEY_CRM_meta_name": "monitor" if action == "probe" else action,
        "OCF_RESKEY_CRM_meta_on_node": node,
        "OCF_RESKEY_CRM_meta_clone": "0", "OCF_RESKEY_CRM_meta_clone_max": "2",
        "OCF_RESKEY_CRM_meta_clone_node_max": "1",
        "OCF_RESKEY_CRM_meta_globally_unique": "false",
    }
    if agent == DRBD:
        values["OCF_RESKEY_CRM_meta_notify"] = "true"
        for word in ("master",) if old else ("master", "promoted"):
            values["OCF_RESKEY_CRM_meta_%s_max" % word] = "2"
            values["OCF_RESKEY_CRM_meta_%s_node_max" % word] = "1"
    if action == "notify":
        values.update(("OCF_RESKEY_CRM_meta_notify_" + key, value) for key, value in (
            ("type", "post"), ("operation", "promote"), ("promote_uname", node),
            ("active_uname", "node1 node2"), ("stop_uname", " "), ("start_uname", " "),
            ("master_uname", " "), ("slave_uname", "node1 node2")))
    for name, value in dict(PARAMETERS[agent], **parameters).items():
        values["OCF_RESKEY_" + name] = value
    return values


def _run(agent, word, variables, make_host):
    """The exit code of the executable of *agent* (dualstor.script), with the host made for it.

    :raises Killed: SIGTERM came before the framework, which alone has something to say of it
    """
    try:
        found = well.repeated(make_host(None), agent, variables) if word == "monitor" else None
    except Terminated:
        raise Killed() from None
    if found is None:
        return conclude(agent, word, lambda: perform(load(agent), word, variables, make_host),
                        variables)
    if found.reason:
        print(_PREFIX + found.reason, file=sys.stderr)
    return found.code


def act(simulation, agent, action, node, timeout=60.0, level=0, changes=(), **parameters):
    """Run one action to its end; returns Result.

    :param changes: (variable, text) pairs that the caller's environment has instead; None: unset
    """
    cluster = simulation.cluster
    variables = environ(agent, action, node, timeout, level, cluster.generation, **parameters)
    for name, text in changes:
        variables.pop(name, None)
        if text is not None:
            variables[name] = text
    asked = Environment(variables)
    timeout = asked.timeout
    if action in ("monitor", "probe"):
        action = "monitor" if asked.interval else "probe"
    word = "monitor" if action == "probe" else action
    calls_before, began, said = len(cluster.calls), simulation.clock(), io.StringIO()

    def make_host(_deadline):
        return SimHost(Deadline(timeout, simulation.clock), simulation, node)

    code = None
    with contextlib.redirect_stderr(said):
        try:
            code = _run(agent, word, variables, make_host)
        except (NodeDied, Killed):
            pass
    reasons = [line[len(_PREFIX):].strip() for line in said.getvalue().splitlines()
               if line.startswith(_PREFIX)]
    mine = [tuple(call[1:]) for call in cluster.calls[calls_before:] if call[0] == node]
    return Result(agent=agent, action=action, node=node, code=code, reasons=reasons,
                  seconds=simulation.clock() - began, allowed=timeout, calls=mine)
