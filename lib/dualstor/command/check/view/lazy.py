# SPDX-License-Identifier: GPL-2.0-or-later
"""A property that is computed once: views are immutable."""

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from functools import cached_property as lazy  # novm

    __all__ = ["lazy"]
else:
    class lazy:
        """functools.cached_property of Python 3.8; what raises is computed again."""

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
