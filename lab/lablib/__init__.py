# SPDX-License-Identifier: GPL-2.0-or-later
"""Two emulated machines in which real Pacemaker drives real agents over real DRBD, DLM and LVM."""
from .errors import (
    CommandFailed,
    CommandTimeout,
    Hopeless,
    HostError,
    LabError,
    NodeGone,
    WaitTimeout,
)
from .lab import Lab
from .waiting import Unmet, wait_until

__all__ = [
    "CommandFailed",
    "CommandTimeout",
    "Hopeless",
    "HostError",
    "Lab",
    "LabError",
    "NodeGone",
    "Unmet",
    "WaitTimeout",
    "wait_until",
]
