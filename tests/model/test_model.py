# SPDX-License-Identifier: GPL-2.0-or-later
"""The ordinary run of the model: 2,000 sequences, always the same ones (``make soak`` runs others)."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from model import actions, events, machine
from model.census import Census
from simulator import faults

SEQUENCES, STEPS = 1000, 15     # of each generation
SEQUENCES_9 = 150               # with DRBD 9, which differs in one agent only
LOSSES = 25                     # of each DRBD and generation


@pytest.mark.parametrize("cluster", [machine.Cluster, machine.OldCluster],
                         ids=["lvmlockd", "clvmd"])
def test_invariants_hold(cluster, monkeypatch, deep):
    census = Census()
    monkeypatch.setattr(machine.Cluster, "census", census)
    run_state_machine_as_test(cluster, settings=settings(
        max_examples=SEQUENCES * (10 if deep else 1), stateful_step_count=STEPS, print_blob=True))
    print(census.report())
    assert census.sequences >= SEQUENCES
    assert len(census.kinds) > 0.8 * len(machine.KINDS), set(machine.KINDS) - set(census.kinds)
    happened = {event.__name__ for event in events.EVENTS + events.OF_VOLUMES}
    assert len(set(census.events)) > 0.9 * len(happened), happened - set(census.events)
    assert set(census.variables) == set(machine.VARIABLES)
    assert {signal for signal, _ in census.cut} == {"SIGTERM", "SIGKILL"}


def test_invariants_hold_with_drbd_9(monkeypatch, deep):
    census = Census()
    monkeypatch.setattr(machine.Cluster, "census", census)
    run_state_machine_as_test(machine.NineCluster, settings=settings(
        max_examples=SEQUENCES_9 * (10 if deep else 1), stateful_step_count=STEPS, print_blob=True))
    print(census.report())
    assert census.sequences >= SEQUENCES_9
    assert set(census.events) >= {event.__name__ for event in events.OF_DRBD_9}


@pytest.mark.parametrize("cluster", [machine.Losses, machine.NineLosses, machine.OldLosses],
                         ids=["8", "9", "cman"])
def test_io_stays_frozen_while_the_peer_writes(cluster, monkeypatch, deep):
    """DRBD's handler, through all that may happen while a peer is lost."""
    census = Census()
    monkeypatch.setattr(machine.Losses, "census", census)
    run_state_machine_as_test(cluster, settings=settings(
        max_examples=LOSSES * (20 if deep else 1), stateful_step_count=STEPS, print_blob=True))
    print(census.report())
    assert census.sequences >= LOSSES
    assert census.handlers[7] and census.fencings[" success"]
    assert len(census.handlers) > 1, "none ever failed, or died with its node"


@pytest.mark.parametrize("kind", machine.KINDS)
@pytest.mark.parametrize("cluster", [machine.Cluster, machine.OldCluster],
                         ids=["lvmlockd", "clvmd"])
def test_every_fault_under_every_action(cluster, kind, monkeypatch):
    """Chance may leave a kind out: here each strikes whatever an action runs, in two states."""
    census = Census()
    monkeypatch.setattr(machine.Cluster, "census", census)
    for state in ("group", "active"):
        for pair in actions.PAIRS:
            model = cluster()
            model.begin(start=state)
            model.program_breaks_under(pair=pair, name="node1", fault=faults.fault(
                "*", kind, code=11, seconds=8.0))
            model.nobody_lost_data()
            model.teardown()
    assert census.kinds[kind] > 0
