# SPDX-License-Identifier: GPL-2.0-or-later
"""SELinux and our handler: whether the module is loaded, as the kernel lists it; the module."""

import os
import re

import pytest

from dualstor import fencepeer
from dualstor.agents.drbd_dualprimary.agent import DrbdDualPrimary
from dualstor.kernel import selinux
from sourcetree import TREE
from unit.cluster.helpers import PaperHost

SOURCE = os.path.join(TREE, "packaging", "selinux", "dualstor.")


@pytest.mark.parametrize("files, confined", [
    ({}, False), ({selinux.ENFORCE: "0"}, False), ({selinux.ENFORCE: "1"}, True),
    ({selinux.ENFORCE: "1", selinux.MODULE: "1 1"}, False),
    ({selinux.ENFORCE: "1", selinux.MODULE: "0 0"}, False)])    # somebody has switched it off
def test_it_confines_the_handler_where_it_is_enforced_without_our_module(files, confined):
    host = PaperHost({}, files)
    assert selinux.confines(host) is confined
    agent = DrbdDualPrimary.__new__(DrbdDualPrimary)
    agent.host = host
    assert agent.see_confined() is confined


def text(ending):
    with open(SOURCE + ending, encoding="ascii") as stream:
        return stream.read()


def test_the_module_has_the_boolean_and_the_file_that_are_looked_for():
    booleans = re.findall(r"^bool (\w+) (\w+);", text("te"), re.MULTILINE)
    assert booleans == [(os.path.basename(selinux.MODULE), "true")]
    (path, kind, context), = [line.split() for line in text("fc").splitlines()]
    assert (path, kind) == (fencepeer.PROGRAM, "--")
    label = context.split(":")[2]
    assert f"type_transition drbd_t {label}:process cluster_t;" in text("te")
