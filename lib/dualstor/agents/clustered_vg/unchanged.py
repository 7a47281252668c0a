# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether anything of the VG has changed since a monitor found all well.

That monitor keeps what it saw: the VG's devices in device-mapper and the header of
each metadata area, which no change of the VG's metadata leaves as it was. While both
are the same there is nothing to ask LVM. The headers are read from the disk below
the DRBD device: what the peer writes arrives there, and nothing waits for DRBD. An
old copy there does no harm, it becomes a new one sooner or later.
"""

from dualstor.freshread import IMPOSSIBLE, SILENT
from dualstor.kernel import dmlist

#: Seconds that a disk has for the answer to one read.
_PATIENCE = 1.0
#: Share of a disk's queue that others may use for us to read from it, too.
_BUSY = 0.5

_DEVICES = "devices\n"


class Header:
    """The first sector of a metadata area: ``disk`` (kernel's name), ``offset``, ``data``."""

    def __init__(self, disk, offset, data):
        self.disk, self.offset, self.data = disk, offset, data

    def __str__(self):
        return "header %s %d %s" % (self.disk, self.offset, self.data.rstrip(b"\0").hex())


def kept(locking, picks_up, headers, devices):
    """What to keep of a moment at which all is well, as text.

    :param locking: who locks the VG
    :param picks_up: whether LVs that are new are activated; if not, headers do not matter
    :param headers: Header objects
    :param devices: what dmlist.present returned
    """
    lines = ["locking %s" % locking] + (["picks up"] if picks_up else [])
    return "\n".join(lines + [str(header) for header in headers] + [_DEVICES]) + devices


def busy(host, disk):
    """Whether a disk has so much to do that a read might wait for a place in its queue."""
    folder = "/sys/class/block/" + disk
    flying = (host.read(folder + "/inflight") or "").split()
    places = host.read(folder + "/queue/nr_requests") or host.read(folder + "/../queue/nr_requests")
    if not places or not all(word.isdigit() for word in flying):
        return False
    return sum(int(word) for word in flying) >= int(places) * _BUSY


def sector(host, disk, offset, length):
    """Bytes of a disk now, or freshread's SILENT or IMPOSSIBLE."""
    if busy(host, disk):
        return SILENT
    return host.read_fresh("/dev/" + disk.replace("!", "/"), offset, length, _PATIENCE)


def same(host, vg, picks_up, text):
    """Whether all is as the *text* has it that ``kept`` made.

    :returns: (same, disks that did not answer); such a disk counts as unchanged: LVM
        would get no answer either. What cannot be told is not the same.
    """
    head, mark, devices = (text or "").partition(_DEVICES)
    if not mark or dmlist.present(host, vg) != devices:
        return False, ()
    silent = []
    lines = head.splitlines()
    if not host.exists("/sys/kernel/dlm/%s" % lockspace(lines[0], vg)):
        return False, ()
    if picks_up != ("picks up" in lines):
        return False, ()
    for line in lines:
        words = line.split()
        if words[0] != "header":
            continue
        data = sector(host, words[1], int(words[2]), 512)
        if data == SILENT:
            silent.append(words[1])
        elif data == IMPOSSIBLE or data.rstrip(b"\0").hex() != words[3]:
            return False, ()
    return True, tuple(silent)


def lockspace(line, vg):
    """The dlm lockspace that must be there, by the first line of ``kept``."""
    return "clvmd" if line == "locking clvmd" else "lvm_" + vg
