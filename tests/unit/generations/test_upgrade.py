# SPDX-License-Identifier: GPL-2.0-or-later
"""An upgrade below running resources: what agents of other versions kept is read, or ignored.

Between the nodes nothing of ours is shared but the promotion score, an integer: one node may have
old agents, the other new ones. On a node /run/dualstor outlives the upgrade.
"""

import os

import pytest
from model import actions
from model.actions import DAEMON, DRBD, GROUP
from simulator import world
from simulator.host import Simulation
from simulator.state import CLVMD, LVMLOCKD

from dualstor.host.memory import STATE_DIR
from sourcetree import TREE

NODE = "node2"
RUNNING = {DRBD: 8, DAEMON: 0, GROUP: 0}
MONITORS = [(agent, "monitor", code) for agent, code in RUNNING.items()]

#: With resources running: monitored, stopped in their order, started again.
LIFE = (*MONITORS, *MONITORS, (GROUP, "stop", 0), (GROUP, "monitor", 7), (DAEMON, "stop", 0),
        (DAEMON, "monitor", 7), (DRBD, "demote", 0), (DRBD, "monitor", 0), (DRBD, "stop", 0),
        (DRBD, "monitor", 7), (DRBD, "start", 0), (DRBD, "promote", 0), (DAEMON, "start", 0),
        (GROUP, "start", 0), *MONITORS)

#: What no version writes, or a later one might.
STRANGE = ("", "\n", "dualstor 2\n", "locking sanlock\nlv\n", "10000\n", "-\n-1 x\n\x00", "{}\n")


def old(generation):
    """{path: text} of what agents of 0.1.0 had kept."""
    folder = os.path.join(TREE, "tests", "data", "memory", generation)
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as stream:
            found[f"{STATE_DIR}/{name}"] = stream.read()
    return found


def running(generation, kept):
    """A pair that runs, on whose second node *kept* is all that agents had kept."""
    simulation = Simulation(world.reach("active", generation))
    files = simulation.cluster.nodes[NODE].files
    for path in [path for path in files if path.startswith(STATE_DIR)]:
        del files[path]
    files.update(kept)
    return simulation


def kept(simulation):
    return {path: text for path, text in simulation.cluster.nodes[NODE].files.items()
            if path.startswith(STATE_DIR)}


def live(simulation):
    """Plays LIFE on the node; the other one must not notice."""
    for agent, action, code in LIFE:
        result = actions.act(simulation, agent, action, NODE)
        assert result.code == code, result
    for agent, code in RUNNING.items():
        assert actions.act(simulation, agent, "monitor", "node1").code == code
    assert not any(node.unclean for node in simulation.cluster.nodes.values())


@pytest.mark.parametrize("generation", [LVMLOCKD, CLVMD])
def test_what_the_first_version_kept_disturbs_nothing(generation):
    before = old(generation)
    assert len(before) == 5
    simulation = running(generation, before)
    live(simulation)
    new = set(kept(simulation)) - set(before)
    assert new and not {os.path.basename(path) for path in new} & {
        os.path.basename(path) for path in before}, "no form changed below a name"


@pytest.mark.parametrize("generation", [LVMLOCKD, CLVMD])
@pytest.mark.parametrize("text", STRANGE)
def test_what_is_in_no_known_form_is_no_memory(generation, text):
    simulation = running(generation, {})
    live(simulation)
    live(running(generation, dict.fromkeys(kept(simulation), text)))


@pytest.mark.parametrize("generation", [LVMLOCKD, CLVMD])
def test_what_one_file_should_have_in_another_is_no_memory(generation):
    simulation = running(generation, {})
    live(simulation)
    names = sorted(kept(simulation))
    texts = [kept(simulation)[name] for name in names]
    for shift in range(1, len(names)):
        live(running(generation, dict(zip(names, texts[shift:] + texts[:shift]))))


def test_the_promotion_score_is_an_integer_that_every_version_reads():
    simulation = running(LVMLOCKD, {})
    scores = [call for agent, action, _ in LIFE
              for call in actions.act(simulation, agent, action, NODE).calls
              if "--promotion" in call and "-v" in call]
    assert scores and all(call[call.index("-v") + 1].lstrip("-").isdigit() for call in scores)
