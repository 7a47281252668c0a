# SPDX-License-Identifier: GPL-2.0-or-later
"""From a Report to what a person should do now, the most urgent first. Pure."""

from dualstor.command.documents.explanations import explained
from dualstor.command.status import copies
from dualstor.command.status.advised import ERROR, UNSEEN, WARNING, Advice, error, warning
from dualstor.command.status.report import Silent
from dualstor.host.host import BUSY
from dualstor.tools.quorum import CMAN

# -- the cluster ------------------------------------------------------------------------


def _membership(report):
    quorum = report.quorum
    if isinstance(quorum, Silent):
        return
    if not quorum.running:
        yield error(
            f"the cluster does not run on {report.node} ({quorum.says})",
            "find out why it ended (`journalctl -b -u corosync -u pacemaker`), then start it; "
            "until then run no LVM command here")
    elif not quorum.quorate:
        yield error(
            f"{report.node} has no quorum ({quorum.says})",
            "bring the other node or the cluster's network back; LVM commands would hang "
            "meanwhile, so run none")


def _nodes(report):
    """Nodes that are not as they should be. What a lost node's fencing needs goes first."""
    cluster = report.cluster
    if isinstance(cluster, Silent):
        if not isinstance(report.quorum, Silent) and report.quorum.running:
            yield error(f"Pacemaker does not answer ({cluster.says})",
                        "`systemctl status pacemaker` and its log; what DRBD and LVM do is shown "
                        "nevertheless")
        return
    for node in cluster.nodes:
        if node.unclean:
            yield error(
                f"{node.name} is lost and not fenced yet; writes and locks wait for that",
                "see why its fence device does not answer (`stonith_admin --history "
                f"{node.name}`). Only if you have seen yourself that the machine is off: "
                f"`stonith_admin --confirm {node.name}`")
        elif not node.online:
            yield warning(
                f"{node.name} is down; {report.node} works alone",
                "find out why (the last fencing is above), then switch it on and start its "
                "cluster: it joins and its disk is brought up to date by itself")
        elif node.standby or node.maintenance:
            state = "standby" if node.standby else "maintenance"
            yield warning(f"{node.name} is in {state} mode",
                          f"if nobody works on it any more: `crm_attribute --node {node.name} "
                          f"--name {state} --delete`, or your cluster shell")
    if dict(cluster.properties).get("maintenance-mode") == "true":
        yield warning("the whole cluster is in maintenance mode: it mends nothing",
                      "if nobody works on it any more: `crm_attribute --name maintenance-mode "
                      "--delete`")


def _by_hand(report, node):
    """How fenced of cman is told that a node is off; Pacemaker's way is told with the node."""
    if isinstance(report.quorum, Silent) or report.quorum.engine != CMAN:
        return ""
    return f". Only if you have seen yourself that the machine is off: `fence_ack_manual {node}`"


def _fencing(report):
    fencing = report.fencing
    if isinstance(fencing, Silent):
        return
    if fencing.enabled is False:
        yield error("fencing is off: two writers that lose sight of each other lose data",
                    "configure a fence device for each node and set stonith-enabled=true")
    for event in fencing.events[:1]:
        if event.pending:
            yield error(f"{event.target} is being fenced",
                        "wait for it; if it takes longer than a minute, look at its fence device"
                        + _by_hand(report, event.target))
        elif event.status == "failed":
            yield error(f"the last fencing of {event.target} failed",
                        "mend its fence device before anything else: `stonith_admin --history "
                        f"{event.target}` tells the time, the log the reason")


# -- LVM --------------------------------------------------------------------------------


def _locking(report):
    locking = report.locking
    if isinstance(locking, Silent):
        return
    if locking.waits:
        yield error(f"locking waits for {locking.waits}; LVM commands hang until then",
                    "see what is said above about quorum and fencing; run no LVM command")
    if locking.daemon is None or locking.dead:
        yield error(f"no LVM lock daemon runs on {report.node}",
                    "the cluster starts it: see its last failure, mend that, then `crm_resource "
                    "--cleanup`; without it LVs stay usable, but nothing can be changed")
    elif locking.problem == BUSY and not getattr(report.quorum, "quorate", True):
        pass    # clvmd takes no connection without quorum: that is told above
    elif locking.problem or locking.silence:
        yield error(f"{locking.daemon} does not answer ({locking.problem or locking.silence})",
                    "do not kill it: LVs are locked through it. The cluster's monitor sees it and "
                    "recovers it; if it does not, stop the volume group's users on this node and "
                    "put it into standby")
    for space in locking.lockspaces:
        if space.recovered is False and not locking.waits:
            yield warning(f"lockspace {space.name} is being recovered",
                          "wait some seconds; if it stays so, `dlm_tool ls` tells for what")


def _volumes(report):
    if isinstance(report.active, Silent):
        return
    for volume in report.active:
        if volume.suspended:
            yield error(f"LV {volume.vg}/{volume.lv} is suspended: its users wait",
                        "an LVM command was cut off here; `dmsetup info` shows it, the same LVM "
                        "command again, or `dmsetup resume`, ends it")
    if not isinstance(report.listed, tuple):
        return
    here = {volume.id for volume in report.active}
    for volume in report.listed:
        if volume.id not in here:
            yield warning(f"LV {volume.vg}/{volume.lv} is not active on {report.node}",
                          "the cluster activates it at the next monitor, unless it is tagged or "
                          "of a kind that cannot be shared; see the last failure")


def _failures(report):
    if isinstance(report.cluster, Silent):
        return
    failures = [each for each in report.cluster.failures if not each.degraded]
    for failure in failures[-1:]:
        resource = failure.operation.rpartition("_")[0].rpartition("_")[0]
        topic = explained(failure.reason, _agent(report, resource))
        yield warning(
            "the last action that failed was %s on %s (%s): %s" % (
                failure.operation, failure.node, failure.code,
                failure.reason or "no reason was given; see the log of that node"),
            "%s. When that is done: `crm_resource --cleanup --resource %s`" % (
                topic.todo.rstrip(".") if topic and not topic.parts else "do what the reason says",
                resource))


def _agent(report, resource):
    """The name of a resource's agent, e.g. "clvmd"; None where nobody tells, or it is not ours."""
    for each in report.cluster.instances:
        if each.resource == resource and each.agent and "dualstor" in each.agent:
            return each.agent.rpartition(":")[2]
    return None


def _unseen(report):
    for name, what in (("quorum", "the cluster's membership"), ("fencing", "fencing"),
                       ("drbd", "DRBD"), ("locking", "locking"), ("active", "active LVs"),
                       ("listed", "volume groups")):
        part = getattr(report, name)
        if isinstance(part, Silent):
            yield Advice(severity=UNSEEN, what=f"{what} could not be seen: {part.says}",
                         do="mend that first if it should work here")
    if not isinstance(report.drbd, Silent):
        for name, state in report.drbd.resources:
            if isinstance(state, Silent):
                yield Advice(severity=UNSEEN, what=f"DRBD {name} could not be seen: {state.says}", do=f"`drbdadm status {name}`")


def advise(report):
    """The Advice for a Report, errors first, as a tuple; () when all is well."""
    found = [each for look in (_membership, _nodes, _fencing, copies.look, _locking,
                               _volumes, _failures, _unseen) for each in look(report)]
    order = (ERROR, WARNING, UNSEEN)
    return tuple(sorted(found, key=lambda each: order.index(each.severity)))
