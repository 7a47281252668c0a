# SPDX-License-Identifier: GPL-2.0-or-later
"""dlm_tool, of dlm 4.2, and of dlm 3.2 with cman.

Texts and exit codes: dlm dlm_tool/main.c; cluster STABLE3 dlm/tool/main.c.
"""

from simulator import getopt, locking, membership
from simulator.programs import program

_USAGE_3 = """Usage:

dlm_tool [options] [join | leave | lockdump | lockdebug |
                    ls | dump | log_plock | plocks |
                    deadlock_check]

Options:
  -n               Show all node information in ls
  -d <n>           Resource directory off/on (0/1) in join, default 0
  -e <n>           Exclusive create off/on (0/1) in join, default 0
  -f <n>           FS memory allocation off/on (0/1) in join, default 0
  -m <mode>        Permission mode for lockspace device (octal), default 0600
  -M               Print MSTCPY locks in lockdump
                   (remote locks that are locally mastered)
  -s               Summary following lockdebug output
                   (experimental, format not fixed)
  -v               Verbose lockdebug output
  -w               Wide lockdebug output
  -h               Print this help, then exit
  -V               Print program version information, then exit
"""
_OPERATIONS_3 = ("join", "leave", "joinleave", "lockdump", "lockdebug", "ls", "dump", "log_plock",
                 "plocks", "deadlock_check")
_WITHOUT_NAME_3 = ("ls", "dump", "log_plock")


def running(call):
    """Whether dlm_controld answers."""
    return call.node.engine and call.node.dlm_controld


def _status_words(call, old):
    """What a lockspace waits for, as "new status" says it."""
    for_what = "fencing" if membership.quorate(call.cluster, call.node) else "quorum"
    if old and call.node.unclean:       # dlm 3 asks for fencing first
        for_what = "fencing"
    if not old:
        return "wait " + for_what
    return "wait_messages 0 wait_condition %d %s" % ({"fencing": 1, "quorum": 2}[for_what], for_what)


def _all_nodes(call, space, old):
    call.out("all nodes")
    for number in (1, 2):
        lost = number in call.node.unclean + call.node.deaf and number in space.members
        check = "none" if not lost else "fence" if old else "fencing"
        call.out("nodeid %d member %d failed %d start %d seq_add %d seq_rem %d check %s" % (
            number, number in space.members and not lost, 3 * lost if old else lost,
            not (call.node.unclean if old else lost), 1, 3 if lost else 0, check))


def lockspaces(call, all_nodes):
    """Print ``dlm_tool ls``."""
    node, cluster, old = call.node, call.cluster, call.cluster.has_cman
    waiting = [(p.program, "clvmd") for p in node.processes.values()
               if p.program == "clvmd" and not p.ready and "clvmd" not in node.lockspaces]
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
            call.out("new status    %s" % _status_words(call, old))
            call.out("new members   %s" % "".join("%d " % m for m in left))
        if all_nodes:
            _all_nodes(call, space, old)
        call.out("")
    for _, name in waiting:
        call.out("name          %s\nid            0x4104eefa\n"
                 "flags         0x00000015 need_plock,kern_stop,join\n"
                 "change        member 0 joined 0 remove 0 failed 0 seq 0,0\n"
                 "members       \n"
                 "new change    member 1 joined 1 remove 0 failed 0 seq 1,1\n"
                 "new status    %s\nnew members   %d \n"
                 % (name, _status_words(call, old), node.id))


def _old(call):
    """dlm_tool of dlm 3: no status, silent when the daemon does not run."""
    try:
        found, words = getopt.parse("dlm_tool", "MhVnd:m:e:f:vws", call.args)
    except getopt.Refused as refusal:
        call.err("%s\nPlease use '-h' for usage." % refusal)
        return 1
    known = [w for w in words if w in _OPERATIONS_3]
    if not known:
        call.out(_USAGE_3)
        return 1
    if known[0] not in _WITHOUT_NAME_3 and words[-1] == known[0]:
        call.err("lockspace name required")
        return 1
    if known[0] != "ls":
        return 0
    if not running(call):
        return 1
    lockspaces(call, ("n", None) in found)
    return 0


def _leave(call, name):
    """By force: locks that are left go with the lockspace, whatever they protect."""
    node = call.node
    call.out('Leaving lockspace "%s"' % name)
    if name not in node.lockspaces:
        call.err("dlm_open_lockspace %s error (nil) 2" % name)
        return 1
    active = {"%s/%s" % (each.vg, each.lv) for each in node.mappings.values()}
    for key in [key for key in node.locks if "lvm_" + key.partition("/")[0] == name]:
        if key in active:
            call.cluster.harm.append("%s: dlm_tool leave took the lock of %s, which is active" % (node.name, key))
        del node.locks[key]
    locking.leave(call.cluster, node, name)
    call.out("done")
    return 0


@program("dlm_tool")
def dlm_tool(call):
    """dlm_tool ls, status."""
    yield 0.02
    if call.cluster.has_cman:
        return _old(call)
    words = [a for a in call.args if not a.startswith("-")]
    command = (words or ["help"])[0]
    if command == "ls":
        if not running(call):
            return 1
        lockspaces(call, call.flag("-n"))
        return 0
    if command == "leave":
        return _leave(call, words[1])
    if command == "status":
        if not running(call):
            call.out("cannot connect to dlm_controld")
            return 0
        node, cluster = call.node, call.cluster
        call.out("cluster nodeid %d quorate %d ring seq 9 9" % (
            node.id, membership.quorate(cluster, node)))
        call.out("daemon now %d fence_pid %d " % (int(cluster.now), 77 if node.unclean + node.deaf else 0))
        for number in node.unclean + node.deaf:
            call.out("fence %d no pid 77 actor %d fail %d fence 0 now %d" % (
                number, node.id, node.dlm_times.get(number, (0, 0, 0))[1], int(cluster.now)))
        known = {1, 2} if node.joined_once else set(node.members) | set(node.unclean)
        for number in sorted(known):
            added, failed, fenced = node.dlm_times.get(number, (491, 0, 0))
            call.out("node %d %s add %d rem %d fail %d fence %d at %d %d" % (
                number, "M" if number in node.members else "X", added, failed, failed, fenced,
                node.id if fenced else 0, cluster.now + node.wall if fenced else 0))
        return 0
    call.err("unknown command %s" % command)
    return 1
