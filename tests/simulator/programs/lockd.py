# SPDX-License-Identifier: GPL-2.0-or-later
"""The lock daemons clvmd 2.02.188 and lvmlockd 2.03.16, and lvmlockctl.

Starting one registers a Process; ``cluster`` may have a ``spawner`` that makes
it a real one (see ``path``).
"""

from simulator import locking, volumes
from simulator.programs import program

_CLVMD_USAGE = """Usage: clvmd [options]
   -C       Sets debug level (from -d) on all clvmd instances clusterwide
   -d[<n>]  Set debug logging (0:none, 1:stderr (implies -f option), 2:syslog)
   -E<uuid> Take this lock uuid as exclusively locked resource (for restart)
   -f       Don't fork, run in the foreground
   -h       Show this help information
   -I<cmgr> Cluster manager (default: auto)
            Available cluster managers: corosync cman openais singlenode 
   -R       Tell all running clvmds in the cluster to reload their device cache
   -S       Restart clvmd, preserving exclusive locks
   -t<secs> Command timeout (default: 60 seconds)
   -T<secs> Startup timeout (default:  0 seconds)
   -V       Show version of clvmd
"""


def spawn(call, program_name, **places):
    """Start the daemon's process, a real one where the call knows how to make it."""
    make = getattr(call, "make_process", None)
    identity = make(program_name, places) if make else {}
    return locking.spawn(call.cluster, call.node, program_name, call.argv, **identity, **places)


def _refresh(call):
    """clvmd -R: a round trip through every node's clvmd. Generator."""
    process = locking.daemon(call.node, "clvmd")
    if process is None:
        gone = locking.SOCKET["clvmd"] not in call.node.sockets
        call.err("connect() failed on local socket: %s" % (
            "No such file or directory" if gone else "Connection refused"))
        return 1
    while not locking.answers(call.cluster, call.node, "clvmd"):
        yield 0.5
    if call.peer.up and call.peer.engine and locking.daemon(call.peer, "clvmd") is None:
        call.err("clvmd not running on node %s" % call.peer.name)
        return 1
    return 0


@program("clvmd")
def clvmd(call):
    """clvmd: starts the daemon and waits until it is ready; -R, -S, -V."""
    yield 0.05
    words = list(call.args)
    if "-V" in words:
        call.out("Cluster LVM daemon version: 2.02.188(2) (2021-05-07)\n"
                 "Protocol version:           0.2.1")
        return 0
    if "-h" in words:
        call.out(_CLVMD_USAGE)
        return 0
    if "-d" in words and words[-1] == "-d":
        call.err(_CLVMD_USAGE)
        return 2
    if "-R" in words:
        return (yield from _refresh(call))
    timeout = call.value("-T")
    manager = call.value("-I")
    if timeout is not None and not (timeout.isdigit() and int(timeout) > 0):
        call.err("startup timeout is invalid")
        call.err(_CLVMD_USAGE)
        return 1
    if locking.daemon(call.node, "clvmd") is not None:
        call.err("clvmd failed in initialisation")
        return 1
    alone = manager == "singlenode"
    if not alone and not locking.dlm_ready(call.node):
        call.node.sockets[locking.SOCKET["clvmd"]] = 0
        call.err("clvmd could not connect to cluster manager\n"
                 "Consult syslog for more information")
        return 3
    process = spawn(call, "clvmd")
    process.ready = alone
    pid, end = str(process.pid), call.cluster.now + float(timeout or 1e9)
    yield 0.3
    while True:
        process = call.node.processes.get(pid)
        if process is None:
            return 1
        if process.ready:
            return 0
        if call.cluster.now >= end:
            call.err("clvmd startup timed out")
            return 5
        yield 0.25


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
