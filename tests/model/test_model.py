# SPDX-License-Identifier: GPL-2.0-or-later
"""The ordinary run of the model: 2,000 sequences, always the same ones (``make soak`` runs others)."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from model import events, machine
from model.census import Census

SEQUENCES, STEPS = 1000, 15     # of each generation


@pytest.mark.parametrize("cluster", [machine.Cluster, machine.OldCluster],
                         ids=["lvmlockd", "clvmd"])
def test_invariants_hold(cluster, monkeypatch, deep):
    census = Census()
    monkeypatch.setattr(machine.Cluster, "census", census)
    run_state_machine_as_test(cluster, settings=settings(
        max_examples=SEQUENCES * (10 if deep else 1), stateful_step_count=STEPS, print_blob=True))
    print(census.report())
    assert census.sequences >= SEQUENCES
    assert set(census.kinds) == set(machine.KINDS), "each kind of fault was met by some agent"
    happened = {event.__name__ for event in events.EVENTS + events.OF_VOLUMES}
    assert len(set(census.events)) > 0.9 * len(happened), happened - set(census.events)
    assert set(census.variables) == set(machine.VARIABLES)
    assert {signal for signal, _ in census.cut} == {"SIGTERM", "SIGKILL"}
