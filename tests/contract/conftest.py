# SPDX-License-Identifier: GPL-2.0-or-later
"""Each contract test runs against the simulator and, with --lab, against the lab."""

import collections
import os

import pytest

from contract import environments, real

HERE = os.path.dirname(os.path.abspath(__file__))


def pytest_configure(config):
    """What this machine is, with --real; None without."""
    config.addinivalue_line("markers", "real(situation): on a machine that is in it, with --real")
    option = config.getoption
    config.not_played, config.where = [], None
    if option("--real") is not None:
        try:
            config.where = real.machine(option("--real"), option("--real-lvm"),
                                        option("--real-engine"), option("--real-node"),
                                        option("--reset"))
        except ValueError as problem:
            raise pytest.UsageError(str(problem)) from None


def pytest_collection_modifyitems(config, items):
    """With --real nothing but what this machine plays itself, without it none of that."""
    wanted, others = [], []
    for item in items:
        mark = item.get_closest_marker("real")
        ours = os.path.dirname(str(item.fspath)) == HERE
        fits = mark is None if config.where is None else \
            mark is not None and mark.args[0] == config.where.situation
        (wanted if fits or not ours else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = wanted


def pytest_terminal_summary(terminalreporter, config):
    """How many transcripts were not played, and why."""
    if config.where is None:
        return
    terminalreporter.write_sep("=", "transcripts that were not played")
    for why, number in sorted(collections.Counter(w for _, w in config.not_played).items()):
        terminalreporter.write_line(f"{number:5d}  {why}")


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
