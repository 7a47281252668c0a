# SPDX-License-Identifier: GPL-2.0-or-later
"""Logical volumes as device-mapper has them in this kernel: never blocks, no lock.

Sources: Linux drivers/md/dm-sysfs.c; LVM2 libdm/libdm-string.c (names: ``-`` within
a name is doubled, a single one separates) and lib/activate/dev_manager.c (uuid is
``LVM-`` + VG id + LV id, 32 characters each, and ``-LAYER`` on internal devices).
"""

from dualstor.kernel import block, dmlist
from dualstor.record import Record, whole

_BLOCK = "/sys/block"
_PREFIX = "LVM-"
_ID = 32  # characters of an LVM id without its hyphens

#: Parts of a name that LVM keeps for hidden LVs; nobody can create an LV with
#: one of them (lib/misc/lvm-string.c, apply_lvname_restrictions).
_RESERVED = ("_cdata", "_cmeta", "_corig", "_cvol", "_iorig", "_imeta", "_mimage", "_mlog",
             "_pmspare", "_rimage", "_rmeta", "_tdata", "_tmeta", "_vdata", "_vorigin",
             "_wcorig")


class Volume(Record):
    """A device of device-mapper that LVM made.

    ``layer`` is "" for the LV itself; for a device below or within it the
    layer's name, e.g. "real", "cow", "tpool", "rimage". ``size`` is in sectors
    of 512 bytes: 0 where no table was loaded, None where the kernel did not say.
    """

    vg: str
    lv: str
    name: str           # device-mapper's name, e.g. "vg0-lv--a"
    uuid: str           # device-mapper's uuid
    minor: int
    suspended: bool = False
    layer: str = ""
    major: int = 253
    size: int = None

    @property
    def vg_id(self):
        """Id of the VG, without hyphens."""
        return self.uuid[len(_PREFIX):][:_ID]

    @property
    def lv_id(self):
        """Id of the LV, without hyphens."""
        return self.uuid[len(_PREFIX) + _ID:][:_ID]

    @property
    def usable(self):
        """Whether it is the LV itself, with a table loaded."""
        return not self.layer and self.size != 0


def split_name(name):
    """(vg, lv, layer) of the device-mapper name *name*; None when LVM would not make it."""
    parts = [part.replace("\0", "-") for part in name.replace("--", "\0").split("-")]
    if len(parts) not in (2, 3) or not all(parts):
        return None
    return parts[0], parts[1], parts[2] if len(parts) == 3 else ""


def reserved(lv):
    """The kind of hidden LV that the name *lv* says it is, "" for a user's LV."""
    for part in _RESERVED:
        if part in lv:
            return part[1:]
    return ""


def _minor(kernel_name):
    """The minor in a name like "dm-0"; None of any other name."""
    return whole(kernel_name[len("dm-"):]) if kernel_name.startswith("dm-") else None


def _volume(host, kernel_name):
    """The Volume of e.g. "dm-0"; None when LVM did not make it or it has gone."""
    folder = f"{_BLOCK}/{kernel_name}"
    uuid = (host.read(folder + "/dm/uuid") or "").strip()
    if not uuid.startswith(_PREFIX) or len(uuid) < len(_PREFIX) + 2 * _ID:
        return None
    name = (host.read(folder + "/dm/name") or "").strip()
    words = split_name(name)
    if words is None:
        return None
    vg, lv, layer = words
    major, minor = block.numbers(host.read(folder + "/dev")) \
        or (Volume.major, _minor(kernel_name))
    tail = uuid[len(_PREFIX) + 2 * _ID:].lstrip("-")
    return Volume(vg=vg, lv=lv, name=name, uuid=uuid,
                  minor=minor, major=major,
                  suspended=(host.read(folder + "/dm/suspended") or "").strip() == "1",
                  layer=layer or tail or reserved(lv),
                  size=whole((host.read(folder + "/size") or "").strip()))


def volumes(host):
    """All Volumes that are active here, as a tuple, hidden ones and layers included."""
    found = []
    for kernel_name in host.list(_BLOCK):
        if _minor(kernel_name) is not None:
            volume = _volume(host, kernel_name)
            if volume is not None:
                found.append(volume)
    return tuple(found)


def of_group(host, vg):
    """The Volumes of the volume group *vg*, as ``volumes``."""
    listed = dmlist.of_group(host, vg)
    if listed is None:
        return tuple(v for v in volumes(host) if v.vg == vg)
    found = [_volume(host, f"dm-{minor}") for _, _, _, minor in listed]
    return tuple(v for v in found if v is not None and v.vg == vg)


def depth(host, volume):
    """How many layers of device-mapper stand on *volume*: 0 for the topmost."""
    above = [_minor(n) for n in host.list(f"{_BLOCK}/dm-{volume.minor}/holders")]
    return max([1 + depth(host, volume.but(minor=n)) for n in above if n is not None] or [0])
