# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync.conf of corosync 1, 2 and 3, with line numbers; takes any text.

Format: corosync.conf(5), exec/coroparse.c: one ``key: value``, ``section {`` or ``}`` per
line; ``#`` begins a comment.
"""

from dualstor.command.check.parsers.where import Problem, Where


class CorosyncSection:
    """A section: ``values`` is {key: (value, Where)}; of two the later one counts."""

    def __init__(self, name: str, where: Where) -> None:
        self.name = name
        self.where = where
        self.values: "dict[str, tuple[str, Where]]" = {}
        self.sections: "list[CorosyncSection]" = []

    def get(self, key: str, default: "str | None" = None) -> "str | None":
        """The value of a key as text."""
        return self.values[key][0] if key in self.values else default

    def at(self, key: str) -> Where:
        """Where the key is; where the section begins if it has no such key."""
        return self.values[key][1] if key in self.values else self.where

    def named(self, name: str) -> "list[CorosyncSection]":
        """The inner sections of that name."""
        return [section for section in self.sections if section.name == name]

    def first(self, name: str) -> "CorosyncSection":
        """The first inner section of that name; an empty one if there is none."""
        return (self.named(name) or [CorosyncSection(name, self.where)])[0]


def parse(text: str, path: str) -> "tuple[CorosyncSection, tuple[Problem, ...]]":
    """(the whole as a CorosyncSection, Problems)."""
    top = CorosyncSection("", Where(path))
    stack, problems = [top], []
    for number, raw in enumerate(text.split("\n"), 1):
        line, where = raw.strip(), Where(path, number)
        if not line or line.startswith("#"):
            continue
        if line.endswith("{"):
            section = CorosyncSection(line[:-1].strip(), where)
            stack[-1].sections.append(section)
            stack.append(section)
        elif line == "}":
            if len(stack) == 1:
                problems.append(Problem(where, "a closing brace that nothing opened"))
            else:
                stack.pop()
        elif ":" in line:
            key, _, value = line.partition(":")
            stack[-1].values[key.strip()] = (value.strip(), where)
        else:
            problems.append(Problem(where, f'neither "key: value" nor a section: {line[:60]}'))
    for section in stack[1:]:
        problems.append(Problem(section.where,
                                f'no closing brace for the section "{section.name}"'))
    return top, tuple(problems)
