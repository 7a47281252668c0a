# SPDX-License-Identifier: GPL-2.0-or-later
"""fence_tool and group_tool of cman 3.2.

Texts, order and exit codes: cluster STABLE3 fence/fence_tool/fence_tool.c, group/tool/main.c.
"""

from simulator import getopt, membership
from simulator.programs import program
from simulator.programs.cman import up

_JOIN_SECONDS = 0.5


def _domain(call, all_nodes):
    """Print ``fence_tool ls``; whether there was something."""
    node = call.node
    if not (up(call) and node.cman.fence_daemon and node.fenced):
        return False
    victims = [number for number in node.unclean]
    waiting = node.cman.fence_wait or "none"
    if victims:
        waiting = "fencing" if membership.quorate(call.cluster, node) else "quorum"
    there = [number for number in sorted(node.members)
             if call.cluster.node_by_id(number).fenced]
    # the change is not complete, so that the list is still the one of before
    members = sorted({*there, *victims}) if waiting == "quorum" else there
    call.out("fence domain\nmember count  %d\nvictim count  %d\nvictim now    %d\n"
             "master nodeid %d\nwait state    %s\nmembers       %s" % (
                 len(there), len(victims), (victims or [0])[0] if waiting == "fencing" else 0,
                 min(there), waiting, "".join("%d " % m for m in members)))
    if all_nodes:
        call.out("all nodes")
        for each in call.cluster.nodes.values():
            how = node.cman.fenced_how.get(str(each.id), "none")
            call.out("nodeid %d member %d victim %d last fence master %d how %s" % (
                each.id, each.id in there, each.id in victims,
                0 if how == "none" else node.id, how))
    call.out("")
    return True


def _change(call, joining, wait):
    """fence_tool join and leave; generator of the exit code."""
    node = call.node
    if joining and not up(call):
        call.err("fence_tool: can't connect to cman")
        return 1
    if not joining:
        if node.lockspaces:
            for name in node.lockspaces:
                call.err("found dlm lockspace /sys/kernel/dlm/%s" % name)
            call.err("fence_tool: cannot leave due to active systems")
            return 1
    if not (up(call) and node.cman.fence_daemon):
        call.err("fence_tool: %s" % ("fenced not running, no lockfile" if joining
                                     else "leave: can't communicate with fenced"))
        return 1
    if not wait:
        node.fenced = joining
        return 0
    end = call.cluster.now + wait
    while joining and node.cman.fence_wait:     # somebody holds it up
        if call.cluster.now >= end:
            call.err("fence_tool: join not complete")
            return 0
        yield 0.5
    yield _JOIN_SECONDS
    call.node.fenced = joining
    return 0


@program("fence_tool")
def fence_tool(call):
    """fence_tool ls, join, leave."""
    yield 0.02
    try:
        found, words = getopt.parse("fence_tool", "nt:q:m:w:Vh", call.args)
    except getopt.Refused as refusal:
        call.err("%s\nPlease use '-h' for usage." % refusal)
        return 1
    values = dict(found)
    unknown = [w for w in words if w not in ("ls", "join", "leave", "dump")]
    if unknown or not words:
        call.err("fence_tool: %s\n" % (
            "unknown option %s" % unknown[0] if unknown else "no operation specified"))
        return 1
    if words[-1] == "ls":
        return 0 if _domain(call, "n" in values) else 1
    return (yield from _change(call, words[-1] == "join", int(values.get("w", 0))))


@program("fence_node")
def fence_node(call):
    """fence_node NODE: fences as cluster.conf says, and lets fenced know. fence/fence_node/fence_node.c."""
    from simulator.programs import pacemaker
    yield 0.05
    words = [word for word in call.args if not word.startswith("-")]
    if not words:
        call.err("fence_node: no node name specified")
        return 1
    if not up(call):
        call.err("fence_node: cannot connect to cman")
        return 1
    victim = call.cluster.nodes.get(words[0])
    if victim is None:
        call.err("fence %s undefined" % words[0])
        return 2
    if pacemaker.OF_DRBD not in call.environment:
        call.cluster.harm.append("%s: %s" % (call.node.name, " ".join(call.argv)))
        return 0
    number = membership.request(call.cluster, call.node, victim, "fence_node")
    while not call.cluster.fencings[number].result:
        yield 0.2
    if call.cluster.fencings[number].result != "success":
        call.err("fence %s failed" % victim.name)
        return 1
    call.err("fence %s success" % victim.name)
    call.node.cman.fenced_how[str(victim.id)] = "external"
    return 0


@program("fence_ack_manual")
def fence_ack_manual(call):
    """fence_ack_manual NODE: a person has seen that it is off."""
    yield 0.05
    return pacemaker_confirms(call, call.args[-1])


def pacemaker_confirms(call, name):
    """A node is declared dead by a person."""
    victim = call.cluster.nodes.get(name)
    if victim is None:
        call.err("No such node: %s" % name)
        return 1
    if victim.up:
        call.cluster.harm.append("%s: %s" % (call.node.name, " ".join(call.argv)))
    membership.confirm_down(call.cluster, call.node, victim)
    return 0


def services(call, all_nodes=False):
    """What ``group_tool ls`` shows; generator."""
    from simulator.programs import dlm
    yield 0.05
    _domain(call, all_nodes)
    if dlm.running(call):
        dlm.lockspaces(call, all_nodes)
    call.err("sh: 1: gfs_control: not found")


@program("group_tool")
def group_tool(call):
    """group_tool ls: the fence domain and the lockspaces."""
    try:
        found, _ = getopt.parse("group_tool", "g:hVvn", call.args)
    except getopt.Refused as refusal:
        call.err("%s\nPlease use '-h' for usage." % refusal)
        return 1
    yield from services(call, any(letter in "nv" for letter, _ in found))
    return 0
