# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of ``dualstor check``: what each is, and what it says when it finds something.

A rule is a function over an immutable view. It yields ``found(...)`` for each thing that
is wrong, nothing where all is well, and the view raises Unavailable or Irrelevant for it.
"""

import string

from dualstor.record import Record

#: Data may be lost or nothing will start; something will bite one day; good to know.
ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)

#: What a rule looks at: each host, two hosts together, the cluster's configuration.
HOST, PAIR, CIB = "host", "pair", "cib"


class Rule(Record):
    """A rule as declared. ``fix`` may name values in braces, which each finding fills in."""

    id: str
    severity: str
    area: str
    title: str
    why: str
    fix: str
    scope: str
    check: object


class Found(Record):
    """What a rule yields: ``text`` says what is wrong at ``where``; ``names`` fill the fix."""

    where: object
    text: str
    names: dict


class Finding(Record):
    """Something wrong, as it is reported; ``hosts``: where, () for what is of the cluster."""

    rule: Rule
    hosts: tuple
    where: object
    text: str
    fix: str


class Unchecked(Record):
    """An item that could not be looked at; ``host`` is None for what is of the cluster."""

    rule: Rule
    host: str
    reason: str


def found(where, text, **names):
    """What is wrong, where, and the values that the rule's fix names."""
    return Found(where=where, text=text, names=names)


_RULES = {}


def rule(identifier, severity, title, why, fix, scope=HOST):
    """Register the decorated function as a rule; its module's name is the rule's area."""
    def register(function):
        if identifier in _RULES:
            raise ValueError(f"two rules {identifier}")
        _RULES[identifier] = Rule(
            id=identifier, severity=severity, title=title, why=why, fix=fix, scope=scope,
            area=function.__module__.rpartition(".")[2].partition("_")[0], check=function)
        return function
    return register


def registered():
    """The rules of the modules that have been imported, in the order in which they are declared."""
    return tuple(_RULES.values())


def mend(a_rule, names):
    """The fix of a rule with its values filled in; a value not given stands as its name."""
    known = {field: field.upper() for _, field, _, _ in string.Formatter().parse(a_rule.fix)
             if field}
    return a_rule.fix.format(**dict(known, **names))
