# SPDX-License-Identifier: GPL-2.0-or-later
"""Which LVs of the VG are to be active here, and which are left alone and why."""

from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG, LEAVING_TAG
from dualstor.record import Record

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable

    from dualstor.kernel.devmapper import MappedVolume
    from dualstor.tools.lvm import LogicalVolume, LvmOutcome

#: First letter of attr of LVs that are active with another one or not at all: snapshots
#: (with their origin), pools (with a volume in them), parts of other LVs.
_FOLLOWERS = frozenset("sStdDTiIlLepvg")
_POOLS = frozenset(("thin-pool", "cache-pool", "vdo-pool"))


class Plan(Record):
    """The LVs of a VG sorted out.

    ``wanted`` and ``leaving``, which are to be inactive, are LogicalVolumes, the rest names:
    ``tagged`` for exclusive use, ``unshareable`` by their type, ``elsewhere`` exclusively active
    on another node.
    """

    wanted: "tuple[LogicalVolume, ...]" = ()
    leaving: "tuple[LogicalVolume, ...]" = ()
    tagged: "tuple[str, ...]" = ()
    unshareable: "tuple[str, ...]" = ()
    elsewhere: "tuple[str, ...]" = ()


def plan(volumes: "Iterable[LogicalVolume]", exclusive: bool) -> "Plan":
    """The Plan for the visible LVs *volumes*.

    :param exclusive: whether the VG is activated exclusively. If not, only
        plain LVs are wanted: LVM would share an origin with its snapshots,
        which then differ between the nodes.
    """
    wanted: "list[LogicalVolume]" = []
    leaving: "list[LogicalVolume]" = []
    tagged: "list[str]" = []
    unshareable: "list[str]" = []
    elsewhere: "list[str]" = []
    for volume in volumes:
        if LEAVING_TAG in volume.tags:
            leaving.append(volume)
        elif EXCLUSIVE_TAG in volume.tags:
            tagged.append(volume.name)
        elif volume.skipped:
            continue
        elif not exclusive and volume.type != "-":
            unshareable.append(volume.name)
        elif volume.type in _FOLLOWERS or _POOLS & set(volume.segment_types):
            continue
        elif volume.active == "remote exclusive" and not exclusive:
            elsewhere.append(volume.name)
        else:
            wanted.append(volume)
    return Plan(wanted=tuple(wanted), leaving=tuple(leaving), tagged=tuple(tagged),
                unshareable=tuple(unshareable), elsewhere=tuple(elsewhere))


def usable_ids(active: "Iterable[MappedVolume]") -> "frozenset[str]":
    """Ids of the LVs that device-mapper has with a table, of the MappedVolumes *active*."""
    return frozenset(v.lv_id for v in active if v.usable)


def names(volumes: "Iterable[LogicalVolume]") -> "tuple[str, ...]":
    """The names of LogicalVolumes, as a tuple."""
    return tuple(v.name for v in volumes)


def elsewhere(vg: str, outcome: "LvmOutcome", inactive: "tuple[str, ...]") -> "tuple[str, ...]":
    """Names among *inactive* (a tuple) that *outcome* says are locked by another node.

    lvmlockd names the LV, clvmd does not: then it is all that are not active.
    """
    named = [m.name for m in outcome.messages if m.kind == "elsewhere"]
    if None in named:
        return inactive
    prefix = vg + "/"
    lvs = {name[len(prefix):] if name.startswith(prefix) else name for name in named if name}
    return tuple(lv for lv in inactive if lv in lvs)
