# SPDX-License-Identifier: GPL-2.0-or-later
"""Location constraints that somebody or something has left in the CIB.

Sources: crm_resource(8) (--ban, --move, --clear: ``cli-ban-``, ``cli-prefer-``), crmsh
(``cli-standby-``), drbd-utils scripts/crm-fence-peer*.sh (``drbd-fence-by-handler-``).
"""

import re

from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator
    from xml.etree.ElementTree import Element

BY_HAND = re.compile(r"^cli-(ban|prefer|standby)-")
BY_HANDLER = re.compile(r"^drbd-fence-by-handler-")

_OURS = "dualstor"
_ENDING = "date_expression"     # in a rule: it ends by itself


class LeftOver(Record):
    """A constraint that was left; ``node`` None: a rule says which nodes.

    ``handler``: of DRBD's fence-peer handler. ``away``: it keeps the resource from that node, and
    does not draw it there.
    """

    id: str
    resource: str
    node: "str | None" = None
    handler: bool = False
    away: bool = True


def _around(element: "Element", names: "tuple[str, ...]" = ()) -> "Iterator[tuple[str, ...]]":
    """For each resource of ours its id, and those of what it is in."""
    for child in element:
        inside = names + (child.get("id") or "",)
        if child.tag == "primitive" and child.get("provider") == _OURS:
            yield inside
        elif child.tag in ("group", "clone", "master"):
            yield from _around(child, inside)


def left(root: "Element") -> "tuple[LeftOver, ...]":
    """What was left, of constraints on our resources, as a tuple.

    :param root: of the CIB
    """
    ours = {name for resources in root.iterfind("configuration/resources")
            for names in _around(resources) for name in names}
    found = []
    for element in root.iterfind("configuration/constraints/rsc_location"):
        identity, resource = element.get("id") or "", element.get("rsc") or ""
        handler = bool(BY_HANDLER.match(identity))
        if not handler and not (BY_HAND.match(identity) and resource in ours) \
                or next(element.iter(_ENDING), None) is not None:
            continue
        score = element.get("score") or next(
            (rule.get("score") or "" for rule in element.iter("rule")), "")
        found.append(LeftOver(id=identity, resource=resource, node=element.get("node"),
                              handler=handler, away=handler or score.startswith("-")))
    return tuple(found)
