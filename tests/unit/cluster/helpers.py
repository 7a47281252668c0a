# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the cluster side share: golden files, a host made of dictionaries."""

import os

import paper
from dualstor.errors import ToolHung, ToolMissing
from dualstor.host.deadline import Deadline
from dualstor.host.run import Completed

DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data", "cluster")

#: An answer of a program that does not answer.
HANGS = "hangs"

CMAN_DOWN = (1, "", "cman_tool: Cannot open connection to cman, is it running ?\n")


def golden(name):
    """The text of a golden file."""
    with open(os.path.join(DATA, name), encoding="utf-8") as stream:
        return stream.read()


class PaperHost(paper.PaperHost):
    """A host that is written down.

    ``answers`` maps the beginning of a command line to (returncode, stdout, stderr), to an
    exit code's stdout alone, or to HANGS; the longest beginning counts. ``calls`` lists
    (argv, timeout, environment).
    """

    def __init__(self, answers=(), files=(), links=()):
        super().__init__(Deadline(60.0, lambda: 0.0), files, links)
        self.answers = dict(answers)
        self.calls = []

    def run(self, argv, timeout=None, environment=None):
        argv = tuple(argv)
        self.calls.append((argv, timeout, environment))
        line = " ".join(argv)
        known = [key for key in self.answers if (line + " ").startswith(key + " ")]
        if not known:
            raise ToolMissing(argv, "not found")
        answer = self.answers[max(known, key=len)]
        if answer == HANGS:
            raise ToolHung(argv, "no answer in 5 s")
        code, stdout, stderr = (0, answer, "") if isinstance(answer, str) else answer
        return Completed(argv=argv, returncode=code, stdout=stdout, stderr=stderr)

    @property
    def lines(self):
        """The command lines that were run."""
        return [" ".join(argv) for argv, _, _ in self.calls]
