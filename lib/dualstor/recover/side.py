# SPDX-License-Identifier: GPL-2.0-or-later
"""A node as healing needs it: what it says of itself, and what can be asked of it.

``Side`` is what the engine works with; link.py reaches one on a node, tests have their own.
"""

from dualstor.errors import DualstorError
from dualstor.kernel.drbd import DISCONNECTED
from dualstor.record import Record

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Iterator, Sequence, Tuple

    from typing_extensions import Protocol

    from dualstor.recover.segments import Layout

    Range = Tuple[int, int]     # (first byte, the byte after the last) of a DRBD volume

#: What ``Side.do`` does. With the resource: UP, CONNECT, DISCONNECT, DISCARD (connect and give up
#: the own changes), PRIMARY, SECONDARY, VERIFY. With names of LVs: ACTIVATE, DEACTIVATE, GUARD
#: (nothing activates them by itself any more), UNGUARD. HOLD: the DRBD devices are opened
#: exclusively until RELEASE or the end of the session, so that nothing can be activated on them.
#: CREATE: an LV, with its name and its size in bytes; REMOVE: LVs. UNLOCK: LVM's locks of LVs that
#: are not active are given back. KEEP_OFF: agents and the watcher leave the resource and the VG
#: alone, with the names of winner and loser, until ADMIT with that of the winner.
UP, CONNECT, DISCONNECT, DISCARD = "up", "connect", "disconnect", "discard"
PRIMARY, SECONDARY, VERIFY = "primary", "secondary", "verify"
ACTIVATE, DEACTIVATE, GUARD, UNGUARD = "activate", "deactivate", "guard", "unguard"
HOLD, RELEASE, CREATE, REMOVE = "hold", "release", "create", "remove"
KEEP_OFF, ADMIT, UNLOCK = "keep_off", "admit", "unlock"
DEEDS = (UP, CONNECT, DISCONNECT, DISCARD, PRIMARY, SECONDARY, VERIFY, ACTIVATE, DEACTIVATE, GUARD,
         UNGUARD, HOLD, RELEASE, CREATE, REMOVE, KEEP_OFF, ADMIT, UNLOCK)


#: States of a disk that has all that was written to it; the second one after a reboot.
CONSISTENT = ("UpToDate", "Consistent")


class Unreachable(DualstorError):
    """The node does not answer: it is off, hangs, or there is no way to it."""


class Failed(DualstorError):
    """The node answers, but what it was asked for was not done; the text says why."""


class OnlyUndo(Failed):
    """As Failed, and no further attempt helps: the healing is to be undone and planned again."""


class Half(Record):
    """One volume of the resource on one node, as /proc/drbd of 8.4 has it.

    ``oos``: KiB that have changed since both parted; ``written``: KiB that were written since
    the device was made: equal numbers mean that nothing was written in between. ``current`` and
    ``parent``: UUIDs of the data, and of that when both parted (get-gi), without the lowest bit.
    """

    number: int
    cstate: str
    role: str
    dstate: str
    oos: int
    written: int
    current: int = 0
    parent: int = 0

    @property
    def standalone(self) -> bool:
        """Whether it neither has a connection nor waits for one."""
        return self.cstate == "StandAlone"

    @property
    def connected(self) -> bool:
        """Whether the peer answers."""
        return self.cstate not in DISCONNECTED


class Look(Record):
    """What a node says of its side.

    ``boot``: the boot id of its kernel; ``version``: of DRBD's module; ``halves``: () when the
    resource is not up; ``active``: names of the LVs of the VG that are active; ``users``: {name
    of an active LV: who has it open, "" for somebody}; ``policies``: the values of after-sb-0pri
    to after-sb-2pri; ``verifies``: whether there is a verify-alg; ``strays``: ids of LVs that
    lvmlockd has locked here though they are not active, as after an activation that has failed.
    """

    node: str
    boot: str
    version: str
    halves: "tuple[Half, ...]"
    active: "tuple[str, ...]" = ()
    users: "dict[str, str]" = {}
    policies: "tuple[str, ...]" = ()
    verifies: bool = True
    strays: "tuple[str, ...]" = ()

    @property
    def up(self) -> bool:
        """Whether the resource is up, with all its disks."""
        return bool(self.halves) and all(half.dstate != "Diskless" for half in self.halves)

    @property
    def standalone(self) -> bool:
        """Whether all volumes are StandAlone."""
        return self.up and all(half.standalone for half in self.halves)

    @property
    def connected(self) -> bool:
        """Whether all volumes have their peer."""
        return self.up and all(half.connected for half in self.halves)

    @property
    def quiet(self) -> bool:
        """Whether all volumes are connected, and neither resync nor verify."""
        return self.up and all(half.cstate == "Connected" for half in self.halves)

    @property
    def primary(self) -> bool:
        """Whether it is Primary."""
        return self.up and all(half.role == "Primary" for half in self.halves)

    @property
    def up_to_date(self) -> bool:
        """Whether all disks are UpToDate."""
        return self.up and all(half.dstate == "UpToDate" for half in self.halves)

    @property
    def consistent(self) -> bool:
        """Whether no disk is known to be old or half copied; one that came back alone is such."""
        return self.up and all(half.dstate in CONSISTENT for half in self.halves)

    @property
    def generations(self) -> "tuple[tuple[int, int, int], ...]":
        """(volume, current, parent): the same as long as it is the same data."""
        return tuple((half.number, half.current, half.parent) for half in self.halves)

    @property
    def mark(self) -> "tuple[tuple[str, int, int], ...]":
        """What is the same as long as nothing is written: (boot id, volume, KiB written)."""
        return tuple((self.boot, half.number, half.written) for half in self.halves)


if TYPE_CHECKING:
    class Side(Protocol):
        """One node. Each method raises Unreachable, or Failed when it was refused.

        Bytes are those of the DRBD volume with that number. The winner's are read and written
        through its DRBD device, the loser's are read past DRBD, from the backing device: that
        is possible in every role, and nothing is ever written there.
        """

        @property
        def node(self) -> str:
            """Its name."""

        def look(self) -> Look:
            """What it is like now."""

        def layout(self) -> "Layout":
            """The VG as this node's copy has it."""

        def dump(self, volume: int) -> "Iterator[bytes]":
            """The text of ``drbdadm dump-md``, as it is on the disk, in parts."""

        def metadata(self) -> bytes:
            """The VG's metadata as vgcfgbackup writes them."""

        def disks(self) -> "dict[int, str]":
            """{volume: name of its DRBD device as LVM has it}."""

        def read(self, volume: int, ranges: "Iterable[Range]") -> "Iterator[bytes]":
            """The bytes of ranges, in parts of at most 1 MiB that end where a range ends."""

        def digests(self, volume: int, ranges: "Iterable[Range]", step: int) -> "Iterator[bytes]":
            """SHA-256 of each *step* bytes of the ranges."""

        def digest(self, volume: int, ranges: "Iterable[Range]") -> bytes:
            """SHA-256 of all bytes of the ranges."""

        def write(self, volume: int, offset: int, data: bytes) -> None:
            """Write to the DRBD device; it is on both disks or this one when it returns."""

        def do(self, deed: str, words: "Sequence[str]" = ()) -> None:
            """Do one of DEEDS; one that is true already is done."""
