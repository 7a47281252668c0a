# SPDX-License-Identifier: GPL-2.0-or-later
"""What the fence-peer handler writes into the log as its result, and what to do about it."""

from dualstor.ocf.reason import Reason, Topic

_RESULT = Topic(
    "The peer was fenced, or need not be",
    "DRBD's I/O continues, or does so by itself now that the peer is connected.", "Nothing.")
FENCED = Reason(
    "fence-peer-fenced", _RESULT, "{peer} is fenced, so I/O of DRBD {drbd} continues", logged=True)
CONNECTED = Reason(
    "fence-peer-connected", _RESULT,
    "{peer} is connected again to DRBD {drbd} ({state}), so nobody is fenced", logged=True)

PROVEN = Reason(
    "fence-peer-proven", _RESULT,
    "{peer} was fenced after it was last connected to DRBD {drbd}, and has not been back since, so "
    "I/O continues",
    logged=True)

_WAITS = Topic(
    "It waits before it asks for fencing",
    "Another handler of this node is at it, dlm or fenced has the peer fenced already, or both "
    "nodes are members of the cluster and the other one is to survive, or has the only good copy "
    "of another resource.",
    "Nothing: it continues by itself.")
TURN = Reason(
    "fence-peer-turn", _WAITS,
    "DRBD {drbd}: the handler of another resource is about to have {peer} fenced", logged=True)
BY_DLM = Reason(
    "fence-peer-by-dlm", _WAITS, "DRBD {drbd}: dlm is about to have {peer} fenced", logged=True)
BY_FENCED = Reason(
    "fence-peer-by-fenced", _WAITS, "DRBD {drbd}: cman's fenced is about to have {peer} fenced",
    logged=True)
SECOND = Reason(
    "fence-peer-second", _WAITS,
    "DRBD {drbd}: {peer} is a member of the cluster, so it may fence this node first", logged=True)
YIELDS = Reason(
    "fence-peer-yields", _WAITS,
    "DRBD {drbd}: {peer} may have the only good copy of {holders}, so it may fence this node first",
    logged=True)

NOT_FENCED = Reason(
    "fence-peer-not-fenced", Topic(
        "The peer could not be fenced",
        "The cluster tried, and its fence device failed or did not answer in time. I/O stays "
        "frozen, as the peer may still write.",
        "Fix the fence device. I/O continues when the connection is back, or soon after the "
        "cluster knows that the peer is down. Only if you have checked yourself that the peer is "
        "off: `stonith_admin --confirm NODE`."),
    "DRBD {drbd}: {peer} was not fenced ({says})",
    "fix its fence device. I/O continues when {peer} is connected again, or once the cluster knows "
    "that it is down: `dualstor status` says how to confirm that", logged=True)

STILL_THERE = Reason(
    "fence-peer-still-there", Topic(
        "The peer was reported as fenced, but is still there",
        "The fence device reported success, and the peer is still a member of the cluster: the "
        "device has fenced another machine, or none. I/O stays frozen, as the peer may still "
        "write.",
        "Fix the device: `stonith_admin --reboot NODE` must restart just that node. I/O continues "
        "when the connection is back, or soon after the cluster knows that the peer is down."),
    "DRBD {drbd}: {peer} was reported as fenced, but is still a member of the cluster",
    "see which machine its fence device has fenced", logged=True)

_UNKNOWN = Topic(
    "It is not known whom to fence",
    "The names in DRBD's configuration do not lead to one other node of the cluster.",
    "Use the names of `uname -n` in the `on` sections of DRBD, and as names in the cluster.")
NO_PEER = Reason(
    "fence-peer-no-peer", _UNKNOWN, "DRBD {drbd} should name one lost node, but names {peers}",
    "see which hosts `drbdadm dump {drbd}` has", logged=True)
ITSELF = Reason(
    "fence-peer-itself", _UNKNOWN, "DRBD {drbd} calls its peer {peer}, which is this node",
    "correct the names in its configuration", logged=True)
NO_NODE = Reason(
    "fence-peer-no-node", _UNKNOWN,
    "DRBD {drbd} calls its peer {peer}, but the cluster has no such node, only {peers}",
    "both must use the names of `uname -n`", logged=True)

_NOT_NOW = Topic(
    "Nobody may be fenced from here",
    "There is no cluster with quorum on this node that could fence, the copy here is not good, or "
    "DRBD does not say how it is. The peer may have the only good copy, so I/O stays frozen.",
    "Start the cluster, or bring the connection back. `dualstor status` shows what is missing.")
NO_CLUSTER = Reason(
    "fence-peer-no-cluster", _NOT_NOW,
    "DRBD {drbd}: there is no cluster here that could fence {peer} ({says})", "start it",
    logged=True)
NO_QUORUM = Reason(
    "fence-peer-no-quorum", _NOT_NOW,
    "DRBD {drbd}: this node has no quorum, so it fences nobody ({says})",
    "start the cluster here, or see why it is not quorate", logged=True)
NO_PACEMAKER = Reason(
    "fence-peer-no-pacemaker", _NOT_NOW,
    "DRBD {drbd}: Pacemaker does not list its nodes, so nobody can be fenced",
    "start it, see `crm_mon -1`", logged=True)
NO_STATE = Reason(
    "fence-peer-no-state", _NOT_NOW, "DRBD {drbd} does not report its state ({says})",
    "see `drbdadm status {drbd}`", logged=True)
GONE = Reason(
    "fence-peer-gone", _NOT_NOW, "DRBD {drbd} has no connection to {peer} any more",
    "see `drbdadm status {drbd}`", logged=True)
NO_GOOD_COPY = Reason(
    "fence-peer-no-good-copy", _NOT_NOW,
    "DRBD {drbd} is not UpToDate here ({state}): {peer} may have the only good copy and is not "
    "fenced", "bring the connection back, see `drbdadm status {drbd}`", logged=True)
