# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's metadata as the text that it is on the disks: the LVs of a VG without LVM.

Only of a VG in which all LVs are plain: of any other, lvs says more than the text does.
Sources: LVM2 lib/format_text/export.c, flags.c; what lvs makes of it: lib/report/report.c and
metadata/lv.c (lv_attr_dup). The syntax is that of lvm.conf.
"""

from dualstor.errors import ParseError
from dualstor.record import whole
from dualstor.tools import lvmconf
from dualstor.tools.lvm import LogicalVolume, LvmOutcome, VolumesReport

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Dict, Tuple, Union

    Value = Union[str, Tuple[str, ...]]
    Settings = Dict[str, Value]

_SECTOR = 512
_SOURCE = "LVM's metadata"
#: What may be said of a plain LV; a mirror, one that is being moved ... has more.
_STATUS = frozenset(("READ", "WRITE", "VISIBLE", "FIXED_MINOR"))
_SKIPPED = "ACTIVATION_SKIP"
_FLAGS = frozenset(("WRITE_LOCKED", _SKIPPED))
_PLAIN = "striped"      # the type of linear segments, too, which have one stripe


def _words(value: "Value | None") -> "tuple[str, ...]":
    return value if isinstance(value, tuple) else ()


def _number(settings: "Settings", name: str) -> int:
    value = settings.get(name)
    number = whole(value) if isinstance(value, str) else None
    if number is None:
        raise ParseError(_SOURCE, f"{name} = {value}", "not a number")
    return number


def volumes(text: str, vg: str) -> "VolumesReport | None":
    """The visible LVs of *vg*, as ``tools.lvm.volumes`` reports them.

    :param text: the VG's metadata
    :returns: None where an LV is not plain
    :raises ParseError: it is cut off, or of another VG
    """
    settings = lvmconf.parse(text, _SOURCE)
    extent = _number(settings, f"{vg}/extent_size") * _SECTOR
    inside = f"{vg}/logical_volumes/"
    found: "dict[str, Settings]" = {}
    for name, value in settings.items():
        if name.startswith(inside):
            lv, _, key = name[len(inside):].partition("/")
            found.setdefault(lv, {})[key] = value
    told = [_volume(lv, about, extent) for lv, about in found.items()]
    plain = [each for each in told if each is not None]
    if len(plain) < len(told):
        return None
    return VolumesReport(outcome=LvmOutcome(ok=True), sequence=_number(settings, f"{vg}/seqno"),
                         volumes=tuple(sorted(plain, key=lambda each: each.name)))


def _volume(name: str, about: "Settings", extent: int) -> "LogicalVolume | None":
    """An LV; None if it is not plain."""
    status, flags = frozenset(_words(about.get("status"))), frozenset(_words(about.get("flags")))
    segments = [f"segment{number}" for number in range(1, _number(about, "segment_count") + 1)]
    if not _STATUS >= status >= {"VISIBLE"} or not flags <= _FLAGS or \
            any(about.get(each + "/type") != _PLAIN for each in segments):
        return None
    extents = sum(_number(about, each + "/extent_count") for each in segments)
    return LogicalVolume(
        name=name, uuid=f"{about.get('id')}", size=extents * extent,
        attr="-wi" + "-" * 6 + ("k" if _SKIPPED in flags else "-"),
        tags=_words(about.get("tags")), segment_types=tuple(
            _PLAIN if _number(about, each + "/stripe_count") > 1 else "linear"
            for each in segments))
