# SPDX-License-Identifier: GPL-2.0-or-later
"""Where resources may run, by location constraints alone.

Source: Pacemaker lib/pacemaker/pcmk_sched_location.c, pcmk_scheduler.c
(apply_exclusive_discovery): scores of a resource and of what it is in are added; below 0 it may
not run there. With symmetric-cluster=false it may run only where a constraint names it.
"""

import re
from functools import lru_cache

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view import rules
from dualstor.command.check.view.constraints import named
from dualstor.command.check.view.resources import PROMOTED
from dualstor.command.check.view.rules import Facts
from dualstor.command.check.view.values import score
from dualstor.record import Record
from dualstor.tools.pacemaker import INFINITY, is_true

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.check.parsers.xml import Element
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.resources import Resource


class Location(Record):
    """What a location constraint says of a resource or of what it is in.

    ``node`` None: a rule says which nodes. ``promoted``: only for the promoted role.
    """

    id: str
    resource: str
    score: int
    where: Where
    node: "str | None" = None
    rule: "Element | None" = None
    promoted: bool = False
    exclusive: bool = False


def _matching(cib: "Cib", pattern: str) -> "list[str]":
    """The ids of resources that ``rsc-pattern`` means: the outermost ones (regcomp(3))."""
    invert, pattern = pattern.startswith("!"), pattern.lstrip("!")
    names = {resource.ids[-1] for resource in cib.resources}
    try:
        return [name for name in sorted(names) if bool(re.search(pattern, name)) != invert]
    except (re.error, OverflowError, RecursionError):
        return []


def _subjects(cib: "Cib", element: "Element") -> "Iterator[tuple[str, str | None, str | None]]":
    """(id, score, role) of each resource that a constraint is about."""
    sets = list(element.iterfind("resource_set"))
    for each in sets:
        each = cib.ids.get(each.get("id-ref", ""), each)
        for ref in each.iterfind("resource_ref"):
            for name in named(cib, ref.get("id", "")):
                yield name, each.get("score"), each.get("role")
    if not sets:
        names = named(cib, element.get("rsc", "")) if element.get("rsc") else []
        for name in names + _matching(cib, element.get("rsc-pattern") or "(?!)"):
            yield name, None, None


@lru_cache(maxsize=4)
def locations(cib: "Cib") -> "list[Location]":
    """All that location constraints say."""
    found = []
    for element in cib.root.iterfind("configuration/constraints/rsc_location"):
        rule = element.find("rule") if element.get("node") is None else None
        rule = None if rule is None else cib.ids.get(rule.get("id-ref", ""), rule)
        own = element if rule is None else rule
        for name, set_score, set_role in _subjects(cib, element):
            role = set_role or own.get("role") or ""
            if own.get("score-attribute") is None:
                found.append(Location(
                    id=element.get("id", ""), resource=name, node=element.get("node"), rule=rule,
                    score=score(set_score if rule is None and set_score else own.get("score")),
                    promoted=role in PROMOTED, where=cib.at(element),
                    exclusive=element.get("resource-discovery") == "exclusive"))
    return found


@lru_cache(maxsize=4)
def _by_resource(cib: "Cib") -> "dict[str, list[Location]]":
    found: "dict[str, list[Location]]" = {}
    for location in locations(cib):
        found.setdefault(location.resource, []).append(location)
    return found


def applies(cib: "Cib", location: Location, node: str) -> "bool | None":
    """Whether a Location is about a node; None if that cannot be said."""
    if location.rule is not None:
        return rules.holds(location.rule, Facts(node=node), cib.ids)
    return (location.node or "").lower() == node.lower()


def add(one: int, other: int) -> int:
    """The sum of two scores; -INFINITY wins."""
    if -INFINITY in (one, other):
        return -INFINITY
    return max(-INFINITY, min(INFINITY, one + other))


def barrier(cib: "Cib", resource: "Resource", node: str,
            promoted: bool = False) -> "Where | None":
    """What keeps a resource from a node; None if nothing does, as far as that can be said.

    :param promoted: whether it is to be promoted there
    """
    about = [each for name in resource.ids for each in _by_resource(cib).get(name, ())
             if promoted or not each.promoted]
    exclusive = [each for each in about if each.exclusive]
    verdicts = [(each, applies(cib, each, node)) for each in about]
    if any(verdict is None for _, verdict in verdicts):
        return None
    here = [each for each, verdict in verdicts if verdict]
    if exclusive and not any(each.exclusive for each in here):
        return exclusive[0].where
    symmetric, where = cib.option("symmetric-cluster")
    if not here and symmetric is not None and not is_true(symmetric):
        return where
    total = 0
    for each in here:
        total = add(total, each.score)
    if total >= 0:
        return None
    return min(here, key=lambda each: each.score).where


def allowed(cib: "Cib", resource: "Resource", promoted: bool = False) -> "list[str]":
    """The nodes on which a resource may run, or be promoted."""
    return [node for node in cib.nodes if barrier(cib, resource, node, promoted) is None]
