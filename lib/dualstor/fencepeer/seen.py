# SPDX-License-Identifier: GPL-2.0-or-later
"""What the fence-peer handler sees, as values that a decision can be made of."""

from dualstor.action import steps
from dualstor.record import Record
from dualstor.tools.pacemaker import REBOOT

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.fencepeer.call import Call
    from dualstor.kernel.drbd import State
    from dualstor.tools.pacemaker import KnownNode
    from dualstor.tools.quorum import Quorum


class DrbdSeen(Record):
    """The resource's state in DRBD now, None when it is gone; ``says`` why it is not known."""

    state: "State | None" = None
    says: "str | None" = None


class Fenced(Record):
    """The result of a request to fence."""

    ok: bool
    says: str = ""
    took: float = 0.0


class Fencing(Record):
    """What dlm or fenced knows of the peer's fencing.

    ``pending``; ``ago``: seconds since it was fenced, at most, None when it was not, or has been a
    member since; ``back``: seconds since it became a member, at most, None when it is none;
    ``there``: whether dlm or fenced has answered.
    """

    pending: bool = False
    ago: "float | None" = None
    back: "float | None" = None
    there: bool = False


class Configured(Record):
    """What the cluster's configuration says of its nodes and their fencing.

    ``nodes``: of the cluster; ``action``: with which it fences; ``delays``: in seconds, those of
    the nodes' fence devices, in the order of ``nodes``, None where one is not known.
    """

    nodes: "tuple[KnownNode, ...]"
    action: str = REBOOT
    delays: "tuple[float | None, ...]" = ()

    def number(self, name: str) -> "int | None":
        """The number of a node; None when it is not listed."""
        return next((node.id for node in self.nodes if node.name == name), None)

    def delay(self, name: str) -> "float | None":
        """The delay of a node's fencing; None when it is not known."""
        found = [delay for node, delay in zip(self.nodes, self.delays) if node.name == name]
        return found[0] if found else None


class Case(steps.Case):
    """What the handler decides on, and may observe for it."""

    if TYPE_CHECKING:
        parameters: Call

    peers: "tuple[str, ...]"                # the names of the lost node; one, as a rule
    drbd: DrbdSeen
    quorum: "Quorum"
    configured: "Configured | None"         # None: Pacemaker does not say
    nodes: "tuple[str, ...] | None"         # of the cluster; None: not known
    local: str                              # this node's name in the cluster
    action: str                             # with which the cluster fences
    connected_for: "float | None"           # s from establishing the connection to this call
    by_dlm: Fencing
    by_fenced: Fencing                      # with cman
    by_us: "float | None"                   # s since a handler of this node began what succeeded
    turn: bool                              # whether no other handler of this node is at it
    behind: "tuple[str, ...]"               # other resources whose copy here is not UpToDate
    first: str                              # of the two nodes the one that is to survive
    notice: float                           # s by which the peer may notice the loss later

    @property
    def names(self) -> "dict[str, str]":
        """As of any case: the DRBD resource."""
        return {"subject": f"DRBD {self.request.resource}", "drbd": self.request.resource}
