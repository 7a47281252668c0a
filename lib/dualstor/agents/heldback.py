# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD devices whose I/O stands still, as both agents of LVM see them: LVM reads them all."""

from dualstor.errors import DualstorError
from dualstor.tools import drbdsetup

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.engine import Agent


def see_held_back(agent: "Agent") -> "tuple[str, ...]":
    """The kernel's names of the devices on this host; nothing is raised."""
    try:
        return tuple(f"drbd{minor}" for minor in drbdsetup.held_back(agent.host))
    except DualstorError:
        return ()   # not known: what must not hang has its deadline
