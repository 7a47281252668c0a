# SPDX-License-Identifier: GPL-2.0-or-later
"""The vocabulary of decisions: what is requested, what is known, what to do next.

An agent has three parts. *Observing* looks up one facet of the host. *Deciding* is a pure
function ``decide(case)`` that returns one step. *Acting* does one deed. ``action.engine`` repeats
this until the step is Finish.
"""

from dualstor.record import Record, own_annotations

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Callable, Generic, TypeVar, Union

    from typing_extensions import Self

    from dualstor.look.sights import Sight
    from dualstor.ocf.environment import Notification
    from dualstor.ocf.reason import Reason, Said

    Step = Union["Do", "Wait", "Finish"]
    Outcome = TypeVar("Outcome")
else:
    Outcome, Generic = None, {None: object}     # only mypy knows the outcome of a Done


#: What the watcher asks of an agent; no cluster manager does.
PROPAGATE = "propagate"


class Request(Record):
    """What the cluster manager asks for."""

    action: str
    resource: str = "unnamed"    # the cluster's id of the resource
    probe: bool = False          # a monitor that expects nothing to be there
    level: int = 0               # check level, one that the agent knows
    degraded_known: bool = True  # 190 and 191 may be returned
    promoted_known: bool = True
    in_cluster: bool = False
    of_clone: bool = True        # whether the caller says anything of a clone
    clone_max: "int | None" = None
    clone_node_max: "int | None" = None
    promoted_max: "int | None" = None
    promoted_node_max: "int | None" = None
    notifies: "bool | None" = None
    node: "str | None" = None
    notification: "Notification | None" = None


class Finish(Record):
    """The action ends here. ``reason`` is the exit reason; None only with SUCCESS.

    ``well``: if a monitor finds everything healthy and has changed nothing, what that depends on
    apart from the agent's ``sights``, as look.sights.see returns it; None: the next monitor has to
    run in full. ``whole``: of PROPAGATE, whether a monitor would find everything healthy, too.
    ``looked``: False if a monitor leaves what is new to the next one; it knows nothing against the
    answer that was kept then.
    """

    code: int
    reason: "Said | None" = None
    well: "tuple[Sight, ...] | None" = None
    whole: bool = False
    looked: bool = True


class Do(Record):
    """Do one deed, a function of the agent and of *args*; what it returns is its outcome."""

    deed: "Callable[..., object]"
    args: "tuple[Any, ...]" = ()

    @property
    def name(self) -> str:
        """The deed's name, for the log."""
        return self.deed.__name__


class Wait(Record):
    """Nothing to do but to observe again in *seconds*.

    ``why`` says what has to change first; if the time expires, it is the exit reason.
    """

    why: "Said"
    seconds: float = 0.5


class Done(Record, Generic[Outcome]):
    """A deed that was done, with what it returned, ``at`` seconds into the action."""

    deed: "Callable[..., Outcome]"
    args: "tuple[Any, ...]"
    outcome: Outcome
    at: float

    def brief(self) -> "Self":
        """The same with less of what was printed: it has been done again since."""
        shorten = getattr(self.outcome, "brief", None)
        return self if shorten is None else self.but(outcome=shorten())


class Unseen(Exception):
    """Deciding needs a facet that has not been observed yet."""

    def __init__(self, facet: str) -> None:
        super().__init__(facet)
        self.facet = facet


class Case:
    """What a decision is made from, immutable: what is requested, what is known, what was done.

    An agent's own class declares the facets of the host that it may observe, as annotations, and
    for mypy the type of its parameters. Reading a facet that was not observed raises Unseen, so
    a decision never costs more lookups than it needs, and a test shows what it does not need.

    ``history`` is what was done in this action (Done, oldest first), ``elapsed`` the seconds
    since it began.
    """

    facets: "frozenset[str]" = frozenset()

    request: Request
    parameters: object
    history: "tuple[Done[Any], ...]"
    elapsed: float

    def __init_subclass__(cls, **more: "Any") -> None:
        super().__init_subclass__(**more)
        cls.facets = cls.facets | frozenset(own_annotations(cls))

    def __init__(self, request: Request, parameters: object, history: "tuple[Done[Any], ...]" = (),
                 elapsed: float = 0.0, **facets: object) -> None:
        unknown = sorted(set(facets) - self.facets)
        if unknown:
            raise TypeError(f"{type(self).__name__} declares no {' and no '.join(unknown)}")
        self.__dict__.update(facets, request=request, parameters=parameters,
                             history=tuple(history), elapsed=elapsed)

    if not TYPE_CHECKING:       # mypy knows the facets, and reports any other name
        def __getattr__(self, name: str) -> object:
            if name in type(self).facets:
                raise Unseen(name)
            raise AttributeError(f"{type(self).__name__} has no facet {name}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in sorted(self.__dict__.items()))
        return f"{type(self).__name__}({shown})"

    @property
    def names(self) -> "dict[str, str]":
        """Values for places of any reason: ``subject``, what the resource is about, and names."""
        return {"subject": self.request.resource}

    def but(self, **changes: "Any") -> "Self":
        """The same case with facets (or anything else of it) changed."""
        return type(self)(**dict(self.__dict__, **changes))

    def aged(self, elapsed: float,
             lasts: "Callable[[str, object, Callable[..., object] | None], bool]",
             done: "Done[Any] | None" = None) -> "Self":
        """The case after a deed or a wait: of the facets, those that outlive it.

        :param lasts: function of a facet's name, its value and the deed: whether it does
        :param done: the Done, None after a wait
        """
        deed = None if done is None else done.deed
        kept = {name: value for name, value in self.__dict__.items()
                if name in self.facets and lasts(name, value, deed)}
        history = self.history
        if done is not None:
            history = tuple(each.brief() if each.deed is done.deed else each for each in history)
            history += (done,)
        return type(self)(self.request, self.parameters, history=history, elapsed=elapsed, **kept)

    def knows(self, facet: str) -> bool:
        """Whether the facet was observed."""
        return facet in self.__dict__

    def done(self, deed: "Callable[..., Outcome]") -> "tuple[Done[Outcome], ...]":
        """Each time that this deed was done in this action, oldest first."""
        return tuple(each for each in self.history if each.deed is deed)

    def last(self, deed: "Callable[..., Outcome]") -> "Outcome | None":
        """The outcome of the last deed of that kind, None when there is none."""
        done = self.done(deed)
        return done[-1].outcome if done else None

    def again(self, step: Do, seconds: float, wait: Wait) -> "Do | Wait":
        """*step*, once it is *seconds* since its deed was last done; *wait* until then."""
        return step if self.elapsed - self.done(step.deed)[-1].at >= seconds else wait

    def say(self, reason: "Reason", **values: object) -> "Said":
        """A sentence about the subject of this resource."""
        return reason(**{**self.names, **values})

    def refuse(self, code: int, reason: "Reason | Said", **values: object) -> Finish:
        """A Finish with this sentence, or with the one that an entry makes of *values*."""
        return Finish(code, self.say(reason, **values) if callable(reason) else reason)

    def wait(self, reason: "Reason", pause: float = 0.5, **values: object) -> Wait:
        """A Wait of *pause* seconds for what an entry says to change."""
        return Wait(self.say(reason, **values), pause)
