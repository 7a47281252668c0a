# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulated cluster as a whole: making it, time, crashes, boots, named states."""

from simulator import drbd, locking, membership, volumes
from simulator.state import CLVMD, DRBD_8, LVMLOCKD, Cluster, Cman, Node, config_for

NODES = ("node1", "node2")

_LVM_CONF = {
    LVMLOCKD: {"global/use_lvmlockd": 1, "global/locking_type": 1, "global/event_activation": 0},
    CLVMD: {"global/locking_type": 3, "global/fallback_to_local_locking": 0,
            "global/use_lvmetad": 0},
}


_LVM = {LVMLOCKD: "2.03.16", CLVMD: "2.02.188"}


def make(generation=LVMLOCKD, lvm=None, drbd_version=DRBD_8):
    """Two freshly booted machines with nothing started.

    :param lvm: its version, e.g. "2.02.84"; None for that of the generation
    :param drbd_version: of DRBD's module; the resource's file is one for it
    """
    cluster = Cluster(generation=generation, drbd_version=drbd_version)
    for number, name in enumerate(NODES, 1):
        cluster.nodes[name] = Node(name=name, id=number, lvm=dict(_LVM_CONF[generation]),
                                   lvm_version=lvm or _LVM[generation],
                                   config={"r0": config_for(drbd_version)})
    return cluster


# -- time ---------------------------------------------------------------------

_EVENTS = {
    "drbd_handshake": lambda c, name: drbd.handshake(c, name),
    "drbd_bitmaps": lambda c, node, name: drbd.bitmaps_known(c, c.nodes[node], name),
    "drbd_verified": lambda c, node, name: drbd.verified(c, c.nodes[node], name),
    "drbd_synced": lambda c, node, name: drbd.synced(c, c.nodes[node], name),
    "drbd_fence": lambda c, node, name: drbd.handler_ends(c, c.nodes[node], name),
    "fencing": lambda c, number: membership.request_ends(c, number),
    "membership": lambda c, node: membership.notice(c, c.nodes[node]),
    "fenced": lambda c, node: membership.fencing_ends(c, c.nodes[node]),
}


def settle(cluster):
    """Let everything follow that takes no time."""
    drbd.settle(cluster)
    membership.settle(cluster)
    locking.settle(cluster)


def advance(cluster, seconds):
    """Let time pass; what was due happens on its time."""
    advance_to(cluster, cluster.now + seconds)


#: What only somebody who runs DRBD's handler does: see host.Simulation.
_OF_HELPERS = ("drbd_calls", "helper_wakes")


def advance_to(cluster, when, helping=None):
    """As ``advance``, to a point in time.

    :param helping: function of one of _OF_HELPERS and its arguments
    """
    settle(cluster)
    while True:
        due = sorted(event for event in cluster.events if event[0] <= when)
        if not due:
            break
        cluster.events.remove(due[0])
        cluster.now = max(cluster.now, due[0][0])
        if due[0][2] not in _OF_HELPERS:
            _EVENTS[due[0][2]](cluster, *due[0][3])
        elif helping is not None:
            helping(due[0][2], *due[0][3])
        settle(cluster)
    cluster.now = max(cluster.now, when)
    settle(cluster)     # some things wait for their time without an event
    for node in cluster.nodes.values():
        for name, each in node.drbd.items():
            if each.cstate in ("SyncSource", "SyncTarget"):
                ends = [e[0] for e in cluster.events if e[2] == "drbd_synced" and e[3][1] == name]
                if ends:
                    share = 1 - (min(ends) - cluster.now) / cluster.resync_seconds
                    each.synced = max(0.0, min(99.9, share * 100))


# -- machines -----------------------------------------------------------------

def crash(cluster, node):
    """Power off: memory is lost, disks stay as they are."""
    if not node.up:
        return
    drbd.crash(node, cluster.peer(node))
    node.up = node.engine = node.pacemaker = node.dlm_controld = node.fenced = False
    node.members, node.unclean, node.modules, node.dlm_times = [], [], [], {}
    node.cman = Cman(votes=node.cman.votes)
    node.joined_once = False
    node.lockspaces, node.stuck, node.processes, node.mappings = {}, [], {}, {}
    node.deaf = []
    node.attributes, node.scores, node.files, node.sockets = {}, {}, {}, {}
    node.published = {}
    node.run_full, node.unreadable, node.log = False, [], []
    peer = cluster.peer(node)
    if not (peer.up and (node.id in peer.members or node.id in peer.unclean)):
        node.locks.clear()      # nobody is left who would have to recover them
    drbd.settle(cluster)


def boot(cluster, node):
    """The machine comes back, with nothing started."""
    if not node.up:
        node.up = True
        node.boots += 1
        node.locks.clear()
        peer = cluster.peer(node)
        if node.id in peer.unclean:     # a node that boots is known to have been down
            membership.confirm_down(cluster, peer, node)
        settle(cluster)


# -- the way up, step by step -------------------------------------------------

def start_cluster(cluster, node):
    """Cluster engine, Pacemaker, dlm."""
    membership.start_engine(cluster, node)
    node.pacemaker = True
    locking.start_dlm(node)


def start_drbd(cluster, node, name="r0"):
    """Up, without waiting for the peer."""
    drbd.attach(cluster, node, name)
    drbd.connect(cluster, node, name)


def make_primary(cluster, node, name="r0"):
    """Promote, waiting for what it waits for."""
    for pause in drbd.promote(cluster, node, name):
        advance(cluster, pause)


def start_daemon(cluster, node):
    """The lock daemon of the generation, ready."""
    program = "clvmd" if cluster.generation == CLVMD else "lvmlockd"
    process = locking.spawn(cluster, node, program, [program])
    process.ready = program == "lvmlockd"
    locking.join(cluster, node, locking.GLOBAL if process.ready else locking.CLVMD_LOCKSPACE)
    settle(cluster)
    process.ready = True


def start_group(cluster, node, vg="vg0"):
    """Lock start and shared activation of every volume."""
    group = cluster.groups[vg]
    if group.kind == "shared":
        locking.join(cluster, node, "lvm_" + vg)
    for volume in group.volumes.values():
        if not volumes.conflict(cluster, node, vg, volume.name, "sh"):
            volumes.lock(node, vg, volume.name, "sh")
            volumes.map_volume(cluster, node, group, volume)


def second_resource(cluster, name="r1", minor=1):
    """Another resource, on both nodes as the first one: connected, in its roles."""
    from simulator.state import Disk, Drbd
    for node in cluster.nodes.values():
        config = config_for(cluster.drbd_version)
        config.name, config.minor = name, minor
        config.lower = "/dev/vd" + "a" * (minor // 25) + "bcdefghijklmnopqrstuvwxyz"[minor % 25]
        node.config[name], node.disks[name] = config, Disk()
        if "r0" in node.drbd:
            node.drbd[name] = Drbd(role=node.drbd["r0"].role, net=True)
            drbd.attach(cluster, node, name)
            node.drbd[name].cstate = "WFConnection"
    advance(cluster, 2)


def many_pairs(cluster, count):
    """*count* pairs of a DRBD resource and a VG with an LV, in a cluster of which the first runs."""
    for number in range(1, count):
        second_resource(cluster, "r%d" % number, number)
        group = volumes.create_group(cluster, "vg%d" % number, "r%d" % number)
        volumes.create_volume(cluster, group, "lv0", 16)
        for node in cluster.nodes.values():
            start_group(cluster, node, group.name)


def _secondary(cluster):
    for node in cluster.nodes.values():
        start_cluster(cluster, node)
        start_drbd(cluster, node)
    advance(cluster, 2)


def _primary(cluster):
    _secondary(cluster)
    for node in cluster.nodes.values():
        make_primary(cluster, node)


def _daemons(cluster):
    _primary(cluster)
    for node in cluster.nodes.values():
        start_daemon(cluster, node)


def _group(cluster):
    _daemons(cluster)
    group = volumes.create_group(cluster, "vg0")
    volumes.create_volume(cluster, group, "lv0", 16)
    volumes.create_volume(cluster, group, "lv1", 8)


def _active(cluster):
    _group(cluster)
    for node in cluster.nodes.values():
        start_group(cluster, node)


def _exclusive(cluster):
    _active(cluster)
    one, two = cluster.nodes.values()
    volumes.unmap_volume(two, "vg0", "lv1")
    volumes.lock(two, "vg0", "lv1", None)
    volumes.lock(one, "vg0", "lv1", "ex")


def _disconnected(cluster):
    """node2 StandAlone and Secondary, node1 Primary and waiting."""
    _secondary(cluster)
    one, two = cluster.nodes.values()
    make_primary(cluster, one)
    two.drbd["r0"].cstate = "StandAlone"
    two.drbd["r0"].peer_dstate = one.drbd["r0"].peer_dstate = "DUnknown"
    one.drbd["r0"].cstate = "WFConnection"
    drbd.new_generation(cluster, one, "r0")


def _split_brain(cluster):
    _primary(cluster)
    for node in cluster.nodes.values():
        node.drbd["r0"].cstate, node.drbd["r0"].peer_dstate = "StandAlone", "DUnknown"
        drbd.new_generation(cluster, node, "r0")


def _syncing(cluster):
    _secondary(cluster)
    one, _ = cluster.nodes.values()
    make_primary(cluster, one)
    drbd.new_generation(cluster, one, "r0")
    drbd.start_resync(cluster, one, "r0")
    drbd._agree(cluster, "r0")


def _diskless(cluster):
    _secondary(cluster)
    one, two = cluster.nodes.values()
    make_primary(cluster, one)
    two.drbd["r0"].dstate = one.drbd["r0"].peer_dstate = "Diskless"


def _survivor(cluster):
    _active(cluster)
    crash(cluster, cluster.nodes["node2"])
    advance(cluster, 15)


def _inquorate(cluster):
    _active(cluster)
    cluster.two_node = False
    one, two = cluster.nodes.values()
    cluster.fencing_works = False
    crash(cluster, two)
    advance(cluster, 3)


#: What ``reach`` knows; each builds on freshly booted machines.
STATES = {
    "fresh": lambda cluster: None,
    "cluster-up": lambda cluster: [start_cluster(cluster, n) for n in cluster.nodes.values()],
    "down": lambda cluster: [drbd.load_module(n) for n in cluster.nodes.values()],
    "both-secondary": _secondary,
    "both-primary": _primary,
    "daemons": _daemons,
    "group": _group,
    "active": _active,
    "exclusive": _exclusive,
    "disconnected": _disconnected,
    "split-brain": _split_brain,
    "syncing": _syncing,
    "diskless": _diskless,
    "survivor": _survivor,
    "inquorate": _inquorate,
}


def reach(name, generation=LVMLOCKD, lvm=None, drbd_version=DRBD_8):
    """A cluster in a named state (see STATES); *lvm* and *drbd_version* as ``make`` takes them."""
    cluster = make(generation, lvm, drbd_version)
    STATES[name](cluster)
    settle(cluster)
    return cluster
