# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD devices whose I/O stands still, as both agents of LVM see them: LVM reads them all."""

from dualstor.agents import lvmversion
from dualstor.errors import DualstorError
from dualstor.tools import drbdsetup

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.engine import Agent
    from dualstor.action.steps import Wait
    from dualstor.ocf.reason import Reason


class Case(lvmversion.Case):
    """What both know of LVM, and of what it reads."""

    held_back: "tuple[str, ...]"            # DRBD devices whose I/O stands still


def see_held_back(agent: "Agent") -> "tuple[str, ...]":
    """The kernel's names of the devices on this host; nothing is raised."""
    try:
        return tuple(f"drbd{minor}" for minor in drbdsetup.held_back(agent.host))
    except DualstorError:
        return ()   # not known: what must not hang has its deadline


def names(case: "Case") -> str:
    """Those devices, in words."""
    return " and ".join(case.held_back)


def wait(case: "Case", reason: "Reason") -> "Wait | None":
    """A Wait while there are any, else None.

    LVM's commands and clvmd read every device: they could not be ended, and would hold LVs open.
    """
    return case.wait(reason, devices=names(case)) if case.held_back else None
