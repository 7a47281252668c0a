# SPDX-License-Identifier: GPL-2.0-or-later
"""Volume groups on DRBD: who sees them, which volumes are active, device-mapper."""

from simulator import blocks
from simulator.state import Group, Mapping, Volume

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
MAJOR = 253
EXTENT_MIB = 4
LOWER_DISK = "vdb"      # the kernel's name of the disk below DRBD

#: Ids of the volumes of the captured cluster, so that output can be compared.
_CAPTURED = {"vg0": "smkfDs-SuWt-e2Jy-ANJt-U0pB-J4d9-hjeZ2Q",
             "vg0/lv0": "IaK8Xd-dwzK-swnX-pjmc-DNA2-Vifw-cwef7S",
             "vg0/lv1": "Blm50V-63FK-1Krb-UKOR-do0L-3jvN-XawRxW"}


def make_uuid(number, name=""):
    """An id as LVM writes it, 32 characters in groups."""
    if name in _CAPTURED:
        return _CAPTURED[name]
    letters, value = [], number * 2654435761 + 12345
    for _ in range(32):
        value = (value * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        letters.append(_ALPHABET[(value >> 33) % len(_ALPHABET)])
    text, parts = "".join(letters), (6, 4, 4, 4, 4, 4, 6)
    words, at = [], 0
    for length in parts:
        words.append(text[at:at + length])
        at += length
    return "-".join(words)


def create_group(cluster, name, resource="r0", kind=None):
    """Metadata of a new, empty group."""
    kind = kind or ("clustered" if cluster.generation == "clvmd" else "shared")
    group = Group(name=name, uuid=make_uuid(cluster.next(), name),
                  pv_uuid=make_uuid(cluster.next()), resource=resource, kind=kind)
    cluster.groups[name] = group
    return group


def create_volume(cluster, group, name, mib=16, tags=()):
    """Metadata of a new volume."""
    start = _free_place(group, mib)
    volume = Volume(name=name, uuid=make_uuid(cluster.next(), "%s/%s" % (group.name, name)),
                    mib=mib, start=start, tags=list(tags))
    group.volumes[name] = volume
    group.sequence += 1
    return volume


def _free_place(group, mib):
    """The first sector of the first free extents that are enough for a volume."""
    taken = sorted(each for volume in group.volumes.values() for each in volume.pieces)
    at = 2048
    for start, length in taken:
        if start - at >= mib * 2048:
            break
        at = max(at, start + length * 2048)
    return at


def of(group, node):
    """The volumes of a group as a node's copy has them: {name: Volume}."""
    return {name: volume for name, volume in group.volumes.items()
            if volume.only in ("", node.name)}


def apart(cluster, node, group):
    """Whether what LVM changes now is on this node's copy alone."""
    each = node.drbd.get(group.resource)
    return blocks.counted(node.disks.get(group.resource)) and each is not None \
        and not blocks.replicates(each)


def copied(cluster, source, target, resource):
    """The other node has got the VG metadata of one."""
    for group in cluster.groups.values():
        if group.resource == resource:
            group.volumes = of(group, source)
            for volume in group.volumes.values():
                volume.only = ""
                volume.skip = [each.name for each in (source, target)] \
                    if source.name in volume.skip else []


def visible(cluster, node, group):
    """Whether LVM of *node* finds the group's physical volume."""
    drbd = node.drbd.get(group.resource)
    readable = drbd is not None and drbd.role == "Primary" and (
        drbd.dstate in ("UpToDate", "Inconsistent", "Consistent", "Outdated")
        or drbd.peer_dstate == "UpToDate")
    return readable or node.visible_lower


def duplicated(cluster, node, group):
    """Whether LVM sees the group both on DRBD and on the disk below."""
    drbd = node.drbd.get(group.resource)
    return node.visible_lower and drbd is not None and drbd.role == "Primary"


def device(node, group):
    """The kernel's name of the device on which LVM of *node* finds the group: DRBD's, or the disk below."""
    drbd = node.drbd.get(group.resource)
    if drbd is not None and drbd.role == "Primary":
        return "drbd%d" % node.config[group.resource].minor
    return LOWER_DISK


def mapper_name(vg, lv):
    """The device-mapper name of a volume: hyphens doubled."""
    return "%s-%s" % (vg.replace("-", "--"), lv.replace("-", "--"))


def mapping(node, vg, lv):
    """The device of a volume on this node, None while it is inactive."""
    return node.mappings.get(mapper_name(vg, lv))


def map_volume(cluster, node, group, volume):
    """Make the device."""
    name = mapper_name(group.name, volume.name)
    if name not in node.mappings:
        taken = {m.minor for m in node.mappings.values()}
        minor = next(n for n in range(len(taken) + 1) if n not in taken)
        make_mapping(node, group, volume, minor)


def make_mapping(node, group, volume, minor):
    """Make the device with this minor."""
    uuid = "LVM-%s%s" % (group.uuid.replace("-", ""), volume.uuid.replace("-", ""))
    node.mappings[mapper_name(group.name, volume.name)] = Mapping(
        vg=group.name, lv=volume.name, uuid=uuid, minor=minor, below=device(node, group),
        mib=volume.mib)


def unmap_volume(node, vg, lv):
    """Remove the device."""
    node.mappings.pop(mapper_name(vg, lv), None)


def mapped(node, vg):
    """Names of the group's volumes that are active on this node."""
    return [m.lv for m in node.mappings.values() if m.vg == vg]


def lock_of(node, vg, lv):
    """Mode of the lock this node holds on a volume: "ex", "sh" or None."""
    return node.locks.get("%s/%s" % (vg, lv))


def conflict(cluster, node, vg, lv, mode):
    """Whether the other node's lock forbids *mode*; locks of the dead count until recovery."""
    theirs = lock_of(cluster.peer(node), vg, lv)
    return theirs == "ex" or (mode == "ex" and theirs is not None)


def lock(node, vg, lv, mode):
    """Take or change the lock; None gives it back."""
    if mode is None:
        node.locks.pop("%s/%s" % (vg, lv), None)
    else:
        node.locks["%s/%s" % (vg, lv)] = mode


def lock_table(cluster, node, vg):
    """The text of the kernel's lvm_VG_locks: what lvmlockd holds on the VG and its LVs."""
    lines = ["id nodeid remid pid xid exflags flags sts grmode rqmode time_ms r_nodeid r_len r_name",
             '1 0 0 477 0 4 1 2 0 -1 2068552158 0 4 "VGLK"']
    group = cluster.groups.get(vg)
    for number, (key, mode) in enumerate(sorted(node.locks.items()), 2):
        name, _, lv = key.partition("/")
        if name == vg and group is not None and lv in group.volumes:
            lines.append('%x 0 0 477 0 85 1 2 %d -1 2107409693 0 38 "%s"' % (
                number, 5 if mode == "ex" else 3, group.volumes[lv].uuid))
    return "\n".join(lines) + "\n"


def free_extents(group):
    return group.mib // EXTENT_MIB - sum(v.mib // EXTENT_MIB for v in group.volumes.values())
