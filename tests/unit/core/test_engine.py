# SPDX-License-Identifier: GPL-2.0-or-later
"""Observe, decide, act: what is looked at, in which order, and until when."""

import pytest

from dualstor.action.engine import Agent, pursue
from dualstor.action.steps import Case, Do, Finish, Request, Unseen
from dualstor.errors import DeadlineReached, ToolFailed, ToolHung
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.host.run import Completed
from dualstor.ocf.codes import ExitCode
from sentences import entry, sentence

DARK = entry("the {subject} is dark ({light})", "press the button")


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


class LampCase(Case):
    """What is known of a lamp."""

    wiring: str
    light: object


class Lamp(Agent):
    """An agent whose resource is a lamp; each look at it is noted."""

    case_type = LampCase
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

    def press(self, position):
        self.lit = position == "on"
        return "click"


def switch(lamp, position):
    """The one deed."""
    return lamp.press(position)


def finish(reason=None):
    return Finish(ExitCode.SUCCESS) if reason is None else \
        Finish(ExitCode.ERR_GENERIC, sentence(reason, ""))


def test_only_what_the_decision_reads_is_looked_at_and_in_its_order():
    def decide(case):
        if case.light or case.wiring != "sound":
            return finish("no")
        return finish()
    lamp = Lamp(decide)
    assert pursue(lamp) == finish() and lamp.looked == ["light", "wiring"]
    lamp = Lamp(decide)
    lamp.lit = True
    assert pursue(lamp) == finish("no") and lamp.looked == ["light"]


def test_after_a_deed_the_facets_are_looked_at_anew_but_for_lasting_ones():
    def decide(case):
        if case.wiring and case.light:
            return finish("%s %s" % (case.last(switch), len(case.done(switch))))
        return Do(switch, ("on",))
    lamp = Lamp(decide)
    assert pursue(lamp).reason == "click 1"
    assert lamp.looked == ["wiring", "light", "light"]


def test_waiting_ends_at_the_deadline_and_says_for_what():
    lamp = Lamp(lambda case: case.wait(DARK, 0.5, light="off"))
    with pytest.raises(DeadlineReached) as caught:
        pursue(lamp)
    assert caught.value.said == "the lamp is dark (off), waited 18 s: press the button"
    assert lamp.host.clock.now <= 20.0


class Asking(Lamp):
    """One that asks a program for the light, and the program hangs from some time on.

    ``softly``: hanging is an answer of its own, as of quorum.look. ``late``: no look begins
    before that time.
    """

    def __init__(self, decide, hangs_at, softly=False, seconds=20.0):
        super().__init__(decide, seconds)
        self.hangs_at, self.softly = hangs_at, softly
        self.host.execute = self.execute

    def execute(self, argv, seconds, _environment):
        if self.host.clock.now >= self.hangs_at:
            self.host.clock.now += seconds
            raise ToolHung(argv, "no answer in %.0f s" % seconds)

    def see_light(self):
        try:
            self.host.run(("ask", "light"), 5.0)
        except ToolHung as problem:
            if not self.softly:
                raise
            return "not known (%s)" % problem
        return "off"

    def press(self, position):
        self.host.run(("switch", position))


def light_to_go_on(case):
    return case.wait(DARK, 4.0, light=case.light)


@pytest.mark.parametrize("hangs_at", [16.0, 17.9])
@pytest.mark.parametrize("softly", [False, True])
def test_a_look_that_had_no_time_does_not_replace_what_was_waited_for(hangs_at, softly):
    with pytest.raises(DeadlineReached) as caught:
        pursue(Asking(light_to_go_on, hangs_at, softly))
    assert caught.value.said == "the lamp is dark (off), waited 18 s: press the button"


def test_nor_does_a_verdict_on_such_a_look():
    def decide(case):
        return finish("broken") if case.light != "off" else case.wait(DARK, 4.0, light="off")
    with pytest.raises(DeadlineReached) as caught:
        pursue(Asking(decide, 16.0, softly=True))
    assert caught.value.said.fact == "the lamp is dark (off), waited 18 s"
    assert pursue(Asking(decide, 4.0, softly=True)).reason == "broken"   # that look had its time


def test_a_look_that_had_its_time_is_an_answer():
    with pytest.raises(DeadlineReached) as caught:
        pursue(Asking(light_to_go_on, 4.0, softly=True))
    assert "not known (ask light: no answer in 5 s)" in caught.value.said


def test_an_error_that_ends_an_action_names_the_resource_and_a_next_step():
    with pytest.raises(ToolHung) as caught:
        pursue(Asking(light_to_go_on, 0.0))
    assert caught.value.said == \
        "lamp: `ask light` hangs (no answer in 5 s): see `dmesg` and `ps` for what it waits for"
    lamp = Asking(light_to_go_on, 0.0)
    lamp.see_light = failing
    with pytest.raises(ToolFailed) as caught:
        pursue(lamp)
    assert caught.value.said == \
        "lamp: `ask` failed (what? (exit code 3)): fix what it says, see the system log"


def failing():
    raise ToolFailed(Completed(argv=("ask",), returncode=3, stderr="what?\n"))


def test_a_deed_without_time_names_the_command_that_took_it():
    def decide(case):
        return Do(switch, ("on",)) if case.light else None
    lamp = Asking(decide, 0.0, softly=True, seconds=6.0)
    with pytest.raises(DeadlineReached) as caught:
        pursue(lamp)
    assert caught.value.said == \
        "lamp: a command hung and used up the time (ask light: no answer in 4 s): " \
        "see `dmesg` and `ps` for what it waits for"


def test_one_without_time_says_so_where_nothing_hung():
    def decide(_case):
        lamp.host.clock.now = 20.0
        return Do(switch, ("on",))
    lamp = Asking(decide, 99.0)
    with pytest.raises(DeadlineReached) as caught:
        pursue(lamp)
    assert caught.value.said == "lamp: no time was left to run `switch on`: " \
        "see the log for what took it, or raise the timeout"


def test_a_part_of_the_time_is_given_to_one_way_and_the_rest_is_left():
    lamp = Asking(light_to_go_on, 0.0, seconds=20.0)
    with pytest.raises(ToolHung, match="no answer in 6 s"):
        lamp.host.within(3, lambda: lamp.host.run(("ask", "light")))
    assert lamp.host.clock.now == pytest.approx(6.0)
    assert lamp.host.deadline.remaining == pytest.approx(12.0)


def test_waiting_ends_when_the_facts_have_changed():
    def decide(case):
        return finish() if case.elapsed >= 3 else case.wait(DARK, light="off")
    lamp = Lamp(decide)
    assert pursue(lamp) == finish() and lamp.host.clock.now == pytest.approx(3.0)


def test_what_is_not_a_step_is_a_defect():
    with pytest.raises(TypeError):
        pursue(Lamp(lambda *_: None))


def test_a_case_is_immutable_and_unseen_facets_are_named():
    case = LampCase(Request("start"), None, light=True)
    with pytest.raises(AttributeError):
        case.light = False
    with pytest.raises(Unseen) as caught:
        case.wiring
    assert caught.value.facet == "wiring" and case.knows("light") and not case.knows("wiring")
    assert case.last(switch) is None


def test_a_facet_that_nobody_declares_is_a_mistake_of_ours():
    with pytest.raises(AttributeError, match="LampCase has no facet bulb"):
        LampCase(Request("start"), None).bulb
    with pytest.raises(TypeError, match="LampCase declares no bulb"):
        LampCase(Request("start"), None, bulb=1)


@pytest.mark.parametrize("more", [{"see_bulb": lambda self: None}, {"lasting": ("bulb",)},
                                  {"case_type": type("More", (LampCase,), {"__annotations__": {"bulb": str}})}])
def test_an_agent_sees_what_is_declared_and_nothing_else(more):
    with pytest.raises(TypeError, match="disagree on bulb"):
        type("Broken", (Lamp,), more)


def test_a_look_may_use_another_which_is_then_not_repeated():
    class Bright(Lamp):
        def see_light(self):
            return "%s, %s" % (super().see_light(), self.case.wiring)
    lamp = Bright(lambda case: finish("%s (%s)" % (case.light, case.wiring)))
    assert pursue(lamp).reason == "False, sound (sound)"
    assert lamp.looked == ["light", "wiring", "light"], "the look itself is begun again"


def test_a_look_that_needs_itself_is_a_mistake_of_ours():
    class Round(Lamp):
        def see_wiring(self):
            return self.case.light

        def see_light(self):
            return self.case.wiring
    with pytest.raises(TypeError, match="needed to see"):
        pursue(Round(lambda case: finish(case.light)))


def test_what_must_be_older_is_looked_at_first():
    class Careful(Lamp):
        def see_light(self):
            self.first("wiring")
            return super().see_light()
    lamp = Careful(lambda case: finish() if case.light in (True, False) else None)
    assert pursue(lamp) == finish() and lamp.looked == ["wiring", "light"]


@pytest.mark.parametrize("seconds, work", [(20, 18), (4, 2), (2, 1), (240, 230), (100, 90)])
def test_a_deadline_keeps_a_reserve(seconds, work):
    clock = Clock()
    deadline = Deadline(seconds, clock)
    assert deadline.remaining == pytest.approx(work) and not deadline.reached
    clock.now = work + 0.1
    assert deadline.reached and deadline.remaining == 0.0
    assert deadline.elapsed == pytest.approx(work + 0.1)
