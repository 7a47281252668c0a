# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's configuration files with line numbers: drbd.conf, what it includes, its resources.

The meaning is ``dualstor.tools.drbdconf``'s; here are the files and the lines.
"""

import fnmatch
import posixpath
import re

from dualstor.command.check.parsers.where import Problem, Where
from dualstor.errors import ParseError
from dualstor.record import Record
from dualstor.tools import drbdconf

MAIN = "/etc/drbd.conf"
_FOLDER = "/etc/drbd.d/"
_INCLUDE = re.compile(r"^\s*include\s+\"?([^\s\";]+)\"?\s*;\s*$")
_LINES = 100000  # more is no configuration; files that include each other over and over end here


class Resource(Record):
    """A resource: its drbdconf.Configuration, and where its options stand."""

    configuration: drbdconf.Configuration
    where: Where
    places: dict
    words: tuple          # all words of its text, for comparing two hosts

    @property
    def name(self):
        """Its name."""
        return self.configuration.resource

    def at(self, *keys):
        """Where the first of these options stands; where the resource begins otherwise."""
        return next((self.places[key] for key in keys if key in self.places), self.where)


def _expand(files, path, above, lines):
    """Append (text, Where) of a file's lines, those of included files in their place.

    :param above: the files that include this one; these are not included again
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


def _lines(files):
    """All lines that drbdadm reads, as (text, Where)."""
    lines = []
    if MAIN in files:
        _expand(files, MAIN, (), lines)
    else:  # what the main file of drbd-utils includes
        for path in sorted(files):
            if path == _FOLDER + "global_common.conf" or path.endswith(".res"):
                _expand(files, path, (), lines)
    return lines


def _places(section, wheres, found):
    """{option: Where} of a section and those within it."""
    for statement in section.statements:
        found[statement[0]] = wheres[statement.line - 1]
    for inner in section.sections:
        found.setdefault(" ".join(inner.head), wheres[inner.line - 1])
        _places(inner, wheres, found)
    return found


def _words(section):
    """The words of a section in an order that does not depend on how it is written."""
    return (section.head, tuple(sorted(tuple(s) for s in section.statements)),
            tuple(sorted(_words(inner) for inner in section.sections)))


def parse(files):
    """(tuple of Resources, tuple of Problems).

    :param files: path -> text of the files below /etc that belong to DRBD
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
    common = {}
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
        resources.append(Resource(configuration=configuration, where=where,
                                  places=_places(section, wheres, dict(common)),
                                  words=_words(section)))
    return tuple(resources), tuple(problems)
