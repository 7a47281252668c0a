# SPDX-License-Identifier: GPL-2.0-or-later
"""Records are values: compared by content, never changed."""

import pytest

from dualstor.record import Record


class Member(Record):
    name: str
    votes: int = 1


class Node(Member):
    up: bool = True


def test_fields_in_order_with_defaults():
    assert Member("a") == Member(name="a", votes=1)
    assert Node.fields == ("name", "votes", "up")
    assert Node("a", up=False).items() == [("name", "a"), ("votes", 1), ("up", False)]


def test_a_record_cannot_be_changed():
    member = Member("a")
    with pytest.raises(AttributeError):
        member.name = "b"
    with pytest.raises(AttributeError):
        del member.name
    assert member.but(name="b") == Member("b") and member.name == "a"


@pytest.mark.parametrize("call", [
    lambda: Member(), lambda: Member("a", 1, 2), lambda: Member("a", size=3),
    lambda: Member("a", name="b")])
def test_missing_and_unknown_fields_are_refused(call):
    with pytest.raises(TypeError):
        call()


def test_equality_needs_the_same_kind():
    assert Member("a") != Node("a") and Member("a") != "a"
    assert len({Member("a"), Member("a"), Member("b")}) == 2


def test_repr_shows_all_fields():
    assert repr(Member("a")) == "Member(name='a', votes=1)"
