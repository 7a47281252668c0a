# SPDX-License-Identifier: GPL-2.0-or-later
"""A fault in the middle of each operation on a simulated pair: what is said is true, the same call again finishes it."""

import pytest

from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG, LEAVING_TAG
from dualstor.volumes import Refused, Unfinished
from model import actions
from simulator import membership, world
from simulator.host import NodeDied

from .pair import NODES, Pair

OPERATIONS = {
    "create": lambda v: v.create("new", "8M"),
    "grow": lambda v: v.grow("lv1", "12M"),
    "rename": lambda v: v.rename("lv1", "new"),
    "remove": lambda v: v.remove("lv1"),
    "exclusive": lambda v: v.exclusive("lv1"),
    "share": lambda v: v.share("lv2"),
}
#: After how many commands on either node the fault comes.
MOMENTS = (2, 6, 12, 20)


def node_dies(pair):
    world.crash(pair.cluster, pair.cluster.nodes["node2"])


def watcher_killed(pair):
    pair.cluster.nodes["node2"].processes.pop(str(pair.watcher("node2").pid))


def watcher_stopped(pair):
    pair.watcher("node2").state = "T"


def own_watcher_killed(pair):
    pair.cluster.nodes["node1"].processes.pop(str(pair.watcher("node1").pid))


def replication_cut(pair):
    pair.cluster.replication_link = False


def cluster_cut(pair):
    pair.cluster.cluster_link = False


def quorum_lost(pair):
    pair.cluster.two_node = pair.cluster.fencing_works = False
    node_dies(pair)


FAULTS = (node_dies, watcher_killed, watcher_stopped, own_watcher_killed, replication_cut, cluster_cut, quorum_lost)


@pytest.fixture
def pair():
    pair = Pair()
    pair.volumes().create("lv2", "4M", exclusive=True)
    pair.watching.settle()
    return pair


def state(pair):
    """{LV: (MiB, tags)} as LVM's metadata have them."""
    return {name: (each.mib, tuple(each.tags)) for name, each in pair.cluster.groups["vg0"].volumes.items()}


def struck(pair, operation, fault, moment):
    """What an operation returned or raised, when the fault came after so many commands."""
    left = [moment]

    def watch(_node, _argv):
        left[0] -= 1
        if left[0] == 0:
            fault(pair)
    pair.simulation.watchers.append(watch)
    try:
        return operation(pair.volumes(seconds=30))
    except (Refused, Unfinished) as problem:
        return problem
    except NodeDied:
        return None
    finally:
        pair.simulation.watchers.remove(watch)


def mended(pair):
    """Whether both nodes run, after what people and the cluster do next; a node that died stays down."""
    cluster = pair.cluster
    pair.simulation.advance(120)
    cluster.replication_link = cluster.cluster_link = cluster.two_node = cluster.fencing_works = True
    one, two = cluster.nodes.values()
    if not two.up:
        membership.confirm_down(cluster, one, two)
    pair.simulation.advance(60)
    alive = [node for node in NODES if cluster.nodes[node].up]
    for node in alive:
        actions.act(pair.simulation, actions.DRBD, "monitor", node)     # resumes I/O
        pair.act("monitor", node)
    pair.watching.settle()
    return alive


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_fault_in_the_middle(pair, name, fault, moment):
    before = state(pair)
    said = struck(pair, OPERATIONS[name], fault, moment)
    if isinstance(said, Refused):
        assert state(pair) == before, said
    elif isinstance(said, Unfinished):
        assert said.did and "again" in str(said)
    alive = mended(pair)
    if "node1" not in alive:
        return      # whoever asked is gone with its node
    done = OPERATIONS[name](pair.volumes())
    assert set(done.nodes) == set(alive)
    assert not [each for each, (_, tags) in state(pair).items() if LEAVING_TAG in tags]
    for each, (_, tags) in state(pair).items():
        if EXCLUSIVE_TAG not in tags:
            assert set(pair.active(each)) == set(alive)
    assert not pair.cluster.harm
