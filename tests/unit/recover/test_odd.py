# SPDX-License-Identifier: GPL-2.0-or-later
"""Healing where the VG is not what one would expect: names that are taken, LVs that are gone."""

import pytest

from dualstor.recover import deeds, differ, heal
from dualstor.recover.journal import HEALED, UNDONE
from dualstor.recover.side import Failed
from unit.recover.pair import text
from unit.recover.sides import TOTAL
from unit.recover.test_heal import Case
from unit.recover.test_two_volumes import Twofold


@pytest.fixture(autouse=True)
def no_disk_is_waited_for(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)


def choose(case, **more):
    return differ.choose(case.plan(), "node1", "vg0", {}, **more)


# -- a volume without the VG --

class Raw(Twofold):
    """On its second volume there is no PV, but a file system without LVM, say."""

    LVS = dict(Case.LVS or {}, a=(0, 2), b=(2, 2), c=(4, 3), d=(7, 1))


def test_a_volume_on_which_the_vg_is_not_would_be_discarded_unseen(tmp_path, monkeypatch):
    from unit.recover import pair as pairs
    from unit.recover import sides
    monkeypatch.setattr(pairs.FakeSide, "layout", lambda self: sides.layout(self.it.lvs))
    case = Raw(tmp_path)
    case.two.put(TOTAL + 40, text("a file of node2"))
    found = case.plan()
    assert [each.fact for each in found.refusals] == [
        "volume 1 of r0 has no PV of vg0 on node1, and what is on it would be discarded unseen",
        "volume 1 of r0 has no PV of vg0 on node2, and what is on it would be discarded unseen"]


# -- the name of the other version --

@pytest.mark.parametrize("undone", [False, True])
def test_the_other_version_gets_a_name_that_is_free(tmp_path, undone):
    """c.node2 is there since the last split brain, and somebody uses it."""
    case = Case(tmp_path, keep_both=True)
    case.one.lvs["c.node2"] = case.two.lvs["c.node2"] = (60, 3)
    for node in (case.one, case.two):
        node.disk[node.place("c.node2", 2) * 4096:(node.place("c.node2", 2) + 1) * 4096] = \
            text("of the last time")
    case.begin()

    def stop(step):
        if undone and getattr(step, "step", "") == heal.YIELD:
            raise Failed("stopped")
    healing = deeds.Healing(case.store(), *case.session(), sleep=lambda _: None, tell=stop)
    if undone:
        with pytest.raises(Failed, match="stopped"):
            healing.run()
        deeds.undo(case.store())
        assert case.run().how == UNDONE
        assert set(case.one.lvs) == {"a", "b", "c", "d", "c.node2"}
    else:
        assert healing.run().how == HEALED
        assert case.store().journal().beside == {"uuid-c": "c.node2.2"}
        assert case.one.get("c.node2.2", 2) == text("node2 c 2")
    assert case.one.get("c.node2", 2) == text("of the last time")


def test_a_name_that_lvm_does_not_take_is_refused_before_anything_is_done(tmp_path):
    case = Case(tmp_path, keep_both=True)
    long = "c" * 121
    for node in (case.one, case.two):
        node.lvs[long] = node.lvs.pop("c")
    choice = choose(case, keep_both=True, free=1 << 40)
    assert [each.fact for each in choice.refusals] == [
        f"{long}.node2 is longer than LVM takes a name"]


def test_an_lv_that_the_winner_has_removed_needs_room_too(tmp_path):
    case = Case(tmp_path, keep_both=True)
    case.pair.meanwhile = None
    del case.one.lvs["b"]
    case.one.active.discard("b")
    found = case.plan()
    choice = differ.choose(found, "node1", "vg0", {}, keep_both=True, free=1 << 40)
    assert [row.name for row in choice.lost] == ["b", "c"]
    assert choice.beside == (2 + 3) * 8 * 4096


# -- LVs that changed on the winner while both were apart --

def test_an_lv_that_the_winner_has_removed_is_not_activated_at_the_end(tmp_path):
    """Nor is one activated that somebody removes meanwhile: then it would never come to its end."""
    case = Case(tmp_path)
    del case.one.lvs["d"]
    case.one.active.discard("d")
    case.begin()
    assert case.run().how == HEALED
    assert case.two.active == set("abc") == case.one.active


def test_an_lv_that_is_removed_meanwhile_is_not_activated_at_the_end(tmp_path):
    case = Case(tmp_path)
    case.begin()

    def remove(step):
        if getattr(step, "step", "") == heal.VERIFY:
            for node in (case.one, case.two):
                del node.lvs["d"]
                node.active.discard("d")
    healing = deeds.Healing(case.store(), *case.session(), sleep=lambda _: None, tell=remove)
    assert healing.run().how == HEALED
    assert case.two.active == set("abc") == case.one.active


def test_an_lv_that_the_winner_has_renamed_is_activated_by_its_new_name(tmp_path):
    case = Case(tmp_path)
    rename(case.one, "d", "new")
    case.begin()
    assert case.run().how == HEALED
    assert case.two.active == {"a", "b", "c", "new"} == case.one.active


def rename(node, old, new):
    node.lvs[new] = node.lvs.pop(old)
    node.uuids[new] = node.uuids.pop(old)
    node.active = {new if each == old else each for each in node.active}


def test_the_other_version_is_open_to_nobody_before_it_is_whole(tmp_path, monkeypatch):
    """It is compared with what the loser has; a block that did not get there shows."""
    from unit.recover import pair as pairs
    case = Case(tmp_path, keep_both=True)
    case.begin()
    write = pairs.FakeSide.write

    def lose(self, volume, offset, data):
        write(self, volume, offset, bytes(len(data)) if "c.node2" in case.one.lvs else data)
    monkeypatch.setattr(pairs.FakeSide, "write", lose)
    with pytest.raises(Failed, match="c.node2 is not the same as c of node2 after it was copied"):
        deeds.Healing(case.store(), *case.session(), sleep=lambda _: None).run()
    assert "c.node2" in case.one.guarded
    monkeypatch.setattr(pairs.FakeSide, "write", write)
    assert case.run().how == HEALED
    assert "c.node2" not in case.one.guarded
