# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync 3: corosync-quorumtool, corosync-cmapctl; below cman that of corosync 1."""

from simulator import membership
from simulator.programs import program


def _below_cman(call):
    """-s of corosync 1 (show_status): it ends with 0 in any case."""
    if not call.node.engine:
        call.err("Cannot connect to quorum service, is it loaded?")
        return
    call.out("Version:          UNKNOWN\nNodes:            %d\nRing ID:          280\n"
             "Quorum type:      quorum_cman\nQuorate:          %s" % (
                 len(call.node.members),
                 "Yes" if membership.quorate(call.cluster, call.node) else "No"))


@program("corosync-quorumtool")
def quorumtool(call):
    """Of corosync 3: exit 0 quorate, 2 not, 1 failure."""
    yield 0.02
    if call.cluster.has_cman:
        _below_cman(call)
        return 0
    if not call.node.engine:
        call.err("Cannot initialize CMAP service")
        return 1
    node, cluster = call.node, call.cluster
    quorate, members = membership.quorate(cluster, node), sorted(node.members)
    two = cluster.two_node
    quorum = 1 if two else 2
    flags = ("2Node " if two else "") + ("Quorate " if quorate else "") + \
        ("WaitForAll " if two else "")
    call.out("Quorum information\n------------------")
    call.out("Date:             Tue Nov 24 04:30:49 2026")
    call.out("Quorum provider:  corosync_votequorum")
    call.out("Nodes:            %d" % len(members))
    call.out("Node ID:          %d" % node.id)
    call.out("Ring ID:          1.%d" % (9 if len(members) == 2 else 15))
    call.out("Quorate:          %s\n" % ("Yes" if quorate else "No"))
    call.out("Votequorum information\n----------------------")
    call.out("Expected votes:   2\nHighest expected: 2")
    call.out("Total votes:      %d" % len(members))
    call.out("Quorum:           %d %s" % (quorum, " " if quorate else "Activity blocked"))
    call.out("Flags:            %s\n" % flags)
    call.out("Membership information\n----------------------\n    Nodeid      Votes Name")
    for number in members:
        call.out("%10d %10d %s%s" % (number, 1, cluster.node_by_id(number).name,
                                     " (local)" if number == node.id else ""))
    return 0 if quorate else 2


@program("corosync-cmapctl")
def cmapctl(call):
    """Keys by prefix; with -g one key."""
    yield 0.02
    if not call.node.engine:
        call.err("Failed to initialize the cmap API. Error CS_ERR_LIBRARY")
        return 1
    keys = ["totem.cluster_name (str) = lab", "quorum.provider (str) = corosync_votequorum"]
    for number in (1, 2):
        if number in call.node.members or call.node.joined_once:
            status = "joined" if number in call.node.members else "left"
            keys += ["runtime.members.%d.config_version (u64) = 0" % number,
                     "runtime.members.%d.ip (str) = r(0) ip(10.77.0.%d) " % (number, number),
                     "runtime.members.%d.join_count (u32) = 1" % number,
                     "runtime.members.%d.status (str) = %s" % (number, status)]
    keys += ["runtime.votequorum.ev_barrier (u32) = 2",
             "runtime.votequorum.highest_node_id (u32) = 2",
             "runtime.votequorum.lowest_node_id (u32) = 1",
             "runtime.votequorum.this_node_id (u32) = %d" % call.node.id,
             "runtime.votequorum.two_node (u8) = %d" % call.cluster.two_node,
             "runtime.votequorum.wait_for_all_status (u8) = %d" % (not call.node.joined_once)]
    one = call.value("-g")
    prefixes = [one] if one else [a for a in call.args if not a.startswith("-")]
    found = [k for k in keys if not prefixes or any(k.startswith(p) for p in prefixes)]
    for key in found:
        call.out(key)
    if one and not found:
        call.err("Can't get key %s. Error CS_ERR_NOT_EXIST" % one)
        return 1
    return 0
