# SPDX-License-Identifier: GPL-2.0-or-later
"""What was seen, as immutable values. A part that could not be seen is a Silent."""

from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any

    from dualstor.agents.clustered_vg.published import Published
    from dualstor.fencepeer.runs import Runs
    from dualstor.kernel.drbd import State
    from dualstor.tools.constraints import LeftOver
    from dualstor.tools.dlmstonith import Libraries
    from dualstor.tools.drbdgi import Generation
    from dualstor.tools.hold import Hold
    from dualstor.tools.lvuses import Standing
    from dualstor.tools.pacemaker import ClusterState
    from dualstor.tools.quorum import Quorum
    from dualstor.tools.stonith import FenceEvent


class Silent(Record):
    """A part that gave no answer; ``says`` is why, in one line."""

    says: str


class Copy(Record):
    """What is known of this node's copy of a resource that is not connected and UpToDate.

    ``generation``: None where its metadata could not be read. ``out_of_sync``: (volume, KiB that
    are marked as changed); () where that is not known.
    """

    resource: str
    generation: "Generation | None" = None
    out_of_sync: "tuple[tuple[int, int], ...]" = ()


class DrbdReport(Record):
    """``resources``: (name, its state; None: it is not up) of all configured.

    ``version``: the kernel's, as it writes it; None: not known.
    """

    loaded: bool
    resources: "tuple[tuple[str, State | Silent | None], ...]" = ()
    version: "str | None" = None
    copies: "tuple[Copy, ...]" = ()

    def copy_of(self, name: str) -> "Copy | None":
        """The Copy of a resource; None where there was no cause to read it."""
        return next((each for each in self.copies if each.resource == name), None)


class LockspaceState(Record):
    """A lockspace of dlm; ``recovered`` as kernel.dlm.recovered returns it."""

    name: str
    recovered: "bool | None" = None


class Locking(Record):
    """LVM's locking on this node.

    ``daemon`` is the one whose socket is there or whose process runs, None when there is neither;
    ``problem``: why it takes no connection; then ``pid`` and ``state`` are those of its process
    (the kernel's letter), and ``dead``: it left its socket and does not run. ``waits``: what dlm
    waits for. ``engine``: whether a process of the cluster engine runs, however it answers.
    ``modes``: (LV id, "sh" or "ex") of lvmlockd's locks; None with clvmd, and where lvmlockd
    does not answer (``silence``: why).
    """

    daemon: "str | None" = None
    problem: "str | None" = None
    dead: bool = False
    pid: "int | None" = None
    state: "str | None" = None
    engine: bool = False
    lockspaces: "tuple[LockspaceState, ...]" = ()
    waits: "str | None" = None
    modes: "tuple[tuple[str, str], ...] | None" = None
    silence: "str | None" = None

    @property
    def stuck(self) -> bool:
        """Whether the kernel holds the daemon's process, so that no signal ends it."""
        return self.state in ("D", "Z")

    @property
    def works(self) -> bool:
        """Whether a command that takes a lock would get it."""
        return bool(self.daemon) and not (self.problem or self.waits or self.silence) and \
            all(space.recovered is not False for space in self.lockspaces)


class Active(Record):
    """An LV that device-mapper has on this node; ``minors``: those of the DRBD devices under it."""

    vg: str
    lv: str
    id: str
    suspended: bool = False
    minors: "tuple[int, ...]" = ()


class Listed(Record):
    """An LV that LVM lists; ``attr`` and ``vg_attr`` as lvs writes them."""

    vg: str
    lv: str
    id: str
    attr: str
    vg_attr: str
    tags: "tuple[str, ...]" = ()


class Fencing(Record):
    """``enabled`` None: not known. ``events``: the latest first.

    ``waits``: what cman's fence domain waits for before it fences: quorum, messages; else None.
    """

    enabled: "bool | None" = None
    events: "tuple[FenceEvent, ...]" = ()
    waits: "str | None" = None

    @property
    def last(self) -> "FenceEvent | None":
        """The latest one that has come to an end; None: none is known."""
        return next((event for event in self.events if not event.pending), None)


class Report(Record):
    """One node's view. Each part may be a Silent.

    ``listed``: None when LVM was not asked because it would have waited for a lock.
    ``peer``: the other node's own document, None when it was not asked for. ``published``: (VG,
    node, what that node has published of it). ``opened``: (LV id, who has it open) of active LVs;
    ``left``: constraints that were left; ``standing``: what is on the LVs;
    ``holds``: of `dualstor recover`, on this node;
    ``library``: None where dlm waits for no fencing; ``uptime``: seconds since the boot;
    ``handled``: (resource, Runs of its fence-peer handler), ``out_of_sync``: (resource, (volume,
    KiB) of each), both () where that was not asked for.
    """

    node: str
    quorum: "Quorum | Silent"
    cluster: "ClusterState | Silent"
    fencing: "Fencing | Silent"
    drbd: "DrbdReport | Silent"
    locking: "Locking | Silent"
    active: "tuple[Active, ...] | Silent"
    listed: "tuple[Listed, ...] | Silent | None" = None
    peer: "dict[str, Any] | Silent | None" = None
    published: "tuple[tuple[str, str, Published], ...] | Silent" = ()
    opened: "tuple[tuple[str, tuple[str, ...]], ...] | Silent" = ()
    left: "tuple[LeftOver, ...] | Silent" = ()
    standing: "tuple[Standing, ...] | Silent" = ()
    holds: "tuple[Hold, ...]" = ()
    library: "Libraries | Silent | None" = None
    handled: "tuple[tuple[str, Runs], ...]" = ()
    uptime: float = 0.0
    out_of_sync: "tuple[tuple[str, tuple[tuple[int, int], ...]], ...] | Silent" = ()
    time: "str | None" = None

    @property
    def stranded(self) -> bool:
        """Whether the cluster engine has ended and left a lock daemon or lockspaces.

        dlm_controld gives up at the sight of such lockspaces, so the cluster cannot start again.
        """
        if isinstance(self.quorum, Silent) or isinstance(self.locking, Silent):
            return False
        return not self.quorum.running and not self.locking.engine \
            and bool(self.locking.lockspaces)

    @property
    def other(self) -> str:
        """The other node's name; "peer" where it is not known."""
        names = () if isinstance(self.cluster, Silent) else \
            tuple(node.name for node in self.cluster.nodes if node.name != self.node)
        if len(names) != 1 and isinstance(self.peer, dict):
            names = (str(self.peer.get("node")),)
        return names[0] if len(names) == 1 else "peer"
