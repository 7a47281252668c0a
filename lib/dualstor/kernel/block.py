# SPDX-License-Identifier: GPL-2.0-or-later
"""Block devices from sysfs: their names, what they stand on, and which of them are DRBD's.

Sources: Linux Documentation/ABI (sysfs-dev, sysfs-block); Linux devices.txt (147 is DRBD).
"""

from dualstor.record import whole

#: Block major of DRBD.
DRBD_MAJOR = 147


def kernel_name(host, major, minor):
    """The kernel's name of a device, e.g. "drbd0"; "MAJOR:MINOR" when there is none."""
    number = f"{major}:{minor}"
    target = host.link("/sys/dev/block/" + number)
    return target.rpartition("/")[2] if target else number


def number(host, name):
    """(major, minor) of the kernel name *name*, e.g. "drbd0"; None when it is not there."""
    return numbers(host.read(f"/sys/class/block/{name}/dev"))


def numbers(text):
    """(major, minor) of a file ``dev`` of sysfs; None when it is not there, or something else."""
    major, _, minor = (text or "").strip().partition(":")
    found = whole(major), whole(minor)
    return None if None in found else found


def below(host, major, minor):
    """(major, minor) of the devices right below a stacked one, as a tuple."""
    names = host.list(f"/sys/dev/block/{major}:{minor}/slaves")
    return tuple(n for n in (number(host, name) for name in names) if n is not None)


def drbd_minors(host, major, minor):
    """The minors of the DRBD devices that a device stands on, sorted."""
    if major == DRBD_MAJOR:
        return (minor,)
    return tuple(sorted({found for device in below(host, major, minor)
                         for found in drbd_minors(host, *device)}))


def on_drbd(host, major, minor):
    """Whether a device is DRBD's or stands on nothing but DRBD devices (e.g. encryption on top)."""
    if major == DRBD_MAJOR:
        return True
    lower = below(host, major, minor)
    return bool(lower) and all(on_drbd(host, *device) for device in lower)
