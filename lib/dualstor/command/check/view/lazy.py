# SPDX-License-Identifier: GPL-2.0-or-later
"""A property that is worked out once: views are immutable."""


class lazy:
    """As functools.cached_property of newer Pythons; what raises is asked again."""

    def __init__(self, function):
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        value = self._function(instance)
        instance.__dict__[self._name] = value
        return value
