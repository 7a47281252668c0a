# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets of blocks are sets: the same as Python's own, however they are kept."""

from hypothesis import given
from hypothesis import strategies as st

from dualstor.recover.blocks import CHUNK, NONE, Blocks

PLACES = st.one_of(st.integers(0, 200), st.integers(CHUNK - 100, CHUNK + 100),
                   st.integers(5 * CHUNK - 3, 5 * CHUNK + 3))
RUNS = st.lists(st.tuples(PLACES, st.integers(0, 100)).map(lambda p: (p[0], p[0] + p[1])),
                max_size=5)


def plain(runs):
    return {block for begin, end in runs for block in range(begin, end)}


@given(RUNS, RUNS)
def test_operations_are_those_of_sets(one, two):
    a, b, x, y = Blocks.of_runs(one), Blocks.of_runs(two), plain(one), plain(two)
    assert (set(a | b), set(a & b), set(a - b)) == (x | y, x & y, x - y)
    assert len(a) == len(x) and bool(a) == bool(x) and (a == b) == (x == y)
    assert Blocks.of_runs(a.runs()) == a and list(a) == sorted(x)
    if a == b:
        assert hash(a) == hash(b)


@given(RUNS, PLACES, PLACES)
def test_what_is_within_a_range(runs, begin, end):
    assert set(Blocks.of_runs(runs).within(begin, end)) == plain(runs) & set(range(begin, end))


@given(RUNS)
def test_runs_are_in_order_and_never_touch(runs):
    found = list(Blocks.of_runs(runs).runs())
    assert all(begin < end for begin, end in found)
    assert all(one[1] < two[0] for one, two in zip(found, found[1:]))


def test_a_run_of_a_tebibyte_is_one_run():
    all_of_it = Blocks.of_runs([(0, 1 << 28)])
    assert list(all_of_it.runs()) == [(0, 1 << 28)] and len(all_of_it) == 1 << 28
    assert 12345678 in all_of_it and 1 << 28 not in all_of_it
    assert list((all_of_it - Blocks.of_runs([(7, 9)])).runs()) == [(0, 7), (9, 1 << 28)]


def test_nothing():
    assert not NONE and list(NONE.runs()) == [] and NONE == Blocks.of_runs([(5, 5)])
    assert 0 not in NONE and repr(NONE) == "<0 blocks>"
