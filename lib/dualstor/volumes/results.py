# SPDX-License-Identifier: GPL-2.0-or-later
"""What operations on volumes return and raise."""

from dualstor.errors import DualstorError
from dualstor.record import Record

#: Where an LV is on a node.
ACTIVE, INACTIVE, UNKNOWN = "active", "inactive", "unknown"


class NodeView(Record):
    """An LV on a node: ``state`` is one of ACTIVE, INACTIVE, UNKNOWN.

    ``mode``: the lock, "sh", "ex" or "", None where it is not known. ``holders``: who has it open
    there; None where that is not known.
    """

    node: str
    state: str
    mode: "str | None" = None
    holders: "tuple[str, ...] | None" = None


class Volume(Record):
    """An LV: ``size`` in bytes, and how it is on each node."""

    name: str
    size: int
    tags: "tuple[str, ...]"
    nodes: "tuple[NodeView, ...]"


class Done(Record):
    """An operation that is true on *nodes*; ``absent``: the nodes that are down.

    ``did``: what was done, in the words of a log.
    """

    volume: str
    did: str
    nodes: "tuple[str, ...]"
    absent: "tuple[str, ...]" = ()


class Refused(DualstorError):
    """Nothing was changed; the text says why and what to do."""


class Unfinished(DualstorError):
    """Something was changed, but not all is done.

    :param did: what is done
    :param left: what is not, and where
    """

    def __init__(self, did: str, left: str) -> None:
        super().__init__(f"{did}; {left}")
        self.did, self.left = did, left
