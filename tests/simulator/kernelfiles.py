# SPDX-License-Identifier: GPL-2.0-or-later
"""What a node shows in /proc, /sys, /dev and /run, as a tree of files.

A folder is a dict, a file its text, a symbolic link a Link, a block device a
Block, an open socket a Socket.
"""

import functools
import posixpath

from simulator import dmlist, pvheader, watcher
from simulator import drbd as drbd_model
from simulator.state import CLVMD, HANDLER, STOCK_HANDLER
from simulator.volumes import LOWER_DISK, MAJOR

DRBD_MAJOR, LOWER = 147, (254, 16)
BOOT_ID = "0b7f9c1e-5a43-4d10-9c58-%012d\n"
_INTERPRETER = {name: "/usr/sbin/" + name for name in ("clvmd", "lvmlockd", "cmirrord", "lvmetad")}
_INTERPRETER[watcher.PROGRAM] = _INTERPRETER["python3"] = "/usr/bin/python3"


class Link(str):
    """A symbolic link; its target."""


class Block(tuple):
    """A block device node; (major, minor)."""


class Disk(Block):
    """A block device that can be read: (major, minor), with ``content`` at its begin."""

    content = b""


class Answer(bytes):
    """A device node that answers an ioctl with these bytes."""


class Socket(int):
    """A unix socket; the pid that listens, 0 for nobody."""


def put(tree, path, item):
    """Place an item at an absolute path, making folders."""
    folder, (above, last) = tree, _parts(path)
    for part in above:
        folder = folder.setdefault(part, {})
    folder[last] = item


@functools.lru_cache(maxsize=4096)
def _parts(path):
    """(names of the folders, last name) of a path."""
    parts = path.strip("/").split("/")
    return parts[:-1], parts[-1]


def resolve(tree, path, follow=True, hops=0):
    """What is at *path*, None when nothing is; links on the way are followed."""
    here, parts = tree, [p for p in path.split("/") if p]
    last = len(parts) - 1
    for number, part in enumerate(parts):
        if not isinstance(here, dict):
            return None
        item = here.get(part)
        if isinstance(item, Link) and (follow or number != last):
            if hops > 10:
                return None
            target = _target("/".join(parts[:number]), item)
            rest = "/".join(parts[number + 1:])
            return resolve(tree, target + "/" + rest, follow, hops + 1)
        here = item
    return here


@functools.lru_cache(maxsize=4096)
def _target(folder, link):
    """The absolute path that a link in *folder* means."""
    return posixpath.normpath(posixpath.join("/" + folder, link))


def _proc_drbd(cluster, node):
    if cluster.drbd_9:
        return "version: %s (api:2/proto:118-124)\nTransports (api:21): tcp (%s)\n" % (
            (cluster.drbd_version,) * 2)
    lines = ["version: 8.4.11 (api:1/proto:86-101)", "srcversion: F73C670A7EC572DB9CF3E5B "]
    numbered = sorted((node.config[name].minor, name) for name in node.drbd)
    for minor, name in numbered:
        drbd = node.drbd[name]
        if drbd.cstate == "StandAlone" and drbd.dstate == "Diskless" and drbd.role == "Secondary":
            lines.append("%2d: cs:Unconfigured" % minor)
            continue
        other = cluster.peer(node).drbd.get(name)
        peer_role = other.role if drbd_model.connected(drbd) and other else "Unknown"
        protocol = " " if drbd.cstate == "StandAlone" else node.config[name].net["protocol"]
        lines.append("%2d: cs:%s ro:%s/%s ds:%s/%s %s %s%s" % (
            minor, drbd.cstate, drbd.role, peer_role, drbd.dstate, drbd.peer_dstate, protocol,
            "s" if drbd.causes else "r", "----" if node.odd_formats else "-----"))
        lines.append("    ns:0 nr:0 dw:%d dr:0 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:%d"
                     % (drbd.written, drbd_model.changed(node, name)))
        if drbd.cstate in ("SyncSource", "SyncTarget"):
            done = int(drbd.synced / 5)
            left = int(24576 * (100 - drbd.synced) / 100)
            lines.append("\t[%s>%s] sync'ed:%5.1f%% (%d/24576)K" % (
                "=" * done, "." * max(0, 19 - done), drbd.synced, left))
            lines.append("\tfinish: 0:00:39 speed: 404 (404) K/sec")
    return "\n".join(lines) + "\n"


def _proc_drbd_of_9(cluster, node, name):
    """A peer's file in debugfs: such a line with the state of the replication, "Off" without a peer."""
    drbd, other = node.drbd[name], cluster.peer(node).drbd.get(name)
    met = drbd_model.connected(drbd)
    replication = "Off" if not met else "Established" if drbd.cstate == "Connected" else drbd.cstate
    return "%2d: cs:%s ro:%s/%s ds:%s/%s C %s%s\n    ns:0 nr:0 dw:%d dr:0 al:0 bm:0 lo:1\n" % (
        node.config[name].minor, replication, drbd.role, other.role if met and other else "Unknown",
        drbd.dstate, drbd.peer_dstate, "s" if drbd.causes else "r",
        "----" if node.odd_formats else "-----", cluster.counter)


def _block_device(tree, name, number, size, holders=(), slaves=(), content=b""):
    home = "/sys/devices/virtual/block/" + name
    put(tree, home + "/dev", "%d:%d\n" % number)
    put(tree, home + "/size", "%d\n" % size)
    put(tree, home + "/holders", {h: Link("../../" + h) for h in holders})
    put(tree, home + "/slaves", {s: Link("../../" + s) for s in slaves})
    put(tree, "/sys/block/" + name, Link("../devices/virtual/block/" + name))
    put(tree, "/sys/class/block/" + name, Link("../../devices/virtual/block/" + name))
    put(tree, "/sys/dev/block/%d:%d" % number, Link("../../devices/virtual/block/" + name))
    put(tree, "/dev/" + name, Disk(number))
    resolve(tree, "/dev/" + name).content = content


def number(device):
    """(major, minor) of a disk or a DRBD device, by the kernel's name."""
    return (DRBD_MAJOR, int(device[len("drbd"):])) if device.startswith("drbd") else LOWER


def _by_device(node):
    """{device: the device-mapper devices that lie on it}."""
    found = {}
    for mapping in node.mappings.values():
        found.setdefault(mapping.below, []).append("dm-%d" % mapping.minor)
    return found


def _drbd(tree, cluster, node):
    if "drbd" not in node.modules:
        return
    put(tree, "/proc/drbd", _proc_drbd(cluster, node))
    put(tree, "/sys/module/drbd/version", cluster.drbd_version + "\n")
    debugfs = cluster.generation != CLVMD or cluster.drbd_9     # older suites do not mount it
    if debugfs:     # drbd_debugfs_init() of 8.4 and 9
        put(tree, "/sys/kernel/debug/drbd/minors", {})
        put(tree, "/sys/kernel/debug/drbd/resources", {})
    above = _by_device(node)
    for name, drbd in node.drbd.items():
        config = node.config.get(name)
        device = "drbd%d" % config.minor
        _block_device(tree, device, (DRBD_MAJOR, config.minor), 196528, above.get(device, []),
                      [posixpath.basename(config.lower)] if drbd.dstate != "Diskless" else [])
        put(tree, "/dev/drbd/by-res/" + name, Link("../../" + device))
        put(tree, "/dev/drbd/by-disk/" + posixpath.basename(config.lower),
            Link("../../" + device))
        home = "/sys/kernel/debug/drbd/resources/" + name
        if debugfs:
            put(tree, home + "/volumes/0", {})
            put(tree, "/sys/kernel/debug/drbd/minors/%d" % config.minor,
                Link("../resources/%s/volumes/0" % name))
        if cluster.drbd_9:
            put(tree, home + "/volumes/0/openers", "".join(
                "%s\t%d\t2766\n" % user for user in users(node, "/dev/" + device)))
            if drbd.connection:
                put(tree, home + "/connections/%s/0/proc_drbd" % cluster.peer(node).name,
                    _proc_drbd_of_9(cluster, node, name))


def _mapper(tree, cluster, node):
    put(tree, "/sys/class/misc/device-mapper/dev", "10:236\n")
    put(tree, "/dev/mapper/control", Answer(dmlist.entries([
        (name, m.uuid, MAJOR, m.minor) for name, m in sorted(node.mappings.items())])))
    for name, mapping in node.mappings.items():
        kernel_name = "dm-%d" % mapping.minor
        _block_device(tree, kernel_name, (MAJOR, mapping.minor), mapping.mib * 2048, (),
                      [mapping.below])
        home = "/sys/devices/virtual/block/%s/dm/" % kernel_name
        put(tree, home + "name", name + "\n")
        put(tree, home + "uuid", mapping.uuid + "\n")
        put(tree, home + "suspended", "%d\n" % mapping.suspended)
        put(tree, "/dev/mapper/" + name, Link("../" + kernel_name))
        put(tree, "/dev/%s/%s" % (mapping.vg, mapping.lv), Link("../" + kernel_name))


def _places(node):
    """(major, minor, device, who has it open) of LVs and DRBD's devices."""
    for m in node.mappings.values():
        yield MAJOR, m.minor, "/dev/dm-%d" % m.minor, m.openers
    for name, each in node.drbd.items():
        if name in node.config:
            minor = node.config[name].minor
            yield DRBD_MAJOR, minor, "/dev/drbd%d" % minor, each.openers + each.readers


_MOUNT = "mount:"


def users(node, wanted):
    """(program, pid) of the processes that have a device open."""
    return [(opener, pid) for device, opener, pid in _users(node) if device == wanted]


def _users(node):
    pid = 9000
    for _, _, device, openers in _places(node):
        for opener in openers:
            if not opener.startswith(_MOUNT):
                pid += 1
                yield device, opener, pid


def _openers(tree, node):
    """Mounts and processes that hold devices open."""
    mounts, number = ["22 1 0:5 / /proc rw - proc proc rw"], 30
    for major, minor, device, openers in _places(node):
        for opener in openers:
            if opener.startswith(_MOUNT):
                mounts.append("%d 1 %d:%d / %s rw,relatime shared:9 - gfs2 %s rw" % (
                    number, major, minor, opener[len(_MOUNT):], device))
                number += 1
    for device, opener, pid in _users(node):
        _process(tree, node, pid, opener, "/usr/bin/" + opener, "S", 100)
        put(tree, "/proc/%d/fd/3" % pid, Link(device))
    put(tree, "/proc/self/mountinfo", "\n".join(mounts) + "\n")


def _process(tree, node, pid, comm, exe, state, start_time):
    home = "/proc/%d/" % pid
    tail = "%s 1 %d %d 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 %d 100 100" % (
        state, pid, pid, start_time)
    put(tree, home + "stat", "%d (%s) %s 184467440 0 0 0 0 0 0 0 0 0\n" % (pid, comm[:15], tail))
    put(tree, home + "comm", comm[:15] + "\n")
    put(tree, home + "cmdline", exe + "\0")
    put(tree, home + "exe", Link(exe))
    put(tree, home + "fd", {})
    put(tree, home + "ns/pid", Link("pid:[4026531836]"))
    put(tree, home + "ns/mnt", Link("mnt:[4026531840]"))


def managers(cluster, node):
    """Those of Pacemaker's daemons that agents look at: (program, start time)."""
    if not node.pacemaker:
        return []
    names = ("attrd", "crmd") if cluster.generation == CLVMD else \
        ("pacemaker-attrd", "pacemaker-controld")
    return list(zip(names, (node.attrd_started, node.controller_started)))


def _dlm(tree, cluster, node):
    if "dlm" not in node.modules:
        return
    put(tree, "/sys/kernel/dlm", {})
    put(tree, "/sys/kernel/config/dlm", {})
    if node.dlm_controld:
        for number in node.members or ():
            home = "/sys/kernel/config/dlm/cluster/comms/%d/" % number
            put(tree, home + "addr_list", "AF_INET 10.77.0.%d\n" % number)
            put(tree, home + "nodeid", "%d\n" % number)
            put(tree, home + "local", "%d\n" % (number == node.id))
    for name in node.lockspaces:
        for number in node.members or ():
            put(tree, "/sys/kernel/config/dlm/cluster/spaces/%s/nodes/%d/nodeid" % (name, number), "%d\n" % number)
    from simulator import clustered, locking, volumes
    if locking.CLVMD_LOCKSPACE in node.lockspaces:
        put(tree, "/sys/kernel/debug/dlm/clvmd_locks", clustered.lock_table(cluster, node))
    for name in node.lockspaces:
        if name.startswith("lvm_"):
            put(tree, "/sys/kernel/debug/dlm/%s_locks" % name, volumes.lock_table(cluster, node, name[len("lvm_"):]))
    for name, space in node.lockspaces.items():
        home = "/sys/kernel/dlm/%s/" % name
        put(tree, home + "id", "%d\n" % space.id)
        put(tree, home + "nodir", "0\n")
        put(tree, home + "recover_nodeid", "%d\n" % node.id)
        frozen = locking.frozen(cluster, node, name)
        put(tree, home + "recover_status", "1\n" if frozen else
            "ff\n" if node.id == min(space.members) else "55\n")


def _lower(tree, cluster, node):
    """The disks below DRBD, with the metadata of the volume groups on them."""
    groups = {group.resource: group for group in cluster.groups.values()}
    above = _by_device(node)
    for name in sorted({"r0", *node.config}):       # a disk is there without DRBD, too
        config = node.config.get(name)
        disk = LOWER_DISK if config is None else posixpath.basename(config.lower)
        number = LOWER if disk == LOWER_DISK else (LOWER[0], LOWER[1] * (config.minor + 1))
        drbd = ["drbd%d" % config.minor] if config is not None and name in node.drbd else []
        _block_device(tree, disk, number, 196608, drbd + above.get(disk, []),
                      content=pvheader.begin_of(groups[name], node.name) if name in groups else b"")


def tree(cluster, node):
    """The whole tree of a node."""
    made = {}
    put(made, "/proc/sys/kernel/random/boot_id", BOOT_ID % (node.boots + 1000 * (node.id - 1)))
    put(made, "/proc/sys/kernel/hostname", node.name + "\n")
    put(made, "/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n")
    put(made, "/proc/mounts", "proc /proc proc rw 0 0\n")
    put(made, "/proc/modules", "".join("%s 16384 0 - Live 0x0000000000000000\n" % m
                                       for m in node.modules))
    put(made, "/proc/self/ns/pid", Link("pid:[4026531836]"))
    put(made, "/proc/self/ns/mnt", Link("mnt:[4026531840]"))
    for module in node.modules:
        put(made, "/sys/module/%s/refcnt" % module, "0\n")
    _lower(made, cluster, node)
    _drbd(made, cluster, node)
    _mapper(made, cluster, node)
    _openers(made, node)
    _dlm(made, cluster, node)
    for pid, (program, begin) in enumerate(managers(cluster, node), 600):
        _process(made, node, pid, program, "/usr/lib/pacemaker/" + program, "S", begin)
    for process in node.processes.values():
        _process(made, node, process.pid, process.program, _INTERPRETER[process.program],
                 process.state, process.start_time)
    put(made, "/proc/net/unix", "Num       RefCount Protocol Flags    Type St Inode Path\n" + "".join(
        "0000000000000000: 00000002 00000000 00010000 0001 01 %d %s\n" % (20000 + pid, path)
        for path, pid in node.sockets.items() if pid))
    if node.handler_installed:
        put(made, HANDLER, "#!/usr/bin/python3 -IS\n")
        put(made, STOCK_HANDLER, "#!/bin/sh\n")
    put(made, "/etc/lvm/lvm.conf", "".join("%s = %s\n" % item for item in sorted(node.lvm.items())))
    for path, text in {**node.files, **node.durable}.items():
        put(made, path, text)
    for path, pid in node.sockets.items():
        put(made, path, Socket(pid))
    return made
