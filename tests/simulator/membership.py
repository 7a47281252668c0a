# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is in the cluster, who has quorum, and fencing."""

from simulator.state import Fencing

DETECT_SECONDS = 1.0        # until the loss of a node is noticed
FENCE_SECONDS = 4.0         # until the cluster manager's fencing has killed it


def votes(cluster, node):
    """The votes that this node sees."""
    return cluster.quorum_disk + sum(cluster.node_by_id(number).cman.votes
                                     for number in node.members)


def expected(cluster):
    """The votes that the cluster expects, as cman shows them."""
    if cluster.expected_votes:
        return cluster.expected_votes
    return 1 if cluster.two_node else cluster.quorum_disk + sum(
        node.cman.votes for node in cluster.nodes.values())


def needed(cluster):
    """The votes that make a quorum."""
    return 1 if cluster.two_node else expected(cluster) // 2 + 1


def quorate(cluster, node):
    """Whether *node* is part of a quorate partition."""
    if not (node.up and node.engine):
        return False
    if len(node.members) > 1:
        return True
    if not cluster.two_node:
        return cluster.has_cman and votes(cluster, node) >= needed(cluster)
    return cluster.has_cman or node.joined_once     # wait_for_all


def fencing_pending(node):
    """Whether somebody was lost and is not known to be dead."""
    return bool(node.unclean)


def can_fence(cluster, node):
    """Whether this node's cluster manager gets the other one fenced."""
    return cluster.fencing_enabled and cluster.fencing_works and node.up and node.engine and \
        quorate(cluster, node)


def start_engine(cluster, node, fence_daemon=True):
    """corosync or cman, and with cman the fence domain."""
    node.engine = True
    node.members = [node.id]
    node.fenced = node.cman.fence_daemon = fence_daemon and cluster.has_cman
    settle(cluster, at_once=True)


def stop_engine(cluster, node):
    """Leave in good order: nobody fences us for it."""
    lose_engine(cluster, node)
    peer = cluster.peer(node)
    if node.id in peer.members:
        peer.members.remove(node.id)


def lose_engine(cluster, node):
    """The cluster's engine is gone, and with it all that cannot be without it."""
    node.engine = node.pacemaker = node.dlm_controld = node.fenced = False
    node.cman.fence_daemon = False
    node.members = []
    from simulator import locking
    clvmd = locking.daemon(node, "clvmd")
    if clvmd is None or not cluster.has_cman:       # with corosync it spins
        return
    if node.mappings:       # it takes its socket away, and the kernel holds it for ever
        clvmd.state = "D"
        node.sockets.pop(clvmd.socket, None)
        return
    locking.end(cluster, node, clvmd, clean=True)
    node.lockspaces.clear()


def fence(cluster, by, victim, began=None):
    """*by* has *victim* killed, now; asked for since *began*, None: by the cluster itself."""
    kill(cluster, by, victim, began)
    by.cman.fenced_how[str(victim.id)] = "agent"
    confirm_down(cluster, by, victim)


def kill(cluster, by, victim, began):
    """A fence device cuts the power of *victim* for *by*: once for each loss.

    A node that connected while it was to be fenced may be fenced again: nobody can know whether
    it died before or after that. So may one that cman's fenced has fenced before DRBD noticed the
    loss, as fenced does not say when that was.

    :param began: when it was asked for; None: by the cluster itself
    """
    from simulator import world
    if victim.up:
        losses = [by.lost_at] + [each.lost_at for each in by.drbd.values()]
        met = max([each.met_at for each in by.drbd.values()], default=0.0)
        if victim.fenced_at and victim.fenced_at >= max(losses) and victim.fencing_since >= met:
            cluster.twice.append("%s was fenced at %.1f, and again at %.1f, by %s" % (
                victim.name, victim.fenced_at, cluster.now, by.name))
        if began is None:
            began = -1.0 if cluster.has_cman else cluster.now
        victim.fenced_at, victim.fencing_since = cluster.now, began
    world.crash(cluster, victim)


def request(cluster, by, target, action):
    """The number of a request to fence; that of an equal one that is under way."""
    for number, known in cluster.fencings.items():
        if (known.target, known.action, known.result) == (target.name, action, "") \
                and cluster.nodes[known.by].id in by.members:
            return number
    number, mode = str(cluster.next()), cluster.fencing_mode
    if not (cluster.fencing_enabled and cluster.fencing_works) or mode == "second":
        mode = "refused"
    if cluster.fencing_mode == "second":
        cluster.fencing_mode = ""
    seconds = {"refused": 2.0, "slow": 45.0}.get(mode, FENCE_SECONDS) + target.fence_delay
    cluster.fencings[number] = Fencing(by=by.name, target=target.name, action=action, mode=mode,
                                       began=cluster.now)
    cluster.events.append([cluster.now + seconds, int(number), "fencing", [number]])
    return number


def request_ends(cluster, number):
    """The device has done what it was asked for, or not."""
    known = cluster.fencings[number]
    by, target = cluster.nodes[known.by], cluster.nodes[known.target]
    known.result = "failed"
    if not by.up or known.mode == "refused":
        return
    known.result = "success"
    if known.mode != "lies":
        fence(cluster, by, target, known.began)


#: What asks for a request.
FENCING_PROGRAMS = ("stonith_admin", "fence_node")


def lie(cluster, by):
    """*by* was told that the other node was fenced, and nothing was done."""
    cluster.fencings[str(cluster.next())] = Fencing(
        by=by.name, target=cluster.peer(by).name, action="", mode="lies", result="success")


def own_fencing(cluster, node):
    """Whether the cluster itself has the other node fenced just now, for this one."""
    return any(event[2] == "fenced" and event[3] == [node.name] for event in cluster.events)


def confirm_down(cluster, node, victim):
    """*node* knows that *victim* is dead: what waited for that goes on."""
    if victim.id in node.members:
        node.members.remove(victim.id)
    if victim.id in node.unclean:
        node.unclean.remove(victim.id)
    if not hears_of_fencing(node):
        node.deaf.append(victim.id)
        return
    fenced(cluster, node, victim)
    from simulator import locking
    locking.recover(cluster, node, victim)


LIBRARIES = "/usr/lib/x86_64-linux-gnu/libstonithd.so."


def hears_of_fencing(node):
    """Whether dlm_stonith finds Pacemaker's library."""
    return node.dlm_library == "56" or LIBRARIES + node.dlm_library in node.links


def dlm_asks_again(cluster):
    """dlm asks for each fencing it waits for, again and again."""
    for node in cluster.nodes.values():
        if node.up and hears_of_fencing(node):
            for number in node.deaf[:]:
                node.deaf.remove(number)
                confirm_down(cluster, node, cluster.node_by_id(number))


def fenced(cluster, node, victim):
    """dlm on *node* learns that *victim* was fenced."""
    times = node.dlm_times.setdefault(victim.id, [0, 0, 0])
    times[1] = max(times[1], times[0] + 1)
    times[2] = max(int(cluster.now), times[1])


def settle(cluster, at_once=False):
    """Let each node's view follow the links, after the time that noticing takes."""
    dlm_asks_again(cluster)
    for node in cluster.nodes.values():
        if not (node.up and node.engine):
            continue
        peer = cluster.peer(node)
        there = peer.up and peer.engine and cluster.cluster_link and \
            peer.id not in node.unclean and node.id not in peer.unclean
        if there == (peer.id in node.members):
            continue
        if at_once:
            notice(cluster, node)
        elif not any(e[2] == "membership" and e[3] == [node.name] for e in cluster.events):
            cluster.events.append([cluster.now + DETECT_SECONDS, cluster.next(),
                                   "membership", [node.name]])


def notice(cluster, node):
    """The engine of *node* sees that the other one came or went."""
    if not (node.up and node.engine):
        return
    peer = cluster.peer(node)
    there = peer.up and peer.engine and cluster.cluster_link
    if there and peer.id not in node.members and node.id not in peer.unclean \
            and peer.id not in node.unclean:
        for one, other in ((node, peer), (peer, node)):
            one.joined_once = True
            one.dlm_times[other.id] = [int(cluster.now), 0, 0]
            if other.id not in one.members:
                one.members.append(other.id)
                one.members.sort()
    elif not there and peer.id in node.members:
        node.members.remove(peer.id)
        node.unclean.append(peer.id)
        node.lost_at = cluster.now
        node.dlm_times.setdefault(peer.id, [0, 0, 0])[1] = int(cluster.now)
        if can_fence(cluster, node):
            cluster.events.append([cluster.now + FENCE_SECONDS + node.id * 0.5, cluster.next(),
                                   "fenced", [node.name]])


def fencing_ends(cluster, node):
    """The fencing that ``notice`` asked for is done, if we live to see it."""
    peer = cluster.peer(node)
    if node.up and peer.id in node.unclean and can_fence(cluster, node):
        fence(cluster, node, peer)
