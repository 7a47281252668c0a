# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's version, as the two agents that run its commands observe it."""

from dualstor.errors import DualstorError, ToolMissing
from dualstor.record import Record
from dualstor.tools import lvm

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host


class LvmVersion(Record):
    """LVM's version; ``number`` is None where it is missing or does not answer."""

    number: "tuple[int, ...] | None" = None
    missing: bool = False
    says: str = ""

    @property
    def with_clvmd(self) -> bool:
        """Whether this LVM has clvmd and clustered VGs."""
        return self.number is not None and self.number < lvm.NO_CLVMD

    def __str__(self) -> str:
        return f"2.{self.number[1]:02d}.{self.number[2]}" if self.number else "unknown"


def see(host: "Host") -> LvmVersion:
    """The LvmVersion on this host; nothing is raised."""
    try:
        return LvmVersion(number=lvm.version(host))
    except ToolMissing as problem:
        return LvmVersion(missing=True, says=problem.reason)
    except DualstorError as problem:
        return LvmVersion(says=problem.reason)
