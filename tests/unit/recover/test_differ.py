# SPDX-License-Identifier: GPL-2.0-or-later
"""What each side has, what a choice costs, and what is refused with a next step."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.recover import bitmap, differ
from dualstor.recover.blocks import NONE
from unit.recover import sides
from unit.recover.helpers import golden
from unit.recover.sides import BLOCK, blocks, side


def facts(refusals):
    return [each.fact for each in refusals]


def chosen(found, winner, **more):
    return differ.choose(found, winner, "vg0", more.pop("users", {}), **more)


TYPICAL = side("node1", ("a", 0), ("a", 15), ("c", 2)), side("node2", ("b", 3), ("c", 2), ("c", 5))


def test_the_table():
    found = differ.compare(*TYPICAL)
    assert found.refusals == () and found.nodes == ("node1", "node2")
    assert [(row.name, row.changed, row.common, row.by) for row in found.rows] == [
        ("a", (2 * BLOCK, 0), 0, 0), ("b", (0, BLOCK), 0, 1),
        ("c", (BLOCK, 2 * BLOCK), BLOCK, differ.BOTH)]
    assert found.metadata == (0, 0) and found.metadata_by == differ.NEITHER
    assert all(row.portable and row.users == (None, None) for row in found.rows)


def test_what_a_choice_costs():
    found = differ.compare(*TYPICAL)
    one = chosen(found, "node1")
    assert [row.name for row in one.carried] == ["b"] and [row.name for row in one.lost] == ["c"]
    assert (one.loser, one.copied, one.beside, one.refusals) == ("node2", BLOCK, 0, ())
    assert one.room == BLOCK + 3 * BLOCK, "the winner's old blocks, all changed ones of the loser"
    two = chosen(found, "node2")
    assert [row.name for row in two.carried] == ["a"] and [row.name for row in two.lost] == ["c"]
    assert two.room == 2 * BLOCK + 3 * BLOCK
    assert [each.recommended for each in differ.recommend(one, two)] == [True, False]
    with pytest.raises(ValueError):
        chosen(found, "node3")


def test_nobody_is_recommended_if_both_are_the_same():
    found = differ.compare(side("node1", ("a", 0)), side("node2", ("b", 0)))
    both = differ.recommend(chosen(found, "node1"), chosen(found, "node2"))
    assert [each.recommended for each in both] == [False, False]


def test_metadata_that_the_loser_changed():
    found = differ.compare(side("node1", ("a", 0)), side("node2", 3, 4, ("b", 0)))
    assert found.metadata == (0, 2 * BLOCK) and found.metadata_by == 1
    one, two = differ.recommend(chosen(found, "node1"), chosen(found, "node2"))
    assert facts(one.refusals) == ["LVM's metadata of vg0 were changed on node2 alone"]
    assert one.refusals[0].step == "node2 can win"
    assert two.refusals == () and (one.recommended, two.recommended) == (False, True)


def test_metadata_that_both_changed():
    found = differ.compare(side("node1", 3), side("node2", 3, sides.TOTAL - 1))
    for each in differ.recommend(chosen(found, "node1"), chosen(found, "node2")):
        assert facts(each.refusals) == ["LVM's metadata of vg0 were changed on both nodes"]
        assert not each.recommended


def test_free_space_is_kept_and_changes_nothing():
    found = differ.compare(side("node1"), side("node2", 16 + 99 * 8))
    assert found.free == (0, BLOCK) and found.rows == ()
    assert chosen(found, "node1").room == BLOCK


def test_who_has_what_open():
    found = differ.compare(side("node1", users={"uuid-b": "mounted on /srv", "uuid-a": ""}),
                           side("node2", ("b", 1), users={"uuid-b": "qemu[3]"}))
    assert found.rows[0].users == ("mounted on /srv", "qemu[3]")
    one = chosen(found, "node1", users={"b": "qemu[3]", "d": ""})
    assert [(each.fact, each.step) for each in one.refusals] == [
        ("vg0/b is open on node1 (mounted on /srv)", "stop what uses it there"),
        ("vg0/b is open on node2 (qemu[3])", "stop what uses it there"),
        ("vg0/d is open on node2", "stop what uses it there")]
    two = chosen(found, "node2")
    assert two.refusals == () and [e.recommended for e in differ.recommend(one, two)] == [
        False, True]


def test_an_lv_at_another_place_is_not_carried():
    grown = dict(sides.LVS, b=(20, 2))
    found = differ.compare(side("node1", lvs=grown), side("node2", ("b", 1)))
    assert not found.rows[0].portable
    assert [row.name for row in chosen(found, "node1").lost] == ["b"]


def test_each_sides_blocks_are_its_own_lvs():
    """node1 has removed b and made e of its extents: what node2 wrote was to b."""
    other = {"a": (0, 2), "e": (2, 2), "c": (4, 3), "d": (7, 1)}
    found = differ.compare(side("node1", ("b", 1), lvs=other), side("node2", ("b", 1)))
    assert [(row.name, row.changed) for row in found.rows] == [("b", (0, BLOCK)),
                                                               ("e", (BLOCK, 0))]
    assert [row.name for row in chosen(found, "node1").lost] == ["b"]


def test_room_for_both():
    found = differ.compare(*TYPICAL)
    size = 3 * sides.EXTENT
    assert chosen(found, "node1", keep_both=True, free=size).refusals == ()
    assert chosen(found, "node1", keep_both=True, free=size).beside == size
    assert "are needed to keep both" in facts(
        chosen(found, "node1", keep_both=True, free=size - 1).refusals)[0]


@pytest.mark.parametrize("two, says", [
    (side("node2", parent=0x33), "have not parted from the same data"),
    (side("node2", current=0x100), "this is no split brain"),
    (side("node2", dstate="Outdated"), "on node2 is Outdated"),
    (side("node2").but(copies=()), "on no DRBD volume that both nodes have"),
    (side("node2").but(layout=sides.layout(disk="pv9")), "on no DRBD volume that both nodes have"),
    (side("node2").but(layout=sides.layout().but(odd=(("t", "thin"),))), "t is thin"),
    (side("node2").but(copies=tuple(
        each.but(dump=each.dump.but(sectors=8)) for each in side("node2").copies)),
     "different sizes"),
    (side("node2").but(copies=tuple(
        each.but(dump=each.dump.but(granularity=8192)) for each in side("node2").copies)),
     "different bytes per bit")])
def test_what_is_refused(two, says):
    for pair in ((side("node1"), two), (two, side("node1"))):
        found = differ.compare(*pair)
        assert any(says in fact for fact in facts(found.refusals)), found.refusals
        assert all(each.step and not each.step.endswith(".") for each in found.refusals)
        assert chosen(found, "node1").refusals[:1] == found.refusals[:1]


def test_the_lowest_bit_of_an_uuid_says_only_who_was_primary():
    assert differ.compare(side("node1", parent=0x20), side("node2", parent=0x21)).refusals == ()


def test_a_bitmap_that_is_not_the_kernels():
    assert differ.untrusted(side("node1", ("a", 1))) == ()
    found = differ.untrusted(side("node1", oos=348))
    assert facts(found) == ["the bitmap of r0/0 on node1 counts 0 KiB, the kernel 348 KiB"]


def test_of_9_there_is_a_plan_only():
    dumps = [bitmap.parse(golden(name).splitlines())
             for name in ("dump-8-node1.txt", "dump-9-fresh.txt")]
    assert differ.of_another_kind(dumps[:1]) is None
    assert "DRBD 9" in differ.of_another_kind(dumps).fact


def test_what_was_put_back_is_not_the_winners_change():
    """A healing wrote b on node1 and put it back; its bits stay set."""
    one = side("node1", ("a", 0), ("b", 3), ("b", 4), put_back={"uuid-b": {}})
    found = differ.compare(one, side("node2", ("b", 3), ("b", 4)))
    assert [(row.name, row.by) for row in found.rows] == [("a", 0), ("b", 1)]
    one = one.but(put_back={"uuid-b": {"pv0": blocks(("b", 3))}})
    assert differ.compare(one, side("node2", ("b", 4))).rows[1].by == differ.BOTH


# -- content -------------------------------------------------------------------------------------

def hashes(content, wanted):
    return [hashlib.sha256(content.get(block, b"base")).digest() for block in wanted]


def settle(one, two, contents):
    """As the command does it: hashes of all blocks that either side has a bit for."""
    wanted = one.copies[0].blocks | two.copies[0].blocks
    same = differ.equal(wanted, *(hashes(each, wanted) for each in contents))
    return differ.compare(one, two, {"pv0": same})


def test_a_crash_blurs_and_content_settles():
    """As captured: node2 marks whole extents, of which it wrote four blocks of one LV."""
    blurred = [(name, n) for name, (_, count) in sides.LVS.items() for n in range(count * 8)]
    one, two = side("node1", ("a", 1)), side("node2", *blurred, *range(16))
    assert {row.by for row in differ.compare(one, two).rows} == {differ.BOTH, 1}
    contents = [{min(blocks(("a", 1))): b"one"}, {min(blocks(("b", n))): b"two" for n in range(4)}]
    found = settle(one, two, contents)
    assert [(row.name, row.changed) for row in found.rows] == [("a", (BLOCK, BLOCK)),
                                                               ("b", (0, 4 * BLOCK))]
    assert found.metadata == (0, 0)
    # Block 1 of a has a bit on both sides and differs: that stays ambiguous.
    assert found.rows[0].common == BLOCK


def test_equal_writes_on_both_sides_are_lost_by_no_choice():
    one, two = side("node1", ("d", 5)), side("node2", ("d", 5))
    place = min(blocks(("d", 5)))
    assert settle(one, two, [{place: b"x"}, {place: b"x"}]).rows == ()


PLACES = st.sets(st.integers(0, sides.TOTAL - 1), max_size=20)


@given(PLACES, PLACES, PLACES, PLACES)
def test_no_write_is_ever_overlooked(wrote_one, wrote_two, blur_one, blur_two):
    """Whatever the log blurs: a block that differs has an owner, and a loser that wrote it."""
    one, two = side("node1", *wrote_one, *blur_one), side("node2", *wrote_two, *blur_two)
    contents = [{b: b"one" for b in wrote_one}, {b: b"two" for b in wrote_two}]
    found = settle(one, two, contents)
    mine, theirs = found.changes["pv0"]
    assert set(mine) >= wrote_one and set(theirs) >= wrote_two
    total = [sum(row.changed[s] for row in found.rows) + found.metadata[s] + found.free[s]
             for s in (0, 1)]
    assert total == [len(mine) * BLOCK, len(theirs) * BLOCK]
    for winner, changed in (("node1", wrote_two), ("node2", wrote_one)):
        choice = chosen(found, winner)
        named = {row.uuid for row in choice.carried + choice.lost}
        owned = {uuid for uuid in found.volumes if set(changed) & {
            b for pair in found.volumes[uuid].values() for b in pair[winner == "node1"]}}
        assert owned <= named


def test_nothing_of_nothing():
    assert differ.equal(NONE, (), ()) == NONE
