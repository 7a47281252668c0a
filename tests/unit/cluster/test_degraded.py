# SPDX-License-Identifier: GPL-2.0-or-later
"""Less than full service is no failure, in the words of each Pacemaker."""

import pytest

from dualstor.tools.pacemaker import Failure

#: What a code means, and whether it is less than full service; the lab's observer has to agree.
CODES = [
    ("degraded", True), ("promoted (degraded)", True), ("OCF_DEGRADED", True),
    ("Service is active but might fail soon", True), ("Service is promoted but might fail soon", True),
    ("error", False), ("not running", False), ("Error occurred", False), (None, False)]


@pytest.mark.parametrize("code, degraded", CODES)
def test_what_is_no_failure(code, degraded):
    assert Failure(operation="r0_monitor_20000", node="node1", code=code).degraded == degraded
