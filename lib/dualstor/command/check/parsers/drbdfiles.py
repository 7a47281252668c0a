# SPDX-License-Identifier: GPL-2.0-or-later
"""DRBD's configuration files with line numbers: drbd.conf, what it includes, its resources.

``dualstor.tools`` has the format (drbdtree, drbdconf) and what is allowed in it (drbdgrammar);
``drbdreader`` reads the files, this module keeps the places.
"""

from dualstor.command.check.parsers.drbdreader import DrbdProblem, Reader
from dualstor.command.check.parsers.where import Where
from dualstor.errors import ParseError
from dualstor.record import Record
from dualstor.tools import drbdconf, drbdneeds, drbdtable, drbdwords
from dualstor.tools.drbdtree import DrbdSection

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator, Mapping

MAIN = "/etc/drbd.conf"
_DIRECTORY = "/etc/drbd.d/"


class DrbdResource(Record):
    """A resource: its drbdconf.Configuration, and where its options are."""

    configuration: drbdconf.Configuration
    where: Where
    places: "dict[str, Where]"
    meaning: "tuple[object, ...]"   # for comparing two hosts: no order, wherever an option is
    section: DrbdSection

    @property
    def name(self) -> str:
        """Its name."""
        return self.configuration.resource

    @property
    def stacked(self) -> bool:
        """Whether its lower device is another DRBD resource."""
        return any(other.kind == "stacked" for other in self.configuration.others)

    def at(self, *keys: str) -> Where:
        """Where the first of these options is; else where the resource begins."""
        return next((self.places[key] for key in keys if key in self.places), self.where)

    def section_of(self, host: "drbdconf.OnSection") -> "DrbdSection | None":
        """The section of a host; None for one in a single statement."""
        kinds = [one for one in self.section.named("on", "floating", "stacked-on-top-of")
                 if one.head[0].partition("-")[0] == host.kind]
        if host.kind == "floating":
            floating = [one for one in self.configuration.others if one.kind == "floating"]
            return kinds[floating.index(host)] if floating.index(host) < len(kinds) else None
        return next((one for one in kinds if host.name in one.head[1:]), None)

    def spot(self, host: "drbdconf.OnSection", word: str, volume: int = 0) -> Where:
        """Where a host's section says something, else where the resource does for all.

        :param volume: the how manieth volume of the host is meant
        """
        own = self.section_of(host)
        for section in ([own] if own else []) + [self.section]:
            volumes = sorted(section.named("volume"),
                             key=lambda one: (len(one.head[-1]), one.head[-1]))
            for part in volumes[volume:volume + 1] + [section]:
                lines = [words.line for words in part.statements if words[0] == word]
                if lines:
                    return Where(self.where.source, lines[-1])
        return Where(self.where.source, own.line) if own else self.where

    def spot_of_host(self, name: str) -> Where:
        """Where a connection or a path names a host with its address."""
        for connection in self.section.named("connection"):
            for part in [connection] + connection.named("path"):
                for words in part.statements:
                    if words[:2] == ("host", name) and len(words) > 2:
                        return Where(self.where.source, words.line)
        return self.where


class DrbdFiles(Record):
    """The files as read: resources, each once; problems; definitions that came too late."""

    resources: "tuple[DrbdResource, ...]" = ()
    problems: "tuple[DrbdProblem, ...]" = ()
    repeated: "tuple[tuple[str, Where, Where], ...]" = ()    # (section, again, first)
    checks_ips: bool = True


def _places(section: DrbdSection, found: "dict[str, Where]") -> "dict[str, Where]":
    """{option: Where} of a section and those within it."""
    for statement in section.statements:
        found[statement[0]] = Where(section.source, statement.line)
    for inner in section.sections:
        found.setdefault(" ".join(inner.head), Where(section.source, inner.line))
        _places(inner, found)
    return found


_MERGED = ("net", "disk", "syncer", "startup", "handlers", "proxy", "options")


def _words(section: DrbdSection, merged: "tuple[str, ...]" = ()) -> "tuple[object, ...]":
    """The words of a section, in an order that does not depend on that of its statements.

    :param merged: inner sections to leave out
    """
    return (section.head, tuple(sorted(tuple(map(_meaning, s)) for s in section.statements
                                       if s[0] != "protocol")),
            tuple(sorted(_words(inner) for inner in section.sections
                         if inner.head not in [(one,) for one in merged])))


def _meaning(word: str) -> str:
    """A word such that those which mean the same are equal: units, and names of devices."""
    if drbdwords.INTEGER.match(word.upper()):
        return word.upper()
    return "/dev/" + word if word.startswith("drbd") else word


def _same(section: DrbdSection, conf: drbdconf.Configuration) -> "tuple[object, ...]":
    """What a resource means: its own words, and the options that it has from ``common``, too."""
    options = tuple((place, key, _meaning(value) or "yes") for place, key, value in conf.options
                    if place and key != "protocol")
    return (conf.protocol, options, _words(section, _MERGED))


def _mains(files: "Mapping[str, str]") -> "Iterator[str]":
    """The files that drbdadm begins with; without drbd.conf what that of drbd-utils includes."""
    if MAIN in files:
        yield MAIN
        return
    yield from sorted(path for path in files if path == _DIRECTORY + "global_common.conf"
                      or path.endswith(".res") and path.rpartition("/")[0] + "/" == _DIRECTORY)


def _read(files: "Mapping[str, str]", broken: "Mapping[str, str]", generation: str) -> DrbdFiles:
    reader = Reader(files, broken, generation)
    for path in _mains(files):
        reader.read(path)
    repeated, resources = [], []
    first: "dict[str, DrbdSection]" = {}
    commons = [one for one in reader.sections if one.head[0] == "common"]
    for section in reader.sections:
        kind = section.head[0]
        if kind not in ("global", "common", "resource"):
            continue
        what = " ".join(section.head[:2])
        where = Where(section.source, section.line)
        if what in first:
            repeated.append((what, where, Where(first[what].source, first[what].line)))
            continue
        first[what] = section
        if kind != "resource" or len(section.head) < 2:
            continue
        common = reader.templates.get(section.head[1], commons[0] if commons else None)
        try:
            configuration = drbdconf.configured(section, common)
        except ParseError:
            continue    # the table has it
        inherited = _places(common, {}) if common else {}
        resources.append(DrbdResource(configuration=configuration, where=where, section=section,
                                  places=_places(section, inherited),
                                  meaning=_same(section, configuration)))
    problems = reader.problems or [
        DrbdProblem(where=Where(one.source, line), text=text) for one in reader.sections
        if one.head[0] == "resource"
        for line, text in drbdneeds.missing(one, generation, commons[0] if commons else None)]
    return DrbdFiles(resources=tuple(resources), problems=tuple(problems),
                     repeated=tuple(repeated), checks_ips=not any(
                         one.value("disable-ip-verification") is not None
                         for one in reader.sections if one.head[0] == "global"))


def is_nine(files: "Mapping[str, str]") -> bool:
    """Whether the files have what drbdadm takes for the sign of DRBD 9."""
    reader = Reader(files, {}, "9")
    for path in _mains(files):
        reader.read(path)
    return any(one.head[0] == "resource" and (
        one.named("connection", "connection-mesh") or one.value("template-file") is not None
        or any(host.value("node-id") is not None for host in one.sections))
        for one in reader.sections)


def parse(files: "Mapping[str, str]", broken: "Mapping[str, str] | None" = None,
          generation: "str | None" = None) -> DrbdFiles:
    """What is in DRBD's files.

    :param files: path -> text of DRBD's files
    :param broken: path -> why, of those that cannot be opened
    :param generation: of the DRBD that reads them; None if it is not known: then they must
        be such as one of the generations takes, and of none the one that refuses least counts
    """
    if generation:
        return _read(files, broken or {}, generation)
    found = [_read(files, broken or {}, one) for one in drbdtable.GENERATIONS]
    return min(found, key=lambda one: len(one.problems))
