# SPDX-License-Identifier: GPL-2.0-or-later
"""Limits of commands: a share of the action's time, and never less than a program needs."""

import pytest

from dualstor.errors import ToolHung
from dualstor.host.deadline import QUERY, Deadline, Share
from dualstor.host.host import Host
from dualstor.tools import drbdsetup, lvm, pacemaker


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Hanging(Host):
    """A host whose programs never answer, on a clock of its own; ``limits`` lists their time."""

    def __init__(self, seconds):
        self.clock, self.limits = Clock(), []
        super().__init__(Deadline(seconds, self.clock))

    def execute(self, argv, seconds, environment):
        self.limits.append(seconds)
        self.clock.now += seconds
        raise ToolHung(argv, f"no answer in {seconds:.0f} s")


@pytest.mark.parametrize("seconds, limit", [
    (120, 27.5),    # a start
    (30, 6.75), (20, 5.0),      # a monitor
    (5, 3.0)])      # what there is
@pytest.mark.parametrize("question", [
    lvm.version, pacemaker.cluster, lambda host: host.run(("x",), QUERY)])
def test_a_question_gets_a_part_of_the_time_of_its_action(seconds, limit, question):
    host = Hanging(seconds)
    with pytest.raises(ToolHung):
        question(host)
    assert host.limits == [pytest.approx(limit)]


def test_the_least_is_that_of_the_question():
    host = Hanging(30)
    with pytest.raises(ToolHung):
        drbdsetup.status(host, "r0")
    assert host.limits == [10.0]


def test_questions_that_hang_leave_time_for_what_follows():
    host = Hanging(100)
    for _ in range(4):
        with pytest.raises(ToolHung):
            host.run(("x",), QUERY)
    assert host.deadline.remaining == pytest.approx(90 * 0.75 ** 4)


def test_a_fixed_limit_stays_one():
    host = Hanging(100)
    with pytest.raises(ToolHung):
        host.run(("x",), 5.0)
    assert host.limits == [5.0]
    assert Share(5.0) + 1 == 6.0 and not isinstance(Share(5.0) + 1, Share)
