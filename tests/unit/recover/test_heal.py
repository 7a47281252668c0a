# SPDX-License-Identifier: GPL-2.0-or-later
"""A split brain healed without loss, interrupted after every single request in every way."""

import pytest

from dualstor.errors import DualstorError
from dualstor.recover import deeds, differ, heal
from dualstor.recover.journal import ALONE, HEALED, UNDONE, Store, from_json
from dualstor.recover.side import Failed, Unreachable
from unit.recover import pair as pairs
from unit.recover.pair import Killed, Pair, text
from unit.recover.sides import TOTAL


class Case:
    """node1 wrote to a and c, node2 to b and c; node1 is to win, and something writes on."""

    LVS, VOLUMES = None, 1

    def __init__(self, path, keep_both=False):
        self.pair = Pair(self.LVS, self.VOLUMES)
        self.path, self.keep_both = str(path), keep_both
        self.one, self.two = self.pair.nodes.values()
        self.pair.part()
        self.acked = {}
        for node, lv, block in ((self.one, "a", 0), (self.one, "a", 15), (self.one, "c", 2),
                                (self.two, "b", 3), (self.two, "b", 4), (self.two, "c", 2),
                                (self.two, "c", 23), (self.two, "b", 11)):
            self.write(node, lv, block, f"{node.name} {lv} {block}")
        self.before = bytes(self.one.disk), bytes(self.two.disk)
        self.count = 0
        self.pair.meanwhile = self.user

    def write(self, node, lv, block, what):
        assert lv in node.active
        node.put(node.place(lv, block), text(what))
        self.acked[node.name, lv, block] = what

    def user(self):
        """A user of the winner that never stops."""
        if self.one.alive and "a" in self.one.active and self.one.role == "Primary":
            self.count += 1
            self.write(self.one, "a", 1 + self.count % 7, f"user {self.count}")

    def store(self):
        return Store("r0", self.path)

    def session(self):
        """The sides of a new process: no session is left that holds anything."""
        self.one.held = self.two.held = False
        return pairs.FakeSide(self.one), pairs.FakeSide(self.two)

    def plan(self):
        one, two = self.session()
        deeds.flush_both(one, two, lambda _: None)
        looks = one.look(), two.look()
        back = deeds.put_back(self.store(), one, one.layout(), looks[0])
        mine = deeds.seen(one, looks[0], "r0", put_back=back)
        theirs = deeds.seen(two, looks[1], "r0")
        return differ.compare(mine, theirs, deeds.same_content(one, two, mine, theirs))

    def begin(self):
        one, two = self.session()
        found = self.plan()
        return deeds.begin(self.store(), one, two, "r0", "vg0", found,
                           differ.choose(found, "node1", "vg0", {}), self.keep_both)

    def run(self, steps=None):
        healing = deeds.Healing(self.store(), *self.session(), sleep=lambda _: None,
                                tell=None if steps is None else steps.append)
        return healing.run(patience=60)

    def resume(self):
        """Boot what is off, and run it again until it has ended."""
        for _ in range(12):
            for node in self.pair.nodes.values():
                node.alive = True
            for node in (self.one,):
                if not node.up and self.store().journal().discarding:
                    node.cstate = "WFConnection"
                elif not node.up:       # somebody has made it Primary
                    node.cstate, node.role = "StandAlone", "Primary"
                    node.active = set(node.lvs) - node.guarded
            try:
                outcome = self.run()
            except DualstorError as problem:
                outcome = problem
                continue
            if outcome.how:
                return outcome
        raise AssertionError(f"it does not come to an end: {outcome!r}")

    # -- what must be so in the end -----------------------------------------------------------

    def assert_healed(self):
        """After what DRBD does by itself when one has died in the last moment."""
        for _ in range(5):
            for node in self.pair.nodes.values():
                if not node.up:
                    node.cstate = "WFConnection"
            self.pair.proceed()
        assert self.one.disk == self.two.disk
        assert self.one.cstate == self.two.cstate == "Connected"
        for (node, lv, block), what in self.acked.items():
            if lv in "ab" or node == "node1":
                assert self.one.get(lv, block) == text(what), (node, lv, block)
        journal = self.store().journal()
        assert journal.end == HEALED and not self.one.guarded and not self.one.held
        theirs = {volume * TOTAL * 4096 + offset + at: data[at:at + 4096]
                  for volume in range(self.VOLUMES)
                  for offset, data in self.store().blocks(f"blocks-node2-{volume}")
                  for at in range(0, len(data), 4096)}
        for (node, lv, block), what in self.acked.items():
            if node == "node2":
                assert theirs[self.two.place(lv, block) * 4096] == text(what)
        for node in (self.one, self.two):
            assert node.boots > 1 or node.role == "Primary" and node.active >= set("abcd")
        if self.keep_both:
            assert self.one.get("c.node2", 2) == text("node2 c 2")
            assert self.one.get("c.node2", 23) == text("node2 c 23")
            base = self.before[1]
            place = self.two.place("c", 5) * 4096
            assert self.one.get("c.node2", 5) == base[place:place + 4096]

    def assert_undone(self):
        """Only what the user of the winner wrote is different."""
        mine = bytearray(self.before[0])
        for (node, lv, block), what in self.acked.items():
            if node == "node1":
                place = self.one.place(lv, block) * 4096
                mine[place:place + 4096] = text(what)
        for volume in range(self.VOLUMES):      # LVs that keep_both has made are free space again
            used = slice(volume * TOTAL * 4096, (volume * TOTAL + 16 + 8 * 8) * 4096)
            assert self.one.disk[used] == mine[used]
        assert self.two.disk == self.before[1]
        assert not self.one.guarded and set(self.one.lvs) == set("abcd")
        assert self.store().journal().end == UNDONE
        assert self.one.active >= set("abcd") or self.one.boots > 1


@pytest.fixture(autouse=True)
def no_disk_is_waited_for(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture(params=[False, True], ids=["", "keep both"])
def case(request, tmp_path):
    return Case(tmp_path, request.param)


def test_without_trouble(case):
    journal = case.begin()
    assert journal.named(journal.carried) == ("b",) and journal.named(journal.lost) == ("c",)
    before = case.count
    steps = []
    assert case.run(steps) == deeds.Outcome(how=HEALED)
    case.assert_healed()
    assert case.count > before + 20, "the winner's user never stopped"
    names = [step.step for step in steps if isinstance(step, heal.Do)]
    assert names == ["quiet loser", "quiet winner", "hold", "guard", "dump", "keep", "copy",
                     "compare"] + ["beside"] * case.keep_both + [
        "yield", "commit", "answer", "discard", "verify", "checked", "unguard", "return",
        "reactivate", "reactivate", "finish"]
    assert set(names) - {"unguard", "reactivate"} <= set(heal.WORDS)
    assert case.run() == deeds.Outcome(how=HEALED), "it is finished"


def spans(case):
    """How many requests a healing has."""
    case.begin()
    before = case.pair.requests
    case.run()
    return (case.pair.requests - before) * 2


def interrupted(tmp_path, blow, keep_both=False, every=1, kind=Case):
    """A Case for each point of a healing at which *blow* interrupts it, or for some of them."""
    total = spans(kind(tmp_path / "whole", keep_both))
    assert total > 80
    for point in range(0, total, every):
        case = kind(tmp_path / f"{point}", keep_both)
        case.begin()
        case.pair.fuse, case.pair.blow = point, lambda case=case: blow(case)
        try:
            case.run()
        except (Killed, DualstorError):
            pass
        case.pair.fuse = None
        yield point, case


def kill(case):
    raise Killed


def loser_dies(case):
    case.two.crash(blur=range(16 + 16, 16 + 32))        # all of b
    raise Unreachable("node2 is gone")


def winner_dies(case):
    case.one.crash()
    raise Killed


@pytest.mark.parametrize("blow", [kill, loser_dies, winner_dies])
def test_interrupted_anywhere_it_continues(tmp_path, blow):
    for point, case in interrupted(tmp_path, blow, True, every=1 if blow is kill else 3):
        assert case.resume().how == HEALED, point
        case.assert_healed()


@pytest.mark.parametrize("blow", [kill, loser_dies, winner_dies])
def test_interrupted_anywhere_it_can_be_undone_until_it_says_otherwise(tmp_path, blow):
    late = 0
    for point, case in interrupted(tmp_path, blow, keep_both=True, every=5):
        try:
            deeds.undo(case.store())
        except Failed as problem:
            late += 1
            assert "too late" in str(problem) or case.store().journal().end == HEALED
            assert case.resume().how == HEALED
            case.assert_healed()
            continue
        assert case.resume().how == UNDONE, point
        case.assert_undone()
    assert 0 < late < point / 10


def test_what_was_undone_can_be_planned_again(tmp_path):
    """The bits of what was written and put back stay set, and are no change of the winner's."""
    for point, case in interrupted(tmp_path, kill, every=5):
        try:
            deeds.undo(case.store())
        except Failed:
            return
        case.resume()
        case.pair.fuse = None
        assert [(row.name, row.by) for row in case.plan().rows] == [
            ("a", 0), ("b", 1), ("c", differ.BOTH)], point
        if case.two.role == "Primary":
            case.begin()
            assert case.resume().how == HEALED
            case.assert_healed()


def committed(tmp_path):
    """A Case whose loser is to be discarded next."""
    case = Case(tmp_path)
    case.begin()

    def stop(step):
        if getattr(step, "step", "") == heal.ANSWER:
            raise Killed
    with pytest.raises(Killed):
        deeds.Healing(case.store(), *case.session(), sleep=lambda _: None, tell=stop).run()
    assert case.store().journal().discarding
    return case


@pytest.mark.parametrize("rebooted", [False, True])
def test_a_loser_that_is_gone_forever_is_done_without(tmp_path, rebooted):
    case = committed(tmp_path)
    case.two.crash()
    assert "--undo`" in stopped(case).step
    deeds.undo(case.store(), gone=True)
    if rebooted:
        case.one.crash()
        case.one.alive = True
        assert "not Primary on node1" in stopped(case).fact
        case.one.cstate, case.one.role = "StandAlone", "Primary"
    assert case.run() == deeds.Outcome(how=ALONE)
    assert not case.one.guarded and (rebooted or case.one.active >= set("abcd"))
    for lv, block in (("b", 3), ("b", 4), ("b", 11)):
        assert case.one.get(lv, block) == text(f"node2 {lv} {block}")
    assert case.two.disk == case.before[1]
    case.pair.meanwhile = None
    case.two.alive, case.two.cstate, case.two.role = True, "StandAlone", "Primary"
    case.two.active = set("abcd")
    assert [(row.name, row.by) for row in case.plan().rows] == [("a", 0), ("c", differ.BOTH)]
    case.begin()
    assert case.resume().how == HEALED, "it came back, and is healed as any other"


def test_one_that_comes_back_meanwhile_with_all_that_it_had_is_undone(tmp_path):
    case = committed(tmp_path)
    case.two.crash()
    deeds.undo(case.store(), gone=True)
    case.two.alive = True
    assert case.resume().how == UNDONE
    case.assert_undone()
    case = committed(tmp_path / "answers")
    with pytest.raises(Failed, match="too late"):
        deeds.undo(case.store())


def test_a_loser_that_died_when_its_copy_began_to_be_discarded(tmp_path):
    """Its disk is Outdated, its generation as before: nobody can have written there."""
    case = committed(tmp_path)
    case.two.crash(blur=range(16, 16 + 8))
    case.two.alive, case.two.dstate = True, "Outdated"
    assert case.run().how == HEALED
    case.assert_healed()


def test_a_loser_that_came_back_alone_is_consistent(tmp_path):
    case = Case(tmp_path)
    case.two.crash()
    case.two.alive, case.two.cstate, case.two.dstate = True, "StandAlone", "Consistent"
    case.begin()
    case.two.crash()
    case.two.alive = True
    assert case.run().how == HEALED
    case.assert_healed()


def test_after_a_reboot_activation_is_the_clusters(tmp_path):
    """Whatever used the LVs has ended; LVM's locks may not be there."""
    case = Case(tmp_path)
    case.begin()
    for node in (case.one, case.two):
        node.crash()
        node.alive, node.cstate = True, "StandAlone"
    case.one.role = "Primary"
    assert case.run().how == HEALED
    case.assert_healed()
    assert not case.one.active and not case.two.active
    assert case.one.role == case.two.role == "Primary"


def test_a_winner_is_primary_even_if_it_gets_nothing(tmp_path):
    case = Case(tmp_path)
    case.two.bits = {case.two.place("c", 2)}
    case.begin()
    assert not case.store().journal().carried
    case.one.crash()
    case.one.alive, case.one.cstate = True, "StandAlone"
    assert stopped(case).fact == "r0 is not Primary on node1"


# -- refused, and why -----------------------------------------------------------------------------

def stopped(case):
    outcome = case.run()
    assert outcome.how is None
    assert not outcome.stop.step.endswith(".") and not outcome.stop.fact.endswith(".")
    return outcome.stop


def test_an_lv_that_is_open(tmp_path):
    for node, lv in (("node2", "d"), ("node1", "b")):
        case = Case(tmp_path / node)
        case.begin()
        case.pair.nodes[node].users[lv] = "qemu[7]"
        assert stopped(case).fact == f"open on {node}: vg0/{lv} (qemu[7])"
        del case.pair.nodes[node].users[lv]
        assert case.resume().how == HEALED
        case.assert_healed()


def test_a_writer_that_sneaks_in_on_the_loser_is_not_lost(tmp_path):
    """Between runs somebody activates an LV there and writes to a block whose bit is set."""
    points = 0
    for _, case in interrupted(tmp_path, kill, every=3):
        journal = case.store().journal()
        if journal.discarding or case.two.role != "Primary":
            break
        points += 1
        case.two.held = False
        case.two.active.add("b")
        case.write(case.two, "b", 3, "late")
        case.two.active.discard("b")
        assert case.resume().how == HEALED
        case.assert_healed()
        assert case.one.get("b", 3) == text("late")
    assert points > 10


def test_one_that_changes_an_lv_that_the_plan_had_not(tmp_path):
    case = Case(tmp_path)
    case.begin()
    case.write(case.two, "a", 9, "late")
    with pytest.raises(Failed, match="a changed since the plan was made"):
        case.run()
    deeds.undo(case.store())
    assert case.run().how == UNDONE
    assert [row.name for row in differ.choose(case.plan(), "node1", "vg0", {}).lost] == ["a", "c"]


def test_a_crash_that_blurs_what_the_winner_has_changed(tmp_path):
    """Which of both was what they had when they parted is not known then."""
    case = Case(tmp_path)
    case.begin()
    case.two.crash(blur=range(16, 16 + 8))
    case.two.alive = True
    with pytest.raises(Failed, match="a changed since the plan was made"):
        case.run()
    deeds.undo(case.store())
    assert case.run().how == UNDONE


def test_no_room(tmp_path, monkeypatch):
    case = Case(tmp_path)
    monkeypatch.setattr(Store, "room", lambda _: 1000)
    with pytest.raises(Failed, match="make room there"):
        case.begin()
    assert case.store().journal() is None
    monkeypatch.undo()
    case.begin()
    monkeypatch.setattr(Store, "room", lambda _: 1000)
    with pytest.raises(Failed, match="make room there"):
        case.run()
    monkeypatch.undo()
    assert case.resume().how == HEALED


def test_another_policy_would_discard_by_itself(tmp_path, monkeypatch):
    case = Case(tmp_path)
    case.begin()
    look = pairs.FakeSide._look
    monkeypatch.setattr(pairs.FakeSide, "_look", lambda self: look(self).but(
        policies=("discard-zero-changes", "disconnect", "disconnect")))
    assert "after-sb-* is discard-zero-changes" in stopped(case).fact


@pytest.mark.parametrize("version", ["8.3.16", "9.2.18"])
def test_other_modules_are_refused(tmp_path, monkeypatch, version):
    case = Case(tmp_path)
    look = pairs.FakeSide._look
    monkeypatch.setattr(pairs.FakeSide, "_look", lambda self: look(self).but(version=version))
    with pytest.raises(Failed, match="tried with 8.4 only"):
        case.begin()


def test_bits_that_are_not_the_kernels(tmp_path, monkeypatch):
    case = Case(tmp_path)
    case.begin()
    monkeypatch.setattr(pairs.FakeSide, "_disconnect", lambda self: setattr(
        self.it, "cstate", "StandAlone"))
    case.two.flushed = set()
    with pytest.raises(Failed, match="counts 0 KiB, the kernel 20 KiB"):
        case.run()


def test_what_is_kept_is_checked_before_it_counts(tmp_path):
    case = Case(tmp_path)
    case.begin()
    steps = []

    def spoil(step):
        steps.append(step)
        if getattr(step, "step", "") == heal.COPY:
            path = tmp_path / "r0" / "blocks-node2-0"
            path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Failed, match="is not what was written there"):
        deeds.Healing(case.store(), *case.session(), sleep=lambda _: None, tell=spoil).run()
    assert case.one.get("b", 3) != text("node2 b 3")


def test_an_lv_that_is_written_on_the_winner_while_it_is_copied(tmp_path):
    case = Case(tmp_path)
    case.begin()

    def sneak(step):
        if getattr(step, "step", "") == heal.COMPARE:
            case.one.put(case.one.place("b", 0), text("sneaked"))
    with pytest.raises(Failed, match="b is not the same on both nodes after it was copied"):
        deeds.Healing(case.store(), *case.session(), sleep=lambda _: None, tell=sneak).run()


def test_verify_finds_something(tmp_path):
    case = Case(tmp_path)
    case.begin()

    def spoil(step):
        if getattr(step, "step", "") == heal.VERIFY:
            case.two.disk[0:4096] = text("bad")
    with pytest.raises(Failed, match="verify has found 4 KiB that differ"):
        deeds.Healing(case.store(), *case.session(), sleep=lambda _: None, tell=spoil).run()


def test_without_a_verify_alg_the_lvs_are_compared_once_more(tmp_path):
    case = Case(tmp_path)
    case.pair.verifies = False
    case.begin()
    assert case.run().how == HEALED
    case.assert_healed()
    assert case.store().journal().verified is None


def test_after_a_crash_the_content_settles(tmp_path):
    case = Case(tmp_path)
    case.two.bits |= set(range(16, 16 + 64))
    assert case.begin().carried == ("uuid-b",)
    assert case.run().how == HEALED
    case.assert_healed()


def test_a_second_one_is_not_begun(tmp_path):
    case = Case(tmp_path)
    case.begin()
    with pytest.raises(Failed, match="has not ended"):
        case.begin()
    assert case.store().lock() is not None


def test_the_journal_is_what_it_was(tmp_path):
    case = Case(tmp_path)
    case.begin()
    case.run()
    journal = case.store().journal()
    assert from_json(journal.to_json()) == journal
    for wrong in ("", "{}", "[]", journal.to_json().replace("recover/1", "recover/2"),
                  '{"schema": "dualstor.recover/1"}'):
        with pytest.raises(DualstorError, match="not the journal"):
            from_json(wrong)
