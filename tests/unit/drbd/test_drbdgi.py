# SPDX-License-Identifier: GPL-2.0-or-later
"""Generation identifiers, as two machines with DRBD 8.4.11 printed them in each state."""

import pytest

from dualstor.errors import ParseError
from dualstor.tools import drbdgi
from dualstor.tools.drbdgi import EQUAL, NEWER, OLDER, PARTED, UNRELATED
from simulator import world
from simulator.host import Simulation

NONE = "0000000000000000"
PAIRS = {
    "connected": (
        "2EBDC676D36B3847:" + ":".join([NONE] * 3) + ":1:1:1:1:0:0:0",
        "2EBDC676D36B3846:" + ":".join([NONE] * 3) + ":1:1:0:1:0:0:0", EQUAL),
    "one wrote alone": (
        f"2EE83957AB53B3C5:2EBDC676D36B3847:{NONE}:{NONE}:1:1:1:0:0:0:0",
        f"2EBDC676D36B3846:{NONE}:{NONE}:{NONE}:1:1:0:0:0:0:0", NEWER),
    "both wrote alone": (
        "272A79D67FD4B279:2EE83957AB53B3C5:2EBEC676D36B3847:2EBDC676D36B3847:1:1:1:0:0:0:0",
        "FEA904E69B1ACC93:2EE83957AB53B3C5:2EBEC676D36B3846:2EBDC676D36B3847:1:1:1:0:0:0:0", PARTED),
    "one is diskless, the other went on": (
        "0DF23D7F32C8F6C9:272A79D67FD4B279:2EE93957AB53B3C5:2EE83957AB53B3C5:1:1:1:1:0:0:0",
        f"272A79D67FD4B278:{NONE}:2EE93957AB53B3C4:2EE83957AB53B3C5:1:1:0:1:0:0:0", NEWER),
    "of two resources": (
        f"0DF23D7F32C8F6C9:{NONE}:{NONE}:{NONE}:1:1:1:1:0:0:0",
        f"AAF23D7F32C8F6C9:{NONE}:{NONE}:{NONE}:1:1:1:1:0:0:0", UNRELATED)}


@pytest.mark.parametrize("name", PAIRS)
def test_what_two_copies_are_to_each_other(name):
    one, other, relation = PAIRS[name]
    one, other = drbdgi.parse(one + "\n"), drbdgi.parse("# a line of another kind\n" + other)
    assert drbdgi.compare(one, other) == relation
    back = {NEWER: OLDER, OLDER: NEWER}
    assert drbdgi.compare(other, one) == back.get(relation, relation)


def test_the_flags_of_a_survivor():
    found = drbdgi.parse("A881DD5E813AF929:418FC84C21252B3F:ECE5ECBA04CAA0F1:ECE4ECBA04CAA0F1:"
                         "1:1:1:0:0:1:0")
    assert found == drbdgi.Generation(
        current="A881DD5E813AF928", bitmap="418FC84C21252B3E", peer_outdated=True, crashed=False,
        history=("ECE5ECBA04CAA0F0", "ECE4ECBA04CAA0F0"))


@pytest.mark.parametrize("flags, crashed, outdated", [
    ("1:1:1:0:1:0:0:0:1:1:0:1", False, True), ("1:1:1:1:1:0:0:0:0:1:0:1", True, False)])
def test_the_flags_of_drbd_9(flags, crashed, outdated):
    """In the order in which show-gi of drbd-utils 9 names them."""
    found = drbdgi.parse(":".join(["A881DD5E813AF929"] * 4) + ":" + flags)
    assert (found.crashed, found.peer_outdated) == (crashed, outdated)


@pytest.mark.parametrize("count", [6, 8, 10, 11, 13])
def test_another_number_of_flags_is_not_guessed_at(count):
    found = drbdgi.parse(":".join(["A881DD5E813AF929"] * 4 + ["1"] * count))
    assert found.peer_outdated is None and found.crashed is None


@pytest.mark.parametrize("text", ["", "\n", "No valid meta data found", "1:2:3:4:1:1", "a" * 16])
def test_what_is_none(text):
    with pytest.raises(ParseError):
        drbdgi.parse(text)


def test_a_resource_is_asked_up_or_down():
    simulation = Simulation(world.reach("active"))
    host = simulation.host("node1", 60)
    up = drbdgi.ask(host, "r0", 5.0)
    simulation.cluster.nodes["node1"].drbd.clear()
    assert drbdgi.ask(host, "r0", 5.0) == up and up.bitmap == ""
