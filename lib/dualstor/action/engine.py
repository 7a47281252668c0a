# SPDX-License-Identifier: GPL-2.0-or-later
"""Observe, decide, act, until the decision is to finish."""

from dualstor import log
from dualstor.action.steps import Case, Do, Done, Finish, Unseen, Wait
from dualstor.errors import DeadlineReached, DualstorError, ToolFailed, ToolHung


class Agent:
    """Base of an agent: how it observes. ``decide`` is a function of its module.

    For each facet that ``case_type`` declares there is a method ``see_<facet>``, and for nothing
    else; a class that breaks this cannot be defined. ``lasting`` names the facets that do not
    change within one action.
    """

    interface = None
    case_type = Case
    lasting = ()

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        looks = {name[len("see_"):] for name in dir(cls) if name.startswith("see_")}
        wrong = sorted(looks ^ cls.case_type.facets | set(cls.lasting) - cls.case_type.facets)
        if wrong:
            raise TypeError(f"{cls.__name__} and {cls.case_type.__name__} disagree on "
                            f"{', '.join(wrong)}")

    def __init__(self, host, request, parameters):
        self.host = host
        self.case = self.case_type(request, parameters)

    @property
    def request(self):
        """What the cluster manager asks for."""
        return self.case.request

    @property
    def parameters(self):
        """The resource's parameters."""
        return self.case.parameters

    @staticmethod
    def decide(case):
        """The next step: Do, Wait or Finish. Pure; raises steps.Unseen to have a look."""
        raise NotImplementedError

    def sights(self):
        """What the answer of a monitor stands on, as (kind, argument) of look.sights.

        The next monitors repeat the answer while these look the same. () where that is not known.
        """
        return ()

    def lasts(self, facet, _value, _deed):
        """Whether a facet outlives a deed; None for that is a wait."""
        return facet in self.lasting

    def first(self, facet):
        """Have *facet* looked at before the look that calls this: what was seen must not be newer."""
        if not self.case.knows(facet):
            raise Unseen(facet)

    def observe(self, facet, asking=()):
        """Look at one facet, and first at those that the look itself reads of ``case``.

        :param asking: the facets that wait for this one
        """
        if facet in asking:
            raise TypeError(f"{type(self).__name__}: {facet} is needed to see {facet}")
        while True:
            try:
                value = getattr(self, "see_" + facet)()
                break
            except Unseen as unseen:
                self.observe(unseen.facet, asking + (facet,))
        self.case = self.case.but(**{facet: value})


def _in_vain(agent, wait):
    """The DeadlineReached that tells what a Wait was for."""
    return DeadlineReached(
        f"{agent.request.resource} {agent.request.action}: still waiting for {wait.what} after "
        f"{agent.host.deadline.elapsed:.0f} s; {wait.hint}")


def _named(agent, problem):
    """*problem*, the error of a look or a deed, with the resource and a next step in its reason."""
    problem.begins = f"{agent.request.resource} {agent.request.action}: "
    if isinstance(problem, (DeadlineReached, ToolHung)):
        problem.ends = "; run it by hand to see what it waits for"
    elif isinstance(problem, ToolFailed):
        problem.ends = "; run it by hand to see all that it says"
    return problem


def _decided(agent):
    """The next step; what was looked at for it is in the agent's case then."""
    while True:
        try:
            return agent.decide(agent.case)
        except Unseen as unseen:
            facet = unseen.facet
        agent.observe(facet)


def _acted(agent, step):
    """Do a deed."""
    log.info("%s", " ".join(" ".join([step.name] + [str(arg) for arg in step.args]).split()))
    outcome = step.deed(agent, *step.args)
    elapsed = agent.host.deadline.elapsed
    agent.case = agent.case.aged(elapsed, agent.lasts, Done(step.deed, step.args, outcome, elapsed))


def pursue(agent):
    """Carry out the agent's request.

    A command that had no time says nothing of why time ran out: that is what was waited for
    before.

    :returns: Finish
    :raises DeadlineReached: a Wait was in vain; the reason tells for what
    :raises DualstorError: as the agent's observing and acting
    """
    deadline, waited = agent.host.deadline, None
    while True:
        try:
            step = _decided(agent)
            if isinstance(step, Do):
                _acted(agent, step)
                continue
        except DualstorError as problem:
            if waited is not None and deadline.missed:
                raise _in_vain(agent, waited) from None
            raise _named(agent, problem)
        if isinstance(step, Finish):
            if waited is not None and deadline.missed and step.code:
                raise _in_vain(agent, waited)
            return step
        if not isinstance(step, Wait):
            raise TypeError(f"not a step: {step!r}")
        if waited is None or not deadline.missed:
            if waited is None or step.what != waited.what:
                log.info("waiting for %s", step.what)
            waited = step
        if deadline.reached:
            raise _in_vain(agent, waited)
        deadline.missed = False
        agent.host.sleep(step.seconds)
        agent.case = agent.case.aged(deadline.elapsed, agent.lasts)
