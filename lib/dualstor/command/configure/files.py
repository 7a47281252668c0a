# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of a node, and how they get there: shown, with a backup, each at once or not at all."""

import difflib
import os
import stat
import time

from dualstor.command.configure.render import cman, corosync, drbd, hosts, lvmconf
from dualstor.errors import DualstorError
from dualstor.record import Record

#: Files that have other things in them, too.
PARTLY = (lvmconf.PATH, hosts.PATH)


class Change(Record):
    """A file that is to be written. ``before`` is None when it is not there yet."""

    path: str
    before: str
    after: str

    @property
    def diff(self):
        """The difference as lines of a unified diff; () when there is none."""
        return tuple(line.rstrip("\n") for line in difflib.unified_diff(
            (self.before or "").splitlines(True), self.after.splitlines(True),
            self.path if self.before is not None else "/dev/null", self.path))


def engine(pair, version=1):
    """(path, text) of the cluster engine's file."""
    if pair.generation.engine == "cman":
        return cman.PATH, cman.render(pair, version)
    return corosync.PATH, corosync.render(pair)


def all_files(pair):
    """{path: text} of a node that has none of them; of PARTLY only the lines that count."""
    found = dict([(drbd.path(pair), drbd.render(pair)), engine(pair),
                  (lvmconf.PATH, lvmconf.render(pair))])
    if pair.generation.engine == "cman":
        found[hosts.PATH] = hosts.render(pair)
    return found


def changes(pair, read):
    """The Changes that make a node's files right, as a tuple; without those that are.

    :param read: function from a path to the file's text, None when it is not there
    :raises ParseError: a file that is there is not understood
    """
    wanted = {drbd.path(pair): drbd.render(pair),
              lvmconf.PATH: lvmconf.merged(read(lvmconf.PATH) or "", pair)}
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


def _sync_folder(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path, text, mode=0o644):
    """Write a file at once or not at all; one that is there keeps its owner and mode.

    :raises DualstorError: it cannot be written; the old one is as it was
    """
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    draft = os.path.join(folder, f".{os.path.basename(path)}.dualstor-{os.getpid()}")
    try:
        os.makedirs(folder, exist_ok=True)
        status = os.stat(path) if os.path.exists(path) else None
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                if status:
                    os.fchown(stream.fileno(), status.st_uid, status.st_gid)
                os.fchmod(stream.fileno(), stat.S_IMODE(status.st_mode) if status else mode)
                os.fsync(stream.fileno())
            os.rename(draft, path)
        except BaseException:
            if os.path.exists(draft):
                os.unlink(draft)
            raise
        _sync_folder(folder)
    except OSError as problem:
        raise DualstorError(f"{path} cannot be written: {problem.strerror or problem}; it is as it "
                            "was")


def backup(path):
    """Copy a file aside; its name then, or None when there is no such file.

    :raises DualstorError: it cannot be copied
    """
    if not os.path.exists(path):
        return None
    aside = f"{path}.dualstor-{time.strftime('%Y%m%dT%H%M%S')}"
    with open(path, encoding="utf-8", errors="surrogateescape") as stream:
        text = stream.read()
    write(aside, text, stat.S_IMODE(os.stat(path).st_mode))
    return aside
