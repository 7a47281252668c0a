# SPDX-License-Identifier: GPL-2.0-or-later
"""The cluster's configuration as commands of pcs 0.10 and later, or of 0.9 (pcs(8))."""

import shlex

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Iterator

    from dualstor.command.configure.generations import Generation
    from dualstor.command.configure.parts import Alone, Clone, Part, Primitive

#: Files in the current directory: the configuration as it was and as it is to be.
BEFORE, AFTER = "dualstor-before.xml", "dualstor-after.xml"


def quoted(words: "Iterable[str]") -> str:
    """Words as one line for a shell."""
    return " ".join(shlex.quote(word) for word in words)


def _options(values: "Iterable[tuple[str, str]]") -> "list[str]":
    return [f"{name}={value}" for name, value in values]


def _operations(primitive: "Primitive") -> "list[str]":
    words: "list[str]" = []
    for operation in primitive.operations:
        words += ["op", operation.name] + _options(operation.values)
    return words


def _create(primitive: "Primitive", *further: str) -> "tuple[str, ...]":
    return ("resource", "create", primitive.id, primitive.agent,
            *_options(primitive.parameters), *_operations(primitive),
            *(("meta", *_options(primitive.meta)) if primitive.meta else ()), *further)


def _members(of: "Clone | Alone", modern: bool) -> "Iterator[tuple[str, ...]]":
    """The commands of primitives, and of the group that they are in."""
    within = ("--group", of.group) if of.group and not modern else ()
    for member in of.members:
        yield _create(member, *within)
    if of.group and modern:
        yield ("resource", "group", "add", of.group, *(each.id for each in of.members))


def _clone(clone: "Clone", modern: bool) -> "Iterator[tuple[str, ...]]":
    """The commands of a clone.

    From 0.10 on a resource is created alone, then grouped and cloned: 0.12 warns of ``--group``,
    and of what follows ``clone`` or ``promotable`` in ``resource create``.
    """
    meta = _options(clone.meta)
    yield from _members(clone, modern)
    if not modern:
        if clone.promotable:
            yield ("resource", "master", clone.id, clone.of, *meta)
        else:
            yield ("resource", "clone", clone.of, *meta)
        return
    yield ("resource", "promotable" if clone.promotable else "clone", clone.of, "meta", *meta)


def commands(part: "Part", generation: "Generation") -> "Iterator[tuple[str, ...]]":
    """The commands of a Part, each a tuple of words after "pcs -f FILE"."""
    if part.properties:
        yield ("property", "set", *_options(part.properties))
    for fence in part.fences:
        yield ("stonith", "create", fence.id, fence.type, *_options(fence.parameters),
               *_operations(fence))
    for ban in part.bans:
        yield ("constraint", "location", ban.resource, "avoids", ban.node)
    for clone in part.clones:
        yield from _clone(clone, generation.promotable)
    for one in part.alone:
        yield from _members(one, generation.promotable)
    for order in part.orders:
        yield ("constraint", "order", order.first_action, order.first, "then", "start",
               order.then, "kind=Mandatory", "id=" + order.id)
    for colocation in part.colocations:
        role = (colocation.role if generation.promotable else colocation.role.lower(),) \
            if colocation.role else ()
        yield ("constraint", "colocation", "add", colocation.resource, "with", *role,
               colocation.other, "score=INFINITY" if generation.promotable else "INFINITY",
               "id=" + colocation.id)
    for alert in part.alerts:
        yield ("alert", "create", "path=" + alert.path, "id=" + alert.id)
        for identity, value in alert.numbered:
            yield ("alert", "recipient", "add", alert.id, "value=" + value, "id=" + identity)


def render(part: "Part", generation: "Generation") -> str:
    """A Part as a shell script.

    It works on a copy, so that the cluster gets all of it at once: a group that is not
    yet cloned would start on one node.
    """
    lines = ["#!/bin/sh", "set -e", "umask 077", f"pcs cluster cib {BEFORE}",
        f"cp {BEFORE} {AFTER}"]
    lines += [f"pcs -f {AFTER} {quoted(words)}" for words in commands(part, generation)]
    lines.append(f"pcs cluster cib-push {AFTER} diff-against={BEFORE}")
    return "\n".join(lines) + "\n"
