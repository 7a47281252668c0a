# SPDX-License-Identifier: GPL-2.0-or-later
"""Situations of a simulated cluster with clvmd, by the words that transcripts use."""

from simulator import locking, membership, volumes, world
from simulator.host import Simulation
from simulator.state import CLVMD


def _each(simulation, work):
    for node in simulation.cluster.nodes.values():
        work(node)


def _no_quorum(simulation):
    """Each node alone, both needed, nobody fences."""
    cluster = simulation.cluster
    cluster.two_node = cluster.cluster_link = cluster.fencing_works = False
    simulation.advance(2)
    for node in cluster.nodes.values():
        node.unclean.clear()


def _fencing_pending(simulation):
    """node2 is lost and fencing does not succeed."""
    cluster = simulation.cluster
    cluster.fencing_works = False
    world.crash(cluster, cluster.nodes["node2"])
    simulation.advance(2)


def _without_clvmd(name, kill=False):
    def work(simulation):
        node = simulation.cluster.nodes[name]
        locking.end(simulation.cluster, node, locking.daemon(node, "clvmd"), clean=not kill)
        simulation.cluster.harm.clear()
    return work


def _without_dlm(simulation):
    _each(simulation, lambda node: setattr(node, "dlm_controld", False))


def _without_fenced(simulation):
    _each(simulation, lambda node: (setattr(node.cman, "fence_daemon", False),
                                    setattr(node, "fenced", False)))


def _exclusive(name, lv=None):
    """node *name* has the volumes exclusively, the other one has not got them."""
    def work(simulation):
        cluster = simulation.cluster
        group = cluster.groups["vg0"]
        for volume in group.volumes.values():
            if lv in (None, volume.name):
                for node in cluster.nodes.values():
                    volumes.unmap_volume(node, "vg0", volume.name)
                    volumes.lock(node, "vg0", volume.name, None)
                volumes.lock(cluster.nodes[name], "vg0", volume.name, "ex")
                volumes.map_volume(cluster, cluster.nodes[name], group, volume)
    return work


def _inactive(*names):
    def work(simulation):
        for name in names:
            node = simulation.cluster.nodes[name]
            for lv in list(volumes.mapped(node, "vg0")):
                volumes.unmap_volume(node, "vg0", lv)
                volumes.lock(node, "vg0", lv, None)
    return work


def _open(name):
    def work(simulation):
        volumes.mapping(simulation.cluster.nodes[name], "vg0", "lv0").openers.append("sleep")
    return work


def _lvm_conf(**settings):
    def work(simulation):
        _each(simulation, lambda node: node.lvm.update(
            {"global/" + key: value for key, value in settings.items()}))
    return work


def _config(**fields):
    def work(simulation):
        for key, value in fields.items():
            setattr(simulation.cluster, key, value)
    return work


def _cman(**fields):
    def work(simulation):
        for key, value in fields.items():
            setattr(simulation.cluster.nodes["node1"].cman, key, value)
    return work


def _daemon_state(state):
    def work(simulation):
        locking.daemon(simulation.cluster.nodes["node1"], "clvmd").state = state
    return work


def _unset(name):
    def work(simulation):
        _each(simulation, lambda node: node.lvm.pop("global/" + name))
    return work


#: "in:" -> the state of world.STATES to begin with.
BEGIN = {
    "nothing started": "fresh",
    "the cluster is up": "cluster-up",
    "DRBD is primary": "both-primary",
    "clvmd runs": "daemons",
    "a clustered VG": "group",
    "active on both": "active",
}

#: "given:" -> what is changed.
CHANGES = {
    "no quorum": _no_quorum,
    "fencing is pending": _fencing_pending,
    "node2 has left": lambda s: membership.stop_engine(s.cluster, s.cluster.nodes["node2"]),
    "cman is down": lambda s: _each(s, lambda n: membership.lose_engine(s.cluster, n)),
    "node1 has no clvmd": _without_clvmd("node1"),
    "node2 has no clvmd": _without_clvmd("node2"),
    "clvmd of node1 was killed": _without_clvmd("node1", kill=True),
    "clvmd of node1 is stopped": _daemon_state("T"),
    "dlm_controld is down": _without_dlm,
    "fenced is down": _without_fenced,
    "node1 is not in the fence domain":
        lambda s: setattr(s.cluster.nodes["node1"], "fenced", False),
    "no node is in the fence domain": lambda s: _each(s, lambda n: setattr(n, "fenced", False)),
    "fenced waits for messages": _cman(fence_wait="messages"),
    "node1 holds all exclusively": _exclusive("node1"),
    "node2 holds all exclusively": _exclusive("node2"),
    "node2 holds lv1 exclusively": _exclusive("node2", "lv1"),
    "all inactive": _inactive("node1", "node2"),
    "inactive on node1": _inactive("node1"),
    "lv0 is open on node1": _open("node1"),
    "lv0 is open on node2": _open("node2"),
    "fallback_to_local_locking = 1": _lvm_conf(fallback_to_local_locking=1),
    "fallback_to_local_locking is not set": _unset("fallback_to_local_locking"),
    "locking_type = 1": _lvm_conf(locking_type=1),
    "locking_type = 0": _lvm_conf(locking_type=0),
    "vg0 is local": lambda s: setattr(s.cluster.groups["vg0"], "kind", "local"),
    "vg0 is exported": lambda s: setattr(s.cluster.groups["vg0"], "exported", True),
    "vg0 lacks its PV": lambda s: setattr(s.cluster.groups["vg0"], "missing_pv", True),
    "cluster.conf has a new version": _config(conf_version=2),
    "cluster.conf is invalid": _config(
        conf_problem="Relax-NG validity error : Extra element cman in interleave\n"
        "tempfile:3: element cman: Relax-NG validity error : Element cluster failed to validate "
        "content"),
    "cluster.conf cannot be read": _config(conf_problem="missing"),
    "a quorum disk": _config(quorum_disk=1, two_node=False),
    "not a two-node cluster": _config(two_node=False),
    "node2 is disallowed": _cman(disallowed=[2]),
    "node1 is joining": _cman(state="Joining"),
    "every flag is set": _cman(flags=["Shutdown", "Error", "DisallowedEnabled", "HaveState"]),
    "cmirrord runs": lambda s: locking.spawn(s.cluster, s.cluster.nodes["node1"], "cmirrord",
                                             ["cmirrord"]),
}


def make(case):
    """The Simulation in which a Case begins."""
    cluster = world.make(CLVMD, case.lvm)
    cluster.engine = case.engine
    world.STATES[BEGIN[case.situation]](cluster)
    world.settle(cluster)
    simulation = Simulation(cluster)
    for change in case.given:
        CHANGES[change](simulation)
        world.settle(cluster)
    return simulation
