# SPDX-License-Identifier: GPL-2.0-or-later
"""Location constraints that keep what must run on both nodes from one of them."""

from dualstor.agents.catalogue import DRBD_DUALPRIMARY
from dualstor.command.check.rules.registry import CIB, ERROR, WARNING, found, rule
from dualstor.command.check.view import locations, rules
from dualstor.command.check.view.seen import Unavailable
from dualstor.tools import constraints

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.locations import Location

def _lasts(location: "Location") -> bool:
    """Whether a constraint does not end by itself."""
    return location.rule is None or not rules.timed(location.rule)


@rule("PCMK-LEFT-OVER", WARNING, "no constraint of a past move or ban is left",
      why="What `pcs resource move` or `ban` (crm: the same) added stays until it is cleared: the "
          "resource and what depends on it never run on that node again, or always return to "
          "one.",
      fix="`pcs resource clear {resource}` (crmsh: `crm resource clear {resource}`)", scope=CIB)
def left_over(cib: "Cib") -> "Findings":
    for one in locations.locations(cib):
        if constraints.BY_HAND.match(one.id) and _lasts(one):
            effect = "keeps it from" if one.score < 0 else "prefers"
            yield found(one.where, f"constraint {one.id} of {one.resource} {effect} "
                        f"{one.node or 'the nodes of its rule'}", resource=one.resource)


@rule("PCMK-FENCED-BY-HANDLER", WARNING, "no constraint of DRBD's fence-peer handler is left",
      why="crm-fence-peer adds it while the peer is out of date and crm-unfence-peer removes it "
          "after the resync: while it is there only one node may be promoted.",
      fix="wait until DRBD is UpToDate on both nodes; if it is still there, `pcs constraint delete "
          "{constraint}` (crmsh: `crm configure delete {constraint}`)", scope=CIB)
def by_handler(cib: "Cib") -> "Findings":
    for one in locations.locations(cib):
        if constraints.BY_HANDLER.match(one.id):
            yield found(one.where, f"constraint {one.id} of {one.resource} is there",
                        constraint=one.id)


@rule("PCMK-TWO-NODES", ERROR, "what is cloned may run on two nodes",
      why="DRBD, the locks and the VG are shared by two nodes: on a node that is not allowed the "
          "storage does not exist.",
      fix="remove the constraint, or allow the other node: `pcs constraint location {resource} "
          "prefers {node}=0`", scope=CIB)
def two_nodes(cib: "Cib") -> "Findings":
    if len(cib.nodes) < 2:
        raise Unavailable(f"{cib.here}: names no two nodes")
    reported = set()
    for resource in cib.ours():
        if resource.clone is None:
            continue    # PCMK-CLONE
        for promoted in (False, True) if resource.type == DRBD_DUALPRIMARY else (False,):
            barriers = {node: locations.barrier(cib, resource, node, promoted)
                        for node in cib.nodes}
            allowed = [node for node, where in barriers.items() if where is None]
            missing = [(node, where) for node, where in barriers.items() if where is not None]
            known = [one.where for one in locations.locations(cib)
                     if constraints.BY_HAND.match(one.id) or constraints.BY_HANDLER.match(one.id)]
            missing = [each for each in missing if each[1] not in known]
            if len(allowed) > 1 or not missing or resource.ids[-1] in reported:
                continue
            reported.add(resource.ids[-1])
            node, where = missing[0]
            yield found(where, f"{resource.ids[-1]} may not "
                        f"{'be promoted' if promoted else 'run'} on {node}",
                        resource=resource.ids[-1], node=node)
