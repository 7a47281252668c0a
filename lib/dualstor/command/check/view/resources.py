# SPDX-License-Identifier: GPL-2.0-or-later
"""Resources of the CIB with the values that count: primitives, clones, operations."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view import pacetime
from dualstor.command.check.view.values import Values
from dualstor.record import Record, whole

PROMOTED = ("Promoted", "Master")


class CibOperation(Record):
    """An operation of a resource; ``meta``: its values, with those of op_defaults.

    Only its own XML attributes say its interval and role, and whether it is enabled.
    """

    name: str
    role: str
    given: "str | None"     # the interval as it is written
    enabled: bool
    meta: Values
    parameters: Values
    where: Where

    @property
    def interval(self) -> "float | None":
        """In seconds; None if it is not set or not valid."""
        return pacetime.duration(self.given)

    @property
    def timeout(self) -> "float | None":
        """In seconds, as Pacemaker takes it; None if it is not set, not even as a default."""
        text = self.meta.get("timeout")
        if text is None:
            return None
        return pacetime.seconds(text) or pacetime.DEFAULT_TIMEOUT

    @property
    def depth(self) -> int:
        """OCF_CHECK_LEVEL."""
        return whole(self.parameters.get("OCF_CHECK_LEVEL", "0")) or 0

    @property
    def recurs(self) -> bool:
        """Whether it runs again and again."""
        return self.enabled and bool(self.interval)


class CibClone(Record):
    """A clone; ``meta``: its meta attributes."""

    id: str
    where: Where
    meta: Values


class Resource(Record):
    """A primitive. ``ids``: its own id and those of what it is in, outwards."""

    id: str
    kind: str             # CLASS:PROVIDER:TYPE
    ids: "tuple[str, ...]"
    parameters: Values
    meta: Values
    operations: "tuple[CibOperation, ...]"
    where: Where
    clone: "CibClone | None" = None    # the one it is in
    group: "str | None" = None      # id of the group it is in
    position: int = 0               # within it
    template: "str | None" = None

    @property
    def type(self) -> str:
        """The agent's name."""
        return self.kind.rpartition(":")[2]
