# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync.conf of corosync 1, 2 and 3, with line numbers; takes any text.

Format: corosync.conf(5), exec/coroparse.c: one ``key: value``, ``section {`` or ``}`` a
line; ``#`` begins a comment.
"""

from dualstor.command.check.parsers.where import Problem, Where


class Section:
    """A section: ``values`` is {key: (value, Where)}, of the last one; ``sections`` in order."""

    def __init__(self, name, where):
        self.name = name
        self.where = where
        self.values = {}
        self.sections = []

    def get(self, key, default=None):
        """The value of a key as text."""
        return self.values.get(key, (default, None))[0]

    def at(self, key):
        """Where the key stands; where the section begins when it does not."""
        return self.values.get(key, (None, self.where))[1]

    def named(self, name):
        """The inner sections of that name."""
        return [section for section in self.sections if section.name == name]

    def first(self, name):
        """The first inner section of that name; an empty one when there is none."""
        return (self.named(name) or [Section(name, self.where)])[0]


def parse(text, path):
    """(the whole as a Section, tuple of Problems)."""
    top = Section("", Where(path))
    stack, problems = [top], []
    number = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line, where = raw.strip(), Where(path, number)
        if not line or line.startswith("#"):
            continue
        if line.endswith("{"):
            section = Section(line[:-1].strip(), where)
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
            problems.append(Problem(where, f"neither \"key: value\" nor a section: {line[:60]}"))
    for section in stack[1:]:
        problems.append(Problem(section.where, "no closing brace for the section "
                                               f"\"{section.name}\""))
    return top, tuple(problems)
