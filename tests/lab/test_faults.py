# SPDX-License-Identifier: GPL-2.0-or-later
"""A choice of the fault scenarios with our agents; `make faults` plays them all, beside the stock agents."""
import pytest

from lablib.faults import runner

pytestmark = pytest.mark.lab

CHOICE = ["node-killed"] + [pytest.param(name, marks=pytest.mark.long) for name in (
    "standby", "lockd-killed", "held-open", "split-brain", "replication-cut", "cut-in-resync",
    "agents-killed", "metadata-storm")]


@pytest.mark.parametrize("name", CHOICE)
def test_a_fault_ends_as_it_should(ground, name):
    ground.clean = False
    (result,) = runner.run(ground.lab, [name], ["dualstor"])
    assert [check for check in result["checks"] if not check["ok"]] == []
