# SPDX-License-Identifier: GPL-2.0-or-later
"""Observe, decide, act: what is looked at, in which order, and until when."""

import pytest

from dualstor.deadline import Deadline
from dualstor.engine import Agent, pursue
from dualstor.errors import DeadlineReached
from dualstor.host import Host
from dualstor.ocf.codes import ExitCode
from dualstor.steps import Do, Facts, Finish, Request, Unseen, Wait


class Clock:
    """Monotonic seconds that pass only when somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class QuietHost(Host):
    """A host on which sleeping moves the clock."""

    def __init__(self, seconds):
        self.clock = Clock()
        super().__init__(Deadline(seconds, self.clock))

    def sleep(self, seconds):
        self.clock.now += min(seconds, self.deadline.remaining)


class Lamp(Agent):
    """An agent whose resource is a lamp; each look at it is noted."""

    lasting = ("wiring",)

    def __init__(self, decide, seconds=20.0):
        super().__init__(QuietHost(seconds), Request("start", resource="lamp"), None)
        self.decide = decide
        self.looked = []
        self.lit = False

    def see_wiring(self):
        self.looked.append("wiring")
        return "sound"

    def see_light(self):
        self.looked.append("light")
        return self.lit

    def do_switch(self, position):
        self.lit = position == "on"
        return "click"


def finish(reason=None):
    return Finish(ExitCode.SUCCESS if reason is None else ExitCode.ERR_GENERIC, reason)


def test_only_what_the_decision_reads_is_looked_at_and_in_its_order():
    def decide(_request, _parameters, facts):
        if facts.light or facts.wiring != "sound":
            return finish("no")
        return finish()
    lamp = Lamp(decide)
    assert pursue(lamp) == finish() and lamp.looked == ["light", "wiring"]
    lamp = Lamp(decide)
    lamp.lit = True
    assert pursue(lamp) == finish("no") and lamp.looked == ["light"]


def test_after_a_deed_the_facets_are_looked_at_anew_but_for_lasting_ones():
    def decide(_request, _parameters, facts):
        if facts.wiring and facts.light:
            return finish("%s %s" % (facts.last("switch"), len(facts.done("switch"))))
        return Do("switch", ("on",))
    lamp = Lamp(decide)
    assert pursue(lamp).reason == "click 1"
    assert lamp.looked == ["wiring", "light", "light"]


def test_waiting_ends_at_the_deadline_and_says_for_what():
    lamp = Lamp(lambda *_: Wait("quorum", "start the other node", 0.5))
    with pytest.raises(DeadlineReached) as caught:
        pursue(lamp)
    assert str(caught.value) == \
        "lamp start: still waiting for quorum after 18 s; start the other node"
    assert lamp.host.clock.now <= 20.0


def test_a_look_for_which_no_time_is_left_tells_what_was_waited_for():
    def decide(_request, _parameters, facts):
        return Wait("quorum", "start the other node", 20.0) if facts.light is not None else finish()

    class Dim(Lamp):
        def observe(self, facet):
            if self.host.deadline.reached:
                raise DeadlineReached("no time was left to run quorumtool")
            return super().observe(facet)
    with pytest.raises(DeadlineReached, match="still waiting for quorum .* start the other node"):
        pursue(Dim(decide))

    class Dark(Lamp):
        def observe(self, facet):
            raise DeadlineReached("no time was left to run quorumtool")
    with pytest.raises(DeadlineReached, match="^no time was left"):
        pursue(Dark(decide))


def test_waiting_ends_when_the_facts_have_changed():
    def decide(_request, _parameters, facts):
        return finish() if facts.elapsed >= 3 else Wait("3 s", "nothing")
    lamp = Lamp(decide)
    assert pursue(lamp) == finish() and lamp.host.clock.now == pytest.approx(3.0)


def test_what_is_not_a_step_is_a_defect():
    with pytest.raises(TypeError):
        pursue(Lamp(lambda *_: None))


def test_facts_are_immutable_and_unseen_ones_are_told():
    facts = Facts(light=True)
    with pytest.raises(AttributeError):
        facts.light = False
    with pytest.raises(Unseen) as caught:
        facts.wiring
    assert caught.value.facet == "wiring"
    assert facts.last("switch") is None


@pytest.mark.parametrize("seconds, work", [(20, 18), (4, 2), (2, 1), (240, 230), (100, 90)])
def test_a_deadline_keeps_a_reserve(seconds, work):
    clock = Clock()
    deadline = Deadline(seconds, clock)
    assert deadline.remaining == pytest.approx(work) and not deadline.reached
    clock.now = work + 0.1
    assert deadline.reached and deadline.remaining == 0.0
    assert deadline.elapsed == pytest.approx(work + 0.1)
