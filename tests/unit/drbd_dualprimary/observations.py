# SPDX-License-Identifier: GPL-2.0-or-later
"""Observations of a DRBD resource for the tests of decisions: good ones, and generated ones."""

from hypothesis import strategies as st

from dualstor.action.steps import Request
from dualstor.agents.drbd_dualprimary import decide as module
from dualstor.agents.drbd_dualprimary import deeds, seen
from dualstor.agents.drbd_dualprimary.interface import INTERFACE
from dualstor.kernel.drbd import Peer, State, Volume
from dualstor.ocf.environment import Environment
from dualstor.ocf.parameters import parse
from dualstor.record import Record
from dualstor.tools.hold import Hold
from facts import Facts, deciding

HOLD = Hold(resource="r0", pid=4712, since=1, groups=("vg0",), dead=False)
decide = deciding(seen.Case, module.decide, deeds)


class Conf(Record):
    """An effective configuration, good by default (the fields that decisions read)."""

    hosts: tuple = ("node1", "node2")
    protocol: str = "C"
    allow_two_primaries: bool = True
    after_sb: tuple = ("disconnect", "disconnect", "disconnect")
    fencing: str = "resource-and-stonith"
    fence_peer: str = "/usr/lib/drbd/dualstor-fence-peer"
    quorum: str = None
    auto_promote: str = "no"
    witnesses: tuple = ()


class Outcome(Record):
    """How a command ended, well by default."""

    ok: bool = True
    code: int = 0
    says: str = ""
    transient: bool = False
    held_open: bool = False
    no_up_to_date: bool = False
    no_disk: bool = False
    openers: tuple = ()


def state(role="Secondary", cstate="Connected", dstate="UpToDate", peer="UpToDate", **more):
    return State(resource="r0", role=role, volumes=(Volume(number=0, minor=0, dstate=dstate),),
                 peers=(Peer(name=None, cstate=cstate, role="Secondary", dstates=(peer,)),), **more)


def request(action, **more):
    values = dict(resource="drbd", in_cluster=True, clone_max=2, clone_node_max=1, promoted_max=2,
                  promoted_node_max=1, notifies=True, node="node1")
    values.update(more)
    return Request(action, **values)


def parameters(**texts):
    texts.setdefault("drbd_resource", "r0")
    return parse(INTERFACE,
                 Environment({"OCF_RESKEY_" + n: t for n, t in texts.items()}))


#: What is right in every respect; a test overrides what it is about.
GOOD = dict(module=True, state=state(), configured=seen.Configured(there=True),
            configuration=Conf(), handler=seen.Handler(program="/x", usable=True),
            confined=False, fencing_enabled=True, patience=15.0, published=seen.NO_SCORE,
            peer=seen.PeerNode(name="node2", down=False), holders=(), stacked=(),
            lost_peer=seen.PeerNode(name="node2", down=False), suspension=None, refusal=None,
            hold=None, generation=9, fence_peer="/usr/lib/drbd/dualstor-fence-peer")


def facts(history=(), elapsed=0.0, **facets):
    return Facts(history=history, elapsed=elapsed, **dict(GOOD, **facets))


CSTATES = ("StandAlone", "Unconnected", "WFConnection", "WFReportParams", "Connected", "SyncSource",
           "SyncTarget", "PausedSyncS", "WFBitMapT", "WFSyncUUID", "StartingSyncT",
           "VerifyS", "NetworkFailure", "Connecting")
DSTATES = ("Diskless", "Attaching", "Failed", "Negotiating", "Inconsistent", "Outdated", "DUnknown",
           "Consistent", "UpToDate")


@st.composite
def states(draw):
    """Any State, or None."""
    if draw(st.integers(0, 9)) == 0:
        return None
    count = draw(st.integers(1, 2))
    return State(
        resource="r0", role=draw(st.sampled_from(("Primary", "Secondary"))),
        volumes=tuple(Volume(number=n, minor=n, dstate=draw(st.sampled_from(DSTATES)),
                             resync=draw(st.sampled_from((None, 42.5))),
                             quorum=draw(st.sampled_from((True, True, False)))) for n in range(count)),
        peers=() if draw(st.integers(0, 9)) == 0 else (
            Peer(name=draw(st.sampled_from((None, "node2"))), cstate=draw(st.sampled_from(CSTATES)),
                 role=draw(st.sampled_from(("Primary", "Secondary", "Unknown"))),
                 dstates=tuple(draw(st.sampled_from(DSTATES)) for _ in range(count))),),
        suspended=draw(st.booleans()))


STOCK = "/usr/lib/drbd/stonith_admin-fence-peer.sh"
OUTCOMES = st.builds(Outcome, ok=st.booleans(), says=st.sampled_from(("", "State change failed")),
                     transient=st.booleans(), held_open=st.booleans(), no_up_to_date=st.booleans(),
                     no_disk=st.booleans())
CONFS = st.builds(
    Conf, hosts=st.sampled_from((("node1", "node2"), ("node1", "node2", "node3"))),
    protocol=st.sampled_from(("C", "A", None)), allow_two_primaries=st.booleans(),
    after_sb=st.tuples(*[st.sampled_from((None, "disconnect", "discard-zero-changes"))] * 3),
    fencing=st.sampled_from((None, "dont-care", "resource-only", "resource-and-stonith")),
    fence_peer=st.sampled_from((None, "/usr/lib/drbd/dualstor-fence-peer", STOCK)),
    quorum=st.sampled_from((None, None, "majority")),
    auto_promote=st.sampled_from((None, "yes", "no")),
    witnesses=st.sampled_from(((), (), ("node3",))))
