# SPDX-License-Identifier: GPL-2.0-or-later
"""The vocabulary of decisions: what is asked, what is known, what to do next.

An agent is three parts. *Observing* looks up one facet of the host. *Deciding*
is a pure function ``decide(request, parameters, facts)`` that returns one step.
*Acting* does one deed. ``dualstor.action.engine`` goes round until the step is Finish.
"""

from dualstor.record import Record


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
    """Do one deed: ``act`` calls the agent's ``do_<deed>(*args)``."""

    deed: str
    args: tuple = ()


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

    deed: str
    args: tuple
    outcome: object
    at: float


class Unseen(Exception):
    """Deciding needs a facet that has not been observed yet."""

    def __init__(self, facet):
        super().__init__(facet)
        self.facet = facet


class Facts:
    """What is known of the host, immutable; facets are attributes.

    Reading a facet that was not observed raises Unseen, so a decision never
    costs more looking than it needs, and a test shows what it does not need.

    ``history`` is what was done in this action (Done, oldest first),
    ``elapsed`` the seconds since it began.
    """

    def __init__(self, history=(), elapsed=0.0, **facets):
        self.__dict__.update(facets)
        self.__dict__["history"] = tuple(history)
        self.__dict__["elapsed"] = elapsed

    def __getattr__(self, facet):
        if facet.startswith("__"):
            raise AttributeError(facet)
        raise Unseen(facet)

    def __setattr__(self, name, value):
        raise AttributeError("Facts are immutable")

    def __repr__(self):
        return "Facts(%s)" % ", ".join("%s=%r" % item for item in sorted(self.__dict__.items()))

    def with_facet(self, facet, value):
        """The same facts and one more."""
        return Facts(**dict(self.__dict__, **{facet: value}))

    def aged(self, elapsed, lasting, done=None):
        """The facts that outlive a deed or a wait: the *lasting* facets and the history."""
        kept = {name: self.__dict__[name] for name in lasting if name in self.__dict__}
        history = self.history if done is None else self.history + (done,)
        return Facts(history=history, elapsed=elapsed, **kept)

    def done(self, deed):
        """What was done of that name in this action, oldest first."""
        return tuple(d for d in self.history if d.deed == deed)

    def last(self, deed):
        """The outcome of the last deed of that name, None when there is none."""
        done = self.done(deed)
        return done[-1].outcome if done else None
