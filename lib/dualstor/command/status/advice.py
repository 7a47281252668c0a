# SPDX-License-Identifier: GPL-2.0-or-later
"""From a Report to what a person should do now, the most urgent first. Pure."""

from dualstor.command.status.report import Silent
from dualstor.host import BUSY
from dualstor.record import Record

ERROR, WARNING, UNSEEN = "error", "warning", "unseen"

_NO_DISK = ("Diskless", "Failed")
_COPY_LOST = ("Inconsistent", "Outdated")


class Advice(Record):
    """What is wrong (``what``, a sentence) and what to do (``do``). ``severity``: see above."""

    severity: str
    what: str
    do: str


def _error(what, do):
    return Advice(severity=ERROR, what=what, do=do)


def _warning(what, do):
    return Advice(severity=WARNING, what=what, do=do)


# -- the cluster ------------------------------------------------------------------------


def _membership(report):
    quorum = report.quorum
    if isinstance(quorum, Silent):
        return
    if not quorum.running:
        yield _error(
            "the cluster does not run on %s (%s)" % (report.node, quorum.says),
            "find out why it ended (`journalctl -b -u corosync -u pacemaker`), then start it; "
            "until then run no LVM command here")
    elif not quorum.quorate:
        yield _error(
            "%s has no quorum (%s)" % (report.node, quorum.says),
            "bring the other node or the cluster's network back; LVM commands would hang "
            "meanwhile, so run none")


def _nodes(report):
    """Nodes that are not as they should be. What a lost node's fencing needs goes first."""
    cluster = report.cluster
    if isinstance(cluster, Silent):
        if not isinstance(report.quorum, Silent) and report.quorum.running:
            yield _error("Pacemaker does not answer (%s)" % cluster.says,
                         "`systemctl status pacemaker` and its log; what DRBD and LVM do is shown "
                         "nevertheless")
        return
    for node in cluster.nodes:
        if node.unclean:
            yield _error(
                "%s is lost and not fenced yet; writes and locks wait for that" % node.name,
                "see why its fence device does not answer (`stonith_admin --history %s`). Only if "
                "you have seen yourself that the machine is off: `stonith_admin --confirm %s`"
                % (node.name, node.name))
        elif not node.online:
            yield _warning(
                "%s is down; %s works alone" % (node.name, report.node),
                "find out why (the last fencing is above), then switch it on and start its "
                "cluster: it joins and its disk is brought up to date by itself")
        elif node.standby or node.maintenance:
            state = "standby" if node.standby else "maintenance"
            yield _warning("%s is in %s mode" % (node.name, state),
                           "if nobody works on it any more: `crm_attribute --node %s --name %s "
                           "--delete`, or your cluster shell" % (node.name, state))
    if dict(cluster.properties).get("maintenance-mode") == "true":
        yield _warning("the whole cluster is in maintenance mode: it mends nothing",
                       "if nobody works on it any more: `crm_attribute --name maintenance-mode "
                       "--delete`")


def _fencing(report):
    fencing = report.fencing
    if isinstance(fencing, Silent):
        return
    if fencing.enabled is False:
        yield _error("fencing is off: two writers that lose sight of each other lose data",
                     "configure a fence device for each node and set stonith-enabled=true")
    for event in fencing.events[:1]:
        if event.pending:
            yield _error("%s is being fenced" % event.target,
                         "wait for it; if it takes longer than a minute, look at its fence device")
        elif event.status == "failed":
            yield _error("the last fencing of %s failed" % event.target,
                         "mend its fence device before anything else: `stonith_admin --history %s` "
                         "tells the time, the log the reason" % event.target)


# -- DRBD -------------------------------------------------------------------------------


def _split_brain(name):
    return ("choose the node whose writes are to be lost; there `drbdadm disconnect %s; drbdadm "
            "secondary %s; drbdadm connect --discard-my-data %s`, on the other `drbdadm connect "
            "%s`" % (name, name, name, name))


def _alone(report):
    """Whether the other node is known to be down, so that nothing can be connected."""
    cluster = report.cluster
    return not isinstance(cluster, Silent) and any(not node.online for node in cluster.nodes)


def _disks(name, state):
    for volume in state.volumes:
        if volume.dstate in _NO_DISK:
            yield _error(
                "DRBD %s has lost its disk here (%s); this node reads and writes over the network"
                % (name, volume.dstate),
                "replace the disk, then `drbdadm create-md %s` and `drbdadm attach %s`"
                % (name, name))
        elif volume.dstate in _COPY_LOST and volume.resync is None:
            yield _error("DRBD %s is %s here" % (name, volume.dstate),
                         "bring the connection to the other node back: its data is newer, and "
                         "comes over by itself")
        elif volume.resync is not None:
            yield _warning(
                "DRBD %s is being brought up to date (%d %%)" % (name, volume.resync),
                "wait: until it is done there is one good copy only. Do not reboot the node that "
                "has it")


def _drbd(report):
    if isinstance(report.drbd, Silent):
        return
    if not report.drbd.loaded:
        yield _error("DRBD's kernel module is not loaded on %s" % report.node,
                     "if the cluster runs, see its last failure; by hand: `modprobe drbd`")
    for name, state in report.drbd.resources:
        if isinstance(state, Silent):
            continue
        if state is None:
            yield _error("DRBD %s is not up on %s" % (name, report.node),
                         "the cluster brings it up: see its last failure, mend that, then "
                         "`crm_resource --cleanup`")
            continue
        if state.standalone:
            yield _error("DRBD %s has given up the connection (StandAlone), as after a split "
                         "brain: the two copies differ more with each write" % name,
                         _split_brain(name))
        elif not state.connected and not _alone(report):
            yield _error("DRBD %s is not connected though the other node may be up" % name,
                         "look at the replication link on both nodes (cable, address, firewall); "
                         "DRBD connects by itself once it works")
        if state.suspended:
            yield _error("DRBD %s holds all writes back" % name,
                         "it waits until the lost node is fenced: see fencing above")
        yield from _disks(name, state)
        if state.connected and state.up_to_date and not state.primary:
            yield _warning("DRBD %s is not Primary on %s" % (name, report.node),
                           "the cluster promotes it: see its last failure, or whether the node is "
                           "in standby")


# -- LVM --------------------------------------------------------------------------------


def _locking(report):
    locking = report.locking
    if isinstance(locking, Silent):
        return
    if locking.waits:
        yield _error("locking waits for %s; LVM commands hang until then" % locking.waits,
                     "see what is said above about quorum and fencing; run no LVM command")
    if locking.daemon is None or locking.dead:
        yield _error("no LVM lock daemon runs on %s" % report.node,
                     "the cluster starts it: see its last failure, mend that, then `crm_resource "
                     "--cleanup`; without it LVs stay usable, but nothing can be changed")
    elif locking.problem == BUSY and not getattr(report.quorum, "quorate", True):
        pass    # clvmd takes no connection without quorum: that is told above
    elif locking.problem or locking.silence:
        yield _error("%s does not answer (%s)" % (locking.daemon,
                                                  locking.problem or locking.silence),
                     "do not kill it: LVs are locked through it. The cluster's monitor sees it and "
                     "recovers it; if it does not, stop the volume group's users on this node and "
                     "put it into standby")
    for space in locking.lockspaces:
        if space.recovered is False and not locking.waits:
            yield _warning("lockspace %s is being recovered" % space.name,
                           "wait some seconds; if it stays so, `dlm_tool ls` tells for what")


def _volumes(report):
    if isinstance(report.active, Silent):
        return
    for volume in report.active:
        if volume.suspended:
            yield _error("LV %s/%s is suspended: its users wait" % (volume.vg, volume.lv),
                         "an LVM command was cut off here; `dmsetup info` shows it, the same LVM "
                         "command again, or `dmsetup resume`, ends it")
    if not isinstance(report.listed, tuple):
        return
    here = {volume.id for volume in report.active}
    for volume in report.listed:
        if volume.id not in here:
            yield _warning("LV %s/%s is not active on %s" % (volume.vg, volume.lv, report.node),
                           "the cluster activates it at the next monitor, unless it is tagged or "
                           "of a kind that cannot be shared; see the last failure")


def _failures(report):
    if isinstance(report.cluster, Silent):
        return
    failures = [each for each in report.cluster.failures if not each.degraded]
    for failure in failures[-1:]:
        yield _warning(
            "the last action that failed was %s on %s (%s): %s" % (
                failure.operation, failure.node, failure.code,
                failure.reason or "no reason was given; see the log of that node"),
            "do what the reason says, then `crm_resource --cleanup --resource %s`"
            % failure.operation.rpartition("_")[0].rpartition("_")[0])


def _unseen(report):
    for name, what in (("quorum", "the cluster's membership"), ("fencing", "fencing"),
                       ("drbd", "DRBD"), ("locking", "locking"), ("active", "active LVs"),
                       ("listed", "volume groups")):
        part = getattr(report, name)
        if isinstance(part, Silent):
            yield Advice(severity=UNSEEN, what="%s could not be seen: %s" % (what, part.says),
                         do="mend that first if it should work here")
    if not isinstance(report.drbd, Silent):
        for name, state in report.drbd.resources:
            if isinstance(state, Silent):
                yield Advice(severity=UNSEEN, what="DRBD %s could not be seen: %s"
                             % (name, state.says), do="`drbdadm status %s`" % name)


def advise(report):
    """The Advice for a Report, errors first, as a tuple; () when all is well."""
    found = [each for look in (_membership, _nodes, _fencing, _drbd, _locking, _volumes,
                               _failures, _unseen) for each in look(report)]
    order = (ERROR, WARNING, UNSEEN)
    return tuple(sorted(found, key=lambda each: order.index(each.severity)))
