# SPDX-License-Identifier: GPL-2.0-or-later
"""Good pairs of hosts, read once."""

import pytest

from . import trees


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    """A function of "corosync" or "cman" that returns a Pair of its own to spoil."""
    kept = {name: trees.pair(name, tmp_path_factory.mktemp("trees"))
            for name in ("corosync", "cman")}
    return lambda name: trees.Pair(list(kept[name].trees), kept[name].cib)
