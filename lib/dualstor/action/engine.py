# SPDX-License-Identifier: GPL-2.0-or-later
"""Observe, decide, act, until the decision is to finish."""

from dualstor import log
from dualstor.action.steps import Do, Done, Facts, Finish, Unseen, Wait
from dualstor.errors import DeadlineReached, DualstorError, ToolFailed, ToolHung


class Agent:
    """Base of an agent: its two impure parts. ``decide`` is a function of its module.

    ``lasting`` names the facets that do not change within one action.
    """

    interface = None
    lasting = ()

    def __init__(self, host, request, parameters):
        self.host = host
        self.request = request
        self.parameters = parameters

    @staticmethod
    def decide(request, parameters, facts):
        """The next step: Do, Wait or Finish. Pure; raises steps.Unseen to have a look."""
        raise NotImplementedError

    def sights(self):
        """What the answer of a monitor stands on, as (kind, argument) of look.sights.

        The next monitors repeat the answer while these look the same. () where that is not known.
        """
        return ()

    def observe(self, facet):
        """The present value of one facet: what ``see_<facet>()`` returns."""
        return getattr(self, "see_" + facet)()

    def act(self, step):
        """Do one deed: ``do_<deed>(*args)``; the value returned is its outcome."""
        return getattr(self, "do_" + step.deed)(*step.args)


def _in_vain(agent, wait):
    """The DeadlineReached that tells what a Wait was for."""
    return DeadlineReached(f"{agent.request.resource} {agent.request.action}: still waiting for "
                           f"{wait.what} after {agent.host.deadline.elapsed:.0f} s; {wait.hint}")


def _named(agent, problem):
    """*problem*, the error of a look or a deed, with the resource and a next step in its reason."""
    problem.begins = f"{agent.request.resource} {agent.request.action}: "
    if isinstance(problem, (DeadlineReached, ToolHung)):
        problem.ends = "; run it by hand to see what it waits for"
    elif isinstance(problem, ToolFailed):
        problem.ends = "; run it by hand to see all that it says"
    return problem


def _decided(agent, facts):
    """(the next step, the facts with what was looked at for it)."""
    while True:
        try:
            return agent.decide(agent.request, agent.parameters, facts), facts
        except Unseen as unseen:
            facet = unseen.facet
        facts = facts.with_facet(facet, agent.observe(facet))


def _acted(agent, step, facts):
    """Do a deed: the facts that outlive it."""
    log.info("%s", " ".join(" ".join([step.deed] + [str(a) for a in step.args]).split()))
    outcome, deadline = agent.act(step), agent.host.deadline
    done = Done(step.deed, step.args, outcome, deadline.elapsed)
    return facts.aged(deadline.elapsed, agent.lasting, done)


def pursue(agent):
    """Carry out the agent's request.

    A command that had no time says nothing of why time ran out: that is what was waited for
    before.

    :returns: Finish
    :raises DeadlineReached: a Wait was in vain; the reason tells for what
    :raises DualstorError: as the agent's observing and acting
    """
    deadline = agent.host.deadline
    facts, waited = Facts(), None
    while True:
        try:
            step, facts = _decided(agent, facts)
            if isinstance(step, Do):
                facts = _acted(agent, step, facts)
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
        facts = facts.aged(deadline.elapsed, agent.lasting)
