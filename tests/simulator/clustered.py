# SPDX-License-Identifier: GPL-2.0-or-later
"""What clvmd of both nodes does with the locks of logical volumes, and with the volumes.

The rules are those of LVM2 daemons/clvmd/lvm-functions.c: ``hold_lock`` asks without waiting and
converts nothing, so a lock of the same node in another mode is EBUSY, one of the other node
EAGAIN; ``do_deactivate_lv`` has nothing to do where no lock is held.
"""

from simulator import locking, volumes

BUSY = "Device or resource busy"
ELSEWHERE = "Volume is busy on another node"


def label(cluster, node):
    """What clvmd calls a node: cman's name, or the id in hexadecimal."""
    return node.name if cluster.has_cman else "%x" % node.id


def lacking(cluster, node):
    """The member whose clvmd does not run, as far as that hinders: only cman notices. Or None."""
    peer = cluster.peer(node)
    there = cluster.has_cman and peer.up and peer.engine and peer.id in node.members
    return peer if there and locking.daemon(peer, "clvmd") is None else None


def taking_part(cluster, node):
    """The nodes whose clvmd carries out what is for all: the others first, as they answer first."""
    peer = cluster.peer(node)
    there = peer.up and peer.id in node.members and locking.daemon(peer, "clvmd") is not None
    return ([peer] if there else []) + [node]


def activate(cluster, node, group, volume, mode):
    """clvmd of *node* is asked to activate; what is wrong, None for nothing."""
    held = volumes.lock_of(node, group.name, volume.name)
    if held is not None and held != mode:
        return BUSY
    if held is None and volumes.conflict(cluster, node, group.name, volume.name, mode):
        return ELSEWHERE
    volumes.lock(node, group.name, volume.name, mode)
    volumes.map_volume(cluster, node, group, volume)
    return None


def deactivate(node, group, name, old):
    """clvmd of *node* is asked to deactivate; what is wrong, None for nothing."""
    if volumes.lock_of(node, group.name, name) is None:
        return None
    mapping = volumes.mapping(node, group.name, name)
    if mapping is not None and mapping.openers:
        return ("LV %s/%s in use: not deactivating" if old else "Logical volume %s/%s in use.") % (
            group.name, name)
    volumes.unmap_volume(node, group.name, name)
    volumes.lock(node, group.name, name, None)
    return None


def exclusive_elsewhere(cluster, node, group, name):
    """Whether the other node has the volume exclusively."""
    return volumes.lock_of(cluster.peer(node), group.name, name) == "ex" \
        and volumes.lock_of(node, group.name, name) is None


def lock_table(cluster, node):
    """The text of the kernel's clvmd_locks: granted locks on logical volumes."""
    lines = ["id nodeid remid pid xid exflags flags sts grmode rqmode time_ms r_nodeid r_len r_name"]
    for number, (key, mode) in enumerate(sorted(node.locks.items()), 1):
        vg, _, lv = key.partition("/")
        group = cluster.groups.get(vg)
        if group is None or group.kind != "clustered" or lv not in group.volumes:
            continue
        name = (group.uuid + group.volumes[lv].uuid).replace("-", "")
        lines.append('%x 0 0 700 0 0 0 2 %d -1 0 0 64 "%s"' % (number, 5 if mode == "ex" else 1, name))
    return "\n".join(lines) + "\n"
