# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kept answer can stand on: each kind is a look at one thing of the kernel, as text.

Two looks at the same thing give the same text for as long as it is the same thing in the same
state. A look takes Files and an argument (text) and returns text; None when it is in doubt. An
agent says what its answer stands on as (kind, argument); with the text of the look a third.
"""

from dualstor.record import whole

#: States of a process that answers nobody, or not for long (proc_pid_stat(5)).
_NOT_WELL = "DZTtXx"

#: Seconds that a disk has for the answer to one read.
_PATIENCE = 1.0
#: Share of a disk's queue that others may use for us to read from it, too.
_BUSY = 0.5


def content(files, path):
    """The text of a small file, e.g. the id of this boot."""
    return files.read(path)


def folder(files, path):
    """The names in a folder; no name where there is none."""
    return " ".join(files.list(path))


def node(files, path):
    """Which file is at a path (a socket, a folder of the kernel's); "" for none."""
    return files.identity(path) or ""


def process(files, pid):
    """When the process *pid* was started; in doubt when it hangs, is stopped or has ended."""
    fields = (files.read(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
    return None if len(fields) < 20 or fields[0] in _NOT_WELL else fields[19]


def minor(files, number):
    """The state of a minor of DRBD 8 and whose it is: the first of its lines in /proc/drbd."""
    begin = number + ":"
    for line in (files.read("/proc/drbd") or "").splitlines():
        if line.lstrip().startswith(begin):
            owner = files.link("/sys/kernel/debug/drbd/minors/" + number) or ""
            return f"{owner} {line.strip()}"
    return None


def connections(files, resource):
    """The state of a resource of DRBD 9: such a line for each volume and peer, from debugfs."""
    from dualstor.kernel import drbd
    return drbd.connections_text(files, resource)


def devices(files, group):
    """The devices of a volume group in device-mapper, "" for none.

    A device never loses the table that it has: one that was usable stays so while it is there.
    """
    from dualstor.kernel import dmlist
    listed = dmlist.of_group(files, group)
    if listed is None:      # device by device, from sysfs
        from dualstor.kernel import devmapper
        listed = [(v.name, v.uuid, v.major, v.minor)
                  for v in devmapper.volumes(files) if v.vg == group and v.size != 0]
    return "".join([f"{name} {uuid} {major}:{number}\n" for name, uuid, major, number in listed])


def header(files, place):
    """The header of one of LVM's metadata areas, "DISK OFFSET" in bytes, as hexadecimal digits.

    :returns: also freshread.SILENT, when the disk gave no answer in time
    """
    from dualstor.host import freshread
    disk, _, offset = place.partition(" ")
    if whole(offset) is None:
        return None
    data = sector(files, disk, whole(offset), 512)
    if data is freshread.SILENT:
        return data
    return None if data is freshread.IMPOSSIBLE else data.rstrip(b"\0").hex()


KINDS = {look.__name__: look
         for look in (content, folder, node, process, minor, connections, devices, header)}


def see(files, wanted):
    """What *wanted*, a sequence of (kind, argument), looks like now.

    :returns: tuple of (kind, argument, text); None when one of them is in doubt
    """
    seen = tuple((kind, argument, KINDS[kind](files, argument)) for kind, argument in wanted)
    return seen if all(isinstance(text, str) for _, _, text in seen) else None


def _busy(files, disk):
    """Whether a disk has so much to do that a read might wait for a place in its queue."""
    home = "/sys/class/block/" + disk
    flying = [whole(word) for word in (files.read(home + "/inflight") or "").split()]
    places = files.read(home + "/queue/nr_requests") or files.read(home + "/../queue/nr_requests")
    places = whole((places or "").strip())
    return places is not None and None not in flying and sum(flying) >= places * _BUSY


def sector(files, disk, offset, length):
    """Bytes of a disk now, by the kernel's name of it; what freshread.read returns."""
    if _busy(files, disk):
        from dualstor.host import freshread
        return freshread.SILENT
    return files.read_fresh("/dev/" + disk.replace("!", "/"), offset, length, _PATIENCE)
