# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to a cluster: functions of (Simulation, Node), for the rules of the model."""

import signal

from simulator import drbd, locking, volumes, world


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
    """Links, fencing and this node's configuration are good again."""
    cluster = simulation.cluster
    cluster.two_node = cluster.cluster_link = cluster.replication_link = True
    cluster.fencing_works = True
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
        config.disk["fencing"] = "dont-care"


def no_fence_handler(_simulation, node):
    for config in node.config.values():
        config.handlers.clear()


def no_cluster_locking(_simulation, node):
    node.lvm["global/use_lvmlockd"], node.lvm["global/locking_type"] = 0, 1


def good_configuration(simulation, node):
    fresh = world.make(simulation.cluster.generation).nodes[node.name]
    node.config, node.lvm = fresh.config, fresh.lvm


EVENTS = (crash, boot, boot, cut_replication, heal_replication, cut_cluster, heal_cluster,
          fencing_fails, fencing_works, no_two_node, two_node, kill_daemon, stop_daemon,
          continue_daemon, stale_pidfile, dlm_stops, dlm_starts, stand_alone, disk_fails,
          disk_is_outdated, disk_is_inconsistent, data_diverge, resource_leaves_configuration,
          one_primary_only, automatic_loss, no_fencing_policy, no_fence_handler,
          no_cluster_locking, lose_quorum, all_is_well, all_is_well)


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
        except Exception:   # pylint: disable=broad-except
            pass            # an administrator, too, may meet a fault


def create_volume(simulation, node):
    _create(simulation, node, "new-one")


def create_exclusive(simulation, node):
    _create(simulation, node, "mine", "--addtag", "dualstor.exclusive")


def remove_volume(simulation, node):
    """Gone from the metadata, inactive everywhere."""
    group = simulation.cluster.groups["vg0"]
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
              create_exclusive, remove_volume, suspend, resume)
