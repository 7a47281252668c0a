# SPDX-License-Identifier: GPL-2.0-or-later
"""Logical volumes as device-mapper has them in this kernel: never blocks, no lock.

Sources: Linux drivers/md/dm-sysfs.c; LVM2 libdm/libdm-string.c (names: ``-`` within
a name is doubled, a single one separates) and lib/activate/dev_manager.c (uuid is
``LVM-`` + VG id + LV id, 32 characters each, and ``-LAYER`` on internal devices).
"""

from dualstor.kernel import block, dmlist
from dualstor.record import Record, whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.files import Files

_BLOCK = "/sys/block"
_MAPPER = "/dev/mapper/"
_NO_GROUP = ("disk", "drbd", "block", "dm")     # directories in /dev that are no VG's
_PREFIX = "LVM-"
_ID = 32  # characters of an LVM id without its hyphens

#: Parts of a name that LVM reserves for hidden LVs; nobody can create an LV with
#: one of them (lib/misc/lvm-string.c, apply_lvname_restrictions).
_RESERVED = ("_cdata", "_cmeta", "_corig", "_cvol", "_iorig", "_imeta", "_mimage", "_mlog",
             "_pmspare", "_rimage", "_rmeta", "_tdata", "_tmeta", "_vdata", "_vorigin",
             "_wcorig")


class MappedVolume(Record):
    """A device of device-mapper that LVM made.

    ``layer`` is "" for the LV itself; for a device below or within it the
    layer's name, e.g. "real", "cow", "tpool", "rimage". ``size`` is in sectors
    of 512 bytes: 0 if no table was loaded, None if the kernel did not say.
    """

    vg: str
    lv: str
    name: str           # device-mapper's name, e.g. "vg0-lv--a"
    uuid: str           # device-mapper's uuid
    minor: int
    suspended: bool = False
    layer: str = ""
    major: int = 253
    size: "int | None" = None

    @property
    def lv_id(self) -> str:
        """Id of the LV, without hyphens."""
        return self.uuid[len(_PREFIX) + _ID:][:_ID]

    @property
    def usable(self) -> bool:
        """Whether it is the LV itself, with a table loaded."""
        return not self.layer and self.size != 0


def named_by(path: str) -> "tuple[str, str] | None":
    """(vg, lv) of the LV that a path in /dev names; None if it may be something else."""
    if path.startswith(_MAPPER):
        parts = split_name(path[len(_MAPPER):])
        return parts[:2] if parts and not parts[2] else None
    words = path.split("/")
    return (words[2], words[3]) if words[:2] == ["", "dev"] and len(words) == 4 \
        and words[2] not in _NO_GROUP else None


def split_name(name: str) -> "tuple[str, str, str] | None":
    """(vg, lv, layer) of the device-mapper name *name*; None when LVM would not make it."""
    parts = [part.replace("\0", "-") for part in name.replace("--", "\0").split("-")]
    if len(parts) not in (2, 3) or not all(parts):
        return None
    return parts[0], parts[1], parts[2] if len(parts) == 3 else ""


def reserved(lv: str) -> str:
    """The kind of hidden LV that the name *lv* says it is, "" for a user's LV."""
    for part in _RESERVED:
        if part in lv:
            return part[1:]
    return ""


def _minor(kernel_name: str) -> "int | None":
    """The minor in a name like "dm-0"; None of any other name."""
    return whole(kernel_name[len("dm-"):]) if kernel_name.startswith("dm-") else None


def _volume(host: "Files", kernel_name: str) -> "MappedVolume | None":
    """The MappedVolume of e.g. "dm-0"; None when it has gone or was not made by LVM."""
    directory = f"{_BLOCK}/{kernel_name}"
    uuid = (host.read(directory + "/dm/uuid") or "").strip()
    if not uuid.startswith(_PREFIX) or len(uuid) < len(_PREFIX) + 2 * _ID:
        return None
    name = (host.read(directory + "/dm/name") or "").strip()
    words = split_name(name)
    if words is None:
        return None
    vg, lv, layer = words
    major, minor = block.numbers(host.read(directory + "/dev")) \
        or (MappedVolume.major, _minor(kernel_name))
    if minor is None:
        return None
    tail = uuid[len(_PREFIX) + 2 * _ID:].lstrip("-")
    return MappedVolume(vg=vg, lv=lv, name=name, uuid=uuid,
                  minor=minor, major=major,
                  suspended=(host.read(directory + "/dm/suspended") or "").strip() == "1",
                  layer=layer or tail or reserved(lv),
                  size=whole((host.read(directory + "/size") or "").strip()))


def volumes(host: "Files") -> "tuple[MappedVolume, ...]":
    """All Volumes that are active here, hidden ones and layers included."""
    found = []
    for kernel_name in host.list(_BLOCK):
        if _minor(kernel_name) is not None:
            volume = _volume(host, kernel_name)
            if volume is not None:
                found.append(volume)
    return tuple(found)


def of_group(host: "Files", vg: str) -> "tuple[MappedVolume, ...]":
    """The Volumes of the volume group *vg*, as ``volumes``."""
    listed = dmlist.of_group(host, vg)
    if listed is None:
        return tuple(v for v in volumes(host) if v.vg == vg)
    found = [_volume(host, f"dm-{minor}") for _, _, _, minor in listed]
    return tuple(v for v in found if v is not None and v.vg == vg)


def depth(host: "Files", volume: MappedVolume) -> int:
    """How many layers of device-mapper are above *volume*: 0 for the topmost."""
    above = [_minor(n) for n in host.list(f"{_BLOCK}/dm-{volume.minor}/holders")]
    return max([1 + depth(host, volume.but(minor=n)) for n in above if n is not None] or [0])
