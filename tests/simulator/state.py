# SPDX-License-Identifier: GPL-2.0-or-later
"""What is so in the simulated cluster: plain data, storable as JSON."""

import json

from simulator.plain import dataclass, field

LVMLOCKD = "lvmlockd"   # DRBD 8.4, corosync 3, Pacemaker 2.1, dlm 4, LVM 2.03
CLVMD = "clvmd"         # DRBD 8.4, cman 3, fenced, dlm 3, LVM 2.02
CMAN, COROSYNC = "cman", "corosync"


#: The fence-peer handlers, as drbd-utils and we install them.
STOCK_HANDLER = "/usr/lib/drbd/stonith_admin-fence-peer.sh"
HANDLER = "/usr/lib/drbd/dualstor-fence-peer"

#: Versions of DRBD's module.
DRBD_8, DRBD_9 = "8.4.11", "9.2.18"


@dataclass
class ResourceConfig:
    """One resource of a node's drbd.conf, with its effective options."""

    name: str = "r0"
    minor: int = 0
    lower: str = "/dev/vdb"
    net: dict = field(default_factory=lambda: {
        "protocol": "C", "allow-two-primaries": "yes", "after-sb-0pri": "disconnect",
        "after-sb-1pri": "disconnect", "after-sb-2pri": "disconnect", "ping-timeout": "20"})
    disk: dict = field(default_factory=lambda: {"fencing": "resource-and-stonith"})
    handlers: dict = field(default_factory=lambda: {
        "fence-peer": HANDLER})

    options: dict = field(default_factory=dict)     # DRBD 9: quorum, on-no-quorum, auto-promote

    @property
    def fencing(self):
        return self.net.get("fencing") or self.disk.get("fencing", "dont-care")

    @fencing.setter
    def fencing(self, policy):
        (self.net if "fencing" in self.net else self.disk)["fencing"] = policy

    @property
    def quorum(self):
        return self.options.get("quorum", "off") != "off"


def config_for(drbd_version):
    """The resource's file as `dualstor configure` writes it for a version of DRBD."""
    made = ResourceConfig()
    if drbd_version.startswith("9"):
        made.net["fencing"] = made.disk.pop("fencing")
        made.options["auto-promote"] = "no"
    return made


@dataclass
class Disk:
    """DRBD's metadata on a node's lower disk; outlives a crash."""

    generation: int = 1                              # the current UUID
    ancestors: list = field(default_factory=list)    # those before it
    consistent: bool = True                          # no resync was cut short
    outdated: bool = False
    peer_outdated: bool = False                      # the peer's disk is known to be stale
    primary_at_crash: bool = False
    # simulator.blocks; without ``bits`` there is no content:
    blocks: dict = field(default_factory=dict)       # number: text
    bits: list = None                                # blocks that the kernel has marked as changed
    flushed: list = field(default_factory=list)      # the bitmap as it is on the disk
    hot: list = field(default_factory=list)          # extents in the activity log
    parted: int = 0                                  # the bitmap UUID: what both had when they parted


@dataclass
class Drbd:
    """One resource as a node's kernel has it."""

    cstate: str = "StandAlone"
    role: str = "Secondary"
    dstate: str = "Diskless"
    peer_dstate: str = "DUnknown"
    suspended: bool = False         # I/O waits for fencing
    also: list = field(default_factory=list)    # what else it waits for: "user", "no-data", "quorum"
    quorum: bool = True             # DRBD 9: its own
    promoted_by: str = ""           # DRBD 9: the program that has it open, and made it Primary
    net: bool = False               # a connection is configured
    discard: bool = False           # a person gave its data up when it connects
    synced: float = 0.0             # percent, while resyncing
    openers: list = field(default_factory=list)     # who holds it open, other than LVM
    readers: list = field(default_factory=list)     # who has it open for reading only; with DRBD 9
    connection: bool = True         # DRBD 9: there is one at all, be it StandAlone
    met: int = 0                    # how often the connection was established
    met_at: float = 0.0             # when that was last
    lost_at: float = 0.0            # when it was lost last, or the handler was called otherwise
    written: int = 0                # KiB since the device was made
    alone: bool = False             # one of ``openers`` has it open exclusively

    @property
    def causes(self):
        """Why I/O is suspended, in the order of drbdsetup."""
        waits = ["fencing"] * self.suspended + self.also
        return [cause for cause in ("user", "no-data", "fencing", "quorum") if cause in waits]


@dataclass
class Lockspace:
    """A dlm lockspace as one node sees it."""

    name: str
    id: int
    members: list = field(default_factory=list)
    joined: int = 0      # of the last change
    removed: int = 0
    failed: int = 0
    sequence: int = 1
    joining: bool = False           # waits for the dlm before it is usable


@dataclass
class Process:
    """A daemon."""

    pid: int
    program: str
    start_time: int
    arguments: list = field(default_factory=list)
    pidfile: str = ""
    socket: str = ""
    ready: bool = True
    state: str = "S"     # S sleeping, T stopped, D not killable, Z zombie
    queue: int = 0       # connections to its socket that it has not accepted


@dataclass
class Mapping:
    """A device-mapper device that is a logical volume."""

    vg: str
    lv: str
    uuid: str
    minor: int
    below: str = "drbd0"    # the kernel's name of the device it lies on
    mib: int = 16           # its size: as it was when the table was loaded
    suspended: bool = False
    openers: list = field(default_factory=list)     # words; "mount:/srv" is a mount


@dataclass
class Volume:
    """A logical volume, as the metadata on disk has it."""

    name: str
    uuid: str
    mib: int = 16
    start: int = 2048       # sectors
    tags: list = field(default_factory=list)
    more: list = field(default_factory=list)    # further segments: [start in sectors, MiB]
    skip: list = field(default_factory=list)    # nodes whose copy has the flag to skip activation
    only: str = ""          # the node whose copy alone has it; "" for both

    @property
    def pieces(self):
        """(start in sectors, MiB) of its segments, in their order."""
        rest = [tuple(each) for each in self.more]
        return [(self.start, self.mib - sum(mib for _, mib in rest))] + rest


@dataclass
class Group:
    """A volume group, as the metadata on disk has it."""

    name: str
    uuid: str
    pv_uuid: str
    resource: str = "r0"    # the DRBD resource below its physical volume
    kind: str = "shared"    # shared (lvmlockd), clustered (clvmd) or local
    mib: int = 92
    volumes: dict = field(default_factory=dict)
    sequence: int = 1       # of its metadata
    tags: list = field(default_factory=list)
    exported: bool = False
    missing_pv: bool = False


@dataclass
class Cman:
    """What only cman has of a node."""

    fence_daemon: bool = False      # fenced runs; ``fenced`` of the node: it has joined its domain
    fence_wait: str = ""            # what fenced waits for: "quorum", "messages"
    fenced_how: dict = field(default_factory=dict)      # id -> "agent", "override" ...
    disallowed: list = field(default_factory=list)      # ids of nodes that came back with state
    state: str = "Cluster-Member"
    flags: list = field(default_factory=list)           # further ones: "Shutdown", "HaveState" ...
    votes: int = 1
    config_version: int = 1


@dataclass
class Node:
    """One machine."""

    name: str
    id: int
    up: bool = True
    boots: int = 1
    modules: list = field(default_factory=list)
    config: dict = field(default_factory=lambda: {"r0": ResourceConfig()})
    disks: dict = field(default_factory=lambda: {"r0": Disk()})
    drbd: dict = field(default_factory=dict)
    engine: bool = False            # corosync or cman runs
    pacemaker: bool = False
    fenced: bool = False            # in cman's fence domain
    cman: Cman = field(default_factory=Cman)
    dlm_controld: bool = False
    members: list = field(default_factory=list)     # ids of the nodes it sees
    joined_once: bool = False       # has seen all nodes: wait_for_all is satisfied
    unclean: list = field(default_factory=list)     # ids that are lost and not yet fenced
    deaf: list = field(default_factory=list)        # ids that are fenced, of which dlm does not hear
    dlm_library: str = "56"         # of libstonithd, that dlm_stonith opens; Pacemaker has 56
    links: list = field(default_factory=list)       # paths at which somebody made a link
    dlm_times: dict = field(default_factory=dict)   # id: when dlm saw it [added, failed, fenced]
    lockspaces: dict = field(default_factory=dict)
    stuck: list = field(default_factory=list)       # lockspaces in which recovery never ends
    processes: dict = field(default_factory=dict)
    mappings: dict = field(default_factory=dict)    # by device-mapper name
    locks: dict = field(default_factory=dict)       # "vg/lv" -> "ex" or "sh"
    lvm: dict = field(default_factory=dict)         # lvm.conf: "global/use_lvmlockd" -> value
    lvm_version: str = "2.03.16"
    visible_lower: bool = False     # LVM's filter lets the disk below DRBD through
    published: dict = field(default_factory=dict)   # private attributes
    wishes: str = ""        # "standby", "maintenance" of the node, "unmanaged": of its resources
    attributes: dict = field(default_factory=dict)  # promotion scores in the attribute daemon's memory
    scores: dict = field(default_factory=dict)      # and as they stand in the CIB
    attrd_started: int = 4000       # start times of Pacemaker's daemons, clock ticks
    controller_started: int = 4000
    files: dict = field(default_factory=dict)       # what programs and agents wrote
    sockets: dict = field(default_factory=dict)     # path -> pid that listens, 0: nobody does
    handler_installed: bool = True  # DRBD's fence-peer handlers are on this node
    odd_formats: bool = False       # of programs and kernel: attributes one letter longer or shorter
    run_full: bool = False          # nothing can be written to /run
    durable: dict = field(default_factory=dict)     # what is kept in /var/lib: path: text
    var_full: bool = False          # nothing can be written there
    unreadable: list = field(default_factory=list)  # beginnings of paths that cannot be read
    log: list = field(default_factory=list)         # the kernel's: [time, text]
    wall: float = 0.0               # by how much the clock on the wall is wrong
    fence_delay: float = 0.0        # of the device that fences this node
    fenced_at: float = 0.0          # when a fence device last killed it
    fencing_since: float = 0.0      # and since when that had been asked for
    lost_at: float = 0.0            # when it last noticed that the other one had left the cluster

    @property
    def address(self):
        """Its address on the cluster's network."""
        return "10.77.0.%d" % self.id


@dataclass
class Fencing:
    """A request to fence a node, under way or over."""

    by: str
    target: str
    action: str
    mode: str = ""
    began: float = 0.0
    result: str = ""        # "success", "failed"; "" while it is under way


@dataclass
class Cluster:
    """Both machines and what lies between them."""

    generation: str = LVMLOCKD
    drbd_version: str = DRBD_8
    engine: str = ""                # below clvmd: CMAN or COROSYNC (with dlm 4); "" for the usual one
    now: float = 1000.0
    nodes: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)
    replication_link: bool = True
    cluster_link: bool = True
    two_node: bool = True
    fencing_enabled: bool = True
    fencing_works: bool = True
    fencing_mode: str = ""          # of requests by hand or handler: "slow", "lies", "second"
    fencings: dict = field(default_factory=dict)    # number: state.Fencing
    helped: bool = False            # DRBD's handler is run by somebody, else it is taken for granted
    helpers: dict = field(default_factory=dict)     # number: exit code of DRBD's handler, None as yet
    torn: list = field(default_factory=list)        # I/O that was resumed while the peer may write
    twice: list = field(default_factory=list)       # deaths for which no loss was the cause
    events: list = field(default_factory=list)      # [time, number, what, arguments]
    counter: int = 100              # gives pids, uuids, generations
    faults: list = field(default_factory=list)
    calls: list = field(default_factory=list)       # [node, argv...] of every program run
    harm: list = field(default_factory=list)        # what lost data or would have
    resync_seconds: float = 4.0
    constraints: list = field(default_factory=list)     # elements in the CIB, as XML
    maintenance: bool = False       # of the whole cluster: Pacemaker looks away
    startup_seconds: float = 0.3    # of a lock daemon
    expected_votes: int = 0         # as set by hand, 0: it was not
    quorum_disk: int = 0            # its votes, 0: there is none
    conf_version: int = 1           # of the cluster.conf that lies on the disks
    conf_problem: str = ""          # why it does not validate

    @property
    def has_cman(self):
        """Whether cman runs the membership, rather than corosync alone."""
        return (self.engine or (CMAN if self.generation == CLVMD else COROSYNC)) == CMAN

    @property
    def drbd_9(self):
        """Whether DRBD's module is of generation 9."""
        return self.drbd_version.startswith("9")

    def next(self):
        """A number that was not given before."""
        self.counter += 1
        return self.counter

    def peer(self, node):
        """The other machine."""
        for other in self.nodes.values():
            if other.id != node.id:
                return other
        raise ValueError("%s has no peer" % node.name)

    def node_by_id(self, number):
        return next(node for node in self.nodes.values() if node.id == number)


_TYPES = {cls.__name__: cls for cls in (ResourceConfig, Disk, Drbd, Lockspace, Process, Mapping,
                                        Cman, Volume, Group, Node, Fencing, Cluster)}
_TYPE = "__type__"


def _pack(value):
    if type(value).__name__ in _TYPES:
        data = {name: _pack(item) for name, item in value.__dict__.items()}
        data[_TYPE] = type(value).__name__
        return data
    if isinstance(value, dict):
        return {str(key): _pack(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(item) for item in value]
    return value


def _unpack(data):
    if isinstance(data, dict):
        made = {key: _unpack(item) for key, item in data.items() if key != _TYPE}
        return _TYPES[data[_TYPE]](**made) if _TYPE in data else made
    if isinstance(data, list):
        return [_unpack(item) for item in data]
    return data


def dumps(cluster):
    """The cluster as JSON text."""
    return json.dumps(_pack(cluster))


def loads(text):
    """The cluster that ``dumps`` wrote."""
    return _unpack(json.loads(text))
