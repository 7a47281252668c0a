# SPDX-License-Identifier: GPL-2.0-or-later
"""Output of commands: from running them here, or as a copied tree has it."""

import os

from dualstor.command.check.sources import local, wanted
from dualstor.errors import DualstorError
from dualstor.host.deadline import QUERY
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Sequence

    from dualstor.command.check.sources.tree import Answer
    from dualstor.host.host import Host

#: The directory of a copied tree that has the output of commands.
RECORDED = "/dualstor-commands"
_DUMP = "lockdump-"


def _command_lines(host: "Host") -> "list[list[str]]":
    """The command lines of the processes in /proc."""
    found = []
    for pid in host.list("/proc"):
        if whole(pid) is not None:
            try:
                found.append((host.read(f"/proc/{pid}/cmdline") or "").rstrip("\0").split("\0"))
            except OSError:
                continue
    return found


def _daemons(host: "Host") -> str:
    """The command lines of those wanted.DAEMONS that run, one per line."""
    known = local.command_lines()
    lines = [" ".join(words).strip() for words in (_command_lines(host) if known is None else known)
             if os.path.basename(words[0]) in wanted.DAEMONS]
    return "\n".join(sorted(lines))


class Answers:
    """Output of commands: ``commands`` and ``silent`` as in a Tree."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self.commands: "dict[str, Answer]" = {}
        self.silent: "dict[str, str]" = {}

    def ask(self, name: str, argv: "tuple[str, ...]") -> None:
        """Get the output of one."""
        raise NotImplementedError

    def lockspaces(self) -> "Sequence[str]":
        """The names of dlm's lockspaces."""
        raise NotImplementedError

    def local(self) -> None:
        """Get the running daemons, interfaces and sockets, as if commands had listed them."""
        raise NotImplementedError


class Live(Answers):
    """Output of commands, from running them."""

    def ask(self, name: str, argv: "tuple[str, ...]") -> None:
        try:
            done = self._host.run(argv, QUERY, wanted.ENVIRONMENT.get(argv[0]))
        except DualstorError as problem:
            self.silent[name] = str(problem)
            return
        self.commands[name] = {"argv": " ".join(argv), "returncode": done.returncode,
                               "stdout": done.stdout, "stderr": done.stderr}

    def lockspaces(self) -> "Sequence[str]":
        return self._host.list("/sys/kernel/dlm")

    def local(self) -> None:
        for name, argv, text in (("daemons", wanted.LOCAL["daemons"], _daemons(self._host)),
                                 ("interfaces", wanted.LOCAL["interfaces"], local.interfaces()),
                                 ("sockets", wanted.LOCAL["sockets"], local.sockets())):
            if text is None:
                self.silent[name] = f"{name}: {local.LACKING}"
            else:
                self.commands[name] = {"argv": argv, "returncode": 0, "stderr": "", "stdout": text}


class Recorded(Answers):
    """Output of commands, as a copied tree has it."""

    def ask(self, name: str, argv: "tuple[str, ...]") -> None:
        stem = f"{RECORDED}/{name}"
        try:
            out, err = self._host.read(stem + ".out"), self._host.read(stem + ".err")
            code = whole((self._host.read(stem + ".rc") or "0").strip(), signed=True)
        except OSError as problem:
            self.silent[name] = f"{stem}: {problem.strerror}"
            return
        if out is None and err is None:
            self.silent[name] = f"no {stem}.out in the tree"
            return
        self.commands[name] = {"argv": " ".join(argv), "stdout": out or "", "stderr": err or "",
                               "returncode": 1 if code is None else code}

    def lockspaces(self) -> "Sequence[str]":
        names = [name.partition(".")[0] for name in self._host.list(RECORDED)]
        return sorted({name[len(_DUMP):] for name in names if name.startswith(_DUMP)})

    def local(self) -> None:
        for name, argv in wanted.LOCAL.items():
            self.ask(name, (argv,))
