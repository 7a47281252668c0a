# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/concepts.md says what the agents, configure and the runs say."""

import json
import os
import re

from dualstor import fencepeer
from dualstor.agents.catalogue import interface
from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG
from dualstor.command.configure import pacemaker
from unit.docs import markdown

PAGE = markdown.read("docs/concepts.md")


def test_the_stall_is_the_one_that_was_measured():
    figures = json.loads(markdown.read("docs/bench/lab-operations.json"))
    (seconds,) = figures["dualstor"]["stall after a crash"]
    assert re.search(rf"stall for {seconds:.1f} s\s\(", PAGE)


def test_names_are_those_of_the_source():
    assert os.path.basename(fencepeer.PROGRAM) in PAGE and EXCLUSIVE_TAG in PAGE
    properties = dict(pacemaker._PROPERTIES)
    assert "no-quorum-policy=" + properties["no-quorum-policy"] in PAGE
    assert "require_fencing" in {p.name for p in interface("drbd-dualprimary").parameters}


def test_every_locking_type_has_a_row():
    assert [row[0] for row in markdown.rows(PAGE, "### LVM 2.02: locking_type")] == list("01234")
