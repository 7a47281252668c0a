# SPDX-License-Identifier: GPL-2.0-or-later
"""What was seen, as immutable values. A part that could not be seen is a Silent."""

from dualstor.record import Record


class Silent(Record):
    """A part that gave no answer; ``says`` is why, in one line."""

    says: str


class Drbd(Record):
    """``resources``: (name, kernel.drbd.State, None: not up, or Silent) of all configured.

    ``version``: the kernel's, as it writes it; None when it does not tell.
    """

    loaded: bool
    resources: tuple = ()
    version: str = None


class Lockspace(Record):
    """A lockspace of dlm; ``recovered`` as kernel.dlm.recovered tells."""

    name: str
    recovered: bool = None


class Locking(Record):
    """LVM's locking on this node.

    ``daemon`` is the one whose socket is there, None when none is; ``problem``: why it takes
    no connection; ``dead``: it left its socket and does not run. ``waits``: what dlm waits for. ``modes``: (LV id, "sh" or "ex") that
    lvmlockd holds, None where nobody tells (clvmd, or lvmlockd is silent: ``silence``).
    """

    daemon: str = None
    problem: str = None
    dead: bool = False
    lockspaces: tuple = ()
    waits: str = None
    modes: tuple = None
    silence: str = None

    @property
    def works(self):
        """Whether a command that takes a lock would get it."""
        return bool(self.daemon) and not (self.problem or self.waits or self.silence) and \
            all(space.recovered is not False for space in self.lockspaces)


class Active(Record):
    """An LV that device-mapper has on this node; ``minors``: of the DRBD devices below it."""

    vg: str
    lv: str
    id: str
    suspended: bool = False
    minors: tuple = ()


class Listed(Record):
    """An LV that LVM lists; ``attr`` and ``vg_attr`` as lvs writes them."""

    vg: str
    lv: str
    id: str
    attr: str
    vg_attr: str


class Fencing(Record):
    """``enabled`` None: unknown. ``events``: stonith.FenceEvent, the latest first."""

    enabled: bool = None
    events: tuple = ()


class Report(Record):
    """One node's view. Each part may be a Silent.

    ``cluster``: tools.pacemaker.Cluster. ``active``: tuple of Active. ``listed``: tuple of
    Listed, None when LVM was not asked because it would have waited for a lock.
    ``peer``: the other node's own document, as a dict, when it was asked for.
    """

    node: str
    quorum: object
    cluster: object
    fencing: object
    drbd: object
    locking: object
    active: object
    listed: object = None
    peer: object = None
    time: str = None

    @property
    def other(self):
        """The other node's name; "peer" where nobody tells."""
        names = () if isinstance(self.cluster, Silent) else \
            tuple(node.name for node in self.cluster.nodes if node.name != self.node)
        if len(names) != 1 and isinstance(self.peer, dict):
            names = (str(self.peer.get("node")),)
        return names[0] if len(names) == 1 else "peer"
