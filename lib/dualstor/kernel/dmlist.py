# SPDX-License-Identifier: GPL-2.0-or-later
"""The names of device-mapper's devices in one answer of its driver, whatever their number.

For root only. No lock of LVM's is taken, and nothing waits for a suspended device.
Sources: Linux include/uapi/linux/dm-ioctl.h, drivers/md/dm-ioctl.c (list_devices).
"""

import sys

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Tuple, Union

    from dualstor.host.files import Files

    Device = Tuple[str, str, int, int]      # name, uuid, major, minor

#: The driver's node, and what there is of it in sysfs while it is loaded.
CONTROL, CLASS = "/dev/mapper/control", "/sys/class/misc/device-mapper"
HEAD = 312                  # sizeof(struct dm_ioctl)
_FLAGS, _NAME, _NAME_ROOM = 28, 48, 127     # offsets of the flags and of the name
_BUFFER_FULL, _WITH_UUID = 1 << 8, 1 << 14      # DM_BUFFER_FULL_FLAG, DM_UUID_FLAG
_ROOM, _ROOM_LIMIT = 1 << 16, 1 << 24
_HAS_UUID = 1               # DM_NAME_LIST_FLAG_HAS_UUID


def command(number: int) -> int:
    """The ioctl for a command of the driver (DM_*_CMD)."""
    return 3 << 30 | HEAD << 16 | 0xfd << 8 | number


_LIST_DEVICES = command(2)      # DM_LIST_DEVICES


def _int(data: "Union[bytes, bytearray]", at: int, size: int = 4) -> int:
    return int.from_bytes(data[at:at + size], sys.byteorder)


def request(room: int, prefix: str = "") -> bytearray:
    """A struct dm_ioctl with *room* bytes for the answer; from Linux 5.13 on *prefix* chooses."""
    data = bytearray(room)
    begin = prefix.encode("utf-8", "surrogateescape")[:_NAME_ROOM]
    data[_NAME:_NAME + len(begin)] = begin
    # version, data_size, data_start, flags
    for at, value in ((0, 4), (12, room), (16, HEAD), (_FLAGS, _WITH_UUID)):
        data[at:at + 4] = value.to_bytes(4, sys.byteorder)
    return data


def listing(host: "Files", prefix: str = "") -> "list[Device] | None":
    """What device-mapper answers when asked for its devices, as (name, uuid, major, minor) each.

    :param prefix: what the names of interest begin with
    :returns: ``uuid`` is "" before Linux 5.13. None if the driver is not loaded, or may not
        be asked
    """
    if not host.exists(CLASS):
        return None     # opening the node would load the module
    room = _ROOM
    while room <= _ROOM_LIMIT:
        data = request(room, prefix)
        if not host.ioctl(CONTROL, _LIST_DEVICES, data):
            return None
        if not _int(data, _FLAGS) & _BUFFER_FULL:
            return parse_listing(bytes(data[_int(data, 16):_int(data, 12)]), prefix)
        room *= 4
    return None


def parse_listing(data: bytes, prefix: str = "") -> "list[Device]":
    """The devices in an answer to DM_LIST_DEVICES (struct dm_name_list), as ``listing``.

    Before Linux 5.13 the answer has all devices: of those with another name only the place of
    the next one is read.
    """
    if _int(data, 0, 8) == 0:
        return []       # a single empty entry
    numbers = memoryview(data)[:len(data) // 4 * 4].cast("I")
    steps = [0]
    while numbers[steps[-1] // 4 + 2]:
        steps.append(steps[-1] + numbers[steps[-1] // 4 + 2])
    begin = prefix.encode("utf-8", "surrogateescape")
    wanted = [at for at in steps if data.startswith(begin, at + 12)]
    return [_device(data, at, at == steps[-1]) for at in wanted]


def _device(data: bytes, at: int, last: bool) -> "Device":
    """The device of the entry at an offset."""
    number, end = _int(data, at, 8), data.index(0, at + 12)
    uuid, tail = b"", (end + 8) // 8 * 8    # event_nr, flags, uuid: if there is room
    if _int(data, tail + 4) & _HAS_UUID and (last or tail + 8 < at + _int(data, at + 8)):
        uuid = data[tail + 8:data.index(0, tail + 8)]
    return (data[at + 12:end].decode("utf-8", "backslashreplace"),
            uuid.decode("utf-8", "backslashreplace"),
            number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xfff00)


def prefix_of(vg: str) -> str:
    """What device-mapper's names of LVs of the volume group *vg* begin with."""
    return vg.replace("-", "--") + "-"


def of_group(host: "Files", vg: str) -> "list[Device] | None":
    """Those of ``listing`` that LVM made for the volume group *vg*; None as there."""
    prefix = prefix_of(vg)
    listed = listing(host, prefix)
    if listed is None:
        return None
    place = len(prefix)
    return [device for device in listed if device[0][place:place + 1] != "-"
            and (not device[1] or device[1].startswith("LVM-"))]
