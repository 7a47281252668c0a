# SPDX-License-Identifier: GPL-2.0-or-later
"""Three minutes of random faults with a fixed seed; `lab/lab nemesis` plays others, and longer."""
import pytest

from lablib.nemesis import checkers, faults, runner

pytestmark = [pytest.mark.lab, pytest.mark.long]

SEED = 1


def test_three_minutes_of_random_faults_end_as_they_should(ground):
    ground.clean = False
    (wanted,) = runner.histories(SEED, 3, kinds=faults.FIRST)
    record, wrong, _ = runner.play(ground.lab, wanted)
    assert {name: wrong[name] for name in checkers.failed(wrong)} == {}
    assert sum(1 for fault in record["faults"] if fault["applied"]) >= 3, "they have happened"
