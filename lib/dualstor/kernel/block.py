# SPDX-License-Identifier: GPL-2.0-or-later
"""Block devices from sysfs: their names, what they are on, and which of them are DRBD's.

Sources: Linux Documentation/ABI (sysfs-dev, sysfs-block); Linux devices.txt (147 is DRBD).
"""

from dualstor.record import whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.files import Files

#: Block major of DRBD.
DRBD_MAJOR = 147


def kernel_name(host: "Files", major: int, minor: int) -> str:
    """The kernel's name of a device, e.g. "drbd0"; "MAJOR:MINOR" when there is none."""
    number = f"{major}:{minor}"
    target = host.link("/sys/dev/block/" + number)
    return target.rpartition("/")[2] if target else number


def number(host: "Files", name: str) -> "tuple[int, int] | None":
    """(major, minor) of the kernel name *name*, e.g. "drbd0"; None when it does not exist."""
    return numbers(host.read(f"/sys/class/block/{name}/dev"))


def numbers(text: "str | None") -> "tuple[int, int] | None":
    """(major, minor) in the text of a file ``dev`` of sysfs; None for None or anything else."""
    before, _, behind = (text or "").strip().partition(":")
    major, minor = whole(before), whole(behind)
    return None if major is None or minor is None else (major, minor)


def below(host: "Files", major: int, minor: int) -> "tuple[tuple[int, int], ...]":
    """(major, minor) of the devices directly below a stacked one."""
    names = host.list(f"/sys/dev/block/{major}:{minor}/slaves")
    return tuple(n for n in (number(host, name) for name in names) if n is not None)


def drbd_minors(host: "Files", major: int, minor: int) -> "tuple[int, ...]":
    """The minors of the DRBD devices that a device is on, sorted."""
    if major == DRBD_MAJOR:
        return (minor,)
    return tuple(sorted({found for device in below(host, major, minor)
                         for found in drbd_minors(host, *device)}))


def on_drbd(host: "Files", major: int, minor: int) -> bool:
    """Whether a device is DRBD's or only on DRBD devices (e.g. with encryption between)."""
    if major == DRBD_MAJOR:
        return True
    lower = below(host, major, minor)
    return bool(lower) and all(on_drbd(host, *device) for device in lower)
