# SPDX-License-Identifier: GPL-2.0-or-later
"""Less than full service is no failure, in the words of each Pacemaker."""

import pytest

from dualstor.tools.pacemaker import Failure
from lablib import observe


@pytest.mark.parametrize("code, degraded", [
    ("degraded", True), ("promoted (degraded)", True), ("OCF_DEGRADED", True),
    ("Service is active but might fail soon", True), ("Service is promoted but might fail soon", True),
    ("error", False), ("not running", False), ("Error occurred", False), (None, False)])
def test_what_is_no_failure(code, degraded):
    assert Failure(operation="r0_monitor_20000", node="node1", code=code).degraded == degraded
    assert observe._degraded(observe.Failure("r0_monitor_20000", "node1", code, "")) == degraded
