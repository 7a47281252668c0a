# SPDX-License-Identifier: GPL-2.0-or-later
"""Logical volumes as device-mapper has them in this kernel: never blocks, no lock.

Names and uuids of all devices come in one answer of the driver where it may be asked
(root), else from sysfs, device by device.

Sources: Linux drivers/md/dm-sysfs.c, include/uapi/linux/dm-ioctl.h; LVM2 libdm/libdm-string.c (names: ``-`` within
a name is doubled, a single one separates) and lib/activate/dev_manager.c (uuid is
``LVM-`` + VG id + LV id, 32 characters each, and ``-LAYER`` on internal devices).
"""

import sys

from dualstor.record import Record

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


def _number(text):
    text = (text or "").strip()
    return int(text) if text.isdigit() else None


def _volume(host, kernel_name):
    """The Volume of e.g. "dm-0"; None when LVM did not make it or it has gone."""
    folder = "%s/%s" % (_BLOCK, kernel_name)
    uuid = (host.read(folder + "/dm/uuid") or "").strip()
    if not uuid.startswith(_PREFIX) or len(uuid) < len(_PREFIX) + 2 * _ID:
        return None
    name = (host.read(folder + "/dm/name") or "").strip()
    words = split_name(name)
    if words is None:
        return None
    vg, lv, layer = words
    major, _, minor = (host.read(folder + "/dev") or "").strip().partition(":")
    tail = uuid[len(_PREFIX) + 2 * _ID:].lstrip("-")
    return Volume(vg=vg, lv=lv, name=name, uuid=uuid,
                  minor=int(minor) if minor.isdigit() else int(kernel_name[len("dm-"):]),
                  major=int(major) if major.isdigit() else Volume.major,
                  suspended=(host.read(folder + "/dm/suspended") or "").strip() == "1",
                  layer=layer or tail or reserved(lv),
                  size=_number(host.read(folder + "/size")))


def volumes(host):
    """All Volumes that are active here, as a tuple, hidden ones and layers included."""
    found = []
    for kernel_name in host.list(_BLOCK):
        if kernel_name.startswith("dm-") and kernel_name[len("dm-"):].isdigit():
            volume = _volume(host, kernel_name)
            if volume is not None:
                found.append(volume)
    return tuple(found)


# -- the driver's own list -------------------------------------------------------

_CONTROL, _CLASS = "/dev/mapper/control", "/sys/class/misc/device-mapper"
_HEAD = 312                 # sizeof(struct dm_ioctl)
_LIST_DEVICES = 3 << 30 | _HEAD << 16 | 0xfd << 8 | 2   # DM_LIST_DEVICES
_FLAGS, _BUFFER_FULL = 28, 1 << 8   # place of flags; DM_BUFFER_FULL_FLAG
_ROOM, _ROOM_LIMIT = 1 << 14, 1 << 24
_HAS_UUID = 1               # DM_NAME_LIST_FLAG_HAS_UUID


def _int(data, at, size=4):
    return int.from_bytes(data[at:at + size], sys.byteorder)


def _request(room):
    """A struct dm_ioctl with *room* bytes for the answer."""
    data = bytearray(room)
    for at, value in ((0, 4), (12, room), (16, _HEAD)):     # version, data_size, data_start
        data[at:at + 4] = value.to_bytes(4, sys.byteorder)
    return data


def listing(host):
    """What device-mapper answers when asked for its devices, as (name, uuid, major, minor) each.

    ``uuid`` is "" before Linux 5.12. None where the driver is not there or not to be asked.
    """
    if not host.exists(_CLASS):
        return None     # opening the node would load the module
    room = _ROOM
    while room <= _ROOM_LIMIT:
        data = _request(room)
        if not host.ioctl(_CONTROL, _LIST_DEVICES, data):
            return None
        if not _int(data, _FLAGS) & _BUFFER_FULL:
            return parse_listing(bytes(data[_int(data, 16):_int(data, 12)]))
        room *= 4
    return None


def parse_listing(data):
    """The devices in an answer to DM_LIST_DEVICES (struct dm_name_list), as ``listing``."""
    found, at = [], 0
    if _int(data, 0, 8) == 0:
        return found    # a single empty entry
    while True:
        number, step = _int(data, at, 8), _int(data, at + 8)
        end = data.index(0, at + 12)
        uuid, tail = b"", (end + 8) // 8 * 8    # event_nr, flags, uuid: where there is room
        if _int(data, tail + 4) & _HAS_UUID and (not step or tail + 8 < at + step):
            uuid = data[tail + 8:data.index(0, tail + 8)]
        found.append((data[at + 12:end].decode("utf-8", "backslashreplace"),
                      uuid.decode("utf-8", "backslashreplace"),
                      number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xfff00))
        if not step:
            return found
        at += step


def _ours(listed, vg):
    """Those of a ``listing`` that LVM made for the volume group *vg*."""
    prefix = vg.replace("-", "--") + "-"
    place = len(prefix)
    return [device for device in listed
            if device[0].startswith(prefix) and device[0][place:place + 1] != "-"
            and (not device[1] or device[1].startswith(_PREFIX))]


def of_group(host, vg):
    """The Volumes of the volume group *vg*, as ``volumes``."""
    listed = listing(host)
    if listed is None:
        return tuple(v for v in volumes(host) if v.vg == vg)
    found = [_volume(host, "dm-%d" % minor) for _, _, _, minor in _ours(listed, vg)]
    return tuple(v for v in found if v is not None and v.vg == vg)


def present(host, vg):
    """The devices of the volume group *vg* as text, the same for as long as they are the same.

    A device that had a table once never loses it, so which devices there are tells
    which are usable.
    """
    listed = listing(host)
    if listed is None:
        listed = [(v.name, v.uuid, v.major, v.minor)
                  for v in volumes(host) if v.vg == vg and v.size != 0]
    return "".join(["%s %s %d:%d\n" % device for device in _ours(listed, vg)])


def depth(host, volume):
    """How many layers of device-mapper stand on *volume*: 0 for the topmost."""
    above = [n for n in host.list("%s/dm-%d/holders" % (_BLOCK, volume.minor))
             if n.startswith("dm-")]
    return max([1 + depth(host, volume.but(minor=int(n[len("dm-"):]))) for n in above] or [0])
