# SPDX-License-Identifier: GPL-2.0-or-later
"""dmsetup: takes LVs away without LVM and its locks, for when those do not answer.

Format: dmsetup(8), ``info -c``.
"""

from dualstor.errors import ParseError
from dualstor.host.deadline import QUERY
from dualstor.record import Record
from dualstor.tools.keyed import numbers

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host
    from dualstor.host.run import Completed

_COLUMNS = ("name", "uuid", "open", "attr", "major", "minor", "suspended")
_NOTHING = "No devices found"


class MappedDevice(Record):
    """One line of ``dmsetup info -c``; ``attr`` as dmsetup writes it, e.g. "L--w"."""

    name: str
    uuid: str
    open_count: int
    attr: str
    major: int
    minor: int
    suspended: bool


def parse_info(text: str) -> "tuple[MappedDevice, ...]":
    """The Devices in the output of ``info``, as a tuple.

    :raises ParseError: a line is not of that form
    """
    found = []
    for line in text.splitlines():
        if not line.strip() or line.strip() == _NOTHING:
            continue
        fields = line.strip().split("|")
        if len(fields) != len(_COLUMNS):
            raise ParseError("dmsetup info -c", line)
        count, major, minor = numbers("dmsetup info -c", (fields[2], fields[4], fields[5]), line)
        found.append(MappedDevice(name=fields[0], uuid=fields[1], open_count=count, attr=fields[3],
                            major=major, minor=minor, suspended=fields[6] == "Suspended"))
    return tuple(found)


def info(host: "Host", timeout: float = QUERY) -> "tuple[MappedDevice, ...]":
    """All devices of device-mapper, as a tuple of MappedDevice.

    :raises ToolError, ParseError: it did not answer, or in another form
    """
    argv = ("dmsetup", "info", "-c", "--noheadings", "--noflush", "--separator", "|",
            "-o", ",".join(_COLUMNS))
    return parse_info(host.run(argv, timeout).stdout)


def remove(host: "Host", name: str, timeout: float = 10.0) -> "Completed":
    """Remove one device that nobody has open; the kernel refuses one that is.

    Does not wait for udev, which may be what hangs.

    :returns: Completed
    :raises ToolError: it is missing or hung
    """
    return host.run(("dmsetup", "remove", "--noudevsync", name), timeout)
