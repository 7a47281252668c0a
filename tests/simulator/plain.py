# SPDX-License-Identifier: GPL-2.0-or-later
"""As much of dataclasses as the state needs: each simulated program imports it, and the real one is most of its start."""


class Factory:
    """A default that is made anew for each instance."""

    def __init__(self, make):
        self.make = make


def field(default_factory):
    """A field whose default is what the factory returns."""
    return Factory(default_factory)


def dataclass(cls):
    """Decorator: the annotations of the class body are fields of its instances."""
    cls._fields = tuple(cls.__annotations__)
    cls._defaults = {name: getattr(cls, name) for name in cls._fields if hasattr(cls, name)}
    cls.__init__, cls.__eq__, cls.__repr__, cls.__hash__ = _init, _eq, _repr, None
    return cls


def _init(self, *args, **values):
    values.update(zip(self._fields, args))
    here = self.__dict__
    for name in self._fields:
        if name in values:
            here[name] = values.pop(name)
        else:
            default = self._defaults[name]
            here[name] = default.make() if isinstance(default, Factory) else default
    if values:
        raise TypeError("%s has no field %s" % (type(self).__name__, ", ".join(values)))


def _eq(self, other):
    return self.__dict__ == other.__dict__ if type(self) is type(other) else NotImplemented


def _repr(self):
    return "%s(%s)" % (type(self).__name__, ", ".join("%s=%r" % item for item in self.__dict__.items()))
