# SPDX-License-Identifier: GPL-2.0-or-later
"""dlm_tool, of dlm 4.2 and (same layout) of dlm 3 with cman."""

from simulator import locking, membership
from simulator.programs import program


def running(call):
    """Whether dlm_controld answers."""
    return call.node.engine and call.node.dlm_controld


def lockspaces(call, all_nodes):
    """Print ``dlm_tool ls``."""
    node, cluster = call.node, call.cluster
    waiting = [(p.program, "clvmd") for p in node.processes.values()
               if p.program == "clvmd" and not p.ready]
    if not node.lockspaces and not waiting:
        return
    call.out("dlm lockspaces")
    for name, space in reversed(list(node.lockspaces.items())):
        frozen = locking.frozen(cluster, node, name)
        call.out("name          %s\nid            0x%08x\nflags         0x%08x %s" % (
            name, space.id, 4 if frozen else 0, "kern_stop" if frozen else ""))
        call.out("change        member %d joined %d remove %d failed %d seq %d,%d" % (
            len(space.members), space.joined, space.removed, space.failed,
            space.sequence, space.sequence))
        call.out("members       %s" % "".join("%d " % m for m in space.members))
        if frozen:
            left = [m for m in space.members if m in node.members]
            call.out("new change    member %d joined 0 remove 1 failed 1 seq %d,%d" % (
                len(left), space.sequence + 1, space.sequence + 1))
            call.out("new status    wait %s" % (
                "fencing" if membership.quorate(cluster, node) else "quorum"))
            call.out("new members   %s" % "".join("%d " % m for m in left))
        if all_nodes:
            call.out("all nodes")
            for number in (1, 2):
                member = number in space.members
                call.out("nodeid %d member %d failed 0 start 1 seq_add 1 seq_rem 0 check none"
                         % (number, member))
        call.out("")
    for _, name in waiting:
        call.out("name          %s\nid            0x4104eefa\n"
                 "flags         0x00000015 need_plock,kern_stop,join\n"
                 "change        member 0 joined 0 remove 0 failed 0 seq 0,0\n"
                 "members       \n"
                 "new change    member 1 joined 1 remove 0 failed 0 seq 1,1\n"
                 "new status    wait %s\nnew members   %d \n"
                 % (name, "fencing" if membership.quorate(cluster, node) else "quorum", node.id))


@program("dlm_tool")
def dlm_tool(call):
    """dlm_tool ls, status."""
    yield 0.02
    words = [a for a in call.args if not a.startswith("-")]
    command = (words or ["help"])[0]
    if command == "ls":
        if not running(call):
            return 1
        lockspaces(call, call.flag("-n"))
        return 0
    if command == "status":
        if not running(call):
            call.out("cannot connect to dlm_controld")
            return 0
        node, cluster = call.node, call.cluster
        call.out("cluster nodeid %d quorate %d ring seq 9 9" % (
            node.id, membership.quorate(cluster, node)))
        call.out("daemon now %d fence_pid %d " % (int(cluster.now), 77 if node.unclean else 0))
        known = {1, 2} if node.joined_once else set(node.members) | set(node.unclean)
        for number in sorted(known):
            call.out("node %d %s add 491 rem 0 fail 0 fence 0 at 0 0" % (
                number, "M" if number in node.members else "X"))
        return 0
    call.err("unknown command %s" % command)
    return 1
