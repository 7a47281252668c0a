# SPDX-License-Identifier: GPL-2.0-or-later
"""From a Report to what a person should do about DRBD: its connection and its copies. Pure."""

import re

from dualstor import recipes
from dualstor.command.status import peer
from dualstor.command.status.advised import error, warning
from dualstor.command.status.report import Silent
from dualstor.record import whole

_NO_DISK = ("Diskless", "Failed")
_COPY_LOST = ("Inconsistent", "Outdated")


def _groups(report, state):
    """Names of the volume groups with LVs that are active here on a resource."""
    if isinstance(report.active, Silent):
        return _any_groups(report)
    minors = {volume.minor for volume in state.volumes} if state else set()
    return tuple(sorted({each.vg for each in report.active
                         if not each.minors or minors & set(each.minors)}))


def _any_groups(report):
    """Names of volume groups that may have LVs on a resource, where nobody has looked."""
    active = () if isinstance(report.active, Silent) else report.active
    listed = report.listed if isinstance(report.listed, tuple) else ()
    return tuple(sorted({each.vg for each in active + listed})) or (recipes.ANY_GROUP,)


def _sides(report, name, state):
    """The recipes.Sides of this node and of the other one."""
    here = recipes.Side(node=report.node, state=state, groups=_groups(report, state))
    there = peer.active_groups(report.peer)
    if there is None:
        there = _any_groups(report)
    elif not isinstance(report.active, Silent) and state:   # not those on other resources
        mine = set(here.groups)
        there = tuple(group for group in there if group in mine
                      or group not in {each.vg for each in report.active})
    return here, recipes.Side(node=report.other, groups=there,
                              state=peer.resource_state(report.peer, name))


def _manager(report):
    """The recipes.Cluster: whether Pacemaker runs here, and in maintenance mode."""
    if not isinstance(report.quorum, Silent) and not report.quorum.running:
        return recipes.Cluster(runs=False)
    return recipes.Cluster(maintained=not isinstance(report.cluster, Silent) and dict(
        report.cluster.properties).get("maintenance-mode") == "true")


def _old(report):
    """Whether DRBD is older than 8.4."""
    numbers = [whole(n) for n in (report.drbd.version or "9").split(".")[:2]]
    return None not in numbers and numbers < [8, 4]


def _told(report, name, words):
    """Whether a failed action told of these words, and of no other resource."""
    for failure in () if isinstance(report.cluster, Silent) else report.cluster.failures:
        named = re.search(r"DRBD resource ([^\s:]+)", failure.reason)
        if words in failure.reason and (named is None or named.group(1) == name):
            return True
    return False


def _split_brain(report, name, state):
    """The Advice to end a split brain; None where none is seen."""
    sides = _sides(report, name, state)
    if state is None:
        if not (_told(report, name, recipes.SPLIT_BRAIN) or sides[1].standalone):
            return None
        what = f"DRBD {name} is down here, after a split brain"
    elif state.standalone:
        what = (f"DRBD {name} has given up the connection (StandAlone), as after a split brain: "
                "the two copies differ more with each write")
    elif sides[1].standalone:
        what = (f"DRBD {name} waits in vain: {sides[1].node} has given up the connection "
                "(StandAlone), as after a split brain")
    elif not state.connected and _told(report, name, recipes.SPLIT_BRAIN) and not sides[1].waits:
        what = f"DRBD {name} waits in vain: the cluster reports a split brain"
    else:
        return None
    first = f"start {report.other} and its cluster; then " if _alone(report) else ""
    more = "" if isinstance(report.peer, dict) else \
        (f". (`dualstor status --peer {report.other}` prints fewer steps: those for the state that "
         "it is in)")
    return error(what, first + recipes.DECIDE + more, recipes.split_brain(
        name, sides, old=_old(report), cluster=_manager(report)))


def _down(report, name):
    """The Advice for a resource that is not up."""
    here, there = recipes.Side(node=report.node, state=None, groups=()), report.other
    if _told(report, name, recipes.NO_META_DATA):
        return error(f"DRBD {name} is not up here: its disk has no meta-data",
                     f"look first whether it is the right disk (`drbdadm dump {name}`, `lsblk`), "
                     "and why its meta-data is gone. What is written over is lost",
                     recipes.new_disk(name, report.node, there, up=False))
    if _told(report, name, recipes.CONSISTENT) and _off(report):
        return _lone(report, name, here)
    return error(f"DRBD {name} is not up on {report.node}",
                 "the cluster brings it up: see its last failure, mend that, then "
                 "`crm_resource --cleanup`")


def _lone(report, name, side):
    """The Advice for a copy that may be the newer one, or not."""
    return error(f"DRBD {name} is Consistent here and alone: nobody knows whether the copy of "
                 f"{report.other} is newer",
                 f"bring {report.other} back, and the newer copy wins by itself. Where that cannot "
                 "be",
                 recipes.lone_copy(name, side, report.other, _old(report), _manager(report)))


def _alone(report):
    """Whether the other node is known to be down, so that nothing can be connected."""
    cluster = report.cluster
    return not isinstance(cluster, Silent) and any(not node.online for node in cluster.nodes)


def _off(report):
    """Whether the cluster is sure that the other node is down."""
    return _alone(report) and not any(node.unclean for node in report.cluster.nodes)


def _no_disk(report, name, state, volume):
    """The Advice for a volume without a disk."""
    good = state.connected and all(d == "UpToDate" for p in state.peers for d in p.dstates)
    if not good:
        return error(f"DRBD {name} has lost its disk here ({volume.dstate}), and reaches no good "
                     "copy",
                     "bring the other node back; if the disk answers again (`dmesg`), `drbdadm "
                     f"attach {name}`")
    return error(
        f"DRBD {name} has lost its disk here ({volume.dstate}); this node reads and writes over "
        "the network", "find out why (`dmesg`), repair or replace it",
        recipes.new_disk(name, report.node, report.other, up=True))


def _disks(report, name, state):
    for volume in state.volumes:
        if volume.dstate in _NO_DISK:
            yield _no_disk(report, name, state, volume)
        elif volume.dstate == "Consistent" and not state.connected and _off(report):
            yield _lone(report, name, recipes.Side(node=report.node, state=state))
        elif volume.dstate in _COPY_LOST and volume.resync is None:
            yield error(f"DRBD {name} is {volume.dstate} here",
                        "bring the connection to the other node back: its data is newer, and "
                        "comes over by itself")
        elif volume.resync is not None:
            yield warning(
                f"DRBD {name} is being brought up to date ({int(volume.resync)} %)",
                "wait: until it is done there is one good copy only. Do not reboot the node that "
                "has it")


def look(report):
    """The Advice on DRBD, a generator."""
    if isinstance(report.drbd, Silent):
        return
    if not report.drbd.loaded:
        yield error(f"DRBD's kernel module is not loaded on {report.node}",
                    "if the cluster runs, see its last failure; by hand: `modprobe drbd`")
    for name, state in report.drbd.resources:
        if isinstance(state, Silent):
            continue
        split = _split_brain(report, name, state)
        if split is not None:
            yield split
        elif state is None:
            yield _down(report, name)
        elif not state.connected and not _alone(report):
            yield error(f"DRBD {name} is not connected though the other node may be up",
                        "look at the replication link on both nodes (cable, address, firewall); "
                        "DRBD connects by itself once it works. If it says StandAlone there "
                        f"(`drbdadm cstate {name}`): `dualstor status` on that node")
        if state is None:
            continue
        if state.suspended:
            yield error(f"DRBD {name} holds all writes back",
                        "it waits until the lost node is fenced, or connects again: mend the "
                        "fencing (see above) or the replication link")
        yield from _disks(report, name, state)
        if state.connected and state.up_to_date and not state.primary:
            yield warning(f"DRBD {name} is not Primary on {report.node}",
                          "the cluster promotes it: see its last failure, or whether the node is "
                          "in standby")
