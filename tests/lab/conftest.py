# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab for tests: machines of their own, beside a lab that the user may have running."""
import os

import pytest
from lablib import Lab, cib
from lablib.faults.stage import Stage


@pytest.fixture(scope="session")
def lab():
    """A Lab whose machines are ended after the last test; DUALSTOR_LAB_RUN decides where, as for lab/lab."""
    made = Lab(run=os.environ.get("DUALSTOR_LAB_RUN") or f"/tmp/dualstor-lab-test-{os.getuid()}")
    yield made
    made.down()


@pytest.fixture(scope="module")
def machines(lab):
    """The lab with two blank machines that run; nothing is formed on them."""
    lab.up(fresh=True)
    return lab


@pytest.fixture
def cluster(lab):
    """The lab with a freshly formed cluster of our agents, whatever the test before did to it."""
    lab.formed("dualstor")
    lab.wait_formed()
    return lab


@pytest.fixture
def stage(lab, request):
    """A freshly formed cluster with a writer on each node; its set of agents is the (indirect) parameter."""
    made = Stage(lab, cib.SETS[request.param])
    made.set()
    yield made
    made.close()
