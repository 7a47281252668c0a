# SPDX-License-Identifier: GPL-2.0-or-later
"""systemd's units of a host: their settings, what is enabled, and in which order they stop.

Sources: systemd.unit(5), systemd.syntax(7). A unit stops after what it has to start before. Orders
that systemd adds by itself are left out: none of them is between the units that are read here, as
blk-availability.service has no default dependencies.
"""

import posixpath

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.sources import wanted
from dualstor.command.check.view.seen import Irrelevant
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator, Protocol  # novm

    from dualstor.command.check.sources.tree import Tree

    class Source(Protocol):
        """What has the files of a host."""

        tree: Tree

PACEMAKER = "pacemaker.service"
_WANTS = (".wants/", ".requires/")


class Setting(Record):
    """A line of a unit's file; ``section`` and ``name`` as they are written."""

    section: str
    name: str
    value: str
    where: Where


def parse(text: str, path: str) -> "Iterator[Setting]":
    """The Settings of a unit's file; lines that are none are left out, as systemd does."""
    section, joined, began = "", "", 0
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if bare.startswith(("#", ";")):
            continue        # also between lines that are joined
        began = began if joined else number
        if bare.endswith("\\"):
            joined += bare[:-1] + " "
            continue
        bare, joined = (joined + bare).strip(), ""
        if bare.startswith("[") and bare.endswith("]"):
            section = bare[1:-1]
        elif "=" in bare:
            name, _, value = bare.partition("=")
            yield Setting(section=section, name=name.strip(), value=value.strip(),
                          where=Where(path, began))


class Units:
    """The units of a host.

    :param host: whose tree has them
    """

    def __init__(self, host: "Source") -> None:
        self._tree = host.tree

    def _paths(self, unit: str) -> "list[str]":
        """The file of a unit and its drop-ins, in the order in which they are read."""
        files = self._tree.files
        own = [f"{directory}/{unit}" for directory in wanted.UNIT_DIRECTORIES
               if f"{directory}/{unit}" in files][:1]
        drop_ins: "dict[str, str]" = {}
        for directory in wanted.UNIT_DIRECTORIES:
            prefix = f"{directory}/{unit}.d/"
            for path in files:
                if path.startswith(prefix):
                    drop_ins.setdefault(posixpath.basename(path), path)
        return own + [path for _, path in sorted(drop_ins.items())]

    def there(self, unit: str) -> bool:
        """Whether the unit has a file of its own."""
        return any(f"{directory}/{unit}" in self._tree.files
                   for directory in wanted.UNIT_DIRECTORIES)

    def masked(self, unit: str) -> bool:
        """Whether the unit is a link to nothing that is a file: to /dev/null."""
        return f"{wanted.UNIT_DIRECTORIES[0]}/{unit}" in self._tree.unreadable

    def settings(self, unit: str, section: str, name: str) -> "list[Setting]":
        """The Settings of a unit that count; an empty value takes back the earlier ones."""
        found: "list[Setting]" = []
        for path in self._paths(unit):
            for each in parse(self._tree.files[path], path):
                if (each.section, each.name) == (section, name):
                    found = found + [each] if each.value else []
        return found

    def last(self, unit: str, section: str, name: str) -> "Setting | None":
        """The Setting of a unit that counts, of those that have one value."""
        found = self.settings(unit, section, name)
        return found[-1] if found else None

    def _named(self, unit: str, name: str) -> "set[str]":
        return {word for each in self.settings(unit, "Unit", name) for word in each.value.split()}

    def after(self, unit: str) -> "set[str]":
        """The units before which *unit* stops, directly or by way of others that were read."""
        before: "dict[str, set[str]]" = {}
        for other in wanted.UNITS:
            for later in self._named(other, "Before"):
                before.setdefault(later, set()).add(other)
        found: "set[str]" = set()
        waiting = [unit]
        while waiting:
            each = waiting.pop()
            for earlier in (self._named(each, "After") | before.get(each, set())) - found:
                found.add(earlier)
                waiting.append(earlier)
        return found - {unit}

    @property
    def enabled(self) -> "dict[str, Where]":
        """{unit: the link that starts it at boot} of those that are looked for."""
        return {posixpath.basename(path): Where(path) for path, kind in self._tree.paths.items()
                if kind == "link" and any(word in path for word in _WANTS)}

    def need(self) -> Where:
        """Where Pacemaker's unit is.

        :raises Irrelevant: there is none: no systemd, or it is not in the tree
        """
        paths = self._paths(PACEMAKER)
        if not self.there(PACEMAKER):
            raise Irrelevant()
        return Where(paths[0])

    def manager(self, name: str) -> "Setting | None":
        """The Setting of systemd itself (systemd-system.conf(5)) that counts; None: its default."""
        found = None
        for path in wanted.in_order(self._tree.files, "/etc/systemd/system.conf"):
            for each in parse(self._tree.files[path], path):
                if (each.section, each.name) == ("Manager", name):
                    found = each
        return found
