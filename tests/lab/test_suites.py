# SPDX-License-Identifier: GPL-2.0-or-later
"""A choice of what the other tests play on the default suite, on another one: an older Pacemaker, LVM and kernel."""
import io

import pytest

from lablib import Lab, demo, image
from lablib.faults import runner

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module", params=[
    suite if suite == "bookworm" else pytest.param(suite, marks=pytest.mark.long)
    for suite in image.SUITES if suite != image.DEFAULT_SUITE])
def elsewhere(ground, request):
    """A lab of another suite in the directory of the one of all tests, which gets its own machines back later."""
    ground.clean = False
    ground.lab.down()
    made = Lab(ground.lab.folder, ground.lab.cache, ground.lab.progress, request.param)
    made.formed()
    made.wait_formed()
    yield made
    made.down()


def test_the_stack_runs_and_lvs_and_blocks_cross(elsewhere):
    assert elsewhere.image().suite == elsewhere.suite != image.DEFAULT_SUITE
    text = io.StringIO()
    demo.prove(elsewhere, demo.Paper(text))
    assert text.getvalue().count("ok  ") == 6
    assert elsewhere.node(1).cluster().failures == ()


@pytest.mark.long
@pytest.mark.parametrize("name", ["node-killed", "replication-cut"])
def test_a_fault_ends_as_it_should(elsewhere, name):
    (result,) = runner.run(elsewhere, [name], ["dualstor"])
    assert [check for check in result["checks"] if not check["ok"]] == []
