# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of ``dualstor check``: what each is, and what it reports.

A rule is a function over an immutable view. It yields ``found(...)`` for each thing that
is wrong; the view raises Unavailable or Irrelevant for it.
"""

import string

from dualstor.command.check.parsers.where import Where
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Iterator, TypeVar

    Findings = Iterator["Found"]
    Check = TypeVar("Check", bound=Callable[..., Findings])

#: Data may be lost or nothing will start; it will cause trouble one day; good to know.
ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)

#: What a rule checks: each host, two hosts compared, the cluster's configuration.
HOST, PAIR, CIB = "host", "pair", "cib"


class Rule(Record):
    """A rule as declared.

    ``title`` is the condition that is expected to hold. ``fix`` may name values in braces, which
    each finding fills in.
    """

    id: str
    severity: str
    area: str
    title: str
    why: str
    fix: str
    scope: str
    check: "Callable[..., Findings]"

    def fix_with(self, names: "dict[str, object]") -> str:
        """The fix with its values filled in; a missing value is shown as its name."""
        known = {field: field.upper() for _, field, _, _ in string.Formatter().parse(self.fix)
                 if field}
        return self.fix.format(**dict(known, **names))


class Found(Record):
    """What a rule yields: ``text`` says what is wrong at ``where``; ``names`` fill the fix.

    ``severity``: another than the rule's, where less depends on it.
    """

    where: Where
    text: str
    names: "dict[str, object]"
    severity: "str | None" = None


class Finding(Record):
    """Something wrong, as reported; ``hosts`` is () if it is about the cluster."""

    rule: Rule
    hosts: "tuple[str, ...]"
    where: Where
    text: str
    fix: str


class Unchecked(Record):
    """A rule that could not be checked; ``host`` is None if it is about the cluster."""

    rule: Rule
    host: "str | None"
    reason: str


def found(where: Where, text: str, **names: object) -> Found:
    """What is wrong, where, and the values that the rule's fix names; ``file`` is known."""
    return Found(where=where, text=text, names=dict(names, file=where.source))


_RULES: "dict[str, Rule]" = {}


def rule(identifier: str, severity: str, title: str, why: str, fix: str,
         scope: str = HOST) -> "Callable[[Check], Check]":
    """Register the decorated function as a rule; its module's name is the rule's area."""
    def register(function: "Check") -> "Check":
        if identifier in _RULES:
            raise ValueError(f"two rules {identifier}")
        _RULES[identifier] = Rule(
            id=identifier, severity=severity, title=title, why=why, fix=fix, scope=scope,
            area=function.__module__.rpartition(".")[2].partition("_")[0], check=function)
        return function
    return register


def registered() -> "tuple[Rule, ...]":
    """The rules of the modules that have been imported, in the order in which they are declared."""
    return tuple(_RULES.values())

