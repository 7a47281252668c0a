# SPDX-License-Identifier: GPL-2.0-or-later
"""What is kept for a recipient: in order, bounded, and apart from that of others."""

from hypothesis import given
from hypothesis import strategies as st

from dualstor.alerts.event import Event
from dualstor.alerts.inbox import MOST, Inbox, Last
from dualstor.host.memory import Memory

from .stage import Node


def inbox(node, recipient="root"):
    return Inbox(node.host(), recipient)


def test_events_come_out_in_the_order_in_which_they_happened(tmp_path):
    node = Node(tmp_path)
    for number in range(12):
        node.now += 0.5
        assert inbox(node).add(Event(text=f"event {number}", notable=number % 2 == 0))
    found = inbox(node).take()
    assert [(each.text, each.notable) for each in found] == [
        (f"event {number}", number % 2 == 0) for number in range(12)]
    assert inbox(node).empty and inbox(node).take() == ()


def test_one_recipient_does_not_get_anothers(tmp_path):
    node = Node(tmp_path)
    inbox(node, "root").add(Event(text="a"))
    assert inbox(node, "roo").empty and inbox(node, "").empty
    assert inbox(node, "root@x").take() == () and len(inbox(node, "root").take()) == 1


def test_there_is_an_end_to_what_is_kept(tmp_path):
    node, kept = Node(tmp_path), []
    for _ in range(MOST + 5):
        node.now += 0.001
        kept.append(inbox(node).add(Event(text="a")))
    assert kept == [True] * MOST + [False] * 5


def test_what_was_sent_last_is_kept(tmp_path):
    node = Node(tmp_path)
    assert inbox(node).last == Last()
    inbox(node).last = Last(at=12.5, said=("a", "b c"))
    assert inbox(node).last == Last(at=12.5, said=("a", "b c"))


@given(st.lists(st.text(min_size=1, max_size=8), max_size=4, unique=True))
def test_names_are_read_back_whatever_is_in_them(tmp_path_factory, words):
    memory = Memory(str(tmp_path_factory.mktemp("memory") / "state"))
    kept = [word for word in words if "\0" not in word and word.isprintable()]
    for word in kept:
        memory.remember("x", "first", word)
        memory.remember("x", "first", word, "more")
        memory.remember("x", "other", word)
    assert memory.names("first") == tuple(sorted(kept))
