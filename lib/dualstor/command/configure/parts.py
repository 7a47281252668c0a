# SPDX-License-Identifier: GPL-2.0-or-later
"""What a configuration of Pacemaker is made of, as immutable values."""

from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Tuple

    Pairs = Tuple[Tuple[str, str], ...]


class Operation(Record):
    """One operation; times as text, e.g. "20s"."""

    name: str
    timeout: str
    interval: str = "0s"
    role: "str | None" = None
    on_fail: "str | None" = None

    @property
    def values(self) -> "Pairs":
        """(name, value) of all except its name."""
        return tuple((key, value) for key, value in (
            ("interval", self.interval), ("timeout", self.timeout), ("role", self.role),
            ("on-fail", self.on_fail)) if value is not None)


class Primitive(Record):
    """A resource; ``standard`` and ``provider`` e.g. "ocf", "dualstor" or "stonith", None."""

    id: str
    standard: str
    provider: "str | None"
    type: str
    operations: "tuple[Operation, ...]"
    parameters: "Pairs" = ()
    meta: "Pairs" = ()

    @property
    def agent(self) -> str:
        """E.g. "ocf:dualstor:clvmd"."""
        return ":".join(word for word in (self.standard, self.provider, self.type) if word)


class Clone(Record):
    """A clone of one primitive, or of the group ``group`` of several. ``meta``: attributes."""

    members: "tuple[Primitive, ...]"
    meta: "Pairs"
    promotable: bool = False
    group: "str | None" = None

    @property
    def of(self) -> str:
        """Id of what is cloned."""
        return self.group or self.members[0].id

    @property
    def id(self) -> str:
        """The clone's own."""
        return self.of + "-clone"

    def attributes(self, modern: bool) -> "Pairs":
        """Its meta attributes; before Pacemaker 2 a kind of clone of its own is promotable."""
        return self.meta + ((("promotable", "true"),) if self.promotable and modern else ())


class Alone(Record):
    """What runs on one node: a primitive, or the group ``group`` of several."""

    members: "tuple[Primitive, ...]"
    group: "str | None" = None

    @property
    def id(self) -> str:
        """The id by which constraints name it."""
        return self.group or self.members[0].id


class Alert(Record):
    """A program that the cluster calls for each event, once for each of ``recipients``."""

    id: str
    path: str
    recipients: "tuple[str, ...]" = ()

    @property
    def numbered(self) -> "Pairs":
        """(id, value) of each recipient."""
        return tuple((f"{self.id}-recipient-{number}", value)
                     for number, value in enumerate(self.recipients, 1))


class Ban(Record):
    """``resource`` never runs on ``node``."""

    resource: str
    node: str

    @property
    def id(self) -> str:
        """The one that pcs gives it; pcs warns when it is given another."""
        return f"location-{self.resource}-{self.node}--INFINITY"


class Order(Record):
    """``then`` starts after ``first`` has done ``first_action``, and stops before it is undone."""

    id: str
    first: str
    first_action: str
    then: str


class Colocation(Record):
    """``resource`` runs only where ``other`` runs (in the role ``role``)."""

    id: str
    resource: str
    other: str
    role: "str | None" = None


class Part(Record):
    """A configuration, or an addition to one."""

    properties: "Pairs" = ()
    fences: "tuple[Primitive, ...]" = ()
    clones: "tuple[Clone, ...]" = ()
    alone: "tuple[Alone, ...]" = ()
    bans: "tuple[Ban, ...]" = ()
    orders: "tuple[Order, ...]" = ()
    colocations: "tuple[Colocation, ...]" = ()
    alerts: "tuple[Alert, ...]" = ()

    def __add__(self, other: "Part") -> "Part":
        return Part(**{name: value + getattr(other, name) for name, value in self.items()})
