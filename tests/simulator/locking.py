# SPDX-License-Identifier: GPL-2.0-or-later
"""dlm lockspaces, and the daemons clvmd and lvmlockd that hold locks in them."""

import signal

from simulator import membership
from simulator.state import Lockspace, Process

GLOBAL = "lvm_global"
CLVMD_LOCKSPACE = "clvmd"

PIDFILE = {"clvmd": "/run/clvmd.pid", "lvmlockd": "/run/lvmlockd.pid",
           "cmirrord": "/run/cmirrord.pid", "lvmetad": "/run/lvmetad.pid"}
SOCKET = {"clvmd": "/run/lvm/clvmd.sock", "lvmlockd": "/run/lvm/lvmlockd.socket",
          "lvmetad": "/run/lvm/lvmetad.socket"}

#: What the daemons tell listen(2): LVM2 daemons/clvmd/clvmd.c (open_local_sock) and
#: libdaemon/server/daemon-server.c (_open_socket). The kernel takes one more (unix_recvq_full).
BACKLOG = 1

#: Ids as the real dlm gives them (a hash of the name).
_IDS = {"lvm_global": 0x12aabd2d, "lvm_vg0": 0x28882963, "clvmd": 0x4104eefa}


def dlm_ready(node):
    """Whether a lockspace can be made."""
    return node.up and node.engine and node.dlm_controld and "dlm" in node.modules


def start_dlm(node):
    """dlm_controld and what it loads."""
    if "dlm" not in node.modules:
        node.modules.append("dlm")
    node.dlm_controld = True


def frozen(cluster, node, name):
    """Whether every lock request in the lockspace waits: no quorum, or fencing is due."""
    space = node.lockspaces.get(name)
    if space is None:
        return False
    return name in node.stuck or not membership.quorate(cluster, node) or \
        any(number in node.unclean + node.deaf for number in space.members)


def join(cluster, node, name):
    """Make or join a lockspace."""
    if name in node.lockspaces:
        return
    peer = cluster.peer(node)
    theirs = peer.lockspaces.get(name) if peer.up else None
    members = [node.id]
    if theirs is not None and peer.id in node.members:
        members = sorted(members + [peer.id])
        theirs.members, theirs.joined, theirs.removed, theirs.failed = members, 1, 0, 0
        theirs.sequence += 1
    node.lockspaces[name] = Lockspace(
        name=name, id=_IDS.get(name, sum(map(ord, name)) * 7919), members=list(members), joined=1)


def leave(cluster, node, name):
    """Leave a lockspace in good order."""
    if node.lockspaces.pop(name, None) is None:
        return
    peer = cluster.peer(node)
    theirs = peer.lockspaces.get(name) if peer.up else None
    if theirs is not None and node.id in theirs.members:
        theirs.members = [peer.id]
        theirs.joined, theirs.removed, theirs.failed = 0, 1, 0
        theirs.sequence += 1


def recover(cluster, node, victim):
    """*victim* is known to be dead: its locks are free, the lockspaces go on."""
    for space in node.lockspaces.values():
        if victim.id in space.members:
            space.members = [number for number in space.members if number != victim.id]
            space.joined, space.removed, space.failed = 0, 1, 1
            space.sequence += 1
    if not victim.up:
        victim.locks.clear()


def daemon(node, program):
    """The running daemon *program* of a node, None when there is none."""
    return next((p for p in node.processes.values()
                 if p.program == program and p.state not in "ZX"), None)


def spawn(cluster, node, program, arguments, pid=None, start_time=None, **places):
    """A daemon starts; *pid* when it is a real process."""
    number = pid or 4000 + cluster.next()
    process = Process(pid=number, program=program, arguments=list(arguments),
                      start_time=start_time or int(cluster.now * 100),
                      pidfile=places.get("pidfile") or PIDFILE[program],
                      socket=places.get("socket") or SOCKET.get(program, ""))
    node.processes[str(number)] = process
    node.files[process.pidfile] = "%d\n" % number
    if process.socket:
        node.sockets[process.socket] = number
    return process


def end(cluster, node, process, clean):
    """A daemon is gone; unless it went *clean* its files stay behind."""
    node.processes.pop(str(process.pid), None)
    if clean:
        node.files.pop(process.pidfile, None)
        node.sockets.pop(process.socket, None)
        if process.program == "clvmd":
            leave(cluster, node, CLVMD_LOCKSPACE)
    elif process.socket:
        node.sockets[process.socket] = 0
    if process.program == "clvmd":
        active = {"%s/%s" % (m.vg, m.lv) for m in node.mappings.values()}
        if any(mode == "ex" and lv in active for lv, mode in node.locks.items()):
            cluster.harm.append("%s: clvmd ended while it held exclusive locks" % node.name)
        node.locks.clear()


def replace(cluster, node, process, identity=None):
    """``clvmd -S``: the same daemon as another process, with the exclusive locks it was told of.

    :param identity: pid and start time where it is a real process
    :returns: the new Process, not ready yet
    """
    node.processes.pop(str(process.pid), None)
    exclusive = sorted(key for key, mode in node.locks.items() if mode == "ex")
    kept = exclusive if version(node) >= (2, 2, 89) else exclusive[::2]     # a bug until then
    for key in exclusive:
        node.locks[key] = "ex" if key in kept else "sh"
    arguments = ["clvmd"]
    if version(node) >= (2, 2, 89):
        arguments += ["-I", "cman" if cluster.has_cman else "corosync"]
    for key in kept:
        arguments += ["-E", key]
    new = spawn(cluster, node, "clvmd", arguments, **dict(identity or {}))
    new.ready = False
    return new


def version(node):
    """LVM's version on a node, as a tuple of int."""
    return tuple(int(part) for part in node.lvm_version.split("."))


def accepts(cluster, node, process):
    """Whether a daemon takes connections now. clvmd takes none without quorum."""
    return process.state == "S" and (process.program != "clvmd" or (
        process.ready and membership.quorate(cluster, node)))


def knock(cluster, node, process):
    """Connect to a daemon's socket: whether the kernel takes it, into the queue if need be.

    A connection stays there until it is accepted, also when who made it has gone.
    """
    if accepts(cluster, node, process):
        return True
    if process.queue > BACKLOG:
        return False
    process.queue += 1
    return True


def receive(cluster, node, process, number):
    """A signal for a daemon; True when it ends (at once or after a clean exit)."""
    if process.state == "D":
        return False
    if number == signal.SIGKILL:
        end(cluster, node, process, clean=False)
        return True
    if number == signal.SIGSTOP:
        process.state = "T"
    elif number == signal.SIGCONT:
        process.state = "S"
    elif number == signal.SIGINT and process.program == "cmirrord" and process.state != "T":
        end(cluster, node, process, clean=True)     # no cluster mirror is active
        return True
    elif number == signal.SIGTERM and process.state != "T":
        if process.program == "lvmlockd" and any(s.startswith("lvm_") for s in node.lockspaces):
            return False        # it serves until its lockspaces are stopped
        if process.program == "clvmd" and node.lockspaces and \
                frozen(cluster, node, CLVMD_LOCKSPACE):
            if not node.engine:
                process.state = "D"     # it waits in the kernel for a dlm that has no cluster
            return False        # leaving the lockspace waits for the dlm
        end(cluster, node, process, clean=True)
        return True
    return False


def settle(cluster):
    """A clvmd that waited for quorum becomes ready; who takes connections empties the queue."""
    for node in cluster.nodes.values():
        for process in node.processes.values():
            if process.queue and accepts(cluster, node, process):
                process.queue = 0
        clvmd = daemon(node, "clvmd") if node.up else None
        if clvmd is not None and not clvmd.ready and clvmd.state == "S" and dlm_ready(node):
            if not membership.quorate(cluster, node) or node.unclean or \
                    cluster.now < clvmd.start_time / 100 + cluster.startup_seconds:
                continue
            join(cluster, node, CLVMD_LOCKSPACE)
            clvmd.ready = True
            for mapping in node.mappings.values():
                if cluster.groups[mapping.vg].kind == "clustered":
                    node.locks.setdefault("%s/%s" % (mapping.vg, mapping.lv), "sh")


def answers(cluster, node, program):
    """Whether a request to the daemon is answered now (else it waits)."""
    process = daemon(node, program)
    if process is None or process.state != "S" or not process.ready:
        return False
    if program == "clvmd":
        return membership.quorate(cluster, node) and not frozen(cluster, node, CLVMD_LOCKSPACE)
    return True
