# SPDX-License-Identifier: GPL-2.0-or-later
"""What device-mapper's driver answers when it is asked for its devices (DM_LIST_DEVICES).

Format: Linux include/uapi/linux/dm-ioctl.h, drivers/md/dm-ioctl.c (list_devices).
"""

import struct

_HEAD, _BUFFER_FULL = 312, 1 << 8


def _padded(data):
    return data + b"\0" * (-len(data) % 8)


def _entry(name, uuid, major, minor, last, uuids):
    head = struct.pack("=QI", minor & 0xff | major << 8 | (minor & ~0xff) << 12, 0)
    data = _padded(head + name.encode() + b"\0")
    data += struct.pack("=II", 0, 1 if uuids else 0)
    if uuids:
        data = _padded(data + uuid.encode() + b"\0")
    return data[:8] + struct.pack("=I", 0 if last else len(data)) + data[12:]


def entries(devices, uuids=True):
    """The list of *devices*, (name, uuid, major, minor) each; without uuids as before Linux 5.12."""
    return b"".join(_entry(*device, last=number == len(devices) - 1, uuids=uuids)
                    for number, device in enumerate(devices))


def answer(listed, data):
    """Do the ioctl: fill the bytearray *data* with the head and *listed* (of ``entries``)."""
    if _HEAD + len(listed) > len(data):
        data[28:32] = struct.pack("=I", _BUFFER_FULL)
        return
    data[12:16] = struct.pack("=I", _HEAD + len(listed))
    data[16:20] = struct.pack("=I", _HEAD)
    data[_HEAD:_HEAD + len(listed)] = listed


def answer_from(path, data):
    """Do the ioctl of a device node that is a file with the list; whether it is there."""
    try:
        with open(path, "rb") as stream:
            answer(stream.read(), data)
    except OSError:
        return False
    return True
