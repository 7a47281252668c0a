# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the LVM side share: golden files, a host made of dictionaries."""

import os

import paper
from dualstor.errors import ToolMissing
from dualstor.host.deadline import Deadline
from dualstor.host.run import Completed

DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data", "lvm")


def golden(name):
    """The text of a golden file."""
    with open(os.path.join(DATA, name), encoding="utf-8") as stream:
        return stream.read()


class PaperHost(paper.PaperHost):
    """A host that is written down: files, links, device nodes and programs are dictionaries.

    ``programs`` maps a program's name to a function of argv that returns
    (returncode, stdout, stderr) or raises; ``calls`` lists what was run.
    """

    def __init__(self, files=(), links=(), devices=(), programs=(), seconds=60.0):
        super().__init__(Deadline(seconds, lambda: 0.0), files, links, devices)
        self.programs = dict(programs)
        self.calls = []

    def run(self, argv, timeout=None, environment=None):
        self.calls.append(tuple(argv))
        if argv[0] not in self.programs:
            raise ToolMissing(argv, "not found")
        code, stdout, stderr = self.programs[argv[0]](tuple(argv))
        return Completed(argv=tuple(argv), returncode=code, stdout=stdout, stderr=stderr)
