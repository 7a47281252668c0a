# SPDX-License-Identifier: GPL-2.0-or-later
"""Which findings are asked for, which are ignored, and what one means."""

import difflib

from dualstor.command import site
from dualstor.command.check.rules import rules
from dualstor.errors import DualstorError
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.command.check.rules.registry import Rule
    from dualstor.command.console import Console


class Choice(Record):
    """``rules``: those to apply; ``ignored``: ids of those whose findings are only counted."""

    rules: "tuple[Rule, ...]"
    ignored: "frozenset[str]" = frozenset()


def ids() -> "tuple[str, ...]":
    """The ids of all rules."""
    return tuple(rule.id for rule in rules())


def _known(names: "Iterable[str]", source: str) -> "list[str]":
    """The ids of these names, in capitals.

    :param source: who names them, for the error
    :raises DualstorError: there is no such rule
    """
    found, known = [], ids()
    for name in names:
        if name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, 1)
            raise DualstorError(f"{source}: there is no finding {name}" + (
                f"; the nearest is {near[0]}" if near else "; docs/findings.md lists all"))
        found.append(name.upper())
    return found


def choice(only: "Iterable[str]", ignore: "Iterable[str]", decided: "site.Site") -> Choice:
    """The Choice of the command line and of the site.

    :param only: ids to which the check is limited; none for all. What is asked for so is reported
        whatever the site has decided
    :param decided: the site's settings
    :raises DualstorError: there is no such finding
    """
    asked = _known(only, "--only")
    ignored = set(_known(ignore, "--ignore"))
    ignored |= set(_known(decided.ignore, site.PATH)) - set(asked)
    return Choice(rules=tuple(rule for rule in rules() if not asked or rule.id in asked),
                  ignored=frozenset(ignored))


def explain(name: str, console: "Console") -> None:
    """Print what docs/findings.md says of a finding.

    :raises DualstorError: there is no such finding
    """
    identifier, = _known([name], "--explain")
    rule, = (rule for rule in rules() if rule.id == identifier)
    console.pieces((rule.id, "title"), (f"  {rule.severity}", None))
    console.line(f"  expected: {rule.title}")
    console.line(f"  why: {rule.why}")
    console.line(f"  fix: {rule.fix_with({})}")
