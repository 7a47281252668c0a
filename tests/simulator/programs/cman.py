# SPDX-License-Identifier: GPL-2.0-or-later
"""cman 3.1: cman_tool, fence_tool, group_tool."""

from simulator import membership
from simulator.programs import program
from simulator.state import CLVMD


def _up(call):
    return call.node.engine and call.cluster.generation == CLVMD


def _status(call):
    node, cluster = call.node, call.cluster
    quorate, members = membership.quorate(cluster, node), node.members
    clvmd = "clvmd" in node.lockspaces
    subsystems = 1 + 2 * node.fenced + 2 * node.dlm_controld + clvmd
    for line in ("Version: 6.2.0", "Config Version: 1", "Cluster Name: alpha", "Cluster Id: 3169",
                 "Cluster Member: Yes", "Cluster Generation: 8",
                 "Membership state: Cluster-Member", "Nodes: %d" % len(members),
                 "Expected votes: %d" % (1 if cluster.two_node else 2),
                 "Total votes: %d" % len(members), "Node votes: 1",
                 "Quorum: %d %s" % (1 if cluster.two_node else 2,
                                    " " if quorate else "Activity blocked"),
                 "Active subsystems: %d" % subsystems,
                 "Flags: %s" % ("2node " if cluster.two_node else ""),
                 "Ports Bound: 0 %s" % ("11  " if clvmd else " "),
                 "Node name: %s" % node.name, "Node ID: %d" % node.id,
                 "Multicast addresses: 239.192.12.109 ",
                 "Node addresses: 10.77.0.%d " % node.id):
        call.out(line)
    return 0


def _nodes(call):
    fields = call.value("-F")
    only = call.value("-n")
    if not fields:
        call.out("Node  Sts   Inc   Joined               Name")
    for node in call.cluster.nodes.values():
        if only and node.name != only:
            continue
        member = node.id in call.node.members
        if fields:
            values = {"id": str(node.id), "name": node.name, "type": "M" if member else "X",
                      "state": "Member" if member else "Dead", "votes": "1", "exp": "1",
                      "addr": "10.77.0.%d" % node.id if member else ""}
            call.out("".join(values.get(f, "") + " " for f in fields.split(",")))
        else:
            call.out("%4u   %c  %5d   %s  %s" % (
                node.id, "M" if member else "X", 4 * node.id,
                "2026-11-24 05:10:55" if member else " " * 19, node.name))
    return 0


@program("cman_tool")
def cman_tool(call):
    """cman_tool."""
    yield 0.02
    words = [a for a in call.args if not a.startswith("-")]
    timeout = call.value("-t")
    words = [a for a in call.args if not a.startswith("-")]
    if not words:
        call.err("cman_tool: no operation specified")
        return 1
    command = words[0]
    if command == "services":
        return 0 if not _up(call) else (yield from group_tool(call))
    if not _up(call):
        call.err("cman_tool: Cannot open connection to cman, is it running ?")
        return 1
    if command == "status":
        return _status(call)
    if command == "nodes":
        return _nodes(call)
    if command == "version":
        call.out("6.2.0 config 1")
        return 0
    if command == "wait":
        end = call.cluster.now + float(timeout) if timeout else None
        while call.flag("-q") and not membership.quorate(call.cluster, call.node):
            if end is not None and call.cluster.now >= end:
                call.err("Timed-out waiting for cluster")
                return 2
            call.args.append("-q")
            yield 0.2
        return 0
    if command == "leave":
        if call.node.fenced or call.node.dlm_controld or call.node.lockspaces:
            call.err("cman_tool: Error leaving cluster: Device or resource busy")
            return 1
        membership.stop_engine(call.cluster, call.node)
        return 0
    if command == "join":
        call.err("cman_tool: Node is already active")
        return 1
    call.err("cman_tool: unknown option %s" % command)
    return 1


def _fence_domain(call):
    node = call.node
    waiting = "none"
    if node.unclean:
        waiting = "fencing" if membership.quorate(call.cluster, node) else "quorum"
    call.out("fence domain\nmember count  %d\nvictim count  %d\nvictim now    %d\n"
             "master nodeid %d\nwait state    %s\nmembers       %s" % (
                 len(node.members), len(node.unclean), (node.unclean or [0])[0],
                 min(node.members), waiting, "".join("%d " % m for m in sorted(node.members))))
    if call.flag("-n"):
        call.out("all nodes")
        for each in call.cluster.nodes.values():
            call.out("nodeid %d member %d victim %d last fence master %d how none" % (
                each.id, each.id in node.members, each.id in node.unclean, 0))
    call.out("")


@program("fence_tool")
def fence_tool(call):
    """fence_tool ls."""
    yield 0.02
    words = [a for a in call.args if not a.startswith("-")]
    if words[:1] not in (["ls"], ["join"], ["leave"]):
        call.err("unknown option %s" % (words or [""])[0])
        return 1
    if not _up(call) or not call.node.fenced:
        return 1
    if words[0] == "ls":
        _fence_domain(call)
    else:
        call.node.fenced = words[0] == "join"
    return 0


@program("group_tool")
def group_tool(call):
    """group_tool ls: the fence domain and the lockspaces."""
    from simulator.programs import dlm
    yield 0.05
    if _up(call) and call.node.fenced:
        _fence_domain(call)
    if dlm.running(call):
        dlm.lockspaces(call, False)
    call.err("sh: 1: gfs_control: not found")
    return 0
