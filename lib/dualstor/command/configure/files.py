# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of a node, and how they get there: with a diff, a backup, and atomically."""

import difflib
import os
import stat
import time

from dualstor.command.atomic import write
from dualstor.command.configure.render import cman, corosync, drbd, hosts, lvmconf
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable

    from dualstor.command.configure.model import Pair

#: Files that also have other contents.
PARTLY = (lvmconf.PATH, hosts.PATH)


class Change(Record):
    """A file that is to be written. ``before`` is None when it does not exist yet."""

    path: str
    before: "str | None"
    after: str

    @property
    def diff(self) -> "tuple[str, ...]":
        """The difference as lines of a unified diff; () when there is none."""
        return tuple(line.rstrip("\n") for line in difflib.unified_diff(
            (self.before or "").splitlines(True), self.after.splitlines(True),
            self.path if self.before is not None else "/dev/null", self.path))


def engine(pair: "Pair", version: int = 1) -> "tuple[str, str]":
    """(path, text) of the cluster engine's file."""
    if pair.generation.engine == "cman":
        return cman.PATH, cman.render(pair, version)
    return corosync.PATH, corosync.render(pair)


def all_files(pair: "Pair") -> "dict[str, str]":
    """{path: text} for a node that has none of them; of PARTLY only our lines."""
    found = dict([*drbd.files(pair).items(), engine(pair),
                  (lvmconf.PATH, lvmconf.render(pair))])
    if pair.generation.engine == "cman":
        found[hosts.PATH] = hosts.render(pair)
    return found


def changes(pair: "Pair", read: "Callable[[str], str | None]") -> "tuple[Change, ...]":
    """The Changes that a node's files need; none for a file that is right.

    :param read: function from a path to the file's text, None when there is no such file
    :raises ParseError: a file is not understood
    """
    wanted = dict(drbd.files(pair))
    wanted[lvmconf.PATH] = lvmconf.merged(read(lvmconf.PATH) or "", pair)
    if pair.generation.engine == "cman":
        wanted[hosts.PATH] = hosts.merged(read(hosts.PATH) or "", pair)
    path, text = engine(pair)
    there = read(path)
    if there is not None and there != text and path == cman.PATH:
        version = cman.version(there)
        same = cman.render(pair, version)
        text = same if there == same else cman.render(pair, version + 1)
    wanted[path] = text
    found = [Change(path=path, before=read(path), after=text)
             for path, text in sorted(wanted.items())]
    return tuple(change for change in found if change.before != change.after)


def backup(path: str) -> "str | None":
    """Make a backup of a file.

    :returns: the backup's path; None when there is no such file
    :raises DualstorError: it cannot be copied
    """
    if not os.path.exists(path):
        return None
    aside = f"{path}.dualstor-{time.strftime('%Y%m%dT%H%M%S')}"
    with open(path, encoding="utf-8", errors="surrogateescape") as stream:
        text = stream.read()
    write(aside, text, stat.S_IMODE(os.stat(path).st_mode))
    return aside
