# SPDX-License-Identifier: GPL-2.0-or-later
"""``--winner`` and ``--undo`` typed wrongly, at the wrong time or in the wrong place."""

import json
import os
import re

import pytest

from dualstor.command.codes import ExitStatus
from dualstor.command import console
from dualstor.command.recover import command, healing, parted
from dualstor.host.deadline import Deadline
from dualstor.recover.journal import Store
from dualstor.tools import hold
from paper import PaperHost
from unit.command.recover.test_healing import HEAL, UNDO, Healed, begun, document
from unit.command.recover.test_parted import quiet
from unit.recover.pair import FakeSide, Killed


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


@pytest.mark.parametrize("seen", [0, 1])
def test_an_interruption_while_all_is_lifted_does_not_say_that_nothing_was_changed(case, seen):
    admit, left = FakeSide._admit, [seen]

    def interrupt(self, words):
        if left and not left[0]:
            left.clear()
            raise KeyboardInterrupt
        if left:
            left[0] -= 1
        admit(self, words)
    FakeSide._admit = interrupt
    try:
        code, _, err = case.type(*HEAL, "--yes")
        assert code == ExitStatus.INCOMPLETE and "nothing was changed" not in err
        code, out, _ = case.type(*HEAL, "--yes")
    finally:
        FakeSide._admit = admit
    assert code == ExitStatus.OK and "Healed" in out
    case.assert_healed()
    case.assert_lifted()


# -- a journal that is none --

@pytest.mark.parametrize("spoil", [
    lambda text: text[:len(text) // 2], lambda text: "", lambda text: "[]",
    lambda text: text.replace("recover/1", "recover/2"), lambda text: "[" * 100000])
def test_a_journal_that_cannot_be_read(case, spoil):
    """It says what to do, and that works."""
    begun(case)
    path = os.path.join(case.store().path, "journal.json")
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(spoil(text))
    requests = case.pair.requests
    for words in (HEAL, UNDO):
        code, out, err = case.type(*words, "--yes")
        assert code == ExitStatus.ERROR and "journal of a healing of r0 cannot be read" in err
        code, out, _ = case.type(*words, "--yes", "--json")
        told = document(out)
        assert told["result"] == "refused" and code == ExitStatus.ERROR
    assert case.pair.requests == requests
    assert "cannot be read" in case.type("r0", "--peer", "node2")[1] or \
        "not the journal" in case.type("r0", "--peer", "node2")[1]
    old, new = re.findall(r"`mv (\S+) (\S+)`", err)[0]
    os.rename(old, new)
    again = re.findall(r"`dualstor recover ([^`]*)`", err)[0].split()
    code, out, err = case.type(*again, "--yes")
    assert code == ExitStatus.OK, err
    case.assert_lifted()


def test_a_hold_that_cannot_be_read_is_ended_on_the_node_that_was_to_win(case):
    case.seen = case.seen.but(holds=(hold.Hold(resource="r0", begun=True),))
    out = case.type("r0")[1]
    for winner, other in (("node1", "node2"), ("node2", "node1")):
        assert f"{winner}: `dualstor recover r0 --peer {other} --undo`" in out
    assert case.type(*UNDO, "--yes")[0] == ExitStatus.OK
    case.assert_lifted()


def test_what_another_node_has_begun_is_not_undone_here(case):
    """It said that it is undone, and nothing was."""
    case.seen = case.seen.but(holds=(hold.of_healing("r0", "vg0", "node2", "node1"),))
    case.one.kept_off = True
    code, _, err = case.type(*UNDO, "--yes")
    assert code == ExitStatus.ERROR and "it is undone on the node that was to win" in err
    assert case.one.kept_off


# -- two resources at once --

@pytest.mark.parametrize("winner", ["node1", "node2"])
def test_maintenance_mode_stays_for_the_healing_of_another_resource(case, monkeypatch, winner):
    """A link that is lost parts all resources; the first that is healed is not the last."""
    other = Store("r1", case.path)
    other.keep("around.json", (b'{"maintenance": false, "before": "x"}',))
    monkeypatch.setattr(hold, "healings", lambda host: (
        hold.of_healing("r0", "vg0", "node1", "node2"),
        hold.of_healing("r1", "vg1", winner, "node1")))
    monkeypatch.setattr(parted, "store", lambda resource: Store(resource, case.path))
    code, out, _ = case.type(*HEAL, "--yes")
    assert code == ExitStatus.OK and "Healed" in out
    assert case.cluster.maintained and not case.one.kept_off
    assert case.store().text("around.json") is None
    assert "The cluster stays in maintenance mode: r1 is being healed" in out
    assert json.loads(other.text("around.json")) == {"maintenance": winner == "node1",
                                                     "before": "x"}
    assert ("`crm_attribute --name maintenance-mode --delete`" in out) == (winner == "node2")


def test_the_healings_of_a_host():
    place = hold.PLACE
    files = {f"{place}/r{number}/{name}": text for number, name, text in (
        (0, "journal.json", '{"vg": "a", "winner": "x", "loser": "y", "end": "healed"}'),
        (1, "journal.json", '{"vg": "b", "winner": "x", "loser": "y", "end": ""}'),
        (2, "held.json", '{"vg": "c", "winner": "y", "loser": "x"}'), (3, "held.json", "{"))}
    host = PaperHost(Deadline(9), files=files)
    assert [(each.resource, each.groups, each.winner) for each in hold.healings(host)] == [
        ("r1", ("b",), "x"), ("r2", ("c",), "y"), ("r3", (), "")]
    assert hold.healings(PaperHost(Deadline(9))) == ()


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
