# SPDX-License-Identifier: GPL-2.0-or-later
"""From a status Report to samples. Pure."""

import calendar
import re

from dualstor import __version__
from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG, LEAVING_TAG
from dualstor.command.metrics.families import (
    CONNECTIONS,
    DISKS,
    FAMILIES,
    NODE_STATES,
    OTHER,
    PARTS,
    PREFIX,
    ROLES,
    UNKNOWN,
    WAITS,
)
from dualstor.command.status.report import Silent
from dualstor.fencepeer import runs
from dualstor.record import Record, whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Iterator, Sequence

    from dualstor.command.status.advised import Advice
    from dualstor.command.status.report import Report
    from dualstor.kernel.drbd import State
    from dualstor.tools.pacemaker import PacemakerNode

_PEER = "peer"      # DRBD 8 has one, and no name for it
_KIB = 1024

#: Words of DRBD 8 for a connection state of DRBD 9.
_SAME = {"WFConnection": "Connecting", "WFReportParams": "Connecting"}

_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})"
                   r"(?:\.[0-9]+)? ?(?:(Z)|([+-])([0-9]{2}):?([0-9]{2}))\Z")


class Sample(Record):
    """One value. ``name``: as in FAMILIES; ``labels``: values of its keys, in their order."""

    name: str
    labels: "tuple[str, ...]"
    value: float


def _sample(name: str, value: float, *labels: object) -> Sample:
    return Sample(name=PREFIX + name, value=1.0 * value, labels=tuple(map(str, labels)))


def _each(name: str, values: "Iterable[str]", *labels: object) -> "Iterator[Sample]":
    """A Sample for each word of a family's last label: 1 for those of *values*."""
    there = set(values)
    for word in FAMILIES[PREFIX + name].words:
        yield _sample(name, word in there, *labels, word)


def _known(word: "str | None", words: "Sequence[str]", otherwise: str = OTHER) -> "tuple[str]":
    return (word if word in words else otherwise,)      # type: ignore[return-value]


def seconds(text: "str | None") -> "float | None":
    """Seconds since the epoch of a time as Pacemaker prints it; None: it is in another form.

    Only a time with its zone: another host may have printed it.
    """
    found = _TIME.match(text or "")
    if found is None:
        return None
    numbers = [whole(each) or 0 for each in found.groups()[:6]]
    zone = (60 * (whole(found[9]) or 0) + (whole(found[10]) or 0)) * 60
    try:
        return 1.0 * calendar.timegm((*numbers, 0, 0, 0)) - (-zone if found[8] == "-" else zone)
    except ValueError:      # no such day
        return None


# -- the look -----------------------------------------------------------------------------


def answered(report: "Report") -> "dict[str, bool]":
    """Which of PARTS have been answered. What depends on a part that was not, was not either."""
    cluster = not isinstance(report.cluster, Silent)
    drbd = not isinstance(report.drbd, Silent)
    active = not isinstance(report.active, Silent)
    return {
        "quorum": not isinstance(report.quorum, Silent), "cluster": cluster,
        "fencing": not isinstance(report.fencing, Silent), "drbd": drbd,
        "locking": not isinstance(report.locking, Silent), "active": active,
        "listed": isinstance(report.listed, tuple),
        "published": cluster and active and not isinstance(report.published, Silent),
        "constraints": cluster and not isinstance(report.left, Silent),
        "out_of_sync": drbd and not isinstance(report.out_of_sync, Silent)}


def _look(report: "Report", advices: "Sequence[Advice]", took: float,
          now: float) -> "Iterator[Sample]":
    yield _sample("build_info", 1, __version__)
    yield _sample("look_timestamp_seconds", now)
    yield _sample("look_duration_seconds", took)
    known = answered(report)
    for part in PARTS:
        yield _sample("part_answered", known[part], part)
    yield _sample("lvm_asked", report.listed is not None)
    for name, label, of in (("advices", "severity", [each.severity for each in advices]),
                            ("advices_of_kind", "kind", [each.kind for each in advices])):
        for word in dict(FAMILIES[PREFIX + name].labels)[label]:
            yield _sample(name, of.count(word), word)


# -- the cluster --------------------------------------------------------------------------


def _node_state(node: "PacemakerNode") -> str:
    """One of NODE_STATES, the worst that is true."""
    there = {"unclean": node.unclean, "pending": node.pending, "offline": not node.online,
             "maintenance": node.maintenance, "standby": node.standby, "online": True}
    return next(state for state in reversed(NODE_STATES) if there[state])


def _cluster(report: "Report") -> "Iterator[Sample]":
    quorum, cluster = report.quorum, report.cluster
    if not isinstance(quorum, Silent):
        yield _sample("cluster_running", quorum.running)
        yield _sample("cluster_quorate", bool(quorum.running and quorum.quorate))
        if not isinstance(report.locking, Silent):
            yield _sample("cluster_stranded", report.stranded)
    if not isinstance(cluster, Silent):
        maintenance = dict(cluster.properties).get("maintenance-mode")
        yield _sample("cluster_maintenance", maintenance == "true")
        failed = [each.node for each in cluster.failures if not each.degraded]
        for node in cluster.nodes:
            yield from _each("node_state", (_node_state(node),), node.name)
            yield _sample("failed_actions", failed.count(node.name), node.name)
        if not isinstance(report.left, Silent):
            yield _sample("left_constraints", len(report.left))
    yield _sample("recover_holds", len(report.holds))


def _fencing(report: "Report") -> "Iterator[Sample]":
    fencing = report.fencing
    if isinstance(fencing, Silent):
        return
    if fencing.enabled is not None:
        yield _sample("fencing_enabled", fencing.enabled)
    yield _sample("fencing_pending", sum(event.pending for event in fencing.events))
    for name, status in (("fencing_last_success_timestamp_seconds", "success"),
                         ("fencing_last_failure_timestamp_seconds", "failed")):
        last: "dict[str, float]" = {}
        for event in fencing.events:
            when = seconds(event.completed)
            if event.status == status and when is not None:
                last[event.target] = max(when, last.get(event.target, when))
        for node, when in sorted(last.items()):
            yield _sample(name, when, node)


# -- DRBD ---------------------------------------------------------------------------------


def _connection(cstate: str, connected: bool) -> "tuple[str]":
    """The word of CONNECTIONS for a state of either DRBD: 8 shows a resync in its place."""
    word = _SAME.get(cstate, cstate)
    return ("Connected",) if connected else _known(word, CONNECTIONS)


def _resource(name: str, state: "State") -> "Iterator[Sample]":
    yield from _each("drbd_role", _known(state.role, ROLES, "Unknown"), name)
    causes = (state.causes or (UNKNOWN,)) if state.suspended else ()
    yield from _each("drbd_suspended", causes, name)
    for number, volume in enumerate(state.volumes):
        at = (name, volume.number)
        yield from _each("drbd_disk", _known(volume.dstate, DISKS), *at)
        yield _sample("drbd_quorum", volume.quorum, *at)
        yield _sample("drbd_resyncing", volume.resync is not None, *at)
        if volume.resync is not None:
            yield _sample("drbd_resync_ratio", round(volume.resync / 100, 6), *at)
        if volume.left is not None:
            yield _sample("drbd_resync_remaining_seconds", volume.left, *at)
        for peer in state.peers:
            dstate = peer.dstates[number] if number < len(peer.dstates) else None
            yield from _each("drbd_peer_disk", _known(dstate, DISKS), *at, peer.name or _PEER)
    for peer in state.peers:
        yield from _each("drbd_peer_role", _known(peer.role, ROLES, "Unknown"), name,
                         peer.name or _PEER)
        yield from _each("drbd_connection", _connection(peer.cstate, peer.connected), name,
                         peer.name or _PEER)


def _handled(report: "Report", now: float) -> "Iterator[Sample]":
    for name, found in report.handled:
        for result, count in zip(runs.RESULTS, found.counts):
            yield _sample("drbd_handler_runs", count, name, result)
        yield _sample("drbd_handler_last_run_timestamp_seconds",
                      round(now - (report.uptime - found.at), 3), name)


def _drbd(report: "Report") -> "Iterator[Sample]":
    drbd = report.drbd
    if isinstance(drbd, Silent):
        return
    yield _sample("drbd_loaded", drbd.loaded)
    for name, state in drbd.resources:
        yield _sample("drbd_answered", not isinstance(state, Silent), name)
        if isinstance(state, Silent):
            continue
        yield _sample("drbd_up", state is not None, name)
        if state is not None:
            yield from _resource(name, state)
    if not isinstance(report.out_of_sync, Silent):
        for name, volumes in report.out_of_sync:
            for volume, kib in volumes:
                yield _sample("drbd_out_of_sync_bytes", kib * _KIB, name, volume)


# -- LVM ----------------------------------------------------------------------------------


def _locking(report: "Report") -> "Iterator[Sample]":
    locking = report.locking
    if isinstance(locking, Silent):
        return
    there = locking.daemon is not None and not locking.dead
    yield from _each("lock_daemon_running", (locking.daemon,) if locking.daemon and there else ())
    yield _sample("lock_daemon_answers", there and not (locking.problem or locking.silence))
    yield _sample("locking_works", locking.works)
    cause = (locking.waits or "").partition(" ")[0]
    yield from _each("dlm_waits", _known(cause, WAITS) if cause else ())
    yield _sample("lockspaces", len(locking.lockspaces))
    states = {True: "ready", False: "recovering", None: UNKNOWN}
    for space in locking.lockspaces:
        yield from _each("lockspace_state", (states[space.recovered],), space.name)


def _volumes(report: "Report") -> "Iterator[Sample]":
    published = () if isinstance(report.published, Silent) else report.published
    listed = report.listed if isinstance(report.listed, tuple) else ()
    groups: "set[str]" = set()
    if not isinstance(report.active, Silent):
        groups = {each.vg for each in report.active} | {each.vg for each in listed} | {
            vg for vg, _, _ in published}
        for vg in sorted(groups):
            here = [each for each in report.active if each.vg == vg]
            yield _sample("lvs_active", len(here), vg, report.node)
            yield _sample("lvs_suspended", sum(each.suspended for each in here), vg)
    for vg in sorted(groups - {vg for vg, node, _ in published if node == report.node}):
        wanted = [each for each in listed if each.vg == vg
                  and not {EXCLUSIVE_TAG, LEAVING_TAG} & set(each.tags)]
        if listed:
            yield _sample("lvs_expected", len(wanted), vg, report.node)
    for vg, node, said in published:
        if node != report.node:
            yield _sample("lvs_active", said.active, vg, node)
        yield _sample("lvs_expected", said.wanted, vg, node)
        yield _sample("lvs_exclusive", said.exclusive, vg, node)
        yield _sample("lvs_lacking", len(said.lacking), vg, node)


def measure(report: "Report", advices: "Sequence[Advice]", took: float,
            now: float) -> "tuple[Sample, ...]":
    """The samples of a Report.

    :param advices: what advice.advise made of it
    :param took: seconds that the look took
    :param now: when it ended, in seconds since the epoch
    """
    found = list(_look(report, advices, took, now))
    for part in (_cluster, _fencing, _drbd, _locking, _volumes):
        found += part(report)
    found += _handled(report, now)
    return tuple(found)
