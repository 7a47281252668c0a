# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the LVM side share: golden files, a host made of dictionaries."""

import os

from dualstor.deadline import Deadline
from dualstor.errors import ToolMissing
from dualstor.host import Host
from dualstor.run import Completed

DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data", "lvm")


def golden(name):
    """The text of a golden file."""
    with open(os.path.join(DATA, name), encoding="utf-8") as stream:
        return stream.read()


class PaperHost(Host):
    """A host that is written down: files, links, device nodes and programs are dictionaries.

    ``programs`` maps a program's name to a function of argv that returns
    (returncode, stdout, stderr) or raises; ``calls`` lists what was run.
    """

    def __init__(self, files=(), links=(), devices=(), programs=(), seconds=60.0):
        super().__init__(Deadline(seconds, lambda: 0.0))
        self.files = dict(files)
        self.links = dict(links)
        self.devices = dict(devices)
        self.programs = dict(programs)
        self.calls = []

    def read(self, name):
        return self.files.get(name)

    def list(self, name):
        inside = name.rstrip("/") + "/"
        names = list(self.files) + list(self.links)
        return tuple(sorted({n[len(inside):].split("/")[0] for n in names
                             if n.startswith(inside)}))

    def link(self, name):
        return self.links.get(name)

    def exists(self, name):
        return name in self.files or name in self.links or bool(self.list(name))

    def device(self, name):
        return self.devices.get(name)

    def recall(self, name):
        return self.read("/run/dualstor/" + name)

    def remember(self, name, text):
        self.files["/run/dualstor/" + name] = text

    def forget(self, name):
        self.files.pop("/run/dualstor/" + name, None)

    def lock(self, name, seconds):
        return open(os.devnull)

    def run(self, argv, timeout=None, environment=None):
        self.calls.append(tuple(argv))
        if argv[0] not in self.programs:
            raise ToolMissing(argv, "not found")
        code, stdout, stderr = self.programs[argv[0]](tuple(argv))
        return Completed(argv=tuple(argv), returncode=code, stdout=stdout, stderr=stderr)
