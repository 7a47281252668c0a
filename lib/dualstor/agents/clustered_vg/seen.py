# SPDX-License-Identifier: GPL-2.0-or-later
"""What clustered-vg sees of its host, as values that a decision can be made of."""

from dualstor.action import steps
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.kernel.devmapper import Volume
    from dualstor.look.sights import Sight
    from dualstor.tools.lvm import GroupReport, VolumesReport
    from dualstor.tools.quorum import Quorum

LVMLOCKD, CLVMD = "lvmlockd", "clvmd"


class Lockspaces(Record):
    """The kernel's dlm lockspaces: the VG's own (lvmlockd), clvmd's one for all VGs.

    ``recovered`` is False while one of those that the VG needs is being
    recovered: locks are not granted meanwhile.
    """

    group: bool = False
    clvmd: bool = False
    recovered: bool = True


class Daemons(Record):
    """Names of the lock daemons whose socket accepts a connection; ``says`` if there is none.

    ``busy``: those that live and take nobody just now, as clvmd does without quorum.
    """

    answering: tuple = ()
    busy: tuple = ()
    says: str = ""


class Version(Record):
    """LVM's version; ``number`` is None where it is missing or does not answer."""

    number: tuple = None
    missing: bool = False
    says: str = ""

    def __str__(self):
        return "2.%02d.%d" % self.number[1:] if self.number else "unknown"


class Settings(Record):
    """Settings of LVM in effect, as text; None for one that this LVM does not have."""

    use_lvmlockd: str = None
    locking_type: str = None
    use_devicesfile: str = None
    filter_name: str = "global_filter"


class Device(Record):
    """A device that LVM has for a PV of the VG, or has instead of one.

    ``drbd``: it is DRBD's, or stands on such. ``above``: the DRBD device of
    which it is the disk below. ``duplicate``: LVM sees its PV elsewhere too.
    """

    name: str
    drbd: bool = False
    missing: bool = False
    duplicate: bool = False
    above: str = None


class Modes(Record):
    """The locks that lvmlockd holds on LVs: (id, "sh" or "ex"); ``answered``: it told us."""

    answered: bool = True
    held: tuple = ()
    says: str = ""

    def exclusive(self):
        """Ids of the LVs that are locked exclusively here."""
        return frozenset(identity for identity, mode in self.held if mode == "ex")


class Removal(Record):
    """What came of removing devices without LVM: names that are left, and what was said."""

    left: tuple = ()
    says: str = ""
    hung: bool = False


class Remembered(Record):
    """What start left for monitor: who locks the VG, and which LVs it has made active.

    ``volumes`` is a tuple of (id, name).
    """

    locking: str
    volumes: tuple = ()

    @property
    def ids(self):
        return frozenset(identity for identity, _ in self.volumes)

    def to_text(self):
        """The form that is kept in a file; ``recalled`` reads it."""
        return "\n".join(["locking " + self.locking]
                         + ["lv %s %s" % volume for volume in sorted(self.volumes)] + [""])


def recalled(text):
    """The Remembered of a file's text, None when there is none (or it is not ours)."""
    lines = [line.split() for line in (text or "").splitlines()]
    if not lines or lines[0][:1] != ["locking"] or lines[0][1:] not in ([LVMLOCKD], [CLVMD]):
        return None
    return Remembered(locking=lines[0][1],
                      volumes=tuple((w[1], w[2]) for w in lines[1:]
                                    if len(w) == 3 and w[0] == "lv"))


class Case(steps.Case):
    """What clustered-vg decides on, and may look at for it."""

    # the kernel
    unchanged: "tuple[Sight, ...] | None"   # LVM's headers, if they are as when all was well
    present: str                            # the VG's devices in device-mapper, "" for none
    remembered: "Remembered | None"         # what start left
    active: "tuple[Volume, ...]"            # the VG's devices in device-mapper
    lockspaces: Lockspaces
    held: "tuple[tuple[str, tuple[str, ...]], ...]"     # each active LV, and who holds it
    daemons: Daemons
    held_back: "tuple[str, ...]"            # DRBD devices whose I/O stands still
    exclusive: "frozenset[str] | None"      # ids of LVs with an exclusive lock; None: not told
    reads: "tuple[tuple[str, str | None], ...]"     # each active LV, and what reading it met
    # tools
    turn: bool                              # no other monitor of this host asks LVM now
    quorum: "Quorum"
    version: Version
    settings: Settings
    group: "GroupReport"                    # the VG and its PVs as LVM has them
    headers: "tuple[Sight, ...] | None"     # LVM's headers before it told its LVs
    devices: "tuple[Device, ...]"
    volumes: "VolumesReport"
    modes: Modes

    @property
    def subject(self):
        return f"VG {self.parameters.vgname}"
