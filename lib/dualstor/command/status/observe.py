# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the state of a node, all parts at once, each with a deadline of its own.

LVM is asked last, and only if it will get its locks at once.
"""

import threading
import time

from dualstor.agents.clustered_vg import published
from dualstor.command.status.report import (
    Active,
    Copy,
    DrbdReport,
    Fencing,
    Listed,
    Locking,
    LockspaceState,
    Report,
    Silent,
)
from dualstor.errors import DualstorError, ParseError, ToolError, ToolFailed, ToolMissing
from dualstor.fencepeer import runs
from dualstor.kernel import block, devmapper, dlm, drbd, holders, locksocket, process
from dualstor.record import whole
from dualstor.tools import (
    cib,
    cman,
    constraints,
    dlm_tool,
    dlmstonith,
    drbdadm,
    drbdgi,
    drbdsetup,
    fence_tool,
    hold,
    lvm,
    lvmlock,
    lvuses,
    pacemaker,
    quorum,
    stonith,
)

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Callable, Dict

    from dualstor.host.host import Host
    from dualstor.tools.pacemaker import ClusterState
    Make = Callable[[], Host]
    Parts = Dict[str, Callable[[Host], Any]]
    Gather = Callable[[Parts, Make, float], Dict[str, Any]]

#: Seconds that a part may take, by default.
PART_TIME = 5.0
#: A command's share of the time that its part has left, so that the part can name what hung.
_SHARE = 0.8

_CONNECT_TIME = 2.0


# -- the parts: functions of a Host ---------------------------------------------------


def _share(host: "Host") -> float:
    """Seconds for a part's next command."""
    return _SHARE * host.deadline.remaining


def see_drbd(host: "Host") -> DrbdReport:
    """The DRBD resources of this node's configuration."""
    if not host.exists("/sys/module/drbd") and not host.exists("/proc/drbd"):
        return DrbdReport(loaded=False)
    found: "list[tuple[str, drbd.State | Silent | None]]" = []
    for name in drbdadm.resources(host, timeout=_share(host)):
        try:
            found.append((name, _resource(host, name)))
        except DualstorError as problem:
            found.append((name, Silent(says=str(problem))))
    return DrbdReport(loaded=True, resources=tuple(found), version=_version(host),
                      copies=tuple(_copy(host, name, state) for name, state in found
                                   if not isinstance(state, Silent) and not _well(state)))


def _resource(host: "Host", name: str) -> "drbd.State | None":
    """The State of a resource; DRBD 8.4 has to be asked apart why I/O is suspended."""
    state = drbdadm.resource_state(host, name, timeout=_share(host))
    return state and state.but(causes=drbdsetup.causes(host, state, _share(host)) or ())


def _well(state: "drbd.State | None") -> bool:
    """Whether both copies are the same, as far as this node knows."""
    return state is not None and state.connected and state.up_to_date


def _copy(host: "Host", name: str, state: "drbd.State | None") -> Copy:
    """This node's Copy of a resource."""
    try:
        generation = drbdgi.ask(host, name, _share(host))
    except DualstorError:
        generation = None
    try:
        return Copy(resource=name, generation=generation, out_of_sync=_out_of_sync(host, state))
    except DualstorError:
        return Copy(resource=name, generation=generation)


def _out_of_sync(host: "Host", state: "drbd.State | None") -> "tuple[tuple[int, int], ...]":
    """(volume, KiB that are marked as changed): of /proc/drbd, which DRBD 9 leaves empty."""
    if state is None:
        return ()
    kernel = drbd.read(host)
    if kernel is None or not kernel.lists_minors:
        return drbdsetup.out_of_sync(host, state.resource, _share(host))
    own = kernel.of(volume.minor for volume in state.volumes)
    known = {each.minor: whole(dict(each.rest).get("oos")) for each in own}
    found = [(volume.number, known.get(volume.minor)) for volume in state.volumes]
    return tuple((number, kib) for number, kib in found if kib is not None)


def see_out_of_sync(host: "Host", drbd_report: DrbdReport) \
        -> "tuple[tuple[str, tuple[tuple[int, int], ...]], ...]":
    """(resource, what ``_out_of_sync`` returns) of all that are up."""
    return tuple((name, _out_of_sync(host, state)) for name, state in drbd_report.resources
                 if state is not None and not isinstance(state, Silent))


def _version(host: "Host") -> "str | None":
    """The version of DRBD in the kernel; None: not known."""
    try:
        kernel = drbd.read(host)
    except ParseError:
        return None
    return None if kernel is None else kernel.version


def see_locking(host: "Host") -> Locking:
    """LVM's lock daemon, and its lockspaces in dlm."""
    seen = Locking(
        lockspaces=tuple(LockspaceState(name=name, recovered=dlm.recovered(host, name))
                         for name in dlm.lockspaces(host)),
        waits=dlm_tool.pending(host),
        engine=bool(process.running(host, quorum.PROCESS)))
    for daemon in locksocket.PROGRAMS:
        socket = locksocket.find(host, daemon)
        if socket is None:
            continue
        problem = locksocket.attempt(host, daemon, socket, _CONNECT_TIME)
        if problem is None or seen.daemon is None:
            seen = seen.but(daemon=daemon, problem=problem)
        if problem is None:
            break
    if seen.daemon is None or seen.problem is not None:
        seen = _by_process(host, seen)
    if seen.daemon == locksocket.LVMLOCKD and not seen.problem:
        try:
            spaces = lvmlock.lockspaces(host, _share(host))
            seen = seen.but(modes=tuple(lock for space in spaces for lock in space.volumes))
        except DualstorError as problem:
            seen = seen.but(silence=str(problem))
    return seen


def _by_process(host: "Host", seen: Locking) -> Locking:
    """*seen* with what the kernel has of a daemon that takes no connection.

    A clvmd whose cluster engine died takes its socket away and stays in the kernel.
    """
    programs = locksocket.PROGRAMS if seen.daemon is None else (seen.daemon,)
    found = [(name, each) for name in programs for each in process.running(host, name)]
    if not found:
        return seen.but(dead=seen.daemon is not None)
    name, first = found[0]
    return seen.but(daemon=name, pid=first.pid, state=first.state,
                    problem=seen.problem or "its socket is gone")


def see_fencing(host: "Host") -> Fencing:
    """Whether the cluster fences, and its latest requests."""
    enabled = pacemaker.fencing_enabled(host)
    try:
        return Fencing(enabled=enabled, events=stonith.history(host, timeout=_share(host)))
    except ToolError as problem:
        pacemakers = problem
    try:
        return _by_fenced(host, enabled)
    except ToolMissing:
        raise pacemakers from None


def see_cluster(host: "Host") -> "ClusterState | Silent":
    """What Pacemaker shows; where it does not run, its own words instead of the XML they are in."""
    try:
        return pacemaker.cluster(host, _share(host))
    except ToolFailed as problem:
        try:
            return pacemaker.parse_mon(problem.completed.stdout)
        except ParseError as error:
            return Silent(says=f"crm_mon: {error.line or problem}")


def _by_fenced(host: "Host", enabled: "bool | None") -> Fencing:
    """What cman's fenced still has to do, as Pacemaker reports it."""
    domain = fence_tool.ls(host)
    if domain is None or not domain.pending:
        return Fencing(enabled=enabled)
    names = cman.names(host) if domain.doomed else {}
    targets = [names.get(number, f"node {number}") for number in domain.doomed]
    if domain.victims and not targets:
        targets = ["a node"]        # it has not said which
    return Fencing(
        enabled=enabled, waits=None if domain.wait in ("none", "fencing") else domain.wait,
        events=tuple(stonith.FenceEvent(target=name, action="off", status="pending")
                     for name in targets))


def see_active(host: "Host") -> "tuple[Active, ...]":
    """The LVs on DRBD that are active here, from device-mapper, without any lock."""
    return tuple(Active(vg=v.vg, lv=v.lv, id=v.lv_id, suspended=v.suspended,
                        minors=block.drbd_minors(host, v.major, v.minor))
                 for v in devmapper.volumes(host)
                 if v.usable and block.on_drbd(host, v.major, v.minor))


def see_listed(host: "Host") -> "tuple[Listed, ...] | Silent":
    """The LVs of shared and clustered volume groups, as LVM lists them. Takes locks."""
    columns = ("vg_name", "vg_attr", "lv_name", "lv_uuid", "lv_attr", "lv_tags")
    answer = lvm.report(host, "lvs", columns, None, _share(host))
    if not answer.rows and not answer.outcome.ok:
        return Silent(says=answer.outcome.says)
    return tuple(Listed(vg=vg, vg_attr=vg_attr, lv=lv, id=lvmlock.plain_id(uuid), attr=attr,
                        tags=tuple(tag for tag in tags.split(",") if tag))
                 for vg, vg_attr, lv, uuid, attr, tags in answer.rows
                 if vg_attr[5:6] in ("s", "c"))


def see_published(host: "Host", groups: "tuple[str, ...]") \
        -> "tuple[tuple[str, str, published.Published], ...]":
    """(VG, node, what the node has published of it), of all nodes."""
    return tuple((vg, node, said) for vg in groups
                 for node, said in sorted(published.ask(host, vg).items()))


def see_opened(host: "Host", active: "tuple[Active, ...]") \
        -> "tuple[tuple[str, tuple[str, ...]], ...]":
    """(LV id, who has it open) of active LVs."""
    known = {v.lv_id: (v.major, v.minor) for v in devmapper.volumes(host)}
    there = [each.id for each in active if each.id in known]
    return tuple(zip(there, holders.of_each(host, [known[each] for each in there])))


def see_cib(host: "Host") -> "dict[str, Any]":
    """Parts that one question about the configuration answers."""
    root = cib.ask(host)
    return {"left": constraints.left(root), "standing": lvuses.look(host, root)}


def of_cib(found: "dict[str, Any] | Silent | None") -> "dict[str, Any]":
    """The parts that ``see_cib`` has returned: each a Silent if it was one; None: not asked."""
    if isinstance(found, Silent):
        return {"left": found, "standing": found}
    return found or {}


def see_holds(host: "Host", drbd_report: "DrbdReport | Silent",
              groups: "tuple[str, ...]") -> "tuple[hold.Hold, ...]":
    """The Holds of `dualstor recover` on this node."""
    names = () if isinstance(drbd_report, Silent) else \
        tuple(name for name, _ in drbd_report.resources)
    return hold.of(host, names, groups)


def see_handled(host: "Host", drbd_report: "DrbdReport | Silent",
                ) -> "tuple[tuple[str, runs.Runs], ...]":
    """(resource, Runs of the fence-peer handler) of the resources for which it ran."""
    found = () if isinstance(drbd_report, Silent) else \
        tuple((name, runs.recall(host, name)) for name, _ in drbd_report.resources)
    return tuple((name, each) for name, each in found if each)


def _fencing_waits(seen: "dict[str, Any]") -> bool:
    """Whether dlm waits for a fencing."""
    locking = seen["locking"]
    return not isinstance(locking, Silent) and (locking.waits or "").startswith("fencing")


def _groups(active: "tuple[Active, ...] | Silent") -> "tuple[str, ...]":
    return () if isinstance(active, Silent) else tuple(sorted({each.vg for each in active}))


_PARTS: "Parts" = {
    "node": pacemaker.local_node,
    "quorum": quorum.look,
    "cluster": see_cluster,
    "fencing": see_fencing,
    "drbd": see_drbd,
    "locking": see_locking,
    "active": see_active,
}


# -- all of it ------------------------------------------------------------------------


def _answer(part: "Callable[[Host], Any]", host: "Host") -> "Any":
    """What a part says; a Silent for any error, so that the rest is shown anyway."""
    try:
        return part(host)
    except ToolMissing as problem:
        return Silent(says=f"{problem.argv[0]} is not installed")
    except DualstorError as problem:
        return Silent(says=str(problem))
    except Exception as problem:  # pylint: disable=broad-except
        return Silent(says=f"unexpected {type(problem).__name__}: {problem}; please report it")


def at_once(parts: "Parts", make_host: "Make", seconds: float) -> "dict[str, Any]":
    """Run parts in threads; one that is stuck in the kernel is left behind.

    :param parts: {name: function of a Host}
    :returns: {name: value or Silent}
    """
    found, threads = {}, []

    def work(name: str, part: "Callable[[Host], Any]") -> None:
        found[name] = _answer(part, make_host())
    for name, part in parts.items():
        threads.append(threading.Thread(target=work, args=(name, part), daemon=True))
        threads[-1].start()
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    silent = Silent(says=f"no answer in {seconds:.0f} s")
    return {name: found.get(name, silent) for name in parts}


def one_by_one(parts: "Parts", make_host: "Make", _seconds: float) -> "dict[str, Any]":
    """As ``at_once``, in turn: for a host that answers at once, as in tests."""
    return {name: _answer(part, make_host()) for name, part in parts.items()}


def may_ask_lvm(seen: "dict[str, Any]") -> bool:
    """Whether LVM would answer at once: quorum, locking that works, no I/O suspended by DRBD."""
    known = not any(isinstance(seen[name], Silent) for name in ("quorum", "locking"))
    return known and bool(seen["quorum"].quorate) and seen["locking"].works and not (
        isinstance(seen["drbd"], DrbdReport) and any(
            getattr(state, "suspended", False) for _, state in seen["drbd"].resources))


def look(make_host: "Make", gather: "Gather" = at_once, seconds: float = PART_TIME,
         count: bool = False, locks: bool = True) -> Report:
    """The Report of this node.

    :param make_host: function that returns a Host with a deadline of *seconds*
    :param gather: ``at_once`` or ``one_by_one``
    :param count: also read how much each volume of DRBD has out of sync, and how often the
        fence-peer handler ran
    :param locks: whether LVM may be asked for what takes a lock
    """
    seen = gather(_PARTS, make_host, seconds)
    if isinstance(seen["node"], Silent):
        import os
        seen["node"] = os.uname()[1]
    more: "Parts" = {"listed": see_listed} if locks and may_ask_lvm(seen) else {}
    groups = _groups(seen["active"])
    more["holds"] = lambda host: see_holds(host, seen["drbd"], groups)
    if groups:
        more["opened"] = lambda host: see_opened(host, seen["active"])
    if not isinstance(seen["cluster"], Silent):
        more["cib"] = see_cib
    if count and not isinstance(seen["drbd"], Silent):
        more["out_of_sync"] = lambda host: see_out_of_sync(host, seen["drbd"])
        more["handled"] = lambda host: see_handled(host, seen["drbd"])
    if _fencing_waits(seen):
        more["library"] = dlmstonith.ask
    if groups and not isinstance(seen["cluster"], Silent):
        more["published"] = lambda host: see_published(host, groups)
    seen.update(gather(more, make_host, seconds))
    seen.update(of_cib(seen.pop("cib", None)))
    for name in ("holds", "handled"):
        if isinstance(seen.get(name), Silent):
            seen[name] = ()     # only files in memory are read for it
    return Report(uptime=make_host().uptime(), time=time.strftime("%Y-%m-%d %H:%M:%S"), **seen)
