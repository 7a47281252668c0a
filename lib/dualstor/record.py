# SPDX-License-Identifier: GPL-2.0-or-later
"""Immutable values with named fields, and the numbers that texts hold.

dataclasses and typing.NamedTuple would serve, but importing either costs more
than a whole level-0 monitor may; this needs no import at all.
"""

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from typing_extensions import Self, dataclass_transform
else:
    def dataclass_transform(**_):
        """Nothing at run time; mypy learns that a Record is constructed as a dataclass is."""
        return lambda cls: cls

_DIGITS = {10: "0123456789", 16: "0123456789abcdefABCDEF"}
_LONGEST = 18       # digits: 64 bits hold one or two more, but no number that is read here has


def whole(text: "str | None", base: int = 10, signed: bool = False) -> "int | None":
    """The whole number in a word of a program or of the kernel.

    Stricter than int(), which takes "1_0", " 1" and the digits of every script, and raises
    ValueError for "\u00b2", of which isdigit() is true, and for a number of 5000 digits.

    :param base: 10, or 16, where "0x" may stand before it
    :param signed: whether a sign may stand before it
    :returns: None when it is something else, or too long to be a number
    """
    sign = text[0] if signed and text and text[0] in "+-" else ""
    text = (text or "")[len(sign):]
    if base == 16 and text[:2] in ("0x", "0X"):
        text = text[2:]
    if not text or len(text) > _LONGEST or text.strip(_DIGITS[base]):
        return None
    return -int(text, base) if sign == "-" else int(text, base)


def fraction(text: "str | None") -> "float | None":
    """The number in a word like "12" or "12.50"; None when it is something else."""
    text = text or ""
    before, dot, behind = text.partition(".")
    if whole(before) is None or (dot and whole(behind) is None):
        return None
    return float(text)


def own_annotations(cls: type) -> "dict[str, Any]":
    """The annotations of the class body of *cls* itself, in order."""
    own = cls.__dict__.get("__annotations__")
    if own is None and ("__annotate__" in cls.__dict__ or "__annotate_func__" in cls.__dict__):
        own = cls.__annotations__  # Python 3.14 computes them on demand
    return own or {}


@dataclass_transform(frozen_default=True)
class Record:
    """Base of an immutable value; fields are the annotations of the class body.

    A field with a class attribute of the same name has that as its default.
    By convention None means "not known" or "not there".

        class Member(Record):
            name: str
            votes: int = 1

    Construct by keyword (or by position, in order). Raises TypeError for an
    unknown or missing field, AttributeError on any attempt to change one.
    """

    fields: "ClassVar[tuple[str, ...]]" = ()
    _known: "ClassVar[frozenset[str]]" = frozenset()
    _required: "ClassVar[frozenset[str]]" = frozenset()

    def __init_subclass__(cls, **kwargs: "Any") -> None:
        super().__init_subclass__(**kwargs)
        own = tuple(name for name in own_annotations(cls) if name not in cls.fields)
        cls.fields = cls.fields + own
        cls._known = frozenset(cls.fields)
        cls._required = frozenset(name for name in cls.fields if not hasattr(cls, name))

    def __init__(self, *args: "Any", **kwargs: "Any") -> None:
        if args:
            if len(args) > len(self.fields):
                raise TypeError(f"{type(self).__name__} takes {len(self.fields)} fields")
            values = dict(zip(self.fields, args))
            twice = sorted(values.keys() & kwargs.keys())
            if twice:
                raise TypeError(f"{type(self).__name__}: unexpected field {twice[0]!r}")
            values.update(kwargs)
        else:
            values = kwargs
        if not values.keys() <= self._known:
            raise TypeError(f"{type(self).__name__}: unexpected field "
                            f"{sorted(values.keys() - self._known)[0]!r}")
        if not self._required <= values.keys():
            missing = [name for name in self.fields if name in self._required - values.keys()]
            raise TypeError(f"{type(self).__name__}: missing field {', '.join(missing)}")
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def but(self, **changes: "Any") -> "Self":
        """A copy in which the named fields have other values."""
        return type(self)(**dict(self.items(), **changes))

    def items(self) -> "list[tuple[str, Any]]":
        """The fields as a list of (name, value), in order of declaration."""
        return [(name, getattr(self, name)) for name in self.fields]

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self.items() == other.items()

    def __hash__(self) -> int:
        return hash((type(self), tuple(value for _, value in self.items())))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.items())
        return f"{type(self).__name__}({values})"
