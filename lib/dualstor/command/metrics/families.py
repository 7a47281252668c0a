# SPDX-License-Identifier: GPL-2.0-or-later
"""The metrics that there are: name, meaning, labels. docs/metrics.md is made from it.

All are gauges, in base units. A label holds the name of a node, a resource, a VG or a lockspace,
a number, or a word of a set that is declared here: never free text.
"""

from dualstor.command.status import advised
from dualstor.fencepeer import runs
from dualstor.kernel import drbd, locksocket
from dualstor.record import Record

PREFIX = "dualstor_"

#: Parts of the look; each answers or does not, within its deadline.
PARTS = ("active", "cluster", "constraints", "drbd", "fencing", "listed", "locking",
         "out_of_sync", "published", "quorum")

ROLES = ("Primary", "Secondary", "Unknown")
#: Of DRBD 9; the words of 8 that mean the same are counted as these.
CONNECTIONS = ("StandAlone", "Disconnecting", "Unconnected", "Timeout", "BrokenPipe",
               "NetworkFailure", "ProtocolError", "TearDown", "Connecting", "Connected")
DISKS = ("Diskless", "Attaching", "Detaching", "Failed", "Negotiating", "Inconsistent", "Outdated",
         "DUnknown", "Consistent", "UpToDate")
OTHER = "other"
UNKNOWN = "unknown"
CAUSES = drbd.CAUSES + (UNKNOWN,)
NODE_STATES = ("online", "standby", "maintenance", "pending", "offline", "unclean")
LOCKSPACE_STATES = ("ready", "recovering", UNKNOWN)
WAITS = ("quorum", "fencing", OTHER)
SEVERITIES = (advised.ERROR, advised.WARNING, advised.UNSEEN)


class Family(Record):
    """One metric. ``labels``: (name, the words that it may have; () for a name or a number).

    ``exclusive``: of the words of the last label exactly one has the value 1.
    """

    name: str
    help: str
    labels: "tuple[tuple[str, tuple[str, ...]], ...]" = ()
    exclusive: bool = False

    @property
    def keys(self) -> "tuple[str, ...]":
        """The names of its labels."""
        return tuple(name for name, _ in self.labels)

    @property
    def words(self) -> "tuple[str, ...]":
        """What the last label may have; () where that is not limited."""
        return self.labels[-1][1] if self.labels else ()


def _gauge(name: str, text: str, *labels: "str | tuple[str, tuple[str, ...]]",
           exclusive: bool = False) -> Family:
    return Family(name=PREFIX + name, help=text, exclusive=exclusive, labels=tuple(
        (each, ()) if isinstance(each, str) else each for each in labels))


def _states(name: str, text: str, *labels: "str | tuple[str, tuple[str, ...]]") -> Family:
    """A Family of which exactly one state is 1."""
    return _gauge(name, text, *labels, exclusive=True)


_FAMILIES = (
    _gauge("build_info", "1; the label has the version of dualstor.", "version"),
    _gauge("look_timestamp_seconds", "When the look that these metrics are from ended."),
    _gauge("look_duration_seconds", "How long the look took."),
    _gauge("part_answered", "Whether a part of the look was answered in time; if not, the metrics "
           "of that part are missing.", ("part", PARTS)),
    _gauge("lvm_asked", "Whether LVM was asked: not while it would wait for a lock."),
    _gauge("advices", "What `dualstor status` says is to be done, by severity.",
           ("severity", SEVERITIES)),
    _gauge("advices_of_kind", "What `dualstor recover` can explain, by kind.",
           ("kind", advised.KINDS)),

    _gauge("cluster_running", "Whether the cluster engine answers on this node."),
    _gauge("cluster_quorate", "Whether this node has quorum."),
    _gauge("cluster_stranded", "Whether the cluster engine ended and left what only a reboot "
           "clears."),
    _gauge("cluster_maintenance", "Whether the whole cluster is in maintenance mode."),
    _states("node_state", "The state of a node as Pacemaker sees it.", "node",
            ("state", NODE_STATES)),
    _gauge("failed_actions", "Actions that failed on a node and were not cleaned up.", "node"),
    _gauge("left_constraints", "Constraints that were left, e.g. by a move."),
    _gauge("recover_holds", "Holds of `dualstor recover` on this node."),

    _gauge("fencing_enabled", "Whether the cluster fences."),
    _gauge("fencing_pending", "Fencings that were requested and are not confirmed."),
    _gauge("fencing_last_success_timestamp_seconds", "When a node was last fenced, confirmed by "
           "its fence device or a person.", "node"),
    _gauge("fencing_last_failure_timestamp_seconds", "When a fencing of a node last failed.",
           "node"),

    _gauge("drbd_loaded", "Whether the kernel has DRBD."),
    _gauge("drbd_answered", "Whether the state of a resource could be read.", "resource"),
    _gauge("drbd_up", "Whether a configured resource is up on this node.", "resource"),
    _states("drbd_role", "The role of a resource on this node.", "resource", ("role", ROLES)),
    _states("drbd_peer_role", "The role of a resource on a peer; DRBD 8 does not name it.",
            "resource", "peer", ("role", ROLES)),
    _states("drbd_connection", "The connection to a peer, in the words of DRBD 9.", "resource",
            "peer", ("state", CONNECTIONS + (OTHER,))),
    _states("drbd_disk", "The state of a volume's disk on this node.", "resource", "volume",
            ("state", DISKS + (OTHER,))),
    _states("drbd_peer_disk", "The state of a volume's disk on a peer, as far as this node knows.",
            "resource", "volume", "peer", ("state", DISKS + (OTHER,))),
    _gauge("drbd_suspended", "Whether I/O of a resource is suspended, by cause; several can be 1.",
           "resource", ("cause", CAUSES)),
    _gauge("drbd_quorum", "Whether DRBD's own quorum lets a volume be written; 1 where there is "
           "none.", "resource", "volume"),
    _gauge("drbd_handler_runs", "Runs of the fence-peer handler since this node booted, by how "
           "they ended; missing for a resource without any.", "resource", ("result", runs.RESULTS)),
    _gauge("drbd_handler_last_run_timestamp_seconds", "When the last of them ended.", "resource"),
    _gauge("drbd_out_of_sync_bytes", "What is marked as different from the peer's copy.",
           "resource", "volume"),
    _gauge("drbd_resyncing", "Whether a volume resyncs.", "resource", "volume"),
    _gauge("drbd_resync_ratio", "The share of a resync that is done, 0 to 1; only during one.",
           "resource", "volume"),
    _gauge("drbd_resync_remaining_seconds", "The kernel's guess of when a resync ends; only where "
           "it has one.", "resource", "volume"),

    _gauge("lock_daemon_running", "Whether LVM's lock daemon is on this node.",
           ("daemon", tuple(sorted(locksocket.PROGRAMS)))),
    _gauge("lock_daemon_answers", "Whether the lock daemon answers."),
    _gauge("locking_works", "Whether a command that takes a lock would get it."),
    _gauge("dlm_waits", "Whether dlm waits, by what for.", ("cause", WAITS)),
    _gauge("lockspaces", "Lockspaces of dlm on this node."),
    _states("lockspace_state", "The state of a lockspace.", "lockspace",
            ("state", LOCKSPACE_STATES)),

    _gauge("lvs_active", "LVs that are active on a node: on this one by device-mapper, on others "
           "as they have published.", "vg", "node"),
    _gauge("lvs_expected", "LVs that are to be active on a node, as it has published; else "
           "on this one those without a tag, as LVM lists them.", "vg", "node"),
    _gauge("lvs_exclusive", "LVs that are locked exclusively on a node, as it has published.",
           "vg", "node"),
    _gauge("lvs_lacking", "LVs that are not as they are to be on a node, as it has published; "
           "counted up to 10.", "vg", "node"),
    _gauge("lvs_suspended", "LVs of a VG that device-mapper has suspended on this node.", "vg"),
)

#: All metrics, by name.
FAMILIES = {family.name: family for family in _FAMILIES}
