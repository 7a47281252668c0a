# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the LVM side share: golden files, a host made of dictionaries."""

import os

import paper
from dualstor.host.deadline import Deadline

DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data", "lvm")


def golden(name):
    """The text of a golden file."""
    with open(os.path.join(DATA, name), encoding="utf-8") as stream:
        return stream.read()


class PaperHost(paper.PaperHost):
    """A host that is written down, and whose action has *seconds*."""

    def __init__(self, files=(), links=(), devices=(), programs=(), seconds=60.0):
        super().__init__(Deadline(seconds, lambda: 0.0), files, links, devices, programs)
