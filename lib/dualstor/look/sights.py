# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kept answer can depend on: each kind reads one thing of the kernel, as text.

The text stays the same as long as it is the same thing in the same state. A function of Files
and an argument (text) returns it, or None in doubt. An agent says what its answer depends on as
(kind, argument); the text makes it (kind, argument, text).
"""

from dualstor.record import whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Iterable, Tuple, Union

    from dualstor.host.files import Files
    from dualstor.host.freshread import NoBytes

    Seen = Union[str, NoBytes, None]
    Sight = Tuple[str, str, str]

#: States of a process that answers nobody, or not for long (proc_pid_stat(5)).
_NOT_WELL = "DZTtXx"

#: Seconds that a disk has for the answer to one read.
_PATIENCE = 1.0
#: Share of a disk's queue that others may use for us to read from it, too.
_BUSY = 0.5


def content(files: "Files", path: str) -> "str | None":
    """The text of a small file, e.g. the id of this boot."""
    return files.read(path)


def folder(files: "Files", path: str) -> str:
    """The names in a directory, "" if it does not exist."""
    return " ".join(files.list(path))


def node(files: "Files", path: str) -> str:
    """Which file is at a path (a socket, a directory of the kernel's); "" for none."""
    return files.identity(path) or ""


def process(files: "Files", pid: str) -> "str | None":
    """When the process *pid* was started; in doubt when it hangs, is stopped or has ended."""
    fields = (files.read(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
    return None if len(fields) < 20 or fields[0] in _NOT_WELL else fields[19]


def minor(files: "Files", number: str) -> "str | None":
    """The state of a minor of DRBD 8 and whose it is: the first of its lines in /proc/drbd.

    They are found as the kernel writes them ("%2d: cs:"): the lines of others are not read.
    """
    begin = number.rjust(2) + ":"
    _, found, tail = (files.read("/proc/drbd") or "").partition("\n" + begin)
    if not found:
        return None
    line, _, _ = tail.partition("\n")
    owner = files.link("/sys/kernel/debug/drbd/minors/" + number) or ""
    return f"{owner} {number}:{line.rstrip()}"


def connections(files: "Files", resource: str) -> "str | None":
    """The state of a resource of DRBD 9: such a line for each volume and peer, from debugfs."""
    from dualstor.kernel import drbd
    return drbd.connections_text(files, resource)


def devices(files: "Files", group: str) -> str:
    """The devices of a volume group in device-mapper, "" for none.

    A device never loses its table: one that was usable stays so while it exists.
    """
    from dualstor.kernel import dmlist
    listed = dmlist.of_group(files, group)
    if listed is None:      # device by device, from sysfs
        from dualstor.kernel import devmapper
        listed = [(v.name, v.uuid, v.major, v.minor)
                  for v in devmapper.volumes(files) if v.vg == group and v.size != 0]
    return "".join([f"{name} {uuid} {major}:{number}\n" for name, uuid, major, number in listed])


def header(files: "Files", place: str) -> "Seen":
    """The header of one of LVM's metadata areas, "DISK OFFSET" in bytes, as hexadecimal digits.

    :returns: also freshread.SILENT, when the disk gave no answer in time
    """
    from dualstor.host import freshread
    disk, _, offset = place.partition(" ")
    begin = whole(offset)
    if begin is None:
        return None
    data = sector(files, disk, begin, 512)
    if isinstance(data, bytes):
        return data.rstrip(b"\0").hex()
    return data if data is freshread.SILENT else None


KINDS: "dict[str, Callable[[Files, str], Seen]]" = {look.__name__: look
         for look in (content, folder, node, process, minor, connections, devices, header)}


def see(files: "Files", wanted: "Iterable[tuple[str, str]]") -> "tuple[Sight, ...] | None":
    """What *wanted*, (kind, argument) each, looks like now.

    :returns: (kind, argument, text) each; None when one of them is in doubt
    """
    looked = [(kind, argument, KINDS[kind](files, argument)) for kind, argument in wanted]
    seen = [(kind, argument, text) for kind, argument, text in looked if isinstance(text, str)]
    return tuple(seen) if len(seen) == len(looked) else None


def _busy(files: "Files", disk: str) -> bool:
    """Whether a disk has so much to do that a read might wait for a place in its queue."""
    home = "/sys/class/block/" + disk
    words = (files.read(home + "/inflight") or "").split()
    flying = [number for number in map(whole, words) if number is not None]
    places = whole((files.read(home + "/queue/nr_requests")
                    or files.read(home + "/../queue/nr_requests") or "").strip())
    return places is not None and len(flying) == len(words) and sum(flying) >= places * _BUSY


def sector(files: "Files", disk: str, offset: int, length: int) -> "bytes | NoBytes":
    """Bytes of a disk now, by the kernel's name of it; what freshread.read returns."""
    if _busy(files, disk):
        from dualstor.host import freshread
        return freshread.SILENT
    return files.read_fresh("/dev/" + disk.replace("!", "/"), offset, length, _PATIENCE)
