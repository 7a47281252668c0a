# SPDX-License-Identifier: GPL-2.0-or-later
"""From a Report to what a person should do now, the most urgent first. Pure."""

import re

from dualstor import recipes
from dualstor.agents import catalogue
from dualstor.command.status import advised, copies
from dualstor.command.status.advised import ERROR, UNSEEN, WARNING, Advice, error, warning
from dualstor.command.status.report import Silent
from dualstor.host.host import BUSY
from dualstor.kernel.locksocket import CLVMD
from dualstor.ocf.reason import stands_for
from dualstor.tools.lvuses import GUEST, SHARED
from dualstor.tools.quorum import CMAN

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Iterator

    from dualstor.command.status.report import Report
    from dualstor.ocf.reason import Said
    from dualstor.tools.pacemaker import ClusterState

#: Where the cluster's words are, and how Pacemaker is asked for, by whether cman runs it: EL 6
#: has neither journal nor systemd.
_LOGS = ("`journalctl -b -u corosync -u pacemaker`", "/var/log/messages and /var/log/cluster/")
_CONFIRM = ("stonith_admin --confirm", "fence_ack_manual")
_NAME = re.compile(r"[A-Za-z0-9+_.-]+\Z")      # of a VG or an LV, lvm(8)
_PACEMAKER = ("systemctl status pacemaker", "service pacemaker status")

# -- the cluster ------------------------------------------------------------------------


def _membership(report: "Report") -> "Iterator[Advice]":
    quorum = report.quorum
    if isinstance(quorum, Silent):
        return
    if report.stranded:
        yield error(
            f"the cluster does not run on {report.node} ({quorum.says}), and has left "
            + _left(report),
            "stop what uses the storage, as far as it can be stopped, then reboot this node: "
            "nothing else clears that, and the cluster cannot start before. Run no LVM command "
            "here").but(kind=advised.STRANDED, stages=recipes.stranded(report.node))
    elif not quorum.running:
        yield error(
            f"the cluster does not run on {report.node} ({quorum.says})",
            f"find out why it stopped ({_LOGS[quorum.engine == CMAN]}), then start it; "
            "run no LVM command here before that")
    elif not quorum.quorate:
        yield error(
            f"{report.node} has no quorum ({quorum.says})",
            "bring back the other node or the cluster network; until then LVM commands hang, so "
            "run none")


def _left(report: "Report") -> str:
    """What a cluster engine that has ended left behind, in words."""
    locking = report.locking
    assert not isinstance(locking, Silent)      # else nothing would be known to be left
    spaces = "dlm's lockspaces in the kernel " \
        f"({', '.join(space.name for space in locking.lockspaces)})"
    if locking.daemon is None or locking.dead:
        return spaces
    state = f" in state {locking.state}" if locking.state else ""
    pid = f" (pid {locking.pid})" if locking.pid else ""
    return f"{locking.daemon}{pid}{state} and {spaces}"


def _nodes(report: "Report") -> "Iterator[Advice]":
    """Nodes that are not as they should be. What a lost node's fencing needs goes first."""
    cluster = report.cluster
    if isinstance(cluster, Silent):
        if not isinstance(report.quorum, Silent) and report.quorum.running:
            see = _PACEMAKER[report.quorum.engine == CMAN]
            yield error(f"Pacemaker does not answer ({cluster.says})",
                        f"see `{see}` and its log; DRBD and LVM are shown anyway")
        return
    for node in cluster.nodes:
        if node.unclean:
            yield error(
                f"{node.name} is lost and not fenced yet; writes and locks wait for the fencing",
                "find out why its fence device does not answer (`stonith_admin --history "
                f"{node.name}`). Only if you have checked yourself that the machine is off: "
                f"`stonith_admin --confirm {node.name}`").but(
                    kind=advised.UNFENCED, stages=recipes.unfenced(report.node, node.name))
        elif not node.online:
            yield warning(
                f"{node.name} is down; {report.node} works alone",
                f"find out why{_last_fencing(report, node.name)}, then switch it on and start its "
                "cluster: it joins, and DRBD resyncs its disk")
        elif node.standby or node.maintenance:
            state = "standby" if node.standby else "maintenance"
            yield warning(f"{node.name} is in {state} mode",
                          f"once the work on it is done: `crm_attribute --node {node.name} "
                          f"--name {state} --delete`, or your cluster shell")
    if dict(cluster.properties).get("maintenance-mode") == "true":
        yield warning("the whole cluster is in maintenance mode: nothing is recovered",
                      "once the work on it is done: `crm_attribute --name maintenance-mode "
                      "--delete`")


def _last_fencing(report: "Report", node: str) -> str:
    """A pointer to the last fencing, where the screen shows one of the node."""
    fencing = report.fencing
    last = None if isinstance(fencing, Silent) else fencing.last
    return " (see the last fencing above)" if last and last.target == node else ""


def _by_hand(report: "Report", node: str) -> str:
    """How to confirm to cman's fenced that a node is off; ``_nodes`` has Pacemaker's way."""
    if isinstance(report.quorum, Silent) or report.quorum.engine != CMAN:
        return ""
    return f". Only if you have checked yourself that the machine is off: `fence_ack_manual {node}`"


def _waiting(report: "Report", target: str) -> "dict[str, Any]":
    """Fields of an Advice on a fencing that is under way: with cman a person can end that."""
    if not _by_hand(report, target):
        return {}
    return {"kind": advised.UNFENCED, "stages": recipes.unfenced(report.node, target, True)}


def _fencing(report: "Report") -> "Iterator[Advice]":
    fencing = report.fencing
    if isinstance(fencing, Silent):
        return
    if fencing.enabled is False:
        yield error("fencing is disabled: if the nodes lose contact, both keep writing and data is "
                    "lost",
                    "configure a fence device for each node and set stonith-enabled=true")
    for event in fencing.events[:1]:
        if event.pending and fencing.waits:
            yield error(f"{event.target} is to be fenced, which waits for {fencing.waits}",
                        "bring back the other node or the cluster network: without quorum cman "
                        "fences nobody" if fencing.waits == "quorum" else
                        "wait some seconds; if that is not enough, `fence_tool ls` shows what it "
                        "waits for")
        elif event.pending:
            yield error(f"{event.target} is being fenced",
                        "wait; if it takes longer than a minute, check its fence device"
                        + _by_hand(report, event.target)).but(**_waiting(report, event.target))
        elif event.status == "failed":
            yield error(f"the last fencing of {event.target} failed",
                        "fix its fence device before anything else: `stonith_admin --history "
                        f"{event.target}` shows when it failed, the log why")


def _unheard(report: "Report", waits: str) -> "dict[str, Any]":
    """Fields of an Advice on dlm that waits for a fencing."""
    if not waits.startswith("fencing"):
        return {}
    stages: "tuple[recipes.Stage, ...]" = ()
    libraries = report.library
    if libraries is not None and not isinstance(libraries, Silent) and libraries.lacking:
        stages = recipes.unheard_fencing(report.node, report.other, libraries.there[-1],
                                         libraries.lacking[0][1])
    return {"kind": advised.DLM_WAITS, "stages": stages}


def _orphans(report: "Report") -> "dict[str, Any]":
    """Fields of an Advice on a daemon that has died, where its lockspaces are left."""
    locking = report.locking
    if isinstance(locking, Silent) or not any(
            space.name == CLVMD or space.name.startswith("lvm_") for space in locking.lockspaces):
        return {}
    return {"kind": advised.ORPHANS, "stages": recipes.orphans(report.node)}


# -- LVM --------------------------------------------------------------------------------


def _locking(report: "Report") -> "Iterator[Advice]":
    locking = report.locking
    if isinstance(locking, Silent) or report.stranded:
        return      # _membership says what to do
    if locking.waits:
        yield error(f"locking waits for {locking.waits}; LVM commands hang until then",
                    "fix quorum and fencing first; run no LVM command").but(
                        **_unheard(report, locking.waits))
    if locking.daemon is None or locking.dead:
        yield error(f"no LVM lock daemon runs on {report.node}",
                    "the cluster starts it: see its last failure, fix that, then `crm_resource "
                    "--cleanup`; without it LVs stay usable, but cannot be changed").but(
                        **_orphans(report))
    elif locking.problem == BUSY and not getattr(report.quorum, "quorate", True):
        pass    # clvmd takes no connection without quorum, which is reported above
    elif locking.stuck:
        yield error(
            f"{locking.daemon} (pid {locking.pid}) hangs in the kernel (state {locking.state}): "
            f"{locking.problem}",
            "if quorum or fencing is missing, fix that first: it may continue. If it does not, "
            "stop what uses the storage, then reboot this node: no signal ends it")
    elif locking.problem or locking.silence:
        yield error(f"{locking.daemon} does not answer ({locking.problem or locking.silence})",
                    "do not kill it: it holds the locks of the LVs. The cluster's monitor notices "
                    "and recovers it; if not, stop what uses the volume group on this node and "
                    "put the node into standby")
    for space in locking.lockspaces:
        if space.recovered is False and not locking.waits:
            yield warning(f"lockspace {space.name} is being recovered",
                          "wait some seconds; if that is not enough, `dlm_tool ls` shows what it "
                          "waits for")


def _volumes(report: "Report") -> "Iterator[Advice]":
    if isinstance(report.active, Silent):
        return
    for volume in report.active:
        if volume.suspended:
            yield error(f"LV {volume.vg}/{volume.lv} is suspended: I/O to it waits",
                        "an LVM command was interrupted here (see `dmsetup info`): run it again, "
                        "or `dmsetup resume`")
    if not isinstance(report.listed, tuple):
        return
    here = {volume.id for volume in report.active}
    for each in report.listed:
        if each.id not in here:
            yield warning(f"LV {each.vg}/{each.lv} is not active on {report.node}",
                          "the cluster activates it at the next monitor, unless it is tagged or "
                          "of a kind that cannot be shared; see the last failure")


def _standing(report: "Report") -> "Iterator[Advice]":
    """What the cluster and the kernel say differently of what is on the LVs."""
    if isinstance(report.standing, Silent) or isinstance(report.cluster, Silent):
        return
    for each in report.standing:
        on = [one.node for one in report.cluster.instances
              if one.resource == each.resource and one.node and one.role]
        if each.here and each.kind == GUEST and on and report.node not in on:
            yield warning(
                f"the guest {each.resource} runs on {report.node}, and in the cluster on "
                f"{on[0]}", "it may migrate just now. If it does not, one of both has to be "
                "stopped at once: two that write destroy its disk")
        elif each.here and each.kind not in (GUEST, *SHARED) and on and report.node not in on:
            yield error(
                f"{each.place} is mounted on {report.node}, and the cluster runs {each.resource} "
                f"on {on[0]}: a file system of one node on two is destroyed",
                "unmount it where the cluster does not run it, at once; then have the file system "
                "checked")
        elif report.node in on and not each.here and each.kind != GUEST:
            yield warning(
                f"{each.resource} is started on {report.node}, and {each.place} is not mounted "
                "there", "the cluster's next monitor notices that and mounts it; if not, see its "
                "log")


# -- what was left ----------------------------------------------------------------------


def _holds(report: "Report") -> "Iterator[Advice]":
    for each in report.holds:
        done = f"for it: {each.why}" if each.why else "for it"
        if not each.dead:
            yield warning(f"`dualstor recover` works on DRBD {each.resource} (pid {each.pid}); "
                          "agents keep off", "wait " + done)
            continue
        begun = "; what it had begun is to be finished or undone first" if each.begun else ""
        yield error(
            f"a `dualstor recover` of DRBD {each.resource} has died, and agents still keep off",
            f"lift its hold{begun}", recipes.continued(each.resource, each.winner, each.loser)
            if each.begun and each.winner else
            recipes.unreadable(each.resource, report.node, report.other) if each.begun else
            recipes.lift(each.resource, report.node)).but(
                kind=advised.HOLD, resource=each.resource)


def _constraints(report: "Report") -> "Iterator[Advice]":
    for each in () if isinstance(report.left, Silent) else report.left:
        where = each.node or "one of the nodes"
        apart = "being Primary on both nodes" if each.handler else where
        what = f"keeps {each.resource} from {apart}" if each.away else \
            f"draws {each.resource} to {where}"
        yield warning(f"the constraint {each.id} was left: it {what}",
                      "see whether somebody still wants it",
                      recipes.left_over(report.node, each)).but(kind=advised.LEFT_OVER)


def _failures(report: "Report", shown: bool) -> "Iterator[Advice]":
    """The last failure and what its exit reason means.

    :param shown: whether a recipe is shown for what is seen now
    """
    if isinstance(report.cluster, Silent):
        return
    failures = [each for each in report.cluster.failures if not each.degraded]
    for failure in failures[-1:]:
        resource = failure.operation.rpartition("_")[0].rpartition("_")[0]
        said = catalogue.recognised(failure.reason, _agent(report.cluster, resource))
        topic = said.reason.topic if said else None
        todo = "do what the reason says"
        if said and topic:
            todo = _with_names(topic.todo.rstrip("."), said, report, failure.node)
        if topic and topic.parts and shown:
            todo = "see above"
        elif failure.node != report.node:
            todo = f"on {failure.node}: {todo}"
        if "crm_resource --cleanup" not in todo:
            todo += f". Then `crm_resource --cleanup --resource {resource}`"
        yield warning(
            f"the last failed action was {failure.operation} on {failure.node} ({failure.code}): "
            + (failure.reason or "no reason was given; see the log of that node"), todo)


def _with_names(todo: str, said: "Said", report: "Report", node: "str | None") -> str:
    """What a topic says to do, with the names of this case in its commands, where they are known.

    A node is named as lost only where the cluster has lost it: the failure may be an old one.

    :param node: where the action failed
    """
    names = {}
    group = _whole(said.values.get("vg", ""), _groups(report))
    if group:
        names["VG"] = group
        volume = _whole(said.values.get("lv") or said.values.get("lvs", ""),
                        _volumes_of(report, group))
        if volume:
            names["VG/LV"] = f"{group}/{volume}"
    if not isinstance(report.cluster, Silent):
        lost = [each.name for each in report.cluster.nodes if each.name != node]
        if len(lost) == 1 and not any(each.online for each in report.cluster.nodes
                                      if each.name in lost):
            names.update((f"{confirm} NODE", f"{confirm} {lost[0]}") for confirm in _CONFIRM)
    pieces = todo.split("`")
    for at in range(1, len(pieces), 2):
        for place, name in names.items():
            pieces[at] = re.sub(rf"(?<!\S){place}(?!\S)", name.replace("\\", r"\\"), pieces[at])
    return "`".join(pieces)


def _whole(shown: str, known: "set[str]") -> "str | None":
    """A name of LVM as it is: the one of *known* that a reason has shortened, or not.

    None where it is no name, or could be another one.
    """
    if _NAME.match(shown) and "..." not in shown:
        return shown
    fits = [name for name in known if stands_for(shown, name)]
    return fits[0] if len(fits) == 1 else None


def _listed(report: "Report") -> "set[tuple[str, str]]":
    """(VG, LV) of all that is known."""
    parts = [part for part in (report.active, report.listed) if isinstance(part, tuple)]
    return {(each.vg, each.lv) for part in parts for each in part}


def _groups(report: "Report") -> "set[str]":
    return {vg for vg, _ in _listed(report)}


def _volumes_of(report: "Report", group: str) -> "set[str]":
    return {lv for vg, lv in _listed(report) if vg == group}


def _agent(cluster: "ClusterState", resource: str) -> "str | None":
    """The name of a resource's agent, e.g. "clvmd"; None: not known, or not one of ours."""
    for each in cluster.instances:
        if each.resource == resource and each.agent and "dualstor" in each.agent:
            return each.agent.rpartition(":")[2]
    return None


def _unseen(report: "Report") -> "Iterator[Advice]":
    for name, what in (("quorum", "the cluster's membership"), ("fencing", "fencing"),
                       ("drbd", "DRBD"), ("locking", "locking"), ("active", "active LVs"),
                       ("listed", "volume groups")):
        part = getattr(report, name)
        if isinstance(part, Silent):
            yield Advice(severity=UNSEEN, what=f"{what} could not be read: {part.says}",
                         do="fix that first if it should work here")
    if not isinstance(report.drbd, Silent):
        for name, state in report.drbd.resources:
            if isinstance(state, Silent):
                yield Advice(severity=UNSEEN, what=f"DRBD {name} could not be read: {state.says}",
                             do=f"`drbdadm status {name}`")


def advise(report: "Report") -> "tuple[Advice, ...]":
    """The Advice for a Report, errors first; () when there is nothing to do."""
    found = [each for look in (_membership, _nodes, _fencing, _holds, copies.look, _locking,
                               _volumes, _standing, _constraints, _unseen) for each in look(report)]
    found += _failures(report, any(each.parts for each in found))
    order = (ERROR, WARNING, UNSEEN)
    return tuple(sorted(found, key=lambda each: order.index(each.severity)))
