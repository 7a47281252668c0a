# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's configuration files with line numbers: drbd.conf, what it includes, its resources.

``dualstor.tools.drbdconf`` parses; this module finds the files and keeps the lines.
"""

import fnmatch
import posixpath
import re

from dualstor.command.check.parsers.where import Problem, Where
from dualstor.errors import ParseError
from dualstor.record import Record
from dualstor.tools import drbdconf

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping, Tuple

    Line = Tuple[str, Where]

MAIN = "/etc/drbd.conf"
_FOLDER = "/etc/drbd.d/"
_INCLUDE = re.compile(r"^\s*include\s+\"?([^\s\";]+)\"?\s*;\s*$")
_LINES = 100000  # more is no configuration; also ends files that keep including each other


class DrbdResource(Record):
    """A resource: its drbdconf.Configuration, and where its options are."""

    configuration: drbdconf.Configuration
    where: Where
    places: "dict[str, Where]"
    words: "tuple[object, ...]"     # all words of its text, for comparing two hosts

    @property
    def name(self) -> str:
        """Its name."""
        return self.configuration.resource

    def at(self, *keys: str) -> Where:
        """Where the first of these options is; else where the resource begins."""
        return next((self.places[key] for key in keys if key in self.places), self.where)


def _expand(files: "Mapping[str, str]", path: str, above: "tuple[str, ...]",
            lines: "list[Line]") -> None:
    """Append (text, Where) of a file's lines, with those of included files in their place.

    :param above: the files that include this one; they are not included again
    """
    for number, text in enumerate(files.get(path, "").split("\n"), 1):
        match = _INCLUDE.match(text)
        if match is None:
            lines.append((text, Where(path, number)))
            continue
        pattern = posixpath.normpath(posixpath.join(posixpath.dirname(path), match.group(1)))
        for name in sorted(fnmatch.filter(files, pattern)):
            if name not in above + (path,) and len(lines) < _LINES:
                _expand(files, name, above + (path,), lines)


def _lines(files: "Mapping[str, str]") -> "list[Line]":
    """All lines that drbdadm reads, as (text, Where)."""
    lines: "list[Line]" = []
    if MAIN in files:
        _expand(files, MAIN, (), lines)
    else:  # what the main file of drbd-utils includes
        for path in sorted(files):
            if path == _FOLDER + "global_common.conf" or path.endswith(".res"):
                _expand(files, path, (), lines)
    return lines


def _places(section: drbdconf.DrbdSection, wheres: "list[Where]",
            found: "dict[str, Where]") -> "dict[str, Where]":
    """{option: Where} of a section and those within it."""
    for statement in section.statements:
        found[statement[0]] = wheres[statement.line - 1]
    for inner in section.sections:
        found.setdefault(" ".join(inner.head), wheres[inner.line - 1])
        _places(inner, wheres, found)
    return found


def _words(section: drbdconf.DrbdSection) -> "tuple[object, ...]":
    """The words of a section, in an order that does not depend on that of its statements."""
    return (section.head, tuple(sorted(tuple(s) for s in section.statements)),
            tuple(sorted(_words(inner) for inner in section.sections)))


def parse(files: "Mapping[str, str]") -> "tuple[tuple[DrbdResource, ...], tuple[Problem, ...]]":
    """(Resources, Problems).

    :param files: path -> text of DRBD's files in /etc
    """
    lines = _lines(files)
    text = "\n".join(line for line, _ in lines)
    wheres = [where for _, where in lines]
    try:
        top = drbdconf.tree(text)
    except ParseError as problem:
        number = min(max(problem.number or 1, 1), len(wheres))
        where = wheres[number - 1] if wheres else Where(MAIN)
        return (), (Problem(where, str(problem).partition(": ")[2]),)
    common: "dict[str, Where]" = {}
    for section in top.named("common"):
        _places(section, wheres, common)
    resources, problems = [], []
    for section in top.named("resource"):
        where = wheres[section.line - 1]
        try:
            configuration = drbdconf.parse(text, (section.head[1:] or (None,))[0])
        except ParseError as problem:
            problems.append(Problem(where, str(problem).partition(": ")[2]))
            continue
        resources.append(DrbdResource(configuration=configuration, where=where,
                                  places=_places(section, wheres, dict(common)),
                                  words=_words(section)))
    return tuple(resources), tuple(problems)
