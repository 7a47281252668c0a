# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab's tests begin with: blank machines, a formed cluster, a stage with writers.

All of it comes from snapshots of this state of the tree, which the first test that wants one takes.
"""
import subprocess
import sys

import pytest

from lablib import Lab, LabError, cib, image, paths
from lablib import cluster as clusters
from lablib.faults.stage import Stage


class Ground:
    """Whether the machines are a formed cluster at which tests have only looked since."""

    def __init__(self, lab):
        self.lab = lab
        self.clean = False

    def cluster(self, keep):
        """Gives a whole cluster of our agents: the one that is there, where it is clean and well, else a new one.

        keep: whether the test will only look.
        """
        if not (self.clean and self._well()):
            self.lab.formed("dualstor")
            self.lab.wait_formed()
        self.clean = keep
        return self.lab

    def other(self, suite):
        """Gives a Lab of another suite in the directory of the lab of all tests, which gets its own machines back later."""
        self.clean = False
        self.lab.down()
        return Lab(self.lab.folder, self.lab.cache, self.lab.progress, suite)

    def _well(self):
        try:
            clusters.wait_whole(self.lab, timeout=0)
            return not self.lab.node(1).cluster().failures
        except LabError:
            return False


@pytest.fixture(scope="session", autouse=True)
def other_images(request):
    """Has the images of other suites built in the background, for the tests further down that want them."""
    suites = {item.callspec.params["elsewhere"] for item in request.session.items if "elsewhere" in item.fixturenames}
    command = ["nice", "-n", "10", sys.executable, paths.LAB / "lab", "--quiet", "--suite"]
    builders = [
        subprocess.Popen([*command, suite, "build"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for suite in sorted(suites)
        if image.find(suite) is None
    ]
    yield
    for builder in builders:
        builder.wait()


@pytest.fixture(scope="session")
def ground(lab):
    return Ground(lab)


@pytest.fixture(scope="module")
def machines(ground):
    """The lab with two blank machines that run; nothing is formed on them."""
    ground.clean = False
    ground.lab.blank()
    return ground.lab


@pytest.fixture
def cluster(ground):
    """The lab with a formed cluster of our agents, whatever the test before did to it; the test may do what it likes."""
    return ground.cluster(keep=False)


@pytest.fixture
def whole(ground):
    """The same for a test that only looks: it may be one at which others have looked, and others may look at it."""
    return ground.cluster(keep=True)


@pytest.fixture
def stage(ground, request):
    """A freshly formed cluster with a writer on each node; its set of agents is the (indirect) parameter."""
    ground.clean = False
    made = Stage(ground.lab, cib.SETS[request.param])
    made.set()
    yield made
    made.close()
