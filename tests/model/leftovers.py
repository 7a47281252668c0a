# SPDX-License-Identifier: GPL-2.0-or-later
"""I9: what an action may not leave behind: processes, open files, drafts."""

import os
import re

from dualstor.host.memory import STATE_DIR

_DRAFT = re.compile(r"^~")


def programs(lab):
    """Pids of the simulated programs of a path.Lab that run: their command line names it."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/cmdline" % name, "rb") as stream:
                    words = stream.read().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            if any(word.startswith(lab.folder + "/node") and "/bin/" in word for word in words):
                found.append(int(name))
    return found


def drafts(lab):
    """Names of files that an agent began to write below the nodes' /run/dualstor."""
    found = []
    for node in ("node1", "node2"):
        folder = os.path.join(lab.folder, node, "root") + STATE_DIR
        if os.path.isdir(folder):
            found += [name for name in os.listdir(folder) if _DRAFT.search(name)]
    return found


class Leftovers:
    """Remembers what there was; ``check`` raises AssertionError for what came."""

    def __init__(self, lab):
        self._lab = lab
        self._files = set(os.listdir("/proc/self/fd"))

    def check(self):
        """Nothing is left of the actions since."""
        assert programs(self._lab) == [], "processes are left"
        assert set(os.listdir("/proc/self/fd")) == self._files, "files are left open"
        assert drafts(self._lab) == [], "drafts are left"
