# SPDX-License-Identifier: GPL-2.0-or-later
"""What clustered-vg sees of its host, as values that a decision can be made of."""

from dualstor.agents import heldback
from dualstor.agents.clustered_vg.published import Published
from dualstor.kernel.locksocket import CLVMD, LVMLOCKD, Sockets
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from dualstor.agents.clustered_vg.interface import Parameters
    from dualstor.kernel.devmapper import MappedVolume
    from dualstor.look.sights import Sight
    from dualstor.tools.hold import Hold
    from dualstor.tools.lvm import GroupReport, VolumesReport
    from dualstor.tools.quorum import Quorum
    from dualstor.watcher.place import Watcher

#: What reading an LV met that device-mapper has suspended: it was not tried.
SUSPENDED = "suspended"


class Lockspaces(Record):
    """The kernel's dlm lockspaces: the VG's own (lvmlockd), clvmd's one for all VGs.

    ``recovered`` is False while one of those that the VG needs is being
    recovered: locks are not granted meanwhile.
    """

    group: bool = False
    clvmd: bool = False
    recovered: bool = True


class Settings(Record):
    """Settings of LVM in effect, as text; None for one that this LVM does not have."""

    use_lvmlockd: "str | None" = None
    locking_type: "str | None" = None
    use_devicesfile: "str | None" = None
    filter_name: str = "global_filter"


class PvDevice(Record):
    """A device that LVM has for a PV of the VG, or has instead of one.

    ``drbd``: it is DRBD's, or stands on such. ``above``: the DRBD device of
    which it is the backing device. ``duplicate``: LVM sees its PV elsewhere too.
    """

    name: str
    drbd: bool = False
    missing: bool = False
    duplicate: bool = False
    above: "str | None" = None


class Modes(Record):
    """The locks that lvmlockd holds on LVs: (id, "sh" or "ex"); ``answered``: it said so."""

    answered: bool = True
    held: "tuple[tuple[str, str], ...]" = ()
    says: str = ""

    def exclusive(self) -> "frozenset[str]":
        """Ids of the LVs that are locked exclusively here."""
        return frozenset(identity for identity, mode in self.held if mode == "ex")


class Copy(Record):
    """This node's copy of the CIB: its ``root`` element, or None and what the tool ``says``."""

    root: "Element | None" = None
    says: str = ""


class Removal(Record):
    """The result of removing devices without LVM: names that are left, and the last error."""

    left: "tuple[str, ...]" = ()
    says: str = ""
    hung: bool = False


class Remembered(Record):
    """What start left for monitor: who locks the VG, and which LVs it has made active.

    ``volumes`` is a tuple of (id, name).
    """

    locking: str
    volumes: "tuple[tuple[str, str], ...]" = ()

    @property
    def ids(self) -> "frozenset[str]":
        """Ids of those LVs."""
        return frozenset(identity for identity, _ in self.volumes)

    def to_text(self) -> str:
        """The form that is kept in a file; ``recalled`` reads it."""
        lines = [f"lv {identity} {name}" for identity, name in sorted(self.volumes)]
        return "\n".join(["locking " + self.locking] + lines + [""])


def recalled(text: "str | None") -> "Remembered | None":
    """The Remembered of a file's text, None when there is none (or it is not ours)."""
    lines = [line.split() for line in (text or "").splitlines()]
    if not lines or lines[0][:1] != ["locking"] or lines[0][1:] not in ([LVMLOCKD], [CLVMD]):
        return None
    return Remembered(locking=lines[0][1],
                      volumes=tuple((w[1], w[2]) for w in lines[1:]
                                    if len(w) == 3 and w[0] == "lv"))


class Case(heldback.Case):
    """What clustered-vg decides on, and may observe for it."""

    if TYPE_CHECKING:
        parameters: Parameters

    # the kernel
    unchanged: "tuple[Sight, ...] | None"   # LVM's headers, if as in the last healthy answer
    present: str                            # the VG's devices in device-mapper, "" for none
    remembered: "Remembered | None"         # what start left
    active: "tuple[MappedVolume, ...]"            # the VG's devices in device-mapper
    lockspaces: Lockspaces
    held: "tuple[tuple[str, tuple[str, ...]], ...]"     # each active LV, and who holds it
    daemons: Sockets
    watcher: "Watcher | None"               # the process that takes changes over
    hold: "Hold | None"                     # that `dualstor recover` works on what it is on
    clock: Published                        # nothing but this boot and when it was
    exclusive: "frozenset[str] | None"      # ids of LVs with an exclusive lock; None: not known
    reads: "tuple[tuple[str, str | None], ...]"     # each active LV, and what reading it met
    # tools
    turn: bool                              # no other monitor of this host asks LVM now
    cib: Copy
    standing: str                           # why nothing may be changed now, "" if it may
    quorum: "Quorum"
    settings: Settings
    group: "GroupReport"                    # the VG and its PVs as LVM has them
    headers: "tuple[Sight, ...] | None"     # LVM's headers before its LVs were listed
    devices: "tuple[PvDevice, ...]"
    volumes: "VolumesReport"
    modes: Modes

    @property
    def alone(self) -> "frozenset[str]":
        """Ids of the LVs that are locked exclusively here: the kernel's word, or lvmlockd's where
        the kernel does not say. One program at a time can ask lvmlockd."""
        return self.modes.exclusive() if self.exclusive is None else self.exclusive

    @property
    def names(self) -> "dict[str, str]":
        """As of any case: the VG."""
        vg = self.parameters.vgname
        return {"subject": f"VG {vg}", "vg": vg}
