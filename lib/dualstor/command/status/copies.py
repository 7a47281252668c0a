# SPDX-License-Identifier: GPL-2.0-or-later
"""From a Report to what a person should do about DRBD: its connection and its copies. Pure."""

from dualstor import recipes
from dualstor.agents import catalogue
from dualstor.agents.drbd_dualprimary import reasons, seen
from dualstor.command.status import advised, peer
from dualstor.command.status.advised import error, warning
from dualstor.command.status.report import Silent
from dualstor.errors import listed
from dualstor.ocf.reason import stands_for
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.status.advised import Advice
    from dualstor.command.status.report import Report
    from dualstor.kernel.drbd import State, Volume
    from dualstor.ocf.reason import Reason

_SEVERAL = 2
_NO_DISK = ("Diskless", "Failed")
_COPY_LOST = ("Inconsistent", "Outdated")


def _groups(report: "Report", state: "State | None") -> "tuple[str, ...]":
    """Names of the volume groups with LVs that are active here on a resource."""
    if isinstance(report.active, Silent):
        return _any_groups(report)
    minors = {volume.minor for volume in state.volumes} if state else set()
    return tuple(sorted({each.vg for each in report.active
                         if not each.minors or minors & set(each.minors)}))


def _any_groups(report: "Report") -> "tuple[str, ...]":
    """Names of volume groups that may have LVs on a resource, where that was not read."""
    active = () if isinstance(report.active, Silent) else report.active
    listed = report.listed if isinstance(report.listed, tuple) else ()
    return tuple(sorted({each.vg for each in active + listed})) or (recipes.ANY_GROUP,)


def _sides(report: "Report", name: str,
           state: "State | None") -> "tuple[recipes.Side, recipes.Side]":
    """This node's Side and the other one's."""
    here = recipes.Side(node=report.node, state=state, groups=_groups(report, state))
    there = peer.active_groups(report.peer)
    if there is None:
        there = _any_groups(report)
    elif not isinstance(report.active, Silent) and state:   # not those on other resources
        mine = set(here.groups)
        there = tuple(group for group in there if group in mine
                      or group not in {each.vg for each in report.active})
    return here, recipes.Side(node=report.other, groups=there,
                              state=peer.resource_state(report.peer, name))


def _manager(report: "Report") -> "recipes.ClusterMode":
    """Whether Pacemaker runs here, and in maintenance mode."""
    if not isinstance(report.quorum, Silent) and not report.quorum.running:
        return recipes.ClusterMode(runs=False)
    return recipes.ClusterMode(maintained=not isinstance(report.cluster, Silent) and dict(
        report.cluster.properties).get("maintenance-mode") == "true")


def _old(report: "Report") -> bool:
    """Whether DRBD is older than 8.4; no where its version is not known."""
    version = None if isinstance(report.drbd, Silent) else report.drbd.version
    numbers = [whole(n) for n in (version or "9").split(".")[:2]]
    known = [number for number in numbers if number is not None]
    return known == numbers and known < [8, 4]


def _says(report: "Report", name: str, reason: "Reason", here: bool = True) -> bool:
    """Whether a failed action of a DRBD resource has this exit reason.

    A name that the cluster has shortened must be that of no other resource.

    :param here: only actions on this node
    """
    failures = () if isinstance(report.cluster, Silent) else report.cluster.failures
    names = [] if isinstance(report.drbd, Silent) else [each for each, _ in report.drbd.resources]
    said = [catalogue.recognised(each.reason, catalogue.DRBD_DUALPRIMARY) for each in failures
            if each.node == report.node or not here]
    return any(each.reason.id == reason.id and stands_for(each.values["drbd"], name)
               and not any(stands_for(each.values["drbd"], other)
                           for other in names if other != name)
               for each in said if each)


def _split_brain(report: "Report", name: str, state: "State | None") -> "Advice | None":
    """The Advice to end a split brain; None where none is seen."""
    sides = _sides(report, name, state)
    if state is None:
        if not (_says(report, name, reasons.SPLIT_BRAIN, here=False) or sides[1].standalone):
            return None
        what = f"DRBD {name} is down here, after a split brain"
    elif state.standalone:
        what = (f"DRBD {name} has given up the connection (StandAlone), as after a split brain: "
                "the two copies diverge further with each write")
    elif sides[1].standalone:
        what = (f"DRBD {name} waits for a peer that does not connect: {sides[1].node} has given "
                "up the connection (StandAlone), as after a split brain")
    elif not state.connected and not sides[1].waits \
            and _says(report, name, reasons.SPLIT_BRAIN, here=False):
        what = f"DRBD {name} waits for its peer, and the cluster reports a split brain"
    else:
        return None
    first = f"start {report.other} and its cluster; then " if _alone(report) else ""
    more = "" if isinstance(report.peer, dict) else \
        (f". (`dualstor status --peer {report.other}` prints fewer steps: only those for the state "
         "of both nodes)")
    return error(what, first + recipes.DECIDE + more, recipes.split_brain(
        name, sides, old=_old(report), cluster=_manager(report))).but(
            kind=advised.SPLIT_BRAIN, resource=name)


def _half_up(report: "Report", name: str) -> "Advice":
    """The Advice for a resource with neither a disk nor a connection."""
    if _says(report, name, reasons.NO_METADATA):
        return _down(report, name)
    return error(f"DRBD {name} has neither disk nor connection on {report.node}: its start failed "
                 "halfway",
                 "fix what its last failure names, then `crm_resource --cleanup`; the cluster "
                 "takes it down and starts it again")


def _suspended(report: "Report", name: str, state: "State") -> "Advice":
    """The Advice for I/O that is suspended: of several causes, for the first to be dealt with."""
    cause = state.causes[0] if state.causes else ""
    if cause == "fencing":
        return error(f"DRBD {name} suspends all writes",
                     "until the lost node is fenced or reconnects: fix the fencing (see above) "
                     "or the replication link")
    if cause == "no-data":
        return error(f"DRBD {name} suspends I/O: it reaches no UpToDate copy",
                     "bring the other node back, or attach the disk here if it works again "
                     f"(`dmesg`, then `drbdadm attach {name}`)")
    if cause == "quorum":
        return error(f"DRBD {name} suspends I/O: its own quorum is lost",
                     "restore the connections to its other nodes (`drbdadm status` on each); "
                     "no node is to be fenced for it, and no fencing confirmed")
    if cause == "user":
        return error(f"DRBD {name} suspends I/O, as somebody has asked for",
                     "find out who ran `drbdadm suspend-io` here, and what for",
                     recipes.resume(name, report.node)).but(
                         kind=advised.SUSPENDED, resource=name)
    return error(f"DRBD {name} suspends I/O, and it is not known why",
                 f"`drbdadm status {name}` shows it after \"suspended:\"; do not confirm a fencing "
                 "unless it says so")


def _quorum(name: str) -> "Advice":
    """The Advice where DRBD's own quorum is lost and nothing waits for it."""
    return error(f"DRBD {name} has lost its own quorum: writes fail",
                 "restore the connections to its other nodes (`drbdadm status` on each). With two "
                 "Primaries fencing takes its place: `quorum off;` in the options section")


def _down(report: "Report", name: str) -> "Advice":
    """The Advice for a resource that is not up."""
    here, there = recipes.Side(node=report.node, state=None, groups=()), report.other
    if _says(report, name, reasons.NO_METADATA):
        return error(f"DRBD {name} is not up here: its backing device has no DRBD metadata",
                     f"first check that it is the right disk (`drbdadm dump {name}`, `lsblk`), and "
                     "why its metadata is gone. What is overwritten is lost",
                     recipes.new_disk(name, report.node, there, up=False)).but(
                         kind=advised.DISK, resource=name)
    if _says(report, name, reasons.CONSISTENT) and _off(report):
        return _lone(report, name, here)
    return error(f"DRBD {name} is not up on {report.node}",
                 "the cluster brings it up: see its last failure, fix that, then "
                 "`crm_resource --cleanup`")


def _lone(report: "Report", name: str, side: "recipes.Side") -> "Advice":
    """The Advice for a copy that may be the newer one, or not."""
    return error(f"DRBD {name} is Consistent here without its peer: the copy of {report.other} may "
                 "be newer",
                 f"bring {report.other} back, and DRBD takes the newer copy. If that is impossible",
                 recipes.lone_copy(name, side, report.other, _old(report), _manager(report))).but(
                     kind=advised.LONE_COPY, resource=name)


def _alone(report: "Report") -> bool:
    """Whether the other node is known to be down, so that nothing can be connected."""
    cluster = report.cluster
    return not isinstance(cluster, Silent) and any(not node.online for node in cluster.nodes)


def _off(report: "Report") -> bool:
    """Whether the cluster is sure that the other node is down."""
    cluster = report.cluster
    return _alone(report) and not isinstance(cluster, Silent) and \
        not any(node.unclean for node in cluster.nodes)


def _no_disk(report: "Report", name: str, state: "State", volume: "Volume") -> "Advice":
    """The Advice for a volume without a disk."""
    good = state.connected and all(d == "UpToDate" for p in state.peers if not p.client
                                   for d in p.dstates)
    if not good:
        return error(f"DRBD {name} has lost its disk here ({volume.dstate}), and reaches no "
                     "UpToDate copy",
                     "bring the other node back; if the disk works again (`dmesg`), `drbdadm "
                     f"attach {name}`").but(
                         kind=advised.DISK, resource=name,
                         stages=recipes.new_disk(name, report.node, report.other, up=True)[:1])
    return error(
        f"DRBD {name} has lost its disk here ({volume.dstate}); I/O goes to the peer",
        "find out why (`dmesg`), repair or replace it",
        recipes.new_disk(name, report.node, report.other, up=True)).but(
            kind=advised.DISK, resource=name)


def _disks(report: "Report", name: str, state: "State") -> "Iterator[Advice]":
    for volume in state.volumes:
        if volume.dstate in _NO_DISK:
            yield _no_disk(report, name, state, volume)
        elif volume.dstate == "Consistent" and not state.connected and _off(report):
            yield _lone(report, name, recipes.Side(node=report.node, state=state))
        elif volume.dstate == "Consistent" and seen.undecided(state):
            yield error(f"DRBD {name} is connected, and Consistent on both nodes: it has not "
                        "decided which copy is current",
                        "have it compare them again",
                        recipes.both_consistent(name, _sides(report, name, state), _old(report),
                                                _manager(report))).but(
                                                    kind=advised.BOTH_CONSISTENT, resource=name)
        elif volume.dstate in _COPY_LOST and volume.resync is None:
            yield error(f"DRBD {name} is {volume.dstate} here",
                        "restore the connection to the other node: its data is newer, and DRBD "
                        "resyncs from it").but(
                            kind=advised.OUTDATED, resource=name,
                            stages=recipes.older_copy(name, report.node, report.other))
        elif volume.resync is not None:
            yield warning(
                f"DRBD {name} is resyncing ({int(volume.resync)} %)",
                "wait: until then there is only one UpToDate copy. Do not reboot the node that "
                "has it")


def _to(state: "State") -> str:
    """Which of several peers are not connected, as words."""
    if len(state.peers) < _SEVERAL:
        return ""
    return f" to {listed(peer.name for peer in state.peers if not peer.connected)}"


def look(report: "Report") -> "Iterator[Advice]":
    """The Advice on DRBD, a generator."""
    if isinstance(report.drbd, Silent):
        return
    if not report.drbd.loaded:
        yield error(f"DRBD's kernel module is not loaded on {report.node}",
                    "if the cluster runs, see its last failure; by hand: `modprobe drbd`")
    for name, state in report.drbd.resources:
        if isinstance(state, Silent):
            continue
        if state is not None and seen.half_up(state):
            yield _half_up(report, name)
            continue
        split = _split_brain(report, name, state)
        if split is not None:
            yield split
        elif state is None:
            yield _down(report, name)
        elif not state.connected and not _alone(report):
            yield error(f"DRBD {name} is not connected{_to(state)}, although the other node may be "
                        "up",
                        "check the replication link on both nodes (cable, address, firewall); "
                        "DRBD reconnects once it works. If the other node is StandAlone "
                        f"(`drbdadm cstate {name}`): `dualstor status` there")
        if state is None:
            continue
        if state.suspended:
            yield _suspended(report, name, state)
        elif not state.quorate:
            yield _quorum(name)
        yield from _disks(report, name, state)
        if state.connected and state.up_to_date and not state.primary:
            yield warning(f"DRBD {name} is not Primary on {report.node}",
                          "the cluster promotes it: see its last failure, or whether the node is "
                          "in standby")
