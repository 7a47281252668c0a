# SPDX-License-Identifier: GPL-2.0-or-later
"""What the user hacluster can see of `dualstor status`'s parts, as a Report. Takes no LVM lock.

Pacemaker starts alert agents as that user. It sees the CIB, crm_mon, the fencing history and
corosync's quorum as root does (its group haclient is let in); of the kernel /proc/drbd, /sys/block,
/sys/kernel/dlm and the processes; and DRBD's status by netlink ("anyone may ask", drbd_genl.h).
Not: debugfs, lvmlockd's and clvmd's sockets, LVM, /run/dualstor, who has a device open.
"""

import time

from dualstor.command.status import observe
from dualstor.command.status.report import DrbdReport, Locking, LockspaceState, Report, Silent
from dualstor.errors import DualstorError, ParseError
from dualstor.kernel import dlm, drbd, locksocket, process
from dualstor.tools import dlm_tool, drbdadm, drbdsetup, pacemaker, quorum

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable

    from dualstor.command.status.observe import Gather, Parts
    from dualstor.host.host import Host

#: Links that udev makes for the resources that are up; everybody may read them.
_LINKS = "/dev/drbd/by-res"


def see_drbd(host: "Host") -> DrbdReport:
    """The DRBD resources that are up."""
    kernel = drbd.read(host)
    if kernel is None:
        return DrbdReport(loaded=False)
    found: "list[tuple[str, drbd.State | Silent | None]]" = []
    for name in host.list(_LINKS):
        try:
            found.append((name, _resource(host, name)))
        except DualstorError as problem:
            found.append((name, Silent(says=str(problem))))
    if not found and any(each.configured for each in kernel.minors):
        raise ParseError(_LINKS, "", "has no link to a device that is up")
    return DrbdReport(loaded=True, resources=tuple(found), version=kernel.version)


def _resource(host: "Host", name: str) -> "drbd.State | None":
    """The State of a resource, with the causes of a suspension where DRBD says them."""
    share = observe.PART_TIME / 2
    state = drbdadm.resource_state(host, name, timeout=share)
    try:
        return state and state.but(causes=drbdsetup.causes(host, state, share) or ())
    except DualstorError:
        return state


def see_locking(host: "Host") -> "Locking | Silent":
    """dlm's lockspaces, and LVM's lock daemon as a process; its socket is root's."""
    spaces = tuple(LockspaceState(name=name, recovered=dlm.recovered(host, name))
                   for name in dlm.lockspaces(host))
    running = [(name, each) for name in locksocket.PROGRAMS
               for each in process.running(host, name)]
    if not running and not spaces:
        return Silent(says="no lock daemon runs")   # also while the cluster stops or starts
    seen = Locking(lockspaces=spaces, waits=dlm_tool.pending(host),
                   engine=bool(process.running(host, quorum.PROCESS)))
    if not running:
        return seen
    name, first = running[0]
    return seen.but(daemon=name, pid=first.pid, state=first.state, problem=(
        "its process is stuck" if first.state in process.STUCK else None))


_PARTS: "Parts" = {
    "node": pacemaker.local_node,
    "quorum": quorum.look,
    "cluster": observe.see_cluster,
    "fencing": observe.see_fencing,
    "drbd": see_drbd,
    "locking": see_locking,
    "active": observe.see_active,
}


def look(make_host: "Callable[[], Host]", gather: "Gather" = observe.at_once,
         seconds: float = observe.PART_TIME) -> Report:
    """The Report of this node; its parameters are those of observe.look."""
    seen = gather(_PARTS, make_host, seconds)
    if isinstance(seen["node"], Silent):
        import os
        seen["node"] = os.uname()[1]
    if not isinstance(seen["cluster"], Silent):
        seen.update(observe.of_cib(gather({"cib": observe.see_cib}, make_host, seconds)["cib"]))
    return Report(time=time.strftime("%Y-%m-%d %H:%M:%S"), **seen)
