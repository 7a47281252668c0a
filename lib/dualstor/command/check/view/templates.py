# SPDX-License-Identifier: GPL-2.0-or-later
"""A primitive together with the template that it refers to.

Source: Pacemaker lib/pengine/complex.c (unpack_template): the agent is the template's; blocks
of values are its own, then the template's; an operation of the template counts unless there is
one of that name and role.
"""

from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.parsers.xml import Element

#: Roles that count as one where operations are compared.
_ANY_ROLE = ("", "started", "unpromoted", "slave")


class Expanded(Record):
    """``agent`` names the agent; ``parts``: elements with blocks of values, by precedence."""

    agent: "Element"
    parts: "list[Element]"
    operations: "list[Element]"


def _operations(element: "Element", ids: "dict[str, Element]") -> "list[Element]":
    """The <op> of a primitive or template: those of the first <operations>."""
    block = element.find("operations")
    if block is not None and block.get("id-ref"):
        block = ids.get(block.get("id-ref", ""))
    return [] if block is None else list(block.iterfind("op"))


def _key(op: "Element") -> "tuple[str, str]":
    role = (op.get("role") or "").lower()
    return op.get("name", ""), "" if role in _ANY_ROLE else role


def expanded(element: "Element", ids: "dict[str, Element]") -> Expanded:
    """The Expanded of a primitive."""
    operations = _operations(element, ids)
    template = ids.get(element.get("template", ""))
    if template is None or template.tag != "template":
        return Expanded(agent=element, parts=[element], operations=operations)
    taken = {_key(op) for op in operations}
    operations += [op for op in _operations(template, ids) if _key(op) not in taken]
    return Expanded(agent=template, parts=[element, template], operations=operations)
