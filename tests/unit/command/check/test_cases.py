# SPDX-License-Identifier: GPL-2.0-or-later
"""Real configurations with one thing wrong, or none: what is found is exactly what is there.

Each folder of tests/data/check/cases holds the trees of one or two hosts, often a CIB, and
``expect.json``: ``arguments`` of ``dualstor check`` in that folder, ``right``, a sentence that
says what is wrong and by which source, and ``findings``, a list of [rule, where], complete.
"""

import json
import os

import pytest

from dualstor.command.check.judge import BROKEN, judge
from dualstor.command.check.sources import collect
from dualstor.command.check.view.cluster import ClusterView

from . import trees

CASES = os.path.join(trees.DATA, "cases")
NAMES = sorted(os.listdir(CASES))


def expected(name):
    """The contents of a case's ``expect.json``."""
    with open(os.path.join(CASES, name, "expect.json"), encoding="utf-8") as stream:
        return json.load(stream)


def looked_at(name):
    """The Verdict on a case, as its arguments ask for it."""
    arguments = expected(name)["arguments"]
    named = list(zip(arguments[::2], arguments[1::2]))
    folder = os.path.join(CASES, name)
    roots = [os.path.join(folder, value) for option, value in named if option == "--root"]
    cib = None
    for value in (value for option, value in named if option == "--cib"):
        with open(os.path.join(folder, value), encoding="utf-8") as stream:
            cib = (stream.read(), value)
    return judge(ClusterView([collect.copied(root) for root in roots], cib, None, []))


def found(verdict):
    """[[rule, where]] of a Verdict, sorted."""
    return sorted([one.rule.id, str(one.where)] for one in verdict.findings)


@pytest.mark.parametrize("name", NAMES)
def test_a_case_has_the_findings_that_it_must_have(name):
    verdict = looked_at(name)
    wanted = expected(name)["findings"]
    assert wanted is not None, "not written down"
    assert found(verdict) == sorted(wanted)
    assert not [one for one in verdict.unseen if one.reason.startswith(BROKEN)]
