# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab's observer takes for a failure is what dualstor does."""

import pytest

from lablib import observe
from unit.cluster.test_degraded import CODES


@pytest.mark.parametrize("code, degraded", CODES)
def test_what_is_no_failure(code, degraded):
    assert observe._degraded(observe.Failure("r0_monitor_20000", "node1", code, "")) == degraded
