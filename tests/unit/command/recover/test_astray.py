# SPDX-License-Identifier: GPL-2.0-or-later
"""``--winner`` and ``--undo`` typed wrongly, at the wrong time or in the wrong place."""

import pytest

from dualstor.command.codes import ExitStatus
from dualstor.command import console
from dualstor.command.recover import command, healing, parted
from unit.command.recover.test_healing import HEAL, UNDO, Healed
from unit.command.recover.test_parted import quiet
from unit.recover.pair import Killed


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)
    return Healed(tmp_path, monkeypatch)


def taken(case):
    """One that was killed when all was taken, and before it began."""
    def dies(*_):
        raise Killed
    before = healing.deeds.begin
    healing.deeds.begin = dies
    try:
        assert case.type(*HEAL, "--yes")[0] is None
    finally:
        healing.deeds.begin = before
    assert case.cluster.maintained and case.one.kept_off and case.two.kept_off
    assert case.store().journal() is None


# -- what was taken by one that has died -----------------------------------------------------------

def test_what_was_taken_is_lifted_when_the_next_one_is_refused(case):
    taken(case)
    case.two.users["b"] = "qemu"
    quiet(case)
    code, _, err = case.type(*HEAL, "--yes")
    assert code == ExitStatus.ERROR and "vg0/b is open on node2 (qemu)" in err
    case.assert_lifted()


def test_what_was_taken_is_lifted_when_a_person_says_no(case, monkeypatch):
    taken(case)
    monkeypatch.setattr(console.Console, "interactive", True)
    monkeypatch.setattr(console.Console, "confirm", lambda self, question: False)
    code, _, err = case.type(*HEAL)
    assert code == ExitStatus.ERROR and "nothing was changed" in err
    case.assert_lifted()


def test_what_was_taken_is_lifted_when_a_person_interrupts(case, monkeypatch):
    def interrupt(self, question):
        raise KeyboardInterrupt
    taken(case)
    monkeypatch.setattr(console.Console, "interactive", True)
    monkeypatch.setattr(console.Console, "confirm", interrupt)
    code, _, err = case.type(*HEAL)
    assert code == ExitStatus.ERROR and "interrupted from the keyboard" in err
    case.assert_lifted()


def test_what_cannot_be_lifted_is_said(case):
    taken(case)
    case.two.alive = False
    code, _, err = case.type(*HEAL, "--yes")
    assert code == ExitStatus.INCOMPLETE
    assert "node2 does not answer" in err and "agents still keep off on node2" in err
    assert not case.cluster.maintained and not case.one.kept_off
    case.two.alive = True
    assert case.type(*UNDO, "--yes")[0] == ExitStatus.OK
    case.assert_lifted()


# -- names --

@pytest.mark.parametrize("name", ["../r0", "/etc", "r0/../../x", ".", "..", "-x", "r 0", "r0\n"])
def test_a_name_that_no_resource_has_reaches_no_file(case, monkeypatch, name):
    """Even where DRBD cannot be asked which there are."""
    made = []
    monkeypatch.setattr(parted, "store", lambda resource: made.append(resource))
    case.seen = case.seen.but(drbd=command.Silent(says="no answer"))
    for words in (("--winner", "node1"), ("--undo",), ("--plan",)):
        code, _, err = case.type("--peer", "node2", *words, "--", name)
        assert code in (ExitStatus.ERROR, ExitStatus.USAGE), name
        assert "is no name of a DRBD resource" in err
    assert not made
