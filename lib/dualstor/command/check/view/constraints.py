# SPDX-License-Identifier: GPL-2.0-or-later
"""Order and colocation between resources, directly or through others."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view.resources import PROMOTED
from dualstor.command.check.view.values import score
from dualstor.record import Record
from dualstor.tools.pacemaker import INFINITY, is_true

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Tuple

    from dualstor.command.check.parsers.xml import Element
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.resources import Resource

    Pair = Tuple[str, str, bool, str]


class Edge(Record):
    """``later`` starts after ``first``, or runs where ``first`` does; both are ids.

    ``promoted``: not before ``first`` is promoted, or only where it is. ``firm``: mandatory.
    ``symmetric``: stops happen in reverse order.
    """

    later: str
    first: str
    promoted: bool
    firm: bool
    symmetric: bool
    where: Where


def named(cib: "Cib", name: str) -> "list[str]":
    """The ids that a constraint means by a name: a resource's, a tag's or a template's."""
    element = cib.ids.get(name)
    if element is not None and element.tag == "tag":
        return [ref.get("id", "") for ref in element.iterfind("obj_ref")]
    if element is not None and element.tag == "template":
        return [resource.id for resource in cib.resources if resource.template == name]
    return [name]


def _sets(cib: "Cib", element: "Element", attribute: str) -> "list[Pair]":
    """[(first, later, whether the first is promoted, action of the later)] of resource sets."""
    pairs: "list[Pair]" = []
    before: "tuple[list[str], bool] | None" = None
    for resource_set in element.iterfind("resource_set"):
        resource_set = cib.ids.get(resource_set.get("id-ref", ""), resource_set)
        members = [name for ref in resource_set.iterfind("resource_ref")
                   for name in named(cib, ref.get("id", ""))]
        promoted = resource_set.get(attribute) in PROMOTED + ("promote",)
        action = resource_set.get("action", "start")
        if resource_set.get("sequential", "true") != "false":
            pairs += [(a, b, promoted, action) for a, b in zip(members, members[1:])]
        if before is not None:
            if attribute == "action":
                pairs += [(a, b, before[1], action) for a in before[0] for b in members]
            else:  # a set runs with the one that follows it
                pairs += [(b, a, promoted, action) for a in before[0] for b in members]
        before = members, promoted
    return pairs


def _firm_order(element: "Element") -> bool:
    kind, score = element.get("kind"), element.get("score")
    return kind == "Mandatory" if kind else score is None or not score.startswith(("0", "-"))


def orders(cib: "Cib") -> "list[Edge]":
    """The Edges of all order constraints that have an effect.

    The later action is the same as the first one if it is not given, and to promote what cannot
    be promoted is to wait for nothing (tried with crm_simulate 2.1.5).
    """
    found = []
    promotable = {name for one in cib.resources for name in one.ids
                  if one.clone is not None and is_true(one.clone.meta.get("promotable"))}
    for element in cib.root.iterfind("configuration/constraints/rsc_order"):
        action = element.get("first-action", "start")
        pairs = [(first, then, action == "promote", element.get("then-action", action))
                 for first in named(cib, element.get("first", ""))
                 for then in named(cib, element.get("then", ""))]
        if element.get("first") is None:
            pairs = _sets(cib, element, "action")
        symmetric = element.get("symmetrical", "true").lower() not in ("false", "no", "off", "0")
        found += [Edge(later=later, first=first, promoted=promoted, firm=_firm_order(element),
                       symmetric=symmetric, where=cib.at(element))
                  for first, later, promoted, then_action in pairs
                  if then_action not in ("promote", "demote") or later in promotable]
    return found


def colocations(cib: "Cib") -> "list[Edge]":
    """The Edges of all colocation constraints."""
    found = []
    for element in cib.root.iterfind("configuration/constraints/rsc_colocation"):
        pairs = [(first, later, element.get("with-rsc-role") in PROMOTED, "start")
                 for first in named(cib, element.get("with-rsc", ""))
                 for later in named(cib, element.get("rsc", ""))]
        if element.get("rsc") is None:
            pairs = _sets(cib, element, "role")
        firm = score(element.get("score"), INFINITY) >= INFINITY
        found += [Edge(later=later, first=first, promoted=promoted, firm=firm, symmetric=True,
                       where=cib.at(element)) for first, later, promoted, _ in pairs]
    return found


def _in_group(first: "Resource", later: "Resource") -> bool:
    """Whether two are in one group in that order."""
    return first.group is not None and first.group == later.group \
        and first.position < later.position


def path(cib: "Cib", edges: "list[Edge]", first: "Resource", later: "Resource",
         promoted: bool = False) -> "Edge | bool":
    """The first Edge of a chain of firm ones from *first* to *later*.

    :param promoted: whether the chain must begin with *first* being promoted
    :returns: True if they are in a group in that order; False if there is no such chain
    """
    if _in_group(first, later):
        return True
    same = cib.together
    for start in edges:
        if start.first not in first.ids or not start.firm or (promoted and not start.promoted):
            continue
        seen: "set[str]" = set()
        todo = [start.later]
        while todo:
            identifier = todo.pop()
            if identifier in later.ids:
                return start
            for one in same.get(identifier, {identifier}):
                if one not in seen:
                    seen.add(one)
                    todo += [edge.later for edge in edges if edge.first == one and edge.firm]
    return False
