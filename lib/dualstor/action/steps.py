# SPDX-License-Identifier: GPL-2.0-or-later
"""The vocabulary of decisions: what is asked, what is known, what to do next.

An agent is three parts. *Observing* looks up one facet of the host. *Deciding* is a pure
function ``decide(case)`` that returns one step. *Acting* does one deed. ``action.engine`` goes
round until the step is Finish.
"""

from dualstor.record import Record, own_annotations


class Request(Record):
    """What the cluster manager asks for."""

    action: str
    resource: str = "unnamed"    # the cluster's id of the resource
    probe: bool = False          # a monitor that expects nothing to be there
    level: int = 0               # check level, one the agent knows
    degraded_known: bool = True  # 190 and 191 may be answered
    promoted_known: bool = True
    in_cluster: bool = False
    clone_max: int = None
    clone_node_max: int = None
    promoted_max: int = None
    promoted_node_max: int = None
    notifies: bool = None
    node: str = None
    notification: object = None


class Finish(Record):
    """The action ends here. ``reason`` is the exit reason; None only with SUCCESS.

    ``well``: of a monitor that finds all well and has changed nothing, what that stands on besides
    the agent's ``sights``, as look.sights.see returns it; None: the next monitor has to look.
    """

    code: int
    reason: str = None
    well: tuple = None


class Do(Record):
    """Do one deed, a function of the agent and of *args*; what it returns is its outcome."""

    deed: object
    args: tuple = ()

    @property
    def name(self):
        """The deed's name, for the log."""
        return self.deed.__name__


class Wait(Record):
    """Nothing to do but look again in *seconds*.

    ``what`` ends the sentence "waiting for ..."; should time run out, it is
    the exit reason together with ``hint``, the next step for a person.
    """

    what: str
    hint: str
    seconds: float = 0.5


class Done(Record):
    """A deed that was done, with what it returned, ``at`` seconds into the action."""

    deed: object
    args: tuple
    outcome: object
    at: float


class Unseen(Exception):
    """Deciding needs a facet that has not been observed yet."""

    def __init__(self, facet):
        super().__init__(facet)
        self.facet = facet


class Case:
    """What a decision is made of, immutable: what is asked for, what is known, what was done.

    An agent's own class declares the facets of the host that it may look at, as annotations.
    Reading a facet that was not observed raises Unseen, so a decision never costs more looking
    than it needs, and a test shows what it does not need.

    ``history`` is what was done in this action (Done, oldest first), ``elapsed`` the seconds
    since it began.
    """

    facets = frozenset()

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        cls.facets = cls.facets | frozenset(own_annotations(cls))

    def __init__(self, request, parameters, history=(), elapsed=0.0, **facets):
        unknown = sorted(set(facets) - self.facets)
        if unknown:
            raise TypeError(f"{type(self).__name__} declares no {' and no '.join(unknown)}")
        self.__dict__.update(facets, request=request, parameters=parameters,
                             history=tuple(history), elapsed=elapsed)

    def __getattr__(self, name):
        if name in type(self).facets:
            raise Unseen(name)
        raise AttributeError(f"{type(self).__name__} has no facet {name}")

    def __setattr__(self, name, value):
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __repr__(self):
        shown = ", ".join(f"{name}={value!r}" for name, value in sorted(self.__dict__.items()))
        return f"{type(self).__name__}({shown})"

    @property
    def subject(self):
        """What the resource is about, e.g. "VG vg0"; "" where the resource's name says it."""
        return ""

    def but(self, **changes):
        """The same case with facets (or anything else of it) changed."""
        return type(self)(**dict(self.__dict__, **changes))

    def aged(self, elapsed, lasts, done=None):
        """The case after a deed or a wait: of the facets, those that outlive it.

        :param lasts: function of a facet's name, its value and the deed: whether it does
        :param done: the Done, None after a wait
        """
        kept = {name: value for name, value in self.__dict__.items()
                if name in self.facets and lasts(name, value, done and done.deed)}
        history = self.history if done is None else self.history + (done,)
        return type(self)(self.request, self.parameters, history=history, elapsed=elapsed, **kept)

    def knows(self, facet):
        """Whether the facet was observed."""
        return facet in self.__dict__

    def done(self, deed):
        """How often that deed was done in this action, as Done each, oldest first."""
        return tuple(each for each in self.history if each.deed is deed)

    def last(self, deed):
        """The outcome of the last deed of that kind, None when there is none."""
        done = self.done(deed)
        return done[-1].outcome if done else None

    def refuse(self, code, text):
        """A Finish whose reason names the resource, the action and the subject."""
        subject = self.subject and self.subject + ": "
        return Finish(code, f"{self.request.resource} {self.request.action}: {subject}{text}")
