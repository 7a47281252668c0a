# SPDX-License-Identifier: GPL-2.0-or-later
"""When the watcher looks and acts, on a clock of the test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.watcher import result, schedule
from dualstor.watcher.schedule import Result, Schedule

SIGHT = ("content", "/proc/x", "1\\n")
DONE = Result(sights=(SIGHT,))


def fresh():
    return Schedule(next_look=0.0, next_round=0.0)


def done(now=0.0):
    return fresh().started().ended(now, DONE, True).looked(now, now, True)


def test_the_first_round_comes_at_once_and_then_only_looks():
    assert fresh().starts(0.0)
    after = done(5.0)
    assert not after.starts(1e9)
    assert after.wait(5.0, False) == schedule.TICK_BUSY and not after.rests(5.0)
    rested = 5.0 + schedule.KEPT
    assert after.rests(rested)
    assert after.looked(rested, rested, True).wait(rested, False) == schedule.TICK


def test_a_change_has_a_round_run():
    assert done(5.0).looked(6.0, 6.0, False).starts(6.0)
    assert done(5.0).woken(5.5, False).starts(5.5)
    assert not done(5.0).woken(5.5, True).starts(5.5)


def test_what_cannot_be_done_yet_is_tried_less_and_less_often():
    now, found, pauses = 0.0, fresh(), []
    for _ in range(12):
        found = found.started().ended(now, Result(says="x"), False)
        pauses.append(found.next_round - now)
        now = found.next_round
    assert pauses[0] == schedule.AGAIN and pauses[-1] == schedule.AGAIN_MOST
    assert pauses == sorted(pauses)
    assert found.started().ended(now, DONE, True).pause == schedule.AGAIN


def test_the_process_of_rounds_is_not_kept_for_trouble_that_lasts():
    """It would never end, nor what its end gives back: threads that wait for a silent disk."""
    now, found = 0.0, fresh()
    for _ in range(20):
        found = found.started().ended(now, Result(says="x"), False)
        began, now = now, found.next_round
    assert found.rests(began) and now == began + schedule.AGAIN_MOST
    changed = found.woken(now, False).started().ended(now, Result(says="x"), False)
    assert not changed.rests(now + schedule.AGAIN)


def test_an_event_while_a_round_runs_has_another_one_run():
    running = done().woken(1.0, False).started()
    assert running.woken(2.0, False).ended(3.0, DONE, False).starts(3.0)


def test_an_event_of_the_rounds_own_doing_has_none_run():
    """LVM's events come while it runs, and the devices are as it has left them."""
    running = done().woken(1.0, False).started()
    assert running.woken(2.0, False).ended(3.0, DONE, True).next_round is None


@pytest.mark.parametrize("now", [1.0, 60.0])
def test_while_a_round_runs_it_waits_for_its_end_and_takes_no_time_of_it(now):
    """Also when a look is due, for which the round's end is awaited."""
    assert done().woken(0.5, False).started().wait(now, True) == schedule.TICK


def test_a_slow_disk_is_looked_at_less_often():
    found, now = done(), 0.0
    for _ in range(10):
        began, now = now, now + 25.0
        found = found.looked(began, now, True)
    assert found.tick == schedule.TICK_MOST
    assert found.looked(now, now, True).tick == schedule.TICK


def test_a_look_while_much_changes_is_slow_by_the_same_measure():
    within = schedule.TICK * 0.15
    assert done().looked(1.0, 1.0 + within, True).tick == schedule.TICK_BUSY


@given(st.builds(Result, sights=st.one_of(st.none(), st.lists(st.tuples(
    st.sampled_from(["content", "header", "devices"]), st.text(), st.text()), max_size=3).map(tuple)),
    says=st.text()))
def test_a_result_survives_the_pipe(found):
    read = result.from_text(result.to_text(found))
    assert (read.sights is None) == (found.sights is None)
    assert len(read.sights or ()) == len(found.sights or ())


@pytest.mark.parametrize("text", ["", "all-done\n", "all-done\nsays\t\nend", "all-done\nsays\t\nodd\ta\tb\nend\n",
                                  "all-done\nsays\t\ncontent\ta\nend\n", result.to_text(DONE)[:-2]])
def test_what_is_cut_off_or_unknown_is_not_done(text):
    assert result.from_text(text) == Result()
