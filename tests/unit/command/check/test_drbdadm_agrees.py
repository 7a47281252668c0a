# SPDX-License-Identifier: GPL-2.0-or-later
"""What drbdadm refuses is a finding, what it accepts is none: its own verdicts decide.

tests/data/check/drbdadm has configurations of DRBD 8.3, 8.4 and 9 with one line changed, and
whether the real drbdadm refused them.
"""

import json
import os

import pytest

from dualstor.command.check.rules import rules
from dualstor.command.check.sources.tree import Tree
from dualstor.command.check.view.host import HostView
from dualstor.command.check.view.seen import Unavailable

from . import trees

DATA = os.path.join(trees.DATA, "drbdadm")
LOADED = {"9": "9.2.0", "8.4": "8.4.11", "8.3": "8.3.16"}
RULES = {rule.id: rule for rule in rules()}
OF_FILES = ("DRBD-SYNTAX", "DRBD-TWICE", "DRBD-DEVICE", "DRBD-FILE-VERSION")
ADDRESSES = "1: a inet 10.0.0.1/24 b\n2: c inet6 fd00::1/64 d\n"


def text(name):
    """The text of a file of the recording."""
    with open(os.path.join(DATA, name), encoding="utf-8") as stream:
        return stream.read()


def host(generation, *files, **commands):
    """The HostView of node1 with these texts as drbd.conf and further files."""
    names = ["/etc/drbd.conf"] + [f"/etc/drbd.d/{number}.res" for number in range(len(files) - 1)]
    said = {"ip-addr": ADDRESSES, **commands}
    return HostView(Tree(
        name="node1", source="test", unreadable={}, paths={}, aliases={}, programs={}, silent={},
        files={"/proc/drbd": f"version: {LOADED[generation]} (api:1)\n", **dict(zip(names, files))},
        commands={name: {"argv": name, "stdout": out, "stderr": "", "returncode": 0}
                  for name, out in said.items()}))


def findings(view, *identifiers):
    """[(rule, line, text)] of the rules that are about files, or of these."""
    found = []
    for identifier in identifiers or OF_FILES:
        try:
            found += [(identifier, one.where.line, one.text)
                      for one in RULES[identifier].check(view)]
        except Unavailable:
            continue
    return found


@pytest.mark.parametrize("generation", sorted(LOADED))
def test_what_is_accepted_has_no_finding(generation):
    assert findings(host(generation, text(generation + ".conf"))) == []


@pytest.mark.parametrize("generation, number, line, refused", [
    pytest.param(generation, *row, id=f"{generation}:{row[0]}:{row[1][:60]}")
    for generation in sorted(LOADED) for row in json.loads(text(generation + ".json"))])
def test_a_changed_line_is_judged_as_drbdadm_does(generation, number, line, refused):
    lines = text(generation + ".conf").split("\n")
    view = host(generation, "\n".join(lines[:number - 1] + [line] + lines[number:]))
    found = findings(view)
    if refused:
        assert found, "drbdadm refuses it"
    else:
        late = [one.text for one in view.drbd_files.problems if not one.by_drbdadm]
        assert [one for one in found if one[2] not in late] == [], "drbdadm accepts it"
