# SPDX-License-Identifier: GPL-2.0-or-later
"""A simulated cluster of real programs for the tests that need processes."""

import shutil
import tempfile

import pytest

from simulator import path, world


@pytest.fixture
def make_lab():
    """A function that makes a path.Lab in a state of world.reach; all are closed at the end."""
    labs = []

    def make(state="active"):
        labs.append(path.Lab(tempfile.mkdtemp(prefix="sim", dir="/tmp"),    # short: for sockets
                             world.reach(state)))
        return labs[-1]
    yield make
    for lab in labs:
        lab.close()
        shutil.rmtree(lab.folder)


@pytest.fixture
def lab(make_lab):
    """A path.Lab in which all is active."""
    return make_lab()
