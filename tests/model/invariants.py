# SPDX-License-Identifier: GPL-2.0-or-later
"""What must hold after every action of an agent, whatever happened before.

Each check takes what it needs and raises AssertionError with the story.
"""

import os
import pickle

from dualstor import main
from dualstor.host.memory import STATE_DIR, file_name
from dualstor.ocf.codes import MONITOR_ONLY
from dualstor.ocf.destructive import destructive
from dualstor.tools import hold
from model.actions import DAEMON, DRBD, GROUP
from simulator import blocks, locking, membership, state, volumes, watcher, world
from sourcetree import TREE

RUNNING = (0, 190)
PROMOTED = (8, 191)
LOOKING = ("monitor", "probe", "validate-all")

_FORBIDDEN_WORDS = ("-an", "-anl", "--force", "-f", "--discard-my-data", "--overwrite-data-of-peer",
                    "--clear-bitmap", "-ay", "create-md", "invalidate", "invalidate-remote",
                    "new-current-uuid")
_FORBIDDEN_PROGRAMS = ("killall", "pkill", "lvmconf", "sed", "sh", "bash", "service", "systemctl")
_LOCK_TAKING = ("vgs", "lvs", "pvs", "vgchange", "lvchange", "vgck", "vgscan", "pvscan", "lvcreate")
_QUORUM_TOOLS = ("corosync-quorumtool", "corosync-cmapctl", "cman_tool", "*")


def active(cluster, node, agent):
    """Whether the kernel of *node* has anything of the agent's resource."""
    if not node.up:
        return False
    if agent == DRBD:
        resource = node.drbd.get("r0")  # without link, disk and role DRBD 8 says Unconfigured
        return resource is not None and (resource.cstate, resource.dstate, resource.role) != (
            "StandAlone", "Diskless", "Secondary")
    if agent == DAEMON:
        program = "clvmd" if cluster.generation == state.CLVMD else "lvmlockd"
        spaces = [s for s in node.lockspaces if s == "clvmd" or s.startswith("lvm_")]
        return locking.daemon(node, program) is not None or bool(spaces)
    return bool(volumes.mapped(node, "vg0"))    # a frozen lockspace cannot be left


def codes(result):
    """I1: states are told by monitor alone; I11: a probe never bans the node; I7: one reason,

    and none that holds a destructive command.
    """
    if result.code is None:
        return
    if result.action not in ("monitor", "probe"):
        assert result.code not in MONITOR_ONLY, result
    if result.action == "probe":
        assert result.code not in (2, 3, 4, 5, 6), result
    if result.code != 0:
        assert len(result.reasons) == 1, result
        assert len(result.reasons[0]) > 10, result
        assert "unexpected" not in result.reasons[0], result
        assert destructive(result.reasons[0]) is None, result
    else:
        assert len(result.reasons) <= 1, result


def described(agent, environ):
    """I10: meta-data is one of two files, whatever the caller's environment holds."""
    folder = os.path.join(TREE, "metadata", agent)
    known = set()
    for ending in (".xml", ".ocf-1.0.xml"):
        with open(folder + ending, encoding="utf-8") as stream:
            known.add(stream.read())
    assert main.metadata(agent, environ) in known, environ


def in_time(result):
    """I2: every action ends within its time, plus one second."""
    assert result.seconds <= result.allowed + 1.0, result


def harmless(cluster, result):
    """I6: no command that may lose data or that reaches beyond this node; nothing was lost."""
    for call in result.calls:
        program, words = call[0].rpartition("/")[2], call[1:]
        assert program not in _FORBIDDEN_PROGRAMS, call
        for word in words:
            assert word not in _FORBIDDEN_WORDS, call
    assert not cluster.harm, (result, cluster.harm)


def written(cluster, result):
    """I6, I9: an agent writes nowhere but in its own folder, and leaves no draft behind."""
    known = set(locking.PIDFILE.values())
    for node in cluster.nodes.values():
        for path in node.files:
            assert path.startswith(STATE_DIR + "/") or path in known, (path, result)


def stopped(cluster, result, active_before, faults):
    """I3: stop says 0 when, and only when, nothing is active; what is inactive stops well."""
    if result.action != "stop" or result.code is None:
        return
    node = cluster.nodes[result.node]
    if result.code == 0:
        assert not active(cluster, node, result.agent), result
    if not active_before and not node.unreadable:
        assert result.code == 0, (result, faults)


def ended(result, killed):
    """An action that got SIGTERM does nothing more and says so; one that got SIGKILL says nothing."""
    if killed:
        assert result.code is None and not result.reasons, result
    elif result.code is not None:
        assert result.code == 1 and "SIGTERM" in result.reasons[0], result


def _failed(cluster, result):
    """Whether DRBD is in a state that counts as failed whatever the role."""
    each = cluster.nodes[result.node].drbd.get("r0")
    return result.agent == DRBD and each is not None and (
        each.cstate == "StandAlone" or each.dstate in ("Diskless", "Failed"))


def effective(cluster, result, again):
    """I4: what start, promote and demote say is what monitor sees; *again* runs an action."""
    if cluster.nodes[result.node].unreadable:
        return
    if result.code != 0 or result.action not in ("start", "promote", "demote", "stop"):
        return
    wanted = {"start": RUNNING, "promote": PROMOTED, "demote": RUNNING, "stop": (7,)}
    seen = again("monitor")
    if seen.code is not None:
        if result.action == "demote" and seen.code == 1 and _failed(cluster, result):
            return      # it was demoted; what ails it is another matter
        assert seen.code in wanted[result.action], (str(result), str(seen))


def repeatable(result, again):
    """I8: the same action once more ends the same."""
    if result.code == 0 and result.action in ("start", "stop", "promote", "demote"):
        second = again(result.action)
        assert second.code in (0, None), (str(result), str(second))


class QuorumWatch:
    """I5: no LVM command that takes locks while the node is inquorate and can know it.

    Wraps the simulation's hosts: ``check`` is called with each command before it runs.
    """

    def __init__(self, cluster):
        self.cluster = cluster

    def check(self, node, argv):
        program = argv[0].rpartition("/")[2]
        words = argv[1:]
        if program not in _LOCK_TAKING or "--nolocking" in words or "--readonly" in words:
            return
        if any(f["program"] in _QUORUM_TOOLS and f["times"] != 0 for f in self.cluster.faults):
            return
        assert membership.quorate(self.cluster, node), (
            "%s was run on %s, which is not quorate" % (" ".join(argv), node.name))


def frozen_while_the_peer_writes(cluster):
    """I13: DRBD's I/O is never resumed while the peer may write."""
    assert not cluster.torn, cluster.torn


def one_death_for_a_loss(cluster):
    """I14: a node is fenced once for a loss."""
    assert not cluster.twice, cluster.twice


def _stripped(cluster):
    """The state without what time, looking and scores may change."""
    copy = snapshot(cluster)
    copy.now, copy.counter, copy.calls, copy.faults, copy.harm = 0, 0, [], [], []
    copy.events = []
    for node in copy.nodes.values():
        node.attributes, node.scores, node.files = {}, {}, {}
        for process in node.processes.values():
            process.queue = 0       # a look at a socket leaves a connection there
        node.lockspaces.pop(locking.GLOBAL, None)   # any LVM command starts that one
        for each in node.drbd.values():
            each.synced = 0
    return copy


def snapshot(cluster):
    """A copy, for ``only_looked`` to compare with."""
    calls, cluster.calls = cluster.calls, []
    copy = pickle.loads(pickle.dumps(cluster, pickle.HIGHEST_PROTOCOL))
    cluster.calls = calls
    return copy


def _went_on(seen, expected, result):
    """What stood still may go on when no other node is up and Primary.

    It is taken back from *seen*, with what follows from it.
    """
    node, was = seen.nodes[result.node], expected.nodes[result.node]
    for name, each in node.drbd.items():
        if name in was.drbd and was.drbd[name].causes and not each.causes:
            assert was.drbd[name].causes == ["fencing"], result     # what a person did is a person's
            assert not any(other.up and name in other.drbd and other.drbd[name].role == "Primary"
                           for other in seen.nodes.values() if other is not node), result
            each.suspended, node.disks[name] = True, was.disks[name]


def only_looked(cluster, before, result):
    """I12: monitor changes nothing; clustered-vg may activate more and share what was exclusive, DRBD's let I/O go on."""
    if result.action not in LOOKING or result.code is None:
        return
    expected = before
    world.advance(expected, max(0.0, cluster.now - expected.now))
    expected, seen = _stripped(expected), _stripped(cluster)
    if result.agent == DRBD and result.action == "monitor":
        _went_on(seen, expected, result)
    if result.agent == GROUP and result.action == "monitor":
        node, was = seen.nodes[result.node], expected.nodes[result.node]
        assert set(was.mappings) <= set(node.mappings), result
        assert set(was.locks) <= set(node.locks), result
        for key, mode in was.locks.items():
            assert (mode, node.locks[key]) != ("sh", "ex"), result
        node.mappings, node.locks = was.mappings, was.locks
        for each in (node, was):        # it replaces a watcher that does not work
            each.processes = {pid: process for pid, process in each.processes.items()
                              if process.program != watcher.PROGRAM}
    assert seen == expected, (str(result), state.dumps(seen), state.dumps(expected))


# -- a healing of a split brain -----------------------------------------------------------------


def of_volumes(group, disk):
    """{(name of the LV, block): text} of what is on a disk."""
    owners = {blocks.place(volume, block): (volume.name, block)
              for volume in group.volumes.values() for block in range(volume.mib * 256)}
    return {owners[int(place)]: text for place, text in disk.blocks.items()
            if int(place) in owners}


def survives(cluster, group, written, journal, kept):
    """I15: what either side acknowledged on an LV that the other did not write is on both in the

    end, or the plan had said otherwise before the winner was named; what it had said is kept.

    :param written: {(node, LV, block): text} since they parted
    :param journal: of the healing, which has ended well
    :param kept: {place: text} of the loser's blocks that were kept
    """
    found = {name: of_volumes(group, node.disks["r0"]) for name, node in cluster.nodes.items()}
    one, two = cluster.nodes.values()
    assert one.disks["r0"].blocks == two.disks["r0"].blocks, "the copies differ"
    lost = journal.named(journal.lost)
    both = {lv for name, lv, _ in written if name == journal.winner} & {
        lv for name, lv, _ in written if name == journal.loser}
    for (name, lv, block), text in written.items():
        if name == journal.loser and (lv in lost or lv in both):
            place = blocks.place(group.volumes[lv], block)
            same = journal.winner, lv, block
            assert kept.get(place) == text or written.get(same) == text, (name, lv, block, text)
            assert lv in lost, (lv, "the plan had not said that it is lost")
            continue
        for disk in found.values():
            assert disk.get((lv, block), "") == text, (name, lv, block, text, disk)


def as_before(group, node, expected):
    """I16: a copy that no healing may have changed has what was written there, and nothing else.

    :param expected: {(LV, block): text}
    """
    found = of_volumes(group, node.disks["r0"])
    known = {volume.name for volume in group.volumes.values()}
    assert found == {key: text for key, text in expected.items() if text and key[0] in known}, (
        node.name, found, expected)


def half_copied_is_closed(cluster, group, journal):
    """I17: an LV that has only a part of what it is to get cannot be opened."""
    if journal is None or journal.end:
        return
    node = cluster.nodes[journal.winner]
    for uuid in journal.written:
        if uuid not in journal.filled:
            assert volumes.mapping(node, group.name, journal.names[uuid]) is None, journal


def nothing_held(cluster, group, maintained):
    """I18: after a healing has ended nothing is left of it that keeps anybody off.

    :param maintained: whether maintenance mode was set before
    """
    assert cluster.maintenance == maintained, "maintenance mode"
    for node in cluster.nodes.values():
        assert held(node) == (), node.name
        assert not any(each.alone for each in node.drbd.values()), node.name
    for volume in group.volumes.values():
        assert not volume.skip, volume


def held(node):
    """The holds on a node."""
    return hold.of(_Files(node), ("r0",), ("vg0",))


class _Files:
    """What agents read of a node to find a hold."""

    def __init__(self, node):
        self._node = node

    def recall(self, *name):
        return self._node.files.get("%s/%s" % (STATE_DIR, file_name(*name)))

    def read(self, name):
        return self._node.durable.get(name)

    def identity(self, name):
        return "there" if self.list(name) else None

    def list(self, name):
        inside = name + "/"
        return tuple(sorted({path[len(inside):].split("/")[0] for path in self._node.durable
                             if path.startswith(inside)}))
