# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers of commands: from running them here, or as a copied tree holds them."""

import os

from dualstor.command.check.sources import wanted
from dualstor.errors import DualstorError
from dualstor.record import whole

#: Seconds for one command.
COMMAND_SECONDS = 5.0

#: The folder of a copied tree that holds answers of commands.
RECORDED = "/dualstor-commands"
_DUMP = "lockdump-"


def _daemons(host):
    """The command lines of wanted.DAEMONS that run, one a line."""
    lines = []
    for pid in host.list("/proc"):
        if whole(pid) is not None:
            try:
                words = (host.read(f"/proc/{pid}/cmdline") or "").split("\0")
            except OSError:
                continue
            if os.path.basename(words[0]) in wanted.DAEMONS:
                lines.append(" ".join(words).strip())
    return "\n".join(sorted(lines))


class Live:
    """Answers of commands, from running them."""

    def __init__(self, host):
        self._host = host
        self.commands, self.silent = {}, {}

    def ask(self, name, argv):
        """Run one and keep what it said."""
        try:
            done = self._host.run(argv, COMMAND_SECONDS)
        except DualstorError as problem:
            self.silent[name] = str(problem)
            return
        self.commands[name] = {"argv": " ".join(argv), "returncode": done.returncode,
                               "stdout": done.stdout, "stderr": done.stderr}

    def lockspaces(self):
        """The names of dlm's lockspaces."""
        return self._host.list("/sys/kernel/dlm")

    def daemons(self):
        """The daemons that run, as if a command had listed them."""
        self.commands["daemons"] = {"argv": "/proc/PID/cmdline", "returncode": 0, "stderr": "",
                                    "stdout": _daemons(self._host)}


class Recorded:
    """Answers of commands, as a copied tree holds them."""

    def __init__(self, host):
        self._host = host
        self.commands, self.silent = {}, {}

    def ask(self, name, argv):
        """Look for what was recorded of one."""
        folder = RECORDED + "/" + name
        try:
            out, err = self._host.read(folder + ".out"), self._host.read(folder + ".err")
            code = (self._host.read(folder + ".rc") or "0").strip()
        except OSError as problem:
            out, err, code = None, None, "0"
            self.silent[name] = f"{folder}: {problem.strerror}"
        if out is None and err is None:
            self.silent.setdefault(name, f"no {folder}.out in the tree")
            return
        self.commands[name] = {
            "argv": " ".join(argv), "stdout": out or "", "stderr": err or "",
            "returncode": 1 if whole(code, signed=True) is None else whole(code, signed=True)}

    def lockspaces(self):
        """The names of the lockspaces that were recorded."""
        names = [name.partition(".")[0] for name in self._host.list(RECORDED)]
        return sorted({name[len(_DUMP):] for name in names if name.startswith(_DUMP)})

    def daemons(self):
        """The daemons that ran."""
        self.ask("daemons", ("/proc/PID/cmdline",))
