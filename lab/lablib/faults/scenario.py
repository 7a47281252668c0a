# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scenario is: a function that does the damage, and what may come of it."""
from collections import namedtuple

# How much fencing is allowed: nobody; node2 (or whichever is named); one of the two; never both.
NOBODY, NODE1, NODE2, ONE = "nobody", "node1", "node2", "one node"
# Seconds for a rejoined node's stack to be whole; emulated machines are slow.
BACK = 240

# act: called with a Stage. fencing: one of the above. stall: seconds that writes of `writers` may stand still.
# writers: names of the nodes whose writer is to continue all the time (except for the stall). only: set of agents it is about,
# None for both.
Scenario = namedtuple("Scenario", "name title act fencing stall writers only")

_SCENARIOS = {}


def scenario(name, title, fencing=NOBODY, stall=None, writers=(), only=None):
    """Registers the decorated function as a scenario."""

    def register(act):
        _SCENARIOS[name] = Scenario(name, title, act, fencing, stall, tuple(writers), only)
        return act

    return register


def registered():
    """Returns the scenarios of all modules that were imported, by name."""
    return dict(_SCENARIOS)


def too_much_fencing(allowed, fenced):
    """Returns what is wrong with a set of fenced nodes' names, "" when it is allowed."""
    names = " and ".join(sorted(fenced))
    if len(fenced) > 1:
        return f"{names}: both nodes were fenced"
    if fenced and allowed == NOBODY:
        return f"{names} was fenced needlessly"
    if fenced and allowed in (NODE1, NODE2) and fenced != {allowed}:
        return f"{names} was fenced, not {allowed}"
    return ""
