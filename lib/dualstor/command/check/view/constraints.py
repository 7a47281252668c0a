# SPDX-License-Identifier: GPL-2.0-or-later
"""Order and colocation between resources: which holds between two, over others too."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view.cib import PROMOTED
from dualstor.record import Record

ORDER, COLOCATION = "order", "colocation"


class Edge(Record):
    """``later`` starts after ``first``, or runs where ``first`` does; both are ids.

    ``promoted``: not before ``first`` is promoted, only where it is. ``firm``: mandatory.
    ``symmetric``: stops go the other way round.
    """

    later: str
    first: str
    promoted: bool
    firm: bool
    symmetric: bool
    where: Where


def _members(resource_set):
    return [ref.get("id", "") for ref in resource_set.iterfind("resource_ref")]


def _sets(element, attribute):
    """[(first, later, whether the first is promoted)] that resource sets stand for."""
    pairs, before = [], None
    for resource_set in element.iterfind("resource_set"):
        members = _members(resource_set)
        promoted = resource_set.get(attribute) in PROMOTED + ("promote",)
        if resource_set.get("sequential", "true") != "false":
            pairs += [(a, b, promoted) for a, b in zip(members, members[1:])]
        if before is not None:
            if attribute == "action":
                pairs += [(a, b, before[1]) for a in before[0] for b in members]
            else:  # the set that stands first runs with the one that follows
                pairs += [(b, a, promoted) for a in before[0] for b in members]
        before = members, promoted
    return pairs


def _firm_order(element):
    kind, score = element.get("kind"), element.get("score")
    return kind == "Mandatory" if kind else score is None or not score.startswith(("0", "-"))


def orders(cib):
    """The Edges of all order constraints."""
    found = []
    for element in cib.root.iterfind("configuration/constraints/rsc_order"):
        pairs = [(element.get("first"), element.get("then"),
                  element.get("first-action") == "promote")]
        if element.get("first") is None:
            pairs = _sets(element, "action")
        symmetric = element.get("symmetrical", "true").lower() not in ("false", "no", "off", "0")
        found += [Edge(later=later or "", first=first or "", promoted=promoted,
                       firm=_firm_order(element), symmetric=symmetric, where=cib.at(element))
                  for first, later, promoted in pairs]
    return found


def colocations(cib):
    """The Edges of all colocation constraints."""
    found = []
    for element in cib.root.iterfind("configuration/constraints/rsc_colocation"):
        pairs = [(element.get("with-rsc"), element.get("rsc"),
                  element.get("with-rsc-role") in PROMOTED)]
        if element.get("rsc") is None:
            pairs = _sets(element, "role")
        firm = element.get("score", "INFINITY") in ("INFINITY", "+INFINITY")
        found += [Edge(later=later or "", first=first or "", promoted=promoted, firm=firm,
                       symmetric=True, where=cib.at(element)) for first, later, promoted in pairs]
    return found


def _groups(resources):
    """{id: all ids that mean the same resource or what it is in}."""
    found = {}
    for resource in resources:
        for identifier in resource.ids:
            found.setdefault(identifier, set()).update(resource.ids)
    return found


def _in_group(first, later):
    """Whether two stand in one group in that order."""
    return first.group is not None and first.group == later.group \
        and first.position < later.position


def path(cib, edges, first, later, promoted=False):
    """The first Edge of a chain of firm ones from *first* to *later*, or True within a group.

    :param promoted: whether the chain must begin with *first* being promoted
    :returns: None when there is no such chain
    """
    if _in_group(first, later):
        return True
    same = _groups(cib.resources)
    for start in edges:
        if start.first not in first.ids or not start.firm or (promoted and not start.promoted):
            continue
        seen, todo = set(), [start.later]
        while todo:
            identifier = todo.pop()
            if identifier in later.ids:
                return start
            for one in same.get(identifier, {identifier}):
                if one not in seen:
                    seen.add(one)
                    todo += [edge.later for edge in edges if edge.first == one and edge.firm]
    return None
