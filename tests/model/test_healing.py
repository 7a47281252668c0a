# SPDX-License-Identifier: GPL-2.0-or-later
"""Split brains healed by the real command on the simulated pair, interrupted anywhere."""

import collections

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from dualstor.recover.journal import HEALED, UNDONE
from model import parted

SEQUENCES, STEPS = 60, 14


def test_what_either_side_acknowledged_survives(monkeypatch, deep):
    census = collections.Counter()
    monkeypatch.setattr(parted.Healings, "census", census)
    run_state_machine_as_test(parted.Healings, settings=settings(
        max_examples=SEQUENCES * (20 if deep else 1), stateful_step_count=STEPS, print_blob=True))
    print(census)
    assert census["survived"] > SEQUENCES / 10 and census[HEALED] and census[UNDONE]
