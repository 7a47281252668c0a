# SPDX-License-Identifier: GPL-2.0-or-later
"""A simulated cluster of real programs."""

import shutil
import tempfile

import pytest

from simulator import path, world


@pytest.fixture
def simulated():
    """A path.Lab in which all is active."""
    folder = tempfile.mkdtemp(prefix="sim", dir="/tmp")    # short: sockets lie below it
    lab = path.Lab(folder, world.reach("active"))
    yield lab
    lab.close()
    shutil.rmtree(folder)
