# SPDX-License-Identifier: GPL-2.0-or-later
"""validate-all as `crm_resource --validate` calls it, with what Pacemaker 3.0.0 passed.

`pcs resource create` runs that before there is a clone; what it takes for a failure is a warning
in 0.12, and with --agent-validation the command creates nothing.
"""

import pytest

from simulator import world
from simulator.host import Simulation
from simulator.state import LVMLOCKD
from unit.generations.helpers import environ, run

AGENTS = {"drbd-dualprimary": {"drbd_resource": "r0"}, "clvmd": {},
          "clustered-vg": {"vgname": "vg0"}}


def validating(agent, **meta):
    """The variables: OCF_RESOURCE_TYPE and PROVIDER are those of the agent."""
    found = dict(environ("pacemaker-3.0", "crm_resource-validate"), OCF_RESOURCE_PROVIDER="dualstor",
                 OCF_RESOURCE_TYPE=agent)
    found.update({f"OCF_RESKEY_{name}": value for name, value in AGENTS[agent].items()})
    found.update({f"OCF_RESKEY_CRM_meta_{name}": value for name, value in meta.items()})
    return found


def simulation(state="both-primary"):
    made = world.make(LVMLOCKD)
    world.STATES[state](made)
    world.settle(made)
    return Simulation(made)


@pytest.mark.parametrize("agent", AGENTS)
def test_a_resource_without_its_clone_validates(agent):
    assert run(simulation(), agent, "validate-all", validating(agent))[:2] == (0, "")


@pytest.mark.parametrize("action", ["start", "promote"])
def test_and_is_not_run_without_one(action):
    code, reason, _ = run(simulation("down" if action == "start" else "both-secondary"),
                          "drbd-dualprimary", action, validating("drbd-dualprimary"))
    assert code == 6 and "is not a promotable clone" in reason


@pytest.mark.parametrize("meta, words", [
    (dict(interleave="true", clone_max="2"), "is not a promotable clone"),
    (dict(promoted_max="1", notify="true"), "promoted-max=1"),
    (dict(promoted_max="2", notify="false"), "no notify=true")])
def test_what_is_said_of_a_clone_is_checked(meta, words):
    code, reason, _ = run(simulation(), "drbd-dualprimary", "validate-all",
                          validating("drbd-dualprimary", **meta))
    assert code == 6 and words in reason
