# SPDX-License-Identifier: GPL-2.0-or-later
"""A host that is written down: its files are dictionaries, for tests of one part."""

import os

from dualstor.errors import ToolMissing
from dualstor.host.host import Host
from dualstor.host.memory import STATE_DIR, file_name
from dualstor.host.run import Completed


def kept(*name):
    """The path of what is kept under *name*."""
    return f"{STATE_DIR}/{file_name(*name)}"


class PaperHost(Host):
    """Files, links and device nodes are dictionaries by path.

    :param deadline: Deadline
    :param programs: {name: function of argv that returns (exit code, stdout, stderr) or raises};
        ``calls`` lists what was run
    """

    def __init__(self, deadline, files=(), links=(), devices=(), programs=()):
        super().__init__(deadline)
        self.files, self.links, self.devices = dict(files), dict(links), dict(devices)
        self.programs, self.calls = dict(programs), []

    def run(self, argv, timeout=None, environment=None):
        argv = tuple(argv)
        self.calls.append(argv)
        if argv[0] not in self.programs:
            raise ToolMissing(argv, "not found")
        code, stdout, stderr = self.programs[argv[0]](argv)
        return Completed(argv=argv, returncode=code, stdout=stdout, stderr=stderr)

    def read(self, name):
        return self.files.get(name)

    def records(self, name):
        text = self.files.get(name)
        return None if text is None else tuple(text.splitlines())

    def list(self, name):
        inside = name.rstrip("/") + "/"
        return tuple(sorted({n[len(inside):].split("/")[0]
                             for n in list(self.files) + list(self.links)
                             if n.startswith(inside)}))

    def link(self, name):
        return self.links.get(name)

    def identity(self, name):
        there = name in self.files or name in self.links or bool(self.list(name))
        return "there" if there else None

    def device(self, name):
        return self.devices.get(name)

    def recall(self, *name):
        return self.read(kept(*name))

    def remember(self, text, *name):
        self.files[kept(*name)] = text

    def forget(self, *name):
        self.files.pop(kept(*name), None)

    def lock(self, name, seconds):
        return open(os.devnull, encoding="ascii")
