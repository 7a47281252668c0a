# SPDX-License-Identifier: GPL-2.0-or-later
"""Fencing by the nodes' own watchdogs (SBD without a disk)."""

from dualstor.command.check.rules.registry import CIB, ERROR, found, rule
from dualstor.command.check.view import pacetime, sbd
from dualstor.command.check.view.seen import Irrelevant, Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.where import Where
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.host import HostView


def _needed(cib: "Cib") -> "Where":
    """Where the timeout is set.

    :raises Irrelevant: no node counts as fenced by its watchdog
    """
    value, where = cib.option(*sbd.OPTIONS)
    if value is None or sbd.timeout(cib) is None:
        raise Irrelevant()
    return where


def _third_vote(host: "HostView") -> "bool | None":
    """Whether losing the other node costs quorum; None: the host has no corosync.conf."""
    try:
        quorum = host.corosync_conf[0].first("quorum")
    except (Unavailable, Irrelevant):
        return None
    return bool(quorum.named("device")) or quorum.get("two_node") not in ("1", "yes")


def _option(cib: "Cib") -> str:
    """The name by which the watchdog's timeout is set."""
    return next(name for name in sbd.OPTIONS if name in cib.properties)


@rule("PCMK-SBD-QUORUM", ERROR, "where the watchdog fences, a third vote decides",
      why="With two_node each half of a broken pair keeps quorum, so no watchdog fires: after the "
          "timeout each takes the other for dead, and both write.",
      fix="`pcs property set {option}=0` and a fence device per node, or a third vote: `pcs quorum "
          "device add model net host=HOST algorithm=ffsplit`", scope=CIB)
def third_vote(cib: "Cib") -> "Findings":
    where = _needed(cib)
    votes = [_third_vote(host) for host in cib.cluster.hosts]
    if False in votes:
        option = _option(cib)
        yield found(where, f"{option} is set, and the two nodes have no third vote (two_node)",
                    option=option)
    elif True not in votes:
        raise Unavailable("no corosync.conf: whether there is a third vote is not known")


@rule("PCMK-SBD-TIMEOUT", ERROR, "a lost node has the time to reset itself",
      why="A node counts as fenced while its watchdog has not fired, and still writes; Pacemaker "
          "itself stops with a fatal error if the timeout is shorter than sbd's.",
      fix="`pcs property set {option}={least}` (twice SBD_WATCHDOG_TIMEOUT)", scope=CIB)
def longer(cib: "Cib") -> "Findings":
    where, seconds = _needed(cib), sbd.timeout(cib)
    option = _option(cib)
    files = [(host, sbd.setting(host, "SBD_WATCHDOG_TIMEOUT")) for host in cib.cluster.hosts]
    for host, given in files:
        own = (pacetime.seconds(given[0]) or sbd.DEFAULT) if given else 0.0
        if given and seconds and seconds <= own:
            yield found(where, f"{option} is {seconds:g} s, and SBD_WATCHDOG_TIMEOUT of "
                        f"{host.name} is {own:g} s", option=option, least=f"{2 * own:g}")
    if all(given is None for _, given in files):
        raise Unavailable(f"there is neither {sbd.FILES[0]} nor {sbd.FILES[1]}")


@rule("PCMK-SBD-DISK", ERROR, "the watchdog fences only where sbd has no disk",
      why="A node that reaches its disk and has lost the other keeps its watchdog from firing, and "
          "is taken for dead after the timeout while it writes.",
      fix="`pcs property set {option}=0`, and fence by the disk: `pcs stonith create fence-sbd "
          "fence_sbd devices={disk}`", scope=CIB)
def disk(cib: "Cib") -> "Findings":
    where = _needed(cib)
    option = _option(cib)
    for host in cib.cluster.hosts:
        given = sbd.setting(host, "SBD_DEVICE")
        if given and given[0]:
            yield found(where, f"{option} is set, and SBD_DEVICE of {host.name} is {given[0]}",
                        option=option, disk=given[0].replace(";", ","))
            return


@rule("PCMK-SBD-OFF", ERROR, "sbd runs where the watchdog is to fence",
      why="Without sbd a lost node is not reset: Pacemaker stops on a node that has a timeout for "
          "the watchdog and no sbd.",
      fix="`pcs stonith sbd enable` on both nodes and restart the cluster, or `pcs property set "
          "{option}=0`", scope=CIB)
def running(cib: "Cib") -> "Findings":
    where = _needed(cib)
    if sbd.inactive(cib):
        option = _option(cib)
        yield found(where, f"{option} is set, and have-watchdog is "
                    f"{cib.option('have-watchdog')[0]}", option=option)
