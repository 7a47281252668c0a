# SPDX-License-Identifier: GPL-2.0-or-later
"""A resource with two DRBD volumes, a PV on each: an LV is on both, one on the second alone."""

import pytest

from dualstor.recover import deeds, differ, heal
from dualstor.recover.journal import HEALED, UNDONE
from dualstor.recover.side import Failed
from unit.recover.pair import text
from unit.recover.sides import TOTAL
from unit.recover.test_heal import Case, interrupted, kill, loser_dies, winner_dies


class Twofold(Case):
    """As a Case: b is on both volumes, c on the second one, a and d on the first."""

    LVS = {"a": (0, 2), "b": ((0, 2, 1), (1, 0, 1)), "c": ((1, 1, 3),), "d": (7, 1)}
    VOLUMES = 2


@pytest.fixture(autouse=True)
def no_disk_is_waited_for(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture(params=[False, True], ids=["", "keep both"])
def case(request, tmp_path):
    return Twofold(tmp_path, request.param)


def test_the_table(tmp_path):
    case = Twofold(tmp_path)
    case.pair.meanwhile = None
    found = case.plan()
    assert found.refusals == ()
    assert [(row.name, row.changed, row.common, row.portable) for row in found.rows] == [
        ("a", (8192, 0), 0, True), ("b", (0, 12288), 0, True), ("c", (4096, 8192), 4096, True)]
    assert {disk: (len(one), len(two)) for disk, (one, two) in found.volumes["uuid-b"].items()} == {
        "pv0": (0, 2), "pv1": (0, 1)}
    choice = differ.choose(found, "node1", "vg0", {})
    assert [row.name for row in choice.carried] == ["b"] and choice.room == 2 * 12288 + 8192


def test_without_trouble(case):
    journal = case.begin()
    assert journal.named(journal.carried) == ("b",) and journal.named(journal.lost) == ("c",)
    steps = []
    assert case.run(steps) == deeds.Outcome(how=HEALED)
    case.assert_healed()
    journal = case.store().journal()
    assert journal.volumes("uuid-b") == (0, 1) and len(journal.mark) == 2
    assert {name for name in journal.files if name.startswith(("dump-", "blocks-"))} == {
        f"dump-{node}-{volume}.zlib" for node in ("node1", "node2") for volume in (0, 1)} | {
        f"blocks-{node}-{volume}" for node in ("node1", "node2") for volume in (0, 1)}
    assert case.one.get("b", 3) == text("node2 b 3") and case.one.get("b", 11) == text("node2 b 11")
    if case.keep_both:
        assert len(case.one.lvs["c.node2"]) == 2, "the new LV is on both, too"


@pytest.mark.parametrize("lv, block", [("b", 12), ("c", 7), ("d", 2)])
def test_the_loser_wrote_to_one_of_both_alone(tmp_path, lv, block):
    """The other volume has parted all the same, and has no bits."""
    case = Twofold(tmp_path)
    case.pair.meanwhile = None
    case.two.disk[:], case.two.bits = case.one.disk, set()
    case.one.bits, case.acked = set(), {}
    case.write(case.two, lv, block, "alone")
    case.begin()
    assert case.store().journal().named(case.store().journal().carried) == (lv,)
    assert case.run().how == HEALED
    case.assert_healed()


@pytest.mark.parametrize("blow", [kill, loser_dies, winner_dies])
def test_interrupted_anywhere_it_continues(tmp_path, blow):
    for point, case in interrupted(tmp_path, blow, True, every=5, kind=Twofold):
        assert case.resume().how == HEALED, point
        case.assert_healed()


@pytest.mark.parametrize("blow", [kill, loser_dies, winner_dies])
def test_interrupted_anywhere_it_can_be_undone_until_it_says_otherwise(tmp_path, blow):
    for point, case in interrupted(tmp_path, blow, keep_both=True, every=11, kind=Twofold):
        try:
            deeds.undo(case.store())
        except Failed:
            assert case.resume().how == HEALED
            case.assert_healed()
            continue
        assert case.resume().how == UNDONE, point
        case.assert_undone()


def test_what_was_undone_is_planned_again_as_it_was(tmp_path):
    case = Twofold(tmp_path)
    case.begin()

    def stop(step):
        if getattr(step, "step", "") == heal.COMPARE:
            raise Failed("stopped")
    with pytest.raises(Failed, match="stopped"):
        deeds.Healing(case.store(), *case.session(), sleep=lambda _: None, tell=stop).run()
    deeds.undo(case.store())
    assert case.run().how == UNDONE
    case.assert_undone()
    assert [(row.name, row.by) for row in case.plan().rows] == [
        ("a", 0), ("b", 1), ("c", differ.BOTH)]


def test_metadata_on_the_second_volume_count(tmp_path):
    case = Twofold(tmp_path)
    case.two.bits.add(TOTAL + 3)
    case.two.disk[(TOTAL + 3) * 4096:(TOTAL + 4) * 4096] = text("metadata")
    found = case.plan()
    assert found.metadata == (0, 4096)
    assert "on node2 alone" in differ.choose(found, "node1", "vg0", {}).refusals[0].fact
