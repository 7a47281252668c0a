# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to a cluster: functions of (Simulation, Node), for the rules of the model."""

import signal

from dualstor.host.memory import STATE_DIR
from simulator import drbd, locking, membership, volumes, watcher, world
from simulator.host import NodeDied
from simulator.state import CLVMD, HANDLER


def crash(simulation, node):
    world.crash(simulation.cluster, node)


def boot(simulation, node):
    """The machine and its cluster software come back."""
    if not node.up:
        world.boot(simulation.cluster, node)
        world.start_cluster(simulation.cluster, node)


def cut_replication(simulation, _node):
    simulation.cluster.replication_link = False


def heal_replication(simulation, _node):
    simulation.cluster.replication_link = True


def cut_cluster(simulation, _node):
    simulation.cluster.cluster_link = False


def heal_cluster(simulation, _node):
    simulation.cluster.cluster_link = True


def fencing_fails(simulation, _node):
    simulation.cluster.fencing_works = False


def fencing_works(simulation, _node):
    simulation.cluster.fencing_works = True


def fence_device_is_slow(simulation, _node):
    simulation.cluster.fencing_mode = "slow"


def fence_device_lies(simulation, _node):
    """It reports success, and the node lives."""
    simulation.cluster.fencing_mode = "lies"


def fence_device_works_the_second_time(simulation, _node):
    simulation.cluster.fencing_mode = "second"


def fence_device_is_well(simulation, _node):
    simulation.cluster.fencing_mode, simulation.cluster.fencing_works = "", True


def fence_device_has_a_delay(_simulation, node):
    """The one that fences this node."""
    node.fence_delay = 5.0


def pacemaker_dies(_simulation, node):
    """And does not come back by itself; corosync or cman go on."""
    node.pacemaker = False


def pacemaker_starts(_simulation, node):
    if node.engine:
        node.pacemaker = True


def clock_jumps(_simulation, node):
    """That on the wall, by an hour."""
    node.wall += 3600.0 if node.wall <= 0 else -7200.0


def kernel_log_wraps(_simulation, node):
    """Others have filled it."""
    node.log.clear()


def handler_is_killed(simulation, node):
    """SIGKILL, to all that run on a node."""
    for run in simulation.helpers.runs.values():
        if run.node == node.name:
            run.kill()


def next_handler_is_killed(simulation, node):
    """In the middle of its work."""
    simulation.helpers.doom = 4 + 3 * node.id


def link_flaps(simulation, _node):
    """Down, up for a moment, down."""
    for linked in (False, True, False):
        simulation.cluster.replication_link = linked
        simulation.advance(0.7)


def no_two_node(simulation, _node):
    """Quorum needs both nodes."""
    simulation.cluster.two_node = False


def two_node(simulation, _node):
    simulation.cluster.two_node = True


def lose_quorum(simulation, _node):
    """Each node alone, both needed, and nobody can be fenced."""
    cluster = simulation.cluster
    cluster.two_node = cluster.cluster_link = cluster.fencing_works = False
    simulation.advance(2)


def all_is_well(simulation, node):
    """Links, fencing, the group, this node and its configuration are good again."""
    for mend in (kernel_is_readable, run_is_writable, lockspaces_go_on, state_is_normal,
                 group_is_well, engine_starts):
        mend(simulation, node)
    cluster = simulation.cluster
    cluster.two_node = cluster.cluster_link = cluster.replication_link = True
    fence_device_is_well(simulation, node)
    pacemaker_starts(simulation, node)
    good_configuration(simulation, node)
    simulation.advance(10)


def _signal(simulation, node, number):
    for program in ("clvmd", "lvmlockd"):
        process = locking.daemon(node, program)
        if process is not None:
            locking.receive(simulation.cluster, node, process, number)


def kill_daemon(simulation, node):
    _signal(simulation, node, signal.SIGKILL)


def stop_daemon(simulation, node):
    """The lock daemon is there and mute."""
    _signal(simulation, node, signal.SIGSTOP)


def continue_daemon(simulation, node):
    _signal(simulation, node, signal.SIGCONT)


def watcher_is_killed(simulation, node):
    found = watcher.of(node, "vg0")
    if found:
        locking.receive(simulation.cluster, node, found, signal.SIGKILL)


def watcher_is_stopped(simulation, node):
    found = watcher.of(node, "vg0")
    if found:
        locking.receive(simulation.cluster, node, found, signal.SIGSTOP)


def watcher_is_started_again(simulation, node):
    watcher.start(simulation.cluster, node, "vg0")


def maintenance(simulation, _node):
    """Of the whole cluster."""
    simulation.cluster.maintenance = True


def standby(_simulation, node):
    node.wishes = "standby"


def no_wishes(simulation, node):
    simulation.cluster.maintenance, node.wishes = False, ""


def stale_pidfile(simulation, node):
    """A pid file whose process is something else."""
    for path in locking.PIDFILE.values():
        if locking.daemon(node, "clvmd") is None and locking.daemon(node, "lvmlockd") is None:
            node.files[path] = "1\n"


def dlm_stops(_simulation, node):
    if not node.lockspaces:
        node.dlm_controld = False


def dlm_starts(_simulation, node):
    if node.engine:
        locking.start_dlm(node)


def stand_alone(simulation, node):
    if "r0" in node.drbd:
        drbd.disconnect(simulation.cluster, node, "r0")


def disk_fails(simulation, node):
    each = node.drbd.get("r0")
    if each is not None:
        each.dstate = "Diskless"
        if drbd.connected(each):
            simulation.cluster.peer(node).drbd["r0"].peer_dstate = "Diskless"


def disk_is_outdated(_simulation, node):
    if "r0" not in node.drbd:
        node.disks["r0"].outdated = True


def disk_is_inconsistent(_simulation, node):
    if "r0" not in node.drbd:
        node.disks["r0"].consistent = False


def data_diverge(simulation, node):
    """Both sides have data that the other has not: a split brain when they meet."""
    if "r0" not in node.drbd:
        drbd.new_generation(simulation.cluster, node, "r0")


def resource_leaves_configuration(_simulation, node):
    if "r0" not in node.drbd:
        node.config.pop("r0", None)


def one_primary_only(_simulation, node):
    for config in node.config.values():
        config.net["allow-two-primaries"] = "no"


def automatic_loss(_simulation, node):
    for config in node.config.values():
        config.net["after-sb-2pri"] = "discard-younger-primary"


def no_fencing_policy(_simulation, node):
    for config in node.config.values():
        config.fencing = "dont-care"


def no_fence_handler(_simulation, node):
    for config in node.config.values():
        config.handlers.clear()


def no_handler_installed(_simulation, node):
    node.handler_installed = False


def no_cluster_locking(_simulation, node):
    node.lvm["global/use_lvmlockd"], node.lvm["global/locking_type"] = 0, 1


def fallback_to_local_locking(_simulation, node):
    node.lvm["global/fallback_to_local_locking"] = 1


def good_configuration(simulation, node):
    cluster = simulation.cluster
    fresh = world.make(cluster.generation, None, cluster.drbd_version).nodes[node.name]
    node.config, node.lvm = dict(node.config, **fresh.config), fresh.lvm
    for config in node.config.values():
        config.handlers.setdefault("fence-peer", HANDLER)
        config.fencing = "resource-and-stonith"
    node.visible_lower, node.handler_installed = False, True


# -- faults of the cluster's layers ------------------------------------------------


def engine_stops(simulation, node):
    """corosync or cman is not running, and was left in good order."""
    if node.engine and not node.lockspaces:
        membership.stop_engine(simulation.cluster, node)


def engine_starts(simulation, node):
    if node.up and not node.engine:
        world.start_cluster(simulation.cluster, node)


def lockspaces_stick(_simulation, node):
    """dlm shows kern_stop, and that does not pass."""
    node.stuck[:] = list(node.lockspaces)


def lockspaces_go_on(_simulation, node):
    node.stuck.clear()


def socket_vanishes(_simulation, node):
    """The daemon runs, and its socket is not there."""
    node.sockets.clear()


def second_daemon(simulation, node):
    for program in ("clvmd", "lvmlockd"):
        if locking.daemon(node, program) is not None and len(node.processes) < 2:
            locking.spawn(simulation.cluster, node, program, [program])


def negotiating(simulation, node):
    """The disk's state is being agreed on, for long."""
    each = node.drbd.get("r0")
    if each is not None and each.role == "Secondary" and drbd.connected(each):
        each.dstate = "Negotiating"


def io_is_suspended(_simulation, node):
    each = node.drbd.get("r0")
    if each is not None and each.role == "Primary":
        each.suspended = True


def state_is_normal(_simulation, node):
    """DRBD has agreed, and I/O goes on."""
    for each in node.drbd.values():
        each.suspended = False
        each.also[:] = [cause for cause in each.also if cause == "quorum" and not each.quorum]
        if each.dstate == "Negotiating":
            each.dstate = "UpToDate"


def io_is_suspended_by_hand(_simulation, node):
    """drbdadm suspend-io."""
    for each in node.drbd.values():
        if "user" not in each.also:
            each.also.append("user")


# -- what only DRBD 9 has ------------------------------------------------------------------


def device_is_read(_simulation, node):
    """Somebody reads the device, of a Secondary, too."""
    for each in node.drbd.values():
        each.readers[:] = ["blkid"]


def device_is_no_longer_read(_simulation, node):
    for each in node.drbd.values():
        each.readers.clear()


def connection_is_gone(simulation, node):
    """As after a `down` that was refused for a reader."""
    each = node.drbd.get("r0")
    if each is not None and each.role == "Secondary" and each.connection:
        drbd.disconnect(simulation.cluster, node, "r0")
        each.connection = False


def auto_promote_is_on(_simulation, node):
    for config in node.config.values():
        config.options.pop("auto-promote", None)


def device_is_opened_to_write(simulation, node):
    if "r0" not in node.drbd or "r0" not in node.config:
        return
    attempt = drbd.open_to_write(simulation.cluster, node, "r0", "sh")
    for seconds in attempt:
        simulation.advance(seconds)
        if "r0" not in node.drbd:
            return


def device_is_closed(_simulation, node):
    if "r0" in node.drbd:
        drbd.close(node, "r0", "sh")


def _quorum(simulation, policy):
    for node in simulation.cluster.nodes.values():
        for config in node.config.values():
            config.options.update({"quorum": "majority", "on-no-quorum": policy})


def quorum_of_drbd_suspends(simulation, _node):
    _quorum(simulation, "suspend-io")


def quorum_of_drbd_fails_writes(simulation, _node):
    _quorum(simulation, "io-error")


# -- faults of the volume group ------------------------------------------------------


def _group(simulation):
    """The volume group, which may have another name just now."""
    return next(iter(simulation.cluster.groups.values()))


def group_is_exported(simulation, _node):
    _group(simulation).exported = True


def group_is_partial(simulation, _node):
    _group(simulation).missing_pv = True


def group_is_local(simulation, _node):
    """Neither shared nor clustered."""
    if not any(volumes.mapped(each, "vg0") for each in simulation.cluster.nodes.values()):
        _group(simulation).kind = "local"


def group_is_gone(simulation, _node):
    """vgrename: it has another name now."""
    cluster = simulation.cluster
    if "vg0" in cluster.groups and not any(volumes.mapped(each, "vg0") or each.lockspaces
                                           for each in cluster.nodes.values()):
        cluster.groups["vg1"] = cluster.groups.pop("vg0")
        cluster.groups["vg1"].name = "vg1"


def group_is_well(simulation, _node):
    cluster = simulation.cluster
    if "vg0" not in cluster.groups:
        cluster.groups["vg0"] = cluster.groups.pop("vg1")
        cluster.groups["vg0"].name = "vg0"
    group = cluster.groups["vg0"]
    group.exported = group.missing_pv = False
    if group.kind == "local":
        group.kind = "clustered" if cluster.generation == CLVMD else "shared"


def lower_disk_is_visible(_simulation, node):
    """LVM's filter lets the disk below DRBD through: a duplicate, or in DRBD's place."""
    node.visible_lower = True


def odd_formats(_simulation, node):
    """Attributes of LVM with a letter more, flags of /proc/drbd with one less."""
    node.odd_formats = True


# -- faults of the host ---------------------------------------------------------------


def run_is_full(_simulation, node):
    node.run_full = True


def run_is_writable(_simulation, node):
    node.run_full = False


def _started_now(simulation):
    """A start time after those that Node has by default, clock ticks."""
    return 5000 + int(simulation.clock() * 100)


def controller_dies(simulation, node):
    """Pacemaker's controller is started anew: the CIB forgets the node's attributes, attrd does not.

    So it goes with the executor, which takes the controller along.
    """
    if node.pacemaker:
        node.scores = {}
        node.controller_started = _started_now(simulation)


def attrd_dies(simulation, node):
    """Pacemaker's attribute daemon is started anew, and knows nothing."""
    if node.pacemaker:
        node.attributes, node.scores = {}, {}
        node.attrd_started = _started_now(simulation)


def state_is_forgotten(_simulation, node):
    """/run/dualstor was removed."""
    for path in list(node.files):
        if path.startswith(STATE_DIR + "/"):
            del node.files[path]


def state_is_garbage(_simulation, node):
    """What we keep was overwritten."""
    for path in list(node.files):
        if path.startswith(STATE_DIR + "/"):
            node.files[path] = "\x00garbage \\xff\n\nlv lv lv\n-1 -1\n"


def proc_is_unreadable(_simulation, node):
    node.unreadable[:] = ["/proc"]


def kernel_is_unreadable(_simulation, node):
    node.unreadable[:] = ["/sys", "/proc/drbd"]


def kernel_is_readable(_simulation, node):
    node.unreadable.clear()


EVENTS = (crash, boot, boot, cut_replication, heal_replication, cut_cluster, heal_cluster,
          fencing_fails, fencing_works, no_two_node, two_node, kill_daemon, stop_daemon,
          continue_daemon, stale_pidfile, dlm_stops, dlm_starts, stand_alone, disk_fails,
          disk_is_outdated, disk_is_inconsistent, data_diverge, resource_leaves_configuration,
          one_primary_only, automatic_loss, no_fencing_policy, no_fence_handler,
          no_handler_installed, no_cluster_locking, fallback_to_local_locking, lose_quorum, all_is_well, all_is_well,
          all_is_well, engine_stops, engine_starts, lockspaces_stick, lockspaces_go_on,
          socket_vanishes, second_daemon, negotiating, io_is_suspended, state_is_normal,
          io_is_suspended_by_hand,
          group_is_exported, group_is_partial, group_is_local, group_is_gone, group_is_well,
          group_is_well, lower_disk_is_visible, odd_formats, run_is_full, run_is_writable,
          controller_dies, attrd_dies, state_is_forgotten, state_is_garbage, proc_is_unreadable,
          kernel_is_unreadable, kernel_is_readable, kernel_is_readable)


# -- logical volumes and their users ------------------------------------------------

def _open(node, who):
    for mapping in list(node.mappings.values())[:1]:
        mapping.openers[:] = [who]


def mount(_simulation, node):
    _open(node, "mount:/srv")


def start_guest(_simulation, node):
    _open(node, "qemu-system-x86")


def close_all(_simulation, node):
    for mapping in node.mappings.values():
        mapping.openers.clear()


def hold_drbd(_simulation, node):
    """Something other than LVM holds the DRBD device."""
    each = node.drbd.get("r0")
    if each is not None and each.role == "Primary":
        each.openers[:] = ["multipathd"]


def release_drbd(_simulation, node):
    for each in node.drbd.values():
        each.openers.clear()


def _create(simulation, node, name, *options):
    if node.up:
        try:
            simulation.host(node.name, 30).run(
                ("lvcreate", "-n", name, "-L", "4m") + options + ("vg0",))
        except (Exception, NodeDied):   # pylint: disable=broad-except
            pass            # an administrator, too, may meet a fault, or the end of the machine


def create_volume(simulation, node):
    _create(simulation, node, "new-one")


def create_exclusive(simulation, node):
    _create(simulation, node, "mine", "--addtag", "dualstor.exclusive")


def volume_is_inactive(_simulation, node):
    """One LV was deactivated by hand."""
    for name, mapping in list(node.mappings.items())[:1]:
        if not mapping.openers:
            del node.mappings[name]
            volumes.lock(node, mapping.vg, mapping.lv, None)


def remove_volume(simulation, _node):
    """Gone from the metadata, inactive everywhere."""
    group = simulation.cluster.groups.get("vg0")
    if group is None:
        return
    for name in ("new-one", "mine"):
        if all(volumes.mapping(each, "vg0", name) is None
               for each in simulation.cluster.nodes.values()):
            group.volumes.pop(name, None)


def suspend(_simulation, node):
    for mapping in node.mappings.values():
        mapping.suspended = True


def resume(_simulation, node):
    for mapping in node.mappings.values():
        mapping.suspended = False


OF_VOLUMES = (mount, start_guest, close_all, close_all, hold_drbd, release_drbd, create_volume,
              create_exclusive, remove_volume, volume_is_inactive, suspend, resume, watcher_is_killed,
              watcher_is_stopped, watcher_is_started_again, maintenance, standby, no_wishes, no_wishes)

#: What a loss of the peer may meet.
OF_A_LOSS = (crash, boot, boot, cut_replication, cut_replication, cut_replication, heal_replication,
             heal_replication, cut_cluster, heal_cluster, fencing_fails, fence_device_is_well,
             fence_device_is_slow, fence_device_lies, fence_device_works_the_second_time,
             fence_device_has_a_delay, pacemaker_dies, pacemaker_starts, clock_jumps,
             kernel_log_wraps, handler_is_killed, next_handler_is_killed, link_flaps, lose_quorum,
             no_two_node, two_node, all_is_well, all_is_well, disk_fails, engine_stops,
             engine_starts, state_is_forgotten, state_is_garbage, run_is_full, dlm_stops,
             no_handler_installed, no_fence_handler, stand_alone)

OF_DRBD_9 = (device_is_read, device_is_no_longer_read, connection_is_gone, auto_promote_is_on,
             device_is_opened_to_write, device_is_closed, quorum_of_drbd_suspends,
             quorum_of_drbd_fails_writes, io_is_suspended_by_hand, state_is_normal,
             good_configuration)
