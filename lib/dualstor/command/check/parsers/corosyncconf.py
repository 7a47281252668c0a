# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync.conf as corosync 1, 2 or 3 reads it, with line numbers; takes any text.

Sources: exec/coroparse.c of 1.4.9, 2.4.6 and 3.1.9 (parse_section); corosync.conf(5). A line is a
comment if ``#`` is its first character that is no blank; else a section if it has a ``{``, else
``key: value`` if it has a ``:``, else the end of a section if it has a ``}``. A ``#`` behind a
value is part of the value. corosync 3 refuses any other line and what is around a brace; 1 and 2
ignore it, and take for the name of a section all that is before the last brace or blank.

Of two equal keys the later counts. corosync 2 and 3 merge sections of the same name: the nodes of
a second nodelist overwrite those of the first one by one; two interface sections of one number are
kept apart here (view/corosync.py merges them). corosync 1 uses the first totem section.
"""

import re

from dualstor.command.check.parsers.where import Problem, Where

#: Sections of which there may be several.
_SEVERAL = ("interface", "node", "member", "logger_subsys", "logger", "logging_daemon", "service",
            "uidgid", "memory_used")
_BLANKS = " \t"
#: The characters of a key: exec/icmap.c, icmap_is_valid_name_char; it has three at least.
STORED = re.compile(r"^[A-Za-z0-9._/:-]*$")


class CorosyncSection:
    """A section: ``values`` is {key: (value, Where)}, the values that count.

    ``replaced``: (key, value, Where, Where of what counts instead) of those that do not.
    ``unheeded``, of the whole: Problems of lines that corosync ignores.
    """

    def __init__(self, name: str, where: Where) -> None:
        self.name = name
        self.where = where
        self.values: "dict[str, tuple[str, Where]]" = {}
        self.replaced: "list[tuple[str, str, Where, Where]]" = []
        self.sections: "list[CorosyncSection]" = []
        self.opened = 0     # sections "node" since the last "nodelist {"
        self.unheeded: "tuple[Problem, ...]" = ()

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

    def put(self, key: str, value: str, where: Where) -> None:
        """Set a value; an earlier one of the same key no longer counts."""
        if key in self.values:
            self.replaced.append((key,) + self.values[key] + (where,))
        self.values[key] = (value, where)


class _Reader:
    """Reads lines into sections; ``problems`` are refused, ``unheeded`` have no effect."""

    def __init__(self, path: str, version: int) -> None:
        self.version = version
        self.top = CorosyncSection("", Where(path))
        self.stack = [self.top]
        self.problems: "list[Problem]" = []
        self.unheeded: "list[Problem]" = []

    def line(self, line: str, where: Where) -> None:
        """Read a line that is neither blank nor a comment."""
        if self.version >= 3 and len(line.encode("utf-8", "backslashreplace")) > 510:
            self._refuse(where, "the line is longer than 510 bytes")
        if "{" in line:
            self._begin(line, where)
        elif ":" in line:
            key, _, value = line.partition(":")
            self._value(key.strip(_BLANKS), value.strip(_BLANKS), where)
        elif "}" in line:
            self._end(line, where)
        elif self.version >= 3:
            self._refuse(where, f'neither "key: value" nor a section: {line[:60]}')
        else:
            self.unheeded.append(Problem(where, f'corosync {self.version} ignores the line '
                                                f'"{line[:60]}": it has no colon'))

    def _refuse(self, where: Where, text: str) -> None:
        self.problems.append(Problem(where, text))

    def _begin(self, line: str, where: Where) -> None:
        name, _, rest = line.partition("{")
        name, rest = name.rstrip(_BLANKS + ":").strip(_BLANKS), rest.strip(_BLANKS)
        if not name:
            self._refuse(where, "a section without a name")
        if "}" in rest and not rest.startswith("#"):
            self._refuse(where, f'text behind the opening brace of "{name}": a section takes '
                                "several lines, with each brace at the end of its line")
        elif rest and self.version >= 3:
            self._refuse(where, f'text behind the opening brace of "{name}": {rest[:60]}')
        elif rest:
            self.unheeded.append(Problem(where, f'text behind the opening brace: corosync '
                                         f'{self.version} takes it for a section of another name, '
                                         f'and not for "{name}"'))
            name = line[:60]
        section = self._section(name, where)
        if "}" not in rest or rest.startswith("#"):
            self.stack.append(section)

    def _section(self, name: str, where: Where) -> CorosyncSection:
        """The section that begins here: a new one, or one that it continues."""
        around = self.stack[-1]
        same = around.named(name)
        if self.version == 1 and around is self.top and name == "totem" and same:
            self.unheeded.append(Problem(where, "a second section totem: only the first counts"))
        if self.version >= 2 and name == "node" and around.name == "nodelist":
            around.opened += 1
            if around.opened <= len(same):
                return same[around.opened - 1]
        elif self.version >= 2 and same and name not in _SEVERAL:
            same[0].opened = 0
            return same[0]
        section = CorosyncSection(name, where)
        around.sections.append(section)
        return section

    def _value(self, key: str, value: str, where: Where) -> None:
        path = ".".join([section.name for section in self.stack[1:]] + [key])
        if self.version >= 3 and (len(path) < 3 or not STORED.match(key)):
            self._refuse(where, f'"{key[:60]}" cannot be the name of a key')
        self.stack[-1].put(key, value, where)

    def _end(self, line: str, where: Where) -> None:
        if self.version >= 3 and line != "}":
            self._refuse(where, "text before or behind a closing brace")
        if len(self.stack) == 1:
            self._refuse(where, "a closing brace that nothing opened")
            return
        self.stack.pop()

    def finish(self) -> None:
        """Report the sections that were not closed."""
        for section in self.stack[1:]:
            self._refuse(section.where, f'no closing brace for the section "{section.name}"')


def parse(text: str, path: str, version: int = 3) \
        -> "tuple[CorosyncSection, tuple[Problem, ...]]":
    """(the whole as a CorosyncSection, Problems of what corosync refuses).

    :param version: the major version of corosync
    """
    reader = _Reader(path, version)
    for number, raw in enumerate(text.split("\n"), 1):
        line = (raw[:-1] if raw.endswith("\r") else raw).strip(_BLANKS)
        if line and not line.startswith("#"):
            reader.line(line, Where(path, number))
    reader.finish()
    reader.top.unheeded = tuple(reader.unheeded)
    return reader.top, tuple(reader.problems)
