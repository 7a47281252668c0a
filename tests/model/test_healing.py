# SPDX-License-Identifier: GPL-2.0-or-later
"""Split brains healed by the real command on the simulated pair, interrupted anywhere."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from dualstor.command.codes import ExitStatus
from dualstor.recover.journal import ALONE, HEALED, UNDONE
from model import invariants, parted
from model.census import Census
from simulator import world

SEQUENCES, STEPS = 30, 30


def test_what_either_side_acknowledged_survives(monkeypatch, deep):
    census = Census()
    monkeypatch.setattr(parted.Healings, "census", census)
    run_state_machine_as_test(parted.Healings, settings=settings(
        max_examples=SEQUENCES * (20 if deep else 1), stateful_step_count=STEPS, print_blob=True))
    print(census.report())
    assert census.sequences >= SEQUENCES
    assert census.healings["survived"] > SEQUENCES / 10
    assert census.healings[HEALED] and census.healings["--winner killed"]


class Story(parted.Healings):
    """One that is told: node1 has written to a, node2 to b, both to c; node1 is to win."""

    def __init__(self, fencing="dont-care", verifies=True):
        super().__init__()
        self.census = Census()
        self.begins(fencing, verifies)
        for name, lv in (("node1", "a"), ("node2", "b"), ("node1", "c"), ("node2", "c")):
            for block in (0, 2, 1023):
                self._write(name, lv, block)

    def heal(self, until=None, kind="kill", node="node1", kill=None):
        """Type it, and interrupt it when a step is said; (exit code, stderr).

        kill: words of a later step at which it is killed, too
        """
        self._begun("node1")
        if until is not None:
            interruption = parted.Interruption(kind, 0, node)
            interruption.until, interruption.then = until, kill
            code, _, err = self._type("node1", *self._words(), interruption=interruption)
        else:
            code, _, err = self._type("node1", *self._words())
        self._seen(code, err)
        self.nothing_is_lost()
        return code, err

    def undo(self):
        code, _, err = self._type("node1", "--undo", "--yes")
        self._seen(code, err)
        return code, err


#: What it says before each of its steps.
STEPS_SAID = ("keep off", "all LVs are deactivated", "devices are held", "cannot be activated",
              "bitmaps are written", "old blocks", "gets what node2", "compared as a whole",
              "becomes Secondary", "no way back", "waits for its peer", "gives up its copy",
              "are compared by DRBD", "no block may differ", "can be activated again",
              "becomes Primary again", "were active before", "have the same again")


@pytest.mark.parametrize("kind", ["kill", "winner", "loser"])
def test_interrupted_at_each_step_it_ends_well(kind):
    for words in STEPS_SAID:
        story = Story()
        code, _ = story.heal(words, kind)
        assert code in (None, ExitStatus.INCOMPLETE, ExitStatus.ERROR), (words, code)
        if not story.ended:
            story.finish()
        story.nothing_is_lost()
        assert story.census.healings["survived"] or story.census.healings[UNDONE] \
            or story.census.healings["refused"], words


def test_with_fencing_a_loser_that_rebooted_is_consistent():
    story = Story("resource-and-stonith")
    story.heal("gets what node2", "loser")
    story.finish()
    assert story.census.healings[UNDONE], "the log has marked a block of a, which node1 has changed"
    each = story.cluster.nodes["node2"].drbd["r0"]
    assert (each.role, each.dstate) == ("Secondary", "Consistent")


def test_a_loser_that_is_gone_forever():
    story = Story()
    assert story.heal("gives up its copy", "loser")[0] == ExitStatus.INCOMPLETE
    assert story._journal().discarding
    code, err = story.undo()
    assert code == ExitStatus.INCOMPLETE and "agents still keep off on node2" in err
    journal = story._journal()
    assert journal.end == ALONE
    found = invariants.of_volumes(story.group, story.cluster.nodes["node1"].disks["r0"])
    for (name, lv, block), text in story.written.items():
        if name == "node1" or lv == "b":
            assert found[lv, block] == text
    assert not story.cluster.maintenance
    assert not invariants.held(story.cluster.nodes["node1"])
    assert "vg0-b" in story.cluster.nodes["node1"].mappings
    node = story.cluster.nodes["node2"]
    world.boot(story.cluster, node)
    world.start_cluster(story.cluster, node)
    assert story.undo()[0] == ExitStatus.OK


def test_a_winner_that_rebooted_needs_no_locks_to_end_it():
    story = Story()
    assert story.heal("were active before", "winner")[0] is None
    story.finish()
    assert story.census.healings["survived"] and not story.cluster.nodes["node1"].mappings


def test_a_winner_that_rebooted_compares_without_verify_alg():
    """LVM says where the LVs are: of a Secondary it sees nothing."""
    story = Story(verifies=False)
    assert story.heal("are compared by DRBD", "winner")[0] is None
    story.finish()
    assert story.census.healings["survived"]


@pytest.mark.parametrize("undone", [False, True])
def test_a_lock_of_somebody_who_came_too_late_is_given_back(undone):
    """lvchange on the loser, whose devices are held, fails and leaves LVM's lock of the LV there."""
    story = Story()
    story.heal("gets what node2", "lock", "node2", kill="compared as a whole" if undone else None)
    assert undone or story.census.healings["survived"]
    if undone:
        assert story.cluster.nodes["node2"].locks["vg0/b"] == "ex"
        assert story.undo()[0] == ExitStatus.OK
    assert {node.locks.get("vg0/b") for node in story.cluster.nodes.values()} == {"sh"}
