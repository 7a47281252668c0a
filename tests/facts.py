# SPDX-License-Identifier: GPL-2.0-or-later
"""Decisions in tests: what is known of a host as a value, and deeds by their names."""

from dualstor.action.steps import Do, Done


class Facts:
    """What a test knows of a host and of what was done: facets, ``history`` and ``elapsed``."""

    def __init__(self, history=(), elapsed=0.0, **facets):
        self.__dict__.update(facets, history=tuple(history), elapsed=elapsed)

    def done(self, deed):
        """What was done of that name, oldest first."""
        return [done for done in self.history if done.deed == deed]

    def last(self, deed):
        """The outcome of the last deed of that name."""
        return self.done(deed)[-1].outcome

    def __repr__(self):
        return "Facts(%s)" % ", ".join("%s=%r" % item for item in sorted(self.__dict__.items()))


def _watching(case_type, read):
    """*case_type* that notes in *read* which facets were read."""
    class Watching(case_type):
        def __getattribute__(self, name):
            if name in case_type.facets:
                read.append(name)
            return super().__getattribute__(name)
    return Watching


def deciding(case_type, decide, deeds):
    """``decide`` as a function of (request, parameters, Facts, read=None).

    In the facts' history, and in the step that it returns, a deed is its name. ``read`` is a list
    to which the names of the facets are added that were read.
    """
    def of(request, parameters, facts, read=None):
        known = dict(facts.__dict__)
        known["history"] = [Done(getattr(deeds, done.deed), done.args, done.outcome, done.at)
                            for done in known["history"]]
        kind = case_type if read is None else _watching(case_type, read)
        step = decide(kind(request, parameters, **known))
        return Do(step.name, step.args) if isinstance(step, Do) else step
    return of
