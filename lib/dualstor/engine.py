# SPDX-License-Identifier: GPL-2.0-or-later
"""Observe, decide, act, until the decision is to finish."""

from dualstor import log
from dualstor.errors import DeadlineReached
from dualstor.steps import Do, Done, Facts, Finish, Unseen, Wait


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
    return DeadlineReached("%s %s: still waiting for %s after %.0f s; %s" % (
        agent.request.resource, agent.request.action, wait.what, agent.host.deadline.elapsed,
        wait.hint))


def pursue(agent):
    """Carry out the agent's request.

    :returns: Finish
    :raises DeadlineReached: the last Wait was in vain; the reason tells for what
    :raises DualstorError: as the agent's observing and acting
    """
    deadline = agent.host.deadline
    facts, waited = Facts(), None
    while True:
        try:
            step = agent.decide(agent.request, agent.parameters, facts)
        except Unseen as unseen:
            try:
                facts = facts.with_facet(unseen.facet, agent.observe(unseen.facet))
            except Exception as problem:
                if waited is None or not isinstance(problem, DeadlineReached):
                    raise
                raise _in_vain(agent, waited) from None  # it is known what for
            continue
        if isinstance(step, Finish):
            return step
        if isinstance(step, Do):
            log.info("%s", " ".join(" ".join([step.deed] + [str(a) for a in step.args]).split()))
            outcome = agent.act(step)
            done = Done(step.deed, step.args, outcome, deadline.elapsed)
            facts = facts.aged(deadline.elapsed, agent.lasting, done)
        elif isinstance(step, Wait):
            if waited is None or step.what != waited.what:
                log.info("waiting for %s", step.what)
            waited = step
            if deadline.reached:
                raise _in_vain(agent, waited)
            agent.host.sleep(step.seconds)
            facts = facts.aged(deadline.elapsed, agent.lasting)
        else:
            raise TypeError("not a step: %r" % (step,))
