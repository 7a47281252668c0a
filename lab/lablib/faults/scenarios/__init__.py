# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenarios, by what is damaged; importing a module registers its own."""
from .. import scenario
from . import disks, filesystem, interrupted, locking, operations, power, tools, volumes  # noqa: F401


def every():
    """Returns all scenarios by name, in the order in which they are listed."""
    return scenario.registered()
