# SPDX-License-Identifier: GPL-2.0-or-later
"""lvmlockd 2.03.16 and lvmlockctl.

Starting a daemon registers a Process; the call may know how to make it a real
one (see ``path``).
"""

from simulator import locking, volumes
from simulator.programs import program


def spawn(call, program_name, **places):
    """Start the daemon's process, a real one where the call knows how to make it."""
    make = getattr(call, "make_process", None)
    identity = make(program_name, places) if make else {}
    return locking.spawn(call.cluster, call.node, program_name, call.argv, **identity, **places)


@program("lvmlockd")
def lvmlockd(call):
    """lvmlockd: starts the daemon."""
    yield 0.1
    if call.flag("-V", "--version"):
        call.out("lvmlockd version: 2.03.16(2) (2022-05-18)")
        return 0
    if call.flag("-h", "--help"):
        call.out("Usage:\nlvmlockd [options]\n")
        return 0
    places = {"pidfile": call.value("-p", "--pid-file"), "socket": call.value("-s", "--socket-path")}
    if locking.daemon(call.node, "lvmlockd") is not None:
        call.err("Fail to lock pidfile [%s]: Resource temporarily unavailable"
                 % (places["pidfile"] or locking.PIDFILE["lvmlockd"]))
        return 1
    spawn(call, "lvmlockd", **places)
    return 0


def _info(call):
    node, cluster = call.node, call.cluster
    if locking.GLOBAL in node.lockspaces:
        call.out("VG vg_uuid= lock_type= \nLS  lvm_global\nLK VG un ver 0\nLK GL un ver 1")
    for name in node.lockspaces:
        vg = name[len("lvm_"):]
        group = cluster.groups.get(vg)
        if name == locking.GLOBAL or group is None:
            continue
        call.out("\nVG %s lock_type=dlm %s\nLS dlm %s\nLK VG un ver 4" % (vg, group.uuid, name))
        for volume in group.volumes.values():
            call.out("LK LV %s %s" % (volumes.lock_of(node, vg, volume.name) or "un", volume.uuid))


@program("lvmlockctl")
def lvmlockctl(call):
    """lvmlockctl --info, --stop-lockspaces."""
    yield 0.05
    process = locking.daemon(call.node, "lvmlockd")
    if process is None:
        call.out("Cannot connect to lvmlockd.")
        call.err("%s: connect failed: %s" % (
            locking.SOCKET["lvmlockd"],
            "Connection refused" if locking.SOCKET["lvmlockd"] in call.node.sockets
            else "No such file or directory"))
        return 255
    while not locking.answers(call.cluster, call.node, "lvmlockd"):
        yield 0.5
    if call.flag("-i", "--info"):
        _info(call)
        return 0
    if call.flag("-S", "--stop-lockspaces"):
        for name in list(call.node.lockspaces):
            vg = name[len("lvm_"):]
            busy = any(key.startswith(vg + "/") for key in call.node.locks)
            if name.startswith("lvm_") and not busy:
                while locking.frozen(call.cluster, call.node, name):
                    yield 0.5
                locking.leave(call.cluster, call.node, name)
        return 0
    if call.flag("-q", "--quit"):
        return 0 if not call.node.lockspaces else 1
    if call.value("-k", "--kill", "-r", "--drop"):
        call.cluster.harm.append("%s: %s" % (call.node.name, " ".join(call.argv)))
        return 0
    return 0
