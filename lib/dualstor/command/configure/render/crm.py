# SPDX-License-Identifier: GPL-2.0-or-later
"""The cluster's configuration in the language of the crm shell (crmsh, crm(8))."""

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Iterator

    from dualstor.command.configure.generations import Generation
    from dualstor.command.configure.parts import Alone, Clone, Part, Primitive

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:%@+-")


def _quoted(text: str) -> str:
    """A value as crmsh's reader takes it."""
    if text and set(text) <= _PLAIN:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _options(values: "Iterable[tuple[str, str]]") -> str:
    return " ".join(f"{name}={_quoted(value)}" for name, value in values)


def _primitive(primitive: "Primitive") -> str:
    lines = [f"primitive {primitive.id} {primitive.agent}"]
    if primitive.parameters:
        lines.append("params " + _options(primitive.parameters))
    lines += [f"op {operation.name} {_options(operation.values)}"
              for operation in primitive.operations]
    if primitive.meta:
        lines.append("meta " + _options(primitive.meta))
    return " \\\n    ".join(lines)


def _members(of: "Clone | Alone") -> "Iterator[str]":
    """The lines of primitives, and of the group that they are in."""
    for member in of.members:
        yield _primitive(member)
    if of.group:
        yield f"group {of.group} {' '.join(member.id for member in of.members)}"


def _clone(clone: "Clone", modern: bool) -> "Iterator[str]":
    """The lines of a clone; the promotable one of Pacemaker 1.1 is an ``ms``."""
    yield from _members(clone)
    yield (f"{'ms' if clone.promotable and not modern else 'clone'} {clone.id} {clone.of} \\\n    "
           f"meta {_options(clone.attributes(modern))}")


def render(part: "Part", generation: "Generation") -> str:
    """A Part as text that ``crm configure load update FILE`` takes."""
    lines = []
    for fence in part.fences:
        lines.append(_primitive(fence))
    for clone in part.clones:
        lines += _clone(clone, generation.promotable)
    for one in part.alone:
        lines += _members(one)
    for ban in part.bans:
        lines.append(f"location {ban.id} {ban.resource} -inf: {ban.node}")
    for order in part.orders:
        lines.append(f"order {order.id} Mandatory: {order.first}:{order.first_action} "
                     f"{order.then}:start")
    for colocation in part.colocations:
        roles = (":Started", ":" + colocation.role) if colocation.role else ("", "")
        lines.append(f"colocation {colocation.id} inf: {colocation.resource}{roles[0]} "
                     f"{colocation.other}{roles[1]}")
    for alert in part.alerts:
        to = f" to {{ {' '.join(map(_quoted, alert.recipients))} }}" if alert.recipients else ""
        lines.append(f"alert {alert.id} {alert.path}{to}")
    if part.properties:
        lines.append("property " + _options(part.properties))
    return "\n".join(lines) + "\n"
