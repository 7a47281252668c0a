# SPDX-License-Identifier: GPL-2.0-or-later
"""The agents: their names, in the order in which a node starts them, and where each is."""

from importlib import import_module

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from types import ModuleType

    from dualstor.action.engine import Agent
    from dualstor.ocf.parameters import Interface
    from dualstor.ocf.reason import Reason, Said

DRBD_DUALPRIMARY = "drbd-dualprimary"
CLVMD = "clvmd"
CLUSTERED_VG = "clustered-vg"

NAMES = (DRBD_DUALPRIMARY, CLVMD, CLUSTERED_VG)


def _module(name: str, part: str) -> "ModuleType":
    if name not in NAMES:
        raise KeyError(name)
    return import_module(f"dualstor.agents.{name.replace('-', '_')}.{part}")


def load(name: str) -> "type[Agent]":
    """The Agent class of the agent *name*; only its module is imported.

    :raises KeyError: there is no such agent
    """
    found: "type[Agent]" = _module(name, "agent").AGENT
    return found


def interface(name: str) -> "Interface":
    """The Interface of the agent *name*, without what it takes to run it.

    :raises KeyError: there is no such agent
    """
    found: "Interface" = _module(name, "interface").INTERFACE
    return found


def reasons(name: "str | None" = None) -> "tuple[Reason, ...]":
    """The exit reasons of the agent *name* alone; None: those that every agent may give."""
    from dualstor.action import reasons as shared
    from dualstor.agents import lvmversion
    from dualstor.ocf.reason import entries
    if name is None:
        return entries(shared)
    return entries(_module(name, "reasons")) + entries(
        *[lvmversion] if name != DRBD_DUALPRIMARY else [])


def recognised(text: str, name: "str | None") -> "Said | None":
    """The sentence of an agent's catalogue that an exit reason is; None when it is none.

    :param name: the agent's, None for one that is not ours
    """
    from dualstor.ocf.reason import recognised as found
    return found(text, reasons(name) + reasons()) if name in NAMES else None
