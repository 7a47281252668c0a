# SPDX-License-Identifier: GPL-2.0-or-later
"""What each action runs on its way up and down: none twice but what may have changed."""

import collections

import pytest
from model import actions
from model.actions import DAEMON, DRBD, GROUP
from simulator import state, world
from simulator.host import Simulation

#: From both nodes up to LVs active on both, and down again; (state, agent, action, check level).
WAY = [("cluster-up", DRBD, "start", 0), ("both-secondary", DRBD, "promote", 0),
       ("both-primary", DAEMON, "start", 0), ("group", GROUP, "validate-all", 10),
       ("group", GROUP, "start", 0), ("active", DRBD, "monitor", 10), ("active", DAEMON, "monitor", 10),
       ("active", GROUP, "monitor", 10), ("active", GROUP, "stop", 0), ("group", DAEMON, "stop", 0),
       ("both-primary", DRBD, "demote", 0), ("both-secondary", DRBD, "stop", 0)]

#: What a deed of ours may have changed, or the cluster meanwhile: asked again after one.
CHANGES = ("cman_tool status", "cman_tool nodes", "corosync-quorumtool", "vgs ", "lvs ")


def done(situation, agent, action, level, generation=state.LVMLOCKD):
    """The Result of an action on node2."""
    return actions.act(Simulation(world.reach(situation, generation)), agent, action, "node2", level=level)


@pytest.mark.parametrize("generation", [state.LVMLOCKD, state.CLVMD])
@pytest.mark.parametrize("step", WAY, ids=lambda step: " ".join(map(str, step)))
def test_no_command_is_run_twice(step, generation):
    result = done(*step, generation)
    assert result.code in (0, 8), result
    counted = collections.Counter(" ".join(call) for call in result.calls)
    assert [command for command, times in counted.items()
            if times > 1 and not command.startswith(CHANGES)] == []


def test_a_promote_asks_for_the_configuration_once_and_for_the_clusters_fencing():
    assert [" ".join(call) for call in done("both-secondary", DRBD, "promote", 0).calls] == [
        "drbdadm --dry-run dump r0",
        "crm_attribute -t crm_config -n fencing-enabled -G --quiet",
        "crm_attribute -t crm_config -n stonith-enabled -G --quiet",
        "drbdadm primary r0", "crm_attribute --promotion -v 10000"]
