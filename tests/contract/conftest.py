# SPDX-License-Identifier: GPL-2.0-or-later
"""Each contract test runs against the simulator and, with --lab, against the lab."""

import pytest

from contract import environments


def pytest_generate_tests(metafunc):
    if "place" in metafunc.fixturenames:
        places = [pytest.param("simulator", id="simulator")]
        if metafunc.config.getoption("--lab"):
            places.append(pytest.param("lab", id="lab", marks=pytest.mark.lab))
        metafunc.parametrize("place", places, indirect=True, scope="module")


@pytest.fixture(scope="session")
def _machines(lab):
    """One formed cluster for all of them."""
    lab.formed("dualstor")
    lab.wait_formed()
    return lab


@pytest.fixture(scope="module")
def place(request):
    """A cluster with vg0/lv0 active on both nodes: Simulated or Machines."""
    if request.param == "simulator":
        return environments.Simulated()
    return environments.Machines(request.getfixturevalue("_machines"))
