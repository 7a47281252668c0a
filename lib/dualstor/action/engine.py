# SPDX-License-Identifier: GPL-2.0-or-later
"""Observe, decide, act, until the decision is to finish."""

from dualstor import log
from dualstor.action import reasons
from dualstor.action.steps import Case, Do, Done, Finish, Unseen, Wait
from dualstor.errors import DeadlineReached, DualstorError, TimeExpired

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Callable, ClassVar

    from dualstor.action.steps import Request, Step
    from dualstor.host.host import Host
    from dualstor.ocf.parameters import Interface


class Agent:
    """Base of an agent: how it observes. ``decide`` is a function of its module.

    There is a method ``see_<facet>`` for each facet that ``case_type`` declares, and for nothing
    else; a class that breaks this cannot be defined. ``lasting`` names the facets that do not
    change within one action. An agent declares ``case``, too: for mypy, it is of its case_type.
    """

    interface: "ClassVar[Interface]"
    case_type: "ClassVar[type[Case]]" = Case
    case: Case
    lasting: "tuple[str, ...]" = ()

    def __init_subclass__(cls, **more: "Any") -> None:
        super().__init_subclass__(**more)
        looks = {name[len("see_"):] for name in dir(cls) if name.startswith("see_")}
        wrong = sorted(looks ^ cls.case_type.facets | set(cls.lasting) - cls.case_type.facets)
        if wrong:
            raise TypeError(f"{cls.__name__} and {cls.case_type.__name__} disagree on "
                            f"{', '.join(wrong)}")

    def __init__(self, host: "Host", request: "Request", parameters: object) -> None:
        self.host = host
        self.case = self.case_type(request, parameters)

    @property
    def request(self) -> "Request":
        """What the cluster manager asks for."""
        return self.case.request

    @staticmethod
    def decide(case: "Any") -> "Step":
        """The next step. Pure.

        :param case: of the agent's case_type
        :raises Unseen: a facet has to be observed first
        """
        raise NotImplementedError

    def sights(self) -> "tuple[tuple[str, str], ...]":
        """What the answer of a monitor depends on, as (kind, argument) of look.sights.

        The next monitors repeat the answer while these look the same. () where that is not known.
        """
        return ()

    def lasts(self, facet: str, value: "Any", deed: "Callable[..., object] | None") -> bool:
        """Whether a facet with this value outlives a deed; None instead of a deed is a wait."""
        return facet in self.lasting

    def first(self, facet: str) -> None:
        """Have *facet* observed before the one that calls this: what is known must not be newer."""
        if not self.case.knows(facet):
            raise Unseen(facet)

    def let_go(self) -> None:
        """Give back what the action has kept from others; the end of its process does so, too."""

    def observe(self, facet: str, asking: "tuple[str, ...]" = ()) -> None:
        """Observe one facet, and before it those that this lookup itself reads from ``case``.

        A lookup begins again when it has read one that was not observed: it reads them first,
        before it runs anything.

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


def _expired(agent: Agent, wait: Wait) -> DeadlineReached:
    """The DeadlineReached that names what a Wait was for."""
    ended = DeadlineReached(str(wait.why))
    ended.said = wait.why.after(agent.host.deadline.elapsed)
    return ended


def _decided(agent: Agent) -> "Step":
    """The next step; what was observed for it is in the agent's case then."""
    while True:
        try:
            return agent.decide(agent.case)
        except Unseen as unseen:
            facet = unseen.facet
        agent.observe(facet)


def _act(agent: Agent, step: Do) -> None:
    """Do a deed."""
    log.info("%s", " ".join(" ".join([step.name] + [str(arg) for arg in step.args]).split()))
    outcome = step.deed(agent, *step.args)
    elapsed = agent.host.deadline.elapsed
    agent.case = agent.case.aged(elapsed, agent.lasts, Done(step.deed, step.args, outcome, elapsed))


def pursue(agent: Agent) -> Finish:
    """Carry out the agent's request.

    A command that had no time does not say why the time expired: that is what was waited for
    before.

    :raises DeadlineReached: the time expired in a Wait; the reason names what it was for
    :raises DualstorError: as the agent's observing and acting
    """
    deadline = agent.host.deadline
    waited: "Wait | None" = None
    while True:
        try:
            step = _decided(agent)
            if isinstance(step, Do):
                _act(agent, step)
                continue
        except TimeExpired as problem:
            subject = agent.case.names["subject"]
            problem.said = reasons.TOO_MUCH(subject=subject, command=deadline.asked) \
                if deadline.asked else reasons.TOO_SLOW(subject=subject)
            raise
        except DualstorError as problem:
            if waited is not None and deadline.missed:
                raise _expired(agent, waited) from None
            problem.said = reasons.of(problem, agent.case.names["subject"])
            raise
        if isinstance(step, Finish):
            if waited is not None and deadline.missed and step.code:
                raise _expired(agent, waited)
            return step
        if not isinstance(step, Wait):
            raise TypeError(f"not a step: {step!r}")
        if waited is None or not deadline.missed:
            if waited is None or step.why != waited.why:
                log.info("waiting: %s", step.why.fact)
            waited = step
        if deadline.reached:
            raise _expired(agent, waited)
        deadline.missed = False
        agent.host.sleep(step.seconds)
        agent.case = agent.case.aged(deadline.elapsed, agent.lasts)
