# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes answers out of nested dicts; all that is wrong with them is collected."""

from dualstor.command.configure import names
from dualstor.errors import DualstorError
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence


class AnswersWrong(DualstorError):
    """Answers that are missing or wrong; ``problems`` are sentences."""

    def __init__(self, problems: "Sequence[str]") -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class Reader:
    """Takes answers out of nested dicts and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: "list[str]" = []

    def table(self, value: "Any", where: str, keys: "set[str] | None" = None) -> "dict[str, Any]":
        """*value* as a dict; keys other than *keys* are a problem."""
        if not isinstance(value, dict):
            self.problems.append(f"{where}: expected NAME = VALUE pairs")
            return {}
        if keys:
            for key in sorted(set(value) - keys):
                self.problems.append(f"{where} has no {key!r}, only {', '.join(sorted(keys))}")
        return value

    def tables(self, value: "Any", where: str, keys: "set[str]") -> "list[dict[str, Any]]":
        """*value* as a list of such dicts."""
        if not isinstance(value, list):
            self.problems.append(f"{where}: expected a list")
            return []
        return [self.table(each, where, keys) for each in value]

    def text(self, table: "dict[str, Any]", key: str, where: str,
             check: "Callable[[str], str | None]", default: "Any" = None,
             needed: bool = True) -> str:
        """A checked text."""
        value = table.get(key, default)
        if value is None:
            if needed:
                self.problems.append(f"{where} {key} is missing")
            return ""
        if not isinstance(value, str):
            self.problems.append(f"{where} {key} is {value!r}: expected text")
            return ""
        wrong = check(value)
        if wrong:
            self.problems.append(f"{where} {key} {value!r} {wrong}")
        return value

    def choice(self, table: "dict[str, Any]", key: str, where: str, choices: "tuple[str, ...]",
               default: str) -> str:
        """One of a few texts."""
        return self.text(table, key, where, lambda text: None if text in choices else
                         f"is unknown: choose one of {', '.join(choices)}", default)

    def number(self, table: "dict[str, Any]", key: str, where: str, low: int, high: int,
               default: int) -> int:
        """A whole number; an option gives it as text."""
        value = table.get(key, default)
        if isinstance(value, str) and whole(value) is not None:
            value = whole(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.problems.append(f"{where} {key} is {value!r}: expected a number from {low} to "
                                 f"{high}")
            return default
        return value

    def pairs(self, table: "Any", where: str) -> "tuple[tuple[str, str], ...]":
        """The (name, value) pairs of an agent's options or of properties, in order."""
        found = []
        for key, value in self.table(table, where).items():
            if isinstance(value, bool):
                value = "true" if value else "false"
            text = str(value) if isinstance(value, (str, int)) else ""
            for what, wrong in ((key, names.option(key)), (value, names.value(text))):
                if wrong:
                    self.problems.append(f"{where} {key}: {what!r} {wrong}")
            found.append((key, text))
        return tuple(found)
