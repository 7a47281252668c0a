# SPDX-License-Identifier: GPL-2.0-or-later
"""What must start before what, and run where: DRBD, dlm, the lock daemon, the VGs."""

from dualstor.agents.catalogue import CLUSTERED_VG, CLVMD, DRBD_DUALPRIMARY
from dualstor.command.check.rules.registry import CIB, ERROR, found, rule
from dualstor.command.check.view.constraints import Edge, colocations, orders, path

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.resources import Resource


def _outer(resource: "Resource") -> str:
    """The id by which constraints name a resource: that of its clone, if it has one."""
    return resource.ids[-1]


def _either(resources: "list[Resource]") -> str:
    return " or ".join(_outer(resource) for resource in resources)


def _pairs(cib: "Cib") -> "Iterator[tuple[list[Resource], Resource, bool]]":
    """(candidates to start first, what starts later, whether the first must be promoted)."""
    volumes, locks, drbd = (
        cib.ours(agent) for agent in (CLUSTERED_VG, CLVMD, DRBD_DUALPRIMARY))
    for volume in volumes:
        yield drbd, volume, True
        yield locks, volume, False
    controld = [r for r in cib.resources if r.kind == "ocf:pacemaker:controld"]
    for lock in locks if controld else ():
        yield controld, lock, False


@rule("PCMK-LOCK-DAEMON", ERROR, "the lock daemon is a resource of the cluster",
      why="A VG is not activated without locks: its resource fails to start.",
      fix="add clones of ocf:pacemaker:controld (not with cman) and ocf:dualstor:clvmd, ordered "
          "before {vg}",
      scope=CIB)
def lock_daemon(cib: "Cib") -> "Findings":
    for volume in cib.ours(CLUSTERED_VG):
        if not cib.ours(CLVMD):
            yield found(volume.where, "there is no resource of ocf:dualstor:clvmd", vg=volume.id)


@rule("PCMK-DLM", ERROR, "dlm is a resource of the cluster",
      why="Without dlm_controld the lock daemon does not start; only cman starts it by itself.",
      fix="`pcs resource create dlm ocf:pacemaker:controld op monitor interval=30s on-fail=fence`, "
          "`pcs resource clone dlm meta interleave=true`, ordered before {lock}", scope=CIB)
def dlm(cib: "Cib") -> "Findings":
    if any(host.tree.files.get("/etc/cluster/cluster.conf") for host in cib.cluster.hosts):
        return
    if not any(r.kind == "ocf:pacemaker:controld" for r in cib.resources):
        for lock in cib.ours(CLVMD):
            yield found(lock.where, "there is no resource of ocf:pacemaker:controld",
                        lock=_outer(lock))


@rule("PCMK-ORDER", ERROR, "DRBD is promoted and the lock daemon runs before a VG is activated",
      why="Without the order the start fails at random, and a stop takes the disk away from active "
          "LVs.",
      fix="`pcs constraint order {action} {first} then start {later}`", scope=CIB)
def order(cib: "Cib") -> "Findings":
    edges = orders(cib)
    for candidates, later, promoted in _pairs(cib):
        if candidates and not any(path(cib, edges, first, later, promoted)
                                  for first in candidates):
            action = "promote" if promoted else "start"
            yield found(later.where, f"no mandatory order constraint: {action} "
                        f"{_either(candidates)} before {_outer(later)}",
                        action=action, first=_outer(candidates[0]), later=_outer(later))


@rule("PCMK-ORDER-SYMMETRIC", ERROR, "what starts in order stops in reverse order",
      why="Otherwise DRBD or the locks are stopped while LVs are active: the stop fails and the "
          "node is fenced.",
      fix="remove symmetrical=false from the order constraint of {first} and {later}", scope=CIB)
def symmetric(cib: "Cib") -> "Findings":
    edges = orders(cib)
    for candidates, later, promoted in _pairs(cib):
        for first in candidates:
            edge = path(cib, edges, first, later, promoted)
            if isinstance(edge, Edge) and not edge.symmetric:
                yield found(edge.where,
                            f"{_outer(first)} and {_outer(later)} are ordered for starts only",
                            first=_outer(first), later=_outer(later))


@rule("PCMK-COLOCATION", ERROR, "a VG runs only where DRBD is promoted and the lock daemon runs",
      why="Elsewhere its start fails, and after a demotion its LVs stay active without a disk.",
      fix="`pcs constraint colocation add {later} with {role}{first} score=INFINITY`", scope=CIB)
def colocation(cib: "Cib") -> "Findings":
    edges = colocations(cib)
    for candidates, later, promoted in _pairs(cib):
        if candidates and not any(path(cib, edges, first, later, promoted)
                                  for first in candidates):
            yield found(later.where, f"no colocation (INFINITY) of {_outer(later)} with "
                        f"{'promoted ' if promoted else ''}{_either(candidates)}",
                        first=_outer(candidates[0]), later=_outer(later),
                        role="Promoted " if promoted else "")
