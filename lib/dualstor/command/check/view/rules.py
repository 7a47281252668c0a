# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules within the CIB, as far as they can be evaluated from the CIB alone.

Sources: Pacemaker Explained, "Rules"; lib/common/rules.c. What depends on the time, or on an
attribute of a node other than its name, is not evaluated: None.
"""

from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.xml import Element



class Facts(Record):
    """What a rule may ask about; "" for what it has not, None for what is not known."""

    standard: "str | None" = None
    provider: "str | None" = None
    type: "str | None" = None
    operation: "str | None" = None
    node: "str | None" = None


def _attribute(element: "Element", facts: Facts) -> "bool | None":
    if element.get("attribute") != "#uname" or facts.node is None:
        return None
    same = (element.get("value") or "").lower() == facts.node.lower()
    return {"eq": same, "ne": not same, "defined": True,
            "not_defined": False}.get(element.get("operation", ""))


def _resource(element: "Element", facts: Facts) -> "bool | None":
    asked = [(element.get(name), has) for name, has in (
        ("class", facts.standard), ("provider", facts.provider), ("type", facts.type))]
    if any(wanted is not None and has is None for wanted, has in asked):
        return None
    return all(wanted in (None, has) for wanted, has in asked)


def _operation(element: "Element", facts: Facts) -> "bool | None":
    if facts.operation is None:
        return None
    if element.get("name") != facts.operation:
        return False
    return True if element.get("interval") is None else None


_EXPRESSIONS = {"expression": _attribute, "rsc_expression": _resource, "op_expression": _operation}
_DEEPEST = 20   # a rule may refer to one that it is in


def holds(rule: "Element", facts: "Facts | None", ids: "dict[str, Element]",
          depth: int = 0) -> "bool | None":
    """Whether a rule applies; None if that cannot be said."""
    facts = facts or Facts()
    rule = ids.get(rule.get("id-ref", ""), rule)
    found: "list[bool | None]" = []
    for part in rule:
        if part.tag == "rule":
            found.append(holds(part, facts, ids, depth + 1) if depth < _DEEPEST else None)
        elif isinstance(part.tag, str):
            expression = _EXPRESSIONS.get(part.tag)
            found.append(expression(part, facts) if expression else None)
    if rule.get("boolean-op") == "or":
        return True if True in found else (None if None in found else False)
    return False if False in found else (None if None in found else True)


def timed(rule: "Element") -> bool:
    """Whether a rule depends on the time."""
    return rule.find(".//date_expression") is not None
