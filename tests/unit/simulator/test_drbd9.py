# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulated DRBD 9 is in the states that DRBD 9.2.18 was in on two machines."""

import json
import os
import re

import pytest

from dualstor.kernel import drbd as kernel
from dualstor.tools import drbdsetup
from simulator import drbd, world
from simulator.host import Simulation
from simulator.state import DRBD_8, DRBD_9

DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data", "drbd9")
ONE, TWO = "node1", "node2"


def run(simulation, node, *words):
    return simulation.host(node, 60).run(words)


def cut(simulation, **options):
    """The replication link is cut, and nobody can be fenced."""
    for node in simulation.cluster.nodes.values():
        node.config["r0"].options.update(options)
        if options:
            node.config["r0"].fencing = "dont-care"
    simulation.cluster.replication_link = simulation.cluster.fencing_works = False
    simulation.advance(5)


def alone(simulation, node, **options):
    """As ``cut``, with one Primary."""
    world.make_primary(simulation.cluster, simulation.cluster.nodes[node])
    cut(simulation, **options)


def no_metadata(simulation):
    one = simulation.cluster.nodes[ONE]
    assert run(simulation, ONE, "drbdadm", "down", "r0").ok
    one.disks["r0"] = None
    assert run(simulation, ONE, "drbdadm", "up", "r0").returncode == 1


def refused_down(simulation, reads_on=True):
    two = simulation.cluster.nodes[TWO]
    two.drbd["r0"].readers.append("sh")
    refused = run(simulation, TWO, "drbdadm", "down", "r0")
    assert refused.returncode == 17 and "drbd0 opened by sh (pid " in refused.stderr
    if not reads_on:
        two.drbd["r0"].readers.clear()


def suspended(simulation):
    world.make_primary(simulation.cluster, simulation.cluster.nodes[TWO])
    assert run(simulation, TWO, "drbdadm", "suspend-io", "r0").ok


def auto_promoted(simulation):
    one = simulation.cluster.nodes[ONE]
    del one.config["r0"].options["auto-promote"]
    for _ in drbd.open_to_write(simulation.cluster, one, "r0", "sh"):
        pass


def both_consistent(simulation):
    for node in simulation.cluster.nodes.values():
        node.drbd["r0"].dstate = node.drbd["r0"].peer_dstate = "Consistent"


#: (state of the captures, node, state of the simulator, what happens there).
STATES = [
    ("both-secondary", ONE, "both-secondary", None), ("both-primary", ONE, "both-primary", None),
    ("both-primary", TWO, "both-primary", None),
    ("replication-cut-fencing-pending", ONE, "both-primary", cut),
    ("replication-cut-fencing-pending", TWO, "both-primary", cut),
    ("suspended-user", TWO, "both-secondary", suspended),
    ("suspended-quorum", ONE, "both-secondary", lambda s: alone(s, ONE, quorum="majority")),
    ("no-quorum-io-error", TWO, "both-secondary",
     lambda s: alone(s, TWO, **{"quorum": "majority", "on-no-quorum": "io-error"})),
    ("start-failed-no-metadata", ONE, "both-secondary", no_metadata),
    ("down-refused-read-only-opener", TWO, "both-secondary", refused_down),
    ("down-refused-no-connection-left", TWO, "both-secondary",
     lambda s: refused_down(s, reads_on=False)),
    ("auto-promoted-open", ONE, "both-secondary", auto_promoted),
    ("both-consistent-connected", ONE, "both-secondary", both_consistent),
    ("secondary-connecting", ONE, "both-secondary", cut),
]


def captured(state, node, name):
    with open(os.path.join(DATA, state, node, name), encoding="utf-8") as stream:
        return stream.read()


def reached(situation, happens):
    simulation = Simulation(world.reach(situation, drbd_version=DRBD_9))
    if happens:
        happens(simulation)
    return simulation


@pytest.mark.parametrize("state, node, situation, happens", STATES,
                         ids=["%s-%s" % each[:2] for each in STATES])
def test_each_program_says_the_state_that_the_real_one_said(state, node, situation, happens):
    simulation = reached(situation, happens)
    told = [drbdsetup.state(parser(text), "r0") for parser, text in (
        (drbdsetup.parse_status, captured(state, node, "drbdsetup-status-json.out")),
        (drbdsetup.parse_events2, captured(state, node, "drbdsetup-events2-now.out")),
        (drbdsetup.parse_status, run(simulation, node, "drbdsetup", "status", "r0", "--json").stdout),
        (drbdsetup.parse_events2, run(simulation, node, "drbdsetup", "events2", "--now",
                                      "r0").stdout))]
    assert told[0] == told[1] == told[2] == told[3]


@pytest.mark.parametrize("state, node, situation, happens", STATES,
                         ids=["%s-%s" % each[:2] for each in STATES])
def test_debugfs_has_the_line_that_it_had(state, node, situation, happens):
    peer = TWO if node == ONE else ONE
    path = "/sys/kernel/debug/drbd/resources/r0/connections/%s/0/proc_drbd" % peer
    said = reached(situation, happens).host(node).read(path)
    try:
        wanted = captured(state, node, "debugfs.connections.%s.0.proc_drbd.out" % peer)
    except FileNotFoundError:
        assert said is None
        return
    assert said.splitlines()[0] == wanted.splitlines()[0]


def test_its_json_has_members_that_the_real_one_has():
    real = json.loads(captured("sync-target", TWO, "drbdsetup-status-json.out"))[0]
    simulation = Simulation(world.reach("syncing", drbd_version=DRBD_9))
    ours = json.loads(run(simulation, TWO, "drbdsetup", "status", "r0", "--json").stdout)[0]

    def members(item):
        if isinstance(item, dict):
            return {(key, *rest) for key, value in item.items() for rest in members(value) or [()]}
        return {rest for each in item for rest in members(each)} if isinstance(item, list) else set()
    assert members(ours) <= members(real)


@pytest.mark.parametrize("version", [DRBD_8, DRBD_9])
def test_proc_drbd_lists_minors_before_9_only(version):
    host = Simulation(world.reach("both-primary", drbd_version=version)).host(ONE)
    assert bool(re.search(r"^ 0: cs:", host.read("/proc/drbd"), re.M)) is (version == DRBD_8)
    assert kernel.generation(host) == int(version[0])
