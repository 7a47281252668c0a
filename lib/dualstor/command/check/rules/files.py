# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are there and cannot be read."""

import errno
import os

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import WARNING, found, rule
from dualstor.command.check.sources.wanted import UNIT_DIRECTORIES
from dualstor.command.check.view.seen import Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView

#: Why only root can read a file, which says nothing against the file.
_FOR_ROOT = (os.strerror(errno.EACCES), os.strerror(errno.EPERM))


@rule("FILES-READABLE", WARNING, "each configuration file can be read",
      why="The program that needs the file fails as well or does without it, and what is in it is "
          "not checked.",
      fix="`ls -l {file}`: put a regular file there, from the other host or a backup, or remove it")
def readable(host: "HostView") -> "Findings":
    hidden = []
    for path, why in sorted(host.tree.unreadable.items()):
        if path.startswith(UNIT_DIRECTORIES):
            continue        # a masked unit is a link to /dev/null
        if why in _FOR_ROOT:
            hidden.append(f"{path}: {why}")
        else:
            yield found(Where(path), f"it cannot be read: {why}")
    if hidden:
        raise Unavailable("; ".join(hidden))
