# SPDX-License-Identifier: GPL-2.0-or-later
"""How DRBD 8.4's kernel module behaves: roles, connection, disk states, split brain.

Rules after drbd-8.4 drbd_state.c (is_valid_state, sanitize_state), drbd_nl.c
(drbd_set_role, conn_try_outdate_peer) and drbd_receiver.c (drbd_sync_handshake). Of DRBD 9
what an administrator meets: a Secondary can be read, and then does not go down (drbd_adm_down);
its own quorum, with which writes wait or fail; whoever opens a device promotes it (drbd_open).
"""

from simulator import blocks, volumes
from simulator.state import Drbd

#: Kernel answers to a state change: (number, text), drbd_strings.c.
TWO_PRIMARIES = (-1, "Multiple primaries not allowed by config")
NO_UPTODATE = (-2, "Need access to UpToDate data")
NO_QUORUM = (-25, "No quorum")
PRIMARY_NOP = (-7, "Refusing to be Primary while peer is not outdated")
IN_USE = (-12, "Device is held open by someone")
NEED_CONNECTION = (-15, "Need a connection to start verify or resync")
TRANSIENT = (-18, "In transient state, retry after next state change")
#: And to other requests (linux/drbd.h, enum drbd_ret_code).
ADDRESS_IN_USE = (102, "Local address(port) already in use.")
DISCARD_IMPOSSIBLE = (123, "--discard-my-data not allowed when primary.")
NO_CONNECTION = (162, "Invalid configuration request\nadditional info from kernel:\n"
                      "unknown connection")

CONNECTED = ("Connected", "WFBitMapS", "WFSyncUUID", "SyncSource", "SyncTarget", "VerifyS", "VerifyT")
HANDSHAKE_SECONDS, BITMAP_SECONDS = 0.4, 0.7


def connected(drbd):
    """Whether the peers talk to each other."""
    return drbd.cstate in CONNECTED


def configured(node, name):
    """The resource as the kernel of *node* has it, None when it has not."""
    return node.drbd.get(name) if node.up else None


def load_module(node):
    """modprobe drbd; it takes no part of the configuration."""
    if "drbd" not in node.modules:
        node.modules.append("drbd")


def create(node, name):
    """The minor exists, without disk and connection."""
    load_module(node)
    return node.drbd.setdefault(name, Drbd())


def attach(cluster, node, name):
    """Take the lower disk; its state follows from the metadata."""
    drbd, disk = create(node, name), node.disks[name]
    if drbd.dstate != "Diskless":
        return
    if not disk.consistent:
        drbd.dstate = "Inconsistent"
    elif disk.outdated:
        drbd.dstate = "Outdated"
    elif disk.peer_outdated or node.config[name].fencing == "dont-care":
        drbd.dstate = "UpToDate"
    else:
        drbd.dstate = "Consistent"
    drbd.peer_dstate = "Outdated" if disk.peer_outdated else "DUnknown"
    if connected(drbd):
        if drbd.dstate == "Inconsistent" and _peer_drbd(cluster, node, name).dstate == "UpToDate":
            start_resync(cluster, cluster.peer(node), name)
        _agree(cluster, name)


def connect(cluster, node, name, discard=False):
    """Configure the connection, and try; None or the refusal.

    :param discard: give this node's data up where they differ from the peer's
    """
    drbd = node.drbd[name]
    if drbd.cstate != "StandAlone":
        return ADDRESS_IN_USE
    if discard and drbd.role == "Primary":
        return DISCARD_IMPOSSIBLE
    drbd.net = drbd.connection = True
    drbd.discard, drbd.cstate = discard, "WFConnection"
    settle(cluster)
    return None


def held_open(cluster, node, name):
    """Who holds the device open, as words."""
    config = node.config.get(name)
    users = [m for m in node.mappings.values() if config and m.below == "drbd%d" % config.minor]
    return list(node.drbd[name].openers) + ["%s/%s" % (m.vg, m.lv) for m in users]


def _peer_drbd(cluster, node, name):
    peer = cluster.peer(node)
    return configured(peer, name)


def promote(cluster, node, name):
    """Become Primary; a generator that takes as long as the fence-peer handler.

    Yields seconds; returns None or the kernel's refusal.
    """
    drbd = node.drbd[name]
    if drbd.role == "Primary":
        return None
    if not drbd.quorum:
        return NO_QUORUM
    config = node.config[name]
    if connected(drbd) and cluster.peer(node).drbd[name].role == "Primary" and \
            config.net.get("allow-two-primaries", "no") != "yes":
        return TWO_PRIMARIES
    served = connected(drbd) and drbd.peer_dstate == "UpToDate"
    if not served and not connected(drbd) and config.fencing != "dont-care" and \
            drbd.dstate in ("UpToDate", "Consistent") and drbd.peer_dstate != "Outdated":
        outdated = yield from fence_peer(cluster, node, name)
        drbd = configured(node, name)
        if drbd is None:
            return TRANSIENT
        if not outdated and not connected(drbd):
            return NO_UPTODATE if drbd.dstate == "Consistent" else PRIMARY_NOP
        served = connected(drbd) and drbd.peer_dstate == "UpToDate"
    if drbd.dstate == "Consistent" and drbd.peer_dstate == "Outdated":
        drbd.dstate = "UpToDate"
    if drbd.dstate != "UpToDate" and not served:
        return NO_UPTODATE
    if drbd.dstate == "Inconsistent":
        cluster.harm.append("%s: %s became Primary on an Inconsistent disk" % (node.name, name))
    drbd.role = "Primary"
    if not connected(drbd):
        new_generation(cluster, node, name)
        peer = _peer_drbd(cluster, node, name)
        if peer is not None and (peer.role == "Primary" or peer.dstate in ("UpToDate",
                                                                           "Consistent")):
            cluster.harm.append("%s: %s promoted while the peer lives, disconnected, as %s, %s"
                                % (node.name, name, peer.role, peer.dstate))
    return None


def open_to_write(cluster, node, name, program):
    """A program opens the device for writing: DRBD 9 makes it Primary for that, unless told not to.

    A generator as ``promote``; returns whether it is open.
    """
    each = node.drbd[name]
    if each.role != "Primary":
        if not cluster.drbd_9 or node.config[name].options.get("auto-promote", "yes") == "no":
            return False
        if (yield from promote(cluster, node, name)) is not None:
            return False
        each.promoted_by = program
    each.openers.append(program)
    return True


def close(node, name, program):
    """It closes the device; the role goes with the one that made it Primary."""
    each = node.drbd[name]
    each.openers[:] = [who for who in each.openers if who != program]
    if each.promoted_by == program:
        each.promoted_by, each.role = "", "Secondary"


def _count_votes(cluster):
    """DRBD 9's quorum of two nodes: both of them."""
    for node in cluster.nodes.values():
        for name, each in node.drbd.items():
            config = node.config.get(name)
            if config is None or not config.quorum:
                continue
            each.quorum = connected(each)
            waits = not each.quorum and config.options.get("on-no-quorum") != "io-error"
            each.also[:] = [cause for cause in each.also if cause != "quorum"] + ["quorum"] * waits


def fence_peer(cluster, node, name):
    """The fence-peer handler: asks the cluster to fence the other node. Generator.

    Returns whether the peer's disk may be taken for outdated.
    """
    from simulator import membership
    drbd, disk, peer = node.drbd[name], node.disks[name], cluster.peer(node)
    if cluster.helped:
        number = call_helper(cluster, node, name)
        while cluster.helpers.get(number) is None:
            yield 0.2
        drbd = configured(node, name)
        return drbd is not None and drbd.peer_dstate == "Outdated"
    if not node.config[name].handlers.get("fence-peer") or drbd.dstate not in (
            "UpToDate", "Consistent"):
        return False
    if not membership.can_fence(cluster, node):
        yield 2.0
        return False
    yield 2.0
    if not node.up:
        return False
    if peer.up:
        membership.fence(cluster, node, peer)
    drbd.peer_dstate, disk.peer_outdated = "Outdated", True
    return True


def demote(cluster, node, name):
    """Become Secondary; None or the refusal."""
    drbd = node.drbd[name]
    if held_open(cluster, node, name):
        return IN_USE
    drbd.role = "Secondary"
    return None


def disconnect(cluster, node, name):
    """Leave the peer, in good order; None or the refusal."""
    drbd, peer = node.drbd[name], cluster.peer(node)
    if drbd.cstate == "StandAlone":
        return NO_CONNECTION
    if connected(drbd):
        other = peer.drbd[name]
        if other.role == "Primary" and drbd.dstate == "UpToDate":
            node.disks[name].outdated = True
            drbd.dstate = "Outdated"
            other.peer_dstate, peer.disks[name].peer_outdated = "Outdated", True
            new_generation(cluster, peer, name)
        else:
            other.peer_dstate = "DUnknown"
        other.cstate = "WFConnection"
    drbd.cstate, drbd.net = "StandAlone", False
    blocks.flush(node, name)
    if drbd.peer_dstate != "Outdated":
        drbd.peer_dstate = "DUnknown"
    return None


def down(cluster, node, name):
    """Demote, disconnect, detach, remove; None or the refusal."""
    if name not in node.drbd:
        return None
    refusal = demote(cluster, node, name)
    if refusal is not None:
        return refusal
    each = node.drbd[name]
    read = cluster.drbd_9 and each.readers and each.dstate == "UpToDate"
    if read and connected(each) and cluster.peer(node).drbd[name].role == "Primary":
        return NO_UPTODATE      # to leave a Primary would outdate the disk that is being read
    disconnect(cluster, node, name)
    if read:
        each.connection = False
        return NO_UPTODATE
    del node.drbd[name]
    return None


def new_generation(cluster, node, name):
    """Data change that the peer does not see."""
    disk = node.disks[name]
    if blocks.counted(disk):
        if disk.parted:
            return      # drbd_set_role(), after_state_ch(): only without a bitmap UUID
        disk.parted = disk.generation
    disk.ancestors = [disk.generation] + disk.ancestors[:8]
    disk.generation = cluster.next()


def changed(node, name):
    """KiB that were changed without the peer, as the kernel counts them (oos)."""
    disk, each = node.disks.get(name), node.drbd[name]
    if blocks.counted(disk):
        return len(disk.bits) * (blocks.BLOCK >> 10)
    return 348 if disk and disk.ancestors and not connected(each) else 0


def lose_peer(cluster, node, name):
    """The connection broke without a word."""
    drbd = configured(node, name)
    if drbd is None or not connected(drbd):
        return
    if drbd.cstate == "SyncTarget":
        node.disks[name].consistent = False
        blocks.copy(cluster.peer(node).disks[name], node.disks[name], 0.5)
    drbd.cstate, drbd.lost_at = "WFConnection", cluster.now
    if drbd.peer_dstate != "Outdated":
        drbd.peer_dstate = "DUnknown"
    if drbd.role == "Primary" and drbd.dstate == "UpToDate":
        if node.config[name].fencing == "resource-and-stonith" and drbd.peer_dstate == "DUnknown":
            drbd.suspended = True
            if cluster.helped:
                call_helper(cluster, node, name)
                return
            cluster.events.append([cluster.now + 2.0 + node.id, cluster.next(),
                                   "drbd_fence", [node.name, name]])
        else:
            new_generation(cluster, node, name)


def logged(cluster, node, name, text):
    """The kernel logs a change of a connection."""
    who = " " + cluster.peer(node).name if cluster.drbd_9 else ""
    node.log.append([cluster.now, "drbd %s%s: %s" % (name, who, text)])


def call_helper(cluster, node, name):
    """DRBD calls its fence-peer handler; the number of this call."""
    number = str(cluster.next())
    cluster.helpers[number] = None
    node.drbd[name].lost_at = cluster.now
    logged(cluster, node, name, "helper command: /sbin/drbdadm fence-peer")
    cluster.events.append([cluster.now, int(number), "drbd_calls", [node.name, name, number]])
    return number


def may_write(node, name):
    """Whether a node's applications may change the resource now."""
    each = configured(node, name)
    return each is not None and each.role == "Primary" and not each.causes


def resume(cluster, node, name, why):
    """I/O that waited for fencing continues."""
    each, peer = node.drbd[name], cluster.peer(node)
    each.suspended = False
    if not connected(each) and each.role == "Primary" and may_write(peer, name):
        trusted = peer.id not in node.members and any(
            each.target == peer.name and (each.mode, each.result) == ("lies", "success")
            for each in cluster.fencings.values())      # nobody could know better
        if not trusted:
            cluster.torn.append("%s: I/O of %s continues (%s) while %s writes" % (
                node.name, name, why, peer.name))


def helper_ends(cluster, node, name, number, met, code):
    """The handler that was called as *number* has ended, as conn_try_outdate_peer() takes it.

    3, 4, 5 and 7 make the peer's disk one that is no longer good, and let I/O continue; 6 makes
    this one so. All else, also a handler that was killed, leaves I/O as it is.

    :param met: how often the connection had been established when it was called
    """
    cluster.helpers[number] = code
    each = configured(node, name)
    if each is None or each.cstate not in ("WFConnection", "StandAlone") or each.met != met:
        return      # "Ignoring fence-peer exit code"
    logged(cluster, node, name, "helper command: /sbin/drbdadm fence-peer exit code %d" % code)
    if code == 6:
        each.dstate, node.disks[name].outdated = "Outdated", True
    elif code in (3, 4, 7) or code == 5 and each.dstate == "UpToDate":
        each.peer_dstate = "Inconsistent" if code == 3 else "Outdated"
        node.disks[name].peer_outdated = True
        if each.suspended:
            resume(cluster, node, name, "fence-peer exit code %d" % code)
            new_generation(cluster, node, name)


def handler_ends(cluster, node, name):
    """The fence-peer handler that ``lose_peer`` started has ended."""
    from simulator import membership
    drbd = configured(node, name)
    if drbd is None or not drbd.suspended or connected(drbd):
        return
    peer = cluster.peer(node)
    if not membership.can_fence(cluster, node):
        return  # I/O stays frozen; the administrator or a reconnect ends that
    if peer.up:
        membership.fence(cluster, node, peer)
    drbd.peer_dstate, node.disks[name].peer_outdated = "Outdated", True
    drbd.suspended = False
    new_generation(cluster, node, name)


#: What reads from devices and cannot be ended while DRBD holds the I/O back.
READERS = ("dd", "vgs", "lvs", "pvs", "vgchange", "lvchange", "lvcreate", "vgcreate", "lvremove",
           "vgscan", "pvscan", "vgck", "vgdisplay")


def held_back(node, device):
    """Whether I/O of *device* (the kernel's name) stands still."""
    return any(each.causes and each.role == "Primary" and name in node.config
               and device == "drbd%d" % node.config[name].minor for name, each in node.drbd.items())


def _let_readers_go(node):
    """Readers that hung in the kernel end once I/O goes on."""
    held = [mapping.openers for mapping in node.mappings.values()
            if not held_back(node, mapping.below)]
    for openers in held + [each.openers for each in node.drbd.values() if not each.causes]:
        openers[:] = [who for who in openers if who not in READERS]


def settle(cluster):
    """What follows at once from the links: lost connections, started handshakes."""
    if cluster.drbd_9:
        _count_votes(cluster)
    for node in cluster.nodes.values():
        _let_readers_go(node)
        peer = cluster.peer(node)
        for name, drbd in list(node.drbd.items()):
            other = configured(peer, name)
            linked = cluster.replication_link and node.up and other is not None
            if connected(drbd) and not (linked and connected(other)):
                lose_peer(cluster, node, name)
            if linked and drbd.cstate == other.cstate == "WFConnection" and node.id < peer.id:
                if not any(e[2] == "drbd_handshake" and e[3] == [name] for e in cluster.events):
                    cluster.events.append([cluster.now + HANDSHAKE_SECONDS, cluster.next(),
                                           "drbd_handshake", [name]])


def handshake(cluster, name):
    """Both wait for the connection: compare the data's history and agree, or part."""
    first, second = cluster.nodes.values()
    drbds = configured(first, name), configured(second, name)
    if None in drbds or not cluster.replication_link or \
            any(d.cstate != "WFConnection" for d in drbds):
        return
    if "Diskless" in (drbds[0].dstate, drbds[1].dstate):
        for drbd in drbds:
            drbd.cstate = "Connected"
            drbd.met, drbd.met_at = drbd.met + 1, cluster.now
        _agree(cluster, name)
        return
    a, b = first.disks[name], second.disks[name]
    if a.generation == b.generation and a.consistent == b.consistent:
        source = None
    elif a.generation == b.generation:
        source = first if a.consistent else second
    elif b.generation in a.ancestors or (not b.consistent and a.consistent):
        source = first
    elif a.generation in b.ancestors or (not a.consistent and b.consistent):
        source = second
    elif drbds[0].discard != drbds[1].discard:
        source = second if drbds[0].discard else first     # "manually solved"
    else:
        _split_brain(cluster, name, first, second)
        return
    if source is not None:
        target = cluster.peer(source)
        if target.drbd[name].role == "Primary":
            _part(drbds)    # "I shall become SyncTarget, but I am primary!"
            return
    elif drbds[0].role == drbds[1].role == "Primary" and \
            first.config[name].net.get("allow-two-primaries", "no") != "yes":
        _part(drbds)
        return
    for node, drbd in zip((first, second), drbds):
        drbd.cstate, drbd.suspended, drbd.discard = "Connected", False, False
        drbd.met, drbd.met_at = drbd.met + 1, cluster.now
        logged(cluster, node, name, "conn( Connecting -> Connected )" if cluster.drbd_9 else
               "conn( WFConnection -> WFReportParams )")
    if source is not None:
        exchange_bitmaps(cluster, source, name)
    else:
        blocks.copy(*((b, a) if b.primary_at_crash else (a, b)))    # what the log has marked
    _agree(cluster, name)


def exchange_bitmaps(cluster, source, name):
    """*source* has newer data and says so; what is to be copied is known a moment later."""
    good, bad = source.drbd[name], cluster.peer(source).drbd[name]
    good.cstate, bad.cstate = "WFBitMapS", "WFSyncUUID"
    good.dstate = "UpToDate"
    if bad.dstate != "Inconsistent":
        bad.dstate = "Outdated"
    cluster.peer(source).disks[name].outdated = True
    cluster.events.append([cluster.now + BITMAP_SECONDS, cluster.next(),
                           "drbd_bitmaps", [source.name, name]])


def bitmaps_known(cluster, source, name):
    """The copying begins, if both are still there."""
    drbd = configured(source, name)
    if drbd is not None and drbd.cstate == "WFBitMapS" and \
            configured(cluster.peer(source), name) is not None:
        start_resync(cluster, source, name)
        _agree(cluster, name)


def start_verify(cluster, node, name):
    """Both compare their copies; None or the refusal."""
    each, other = node.drbd[name], _peer_drbd(cluster, node, name)
    if each.cstate != "Connected":
        return NEED_CONNECTION
    each.cstate, other.cstate = "VerifyS", "VerifyT"
    cluster.events.append([cluster.now + cluster.resync_seconds, cluster.next(),
                           "drbd_verified", [node.name, name]])
    return None


def start_resync(cluster, source, name):
    """*source* begins to copy to the other node."""
    target = cluster.peer(source)
    good, bad = source.drbd[name], target.drbd[name]
    good.cstate, bad.cstate = "SyncSource", "SyncTarget"
    good.dstate, bad.dstate = "UpToDate", "Inconsistent"
    good.synced = bad.synced = 0.0
    target.disks[name].consistent = False
    if blocks.counted(source.disks[name]):      # receive_sync_uuid()
        made, copy = source.disks[name], target.disks[name]
        blocks.union(made, copy)
        made.parted = copy.generation = cluster.next()
        made.ancestors = [made.parted] + made.ancestors[:8]
        copy.parted = 0
    cluster.events.append([cluster.now + cluster.resync_seconds, cluster.next(),
                           "drbd_synced", [source.name, name]])


def overwrite_peer(cluster, node, name):
    """Forced promotion: this disk is the good one, whatever it was, and is copied to the peer."""
    each = node.drbd[name]
    each.role, each.dstate, node.disks[name].consistent = "Primary", "UpToDate", True
    new_generation(cluster, node, name)
    if connected(each):
        start_resync(cluster, node, name)
        _agree(cluster, name)


def _agree(cluster, name):
    """Connected peers know each other's disk."""
    first, second = cluster.nodes.values()
    a, b = first.drbd[name], second.drbd[name]
    if a.cstate == "Connected":
        for drbd in (a, b):
            if drbd.dstate in ("Consistent", "Outdated"):
                drbd.dstate = "UpToDate"
    a.peer_dstate, b.peer_dstate = b.dstate, a.dstate
    for node, drbd in ((first, a), (second, b)):
        disk = node.disks[name]
        disk.peer_outdated = False
        disk.outdated = disk.outdated and drbd.dstate != "UpToDate"


def _part(drbds):
    for drbd in drbds:
        drbd.cstate, drbd.net = "StandAlone", True


def _split_brain(cluster, name, first, second):
    """No common history: part, unless after-sb policies sacrifice one side."""
    drbds = first.drbd[name], second.drbd[name]
    primaries = [n for n in (first, second) if n.drbd[name].role == "Primary"]
    policy = first.config[name].net.get("after-sb-%dpri" % len(primaries), "disconnect")
    if policy == "disconnect":
        _part(drbds)
        return
    victim = second if not primaries else cluster.peer(primaries[0])
    cluster.harm.append("%s: %s lost its changes by after-sb-%dpri %s"
                        % (victim.name, name, len(primaries), policy))
    for drbd in drbds:
        drbd.cstate = "Connected"
    exchange_bitmaps(cluster, cluster.peer(victim), name)
    _agree(cluster, name)


def synced(cluster, source, name):
    """The resync from *source* has ended."""
    drbd = configured(source, name)
    target = cluster.peer(source)
    if drbd is None or drbd.cstate != "SyncSource" or configured(target, name) is None:
        return
    disk, copy = source.disks[name], target.disks[name]
    copy.generation, copy.ancestors = disk.generation, list(disk.ancestors)
    copy.consistent, copy.outdated = True, False
    if blocks.counted(disk):
        target.drbd[name].written += len({*disk.bits, *copy.bits}) * (blocks.BLOCK >> 10)
        blocks.copy(disk, copy)
        volumes.copied(cluster, source, target, name)
    for each in (drbd, target.drbd[name]):
        each.cstate = "Connected"
        each.dstate = "UpToDate"
    _agree(cluster, name)


def verified(cluster, node, name):
    """A verify that was begun on *node* has ended."""
    each, other = configured(node, name), configured(cluster.peer(node), name)
    if each is not None and other is not None and each.cstate == "VerifyS":
        blocks.verify(node.disks[name], cluster.peer(node).disks[name])
        each.cstate = other.cstate = "Connected"


def crash(node, peer):
    """The machine is gone; what the kernel knew with it."""
    for name, drbd in node.drbd.items():
        if drbd.cstate == "SyncTarget":
            blocks.copy(peer.disks[name], node.disks[name], 0.5)
        blocks.crashed(node.disks[name], drbd.role == "Primary")
        node.disks[name].primary_at_crash = drbd.role == "Primary"
        if drbd.cstate == "SyncTarget":
            node.disks[name].consistent = False
    node.drbd.clear()
