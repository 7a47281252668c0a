# SPDX-License-Identifier: GPL-2.0-or-later
"""Who holds a block device open: for the reason of a stop or demote that cannot go on.

Only /sys and /proc are read, and a file of a process is looked at only when it
is below /dev: nothing here waits for a dead file system or a dead disk.
Formats: proc_pid_mountinfo(5), proc_swaps(5); Linux Documentation/ABI (sysfs-block).
"""

from dualstor.errors import HostUnreadable
from dualstor.kernel import devmapper
from dualstor.record import whole

_FILES_LIMIT = 100000  # open files looked at before the search is given up


def _under_proc(host, folder):
    """Names in a folder of /proc; () where we may not look."""
    try:
        return host.list(folder)
    except HostUnreadable:
        return ()


def _with_partitions(host, major, minor):
    """"MAJOR:MINOR" of the device and of its partitions, as a set."""
    folder = f"/sys/dev/block/{major}:{minor}"
    numbers = {"%d:%d" % (major, minor)}
    for name in host.list(folder):
        if host.exists(f"{folder}/{name}/partition"):
            numbers.add((host.read(f"{folder}/{name}/dev") or "").strip())
    return numbers


def _word_for(host, kernel_name):
    """What to call the device *kernel_name* that stands on another: "LV vg0/lv0"."""
    name = (host.read(f"/sys/block/{kernel_name}/dm/name") or "").strip()
    uuid = host.read(f"/sys/block/{kernel_name}/dm/uuid") or ""
    words = devmapper.split_name(name) if uuid.startswith("LVM-") else None
    if words:
        return "LV %s/%s" % words[:2]
    return f"device-mapper {name}" if name else kernel_name


def _devices_above(host, numbers):
    for number in sorted(numbers):
        for name in host.list(f"/sys/dev/block/{number}/holders"):
            yield _word_for(host, name)


def stacked(host, major, minor):
    """What stands on the block device MAJOR:MINOR, in words as of ``holders``: "LV vg0/lv0".

    Such a device does not go away by itself, as a program's look at a device does.
    """
    return tuple(_devices_above(host, _with_partitions(host, major, minor)))


def _is(host, path, numbers):
    """Whether *path* is a node of one of the devices."""
    device = host.device(path)
    return device is not None and "%d:%d" % device in numbers


def _loops(host, numbers):
    for name in host.list("/sys/block"):
        if name.startswith("loop"):
            backing = (host.read(f"/sys/block/{name}/loop/backing_file") or "").strip()
            if backing.startswith("/dev/") and _is(host, backing, numbers):
                yield "/dev/" + name


def _targets(host, numbers):
    """The kernel's SCSI target (LIO), which exports block devices from within the kernel."""
    root = "/sys/kernel/config/target/core"
    for adapter in _under_proc(host, root):
        if adapter.startswith("iblock_"):
            for name in _under_proc(host, f"{root}/{adapter}"):
                path = (host.read(f"{root}/{adapter}/{name}/udev_path") or "").strip()
                if path and _is(host, path, numbers):
                    yield f"iSCSI/SCSI target {name}"


def _swaps(host, numbers):
    for line in (host.read("/proc/swaps") or "").splitlines()[1:]:
        if line.startswith("/") and _is(host, line.split()[0], numbers):
            yield "swap"


def _unescape(text):
    """mountinfo writes blank, tab, newline and backslash as octal."""
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text


def mounted_on(text, numbers):
    """Mount points in the text of a mountinfo file whose device is one of *numbers*.

    :param numbers: "MAJOR:MINOR" strings
    """
    for line in text.splitlines():
        fields = line.split()
        if len(fields) > 4 and fields[2] in numbers:
            yield _unescape(fields[4])


def _program(host, pid):
    name = (host.read(f"/proc/{pid}/comm") or "").strip() or "process"
    target = host.link(f"/proc/{pid}/exe")
    if target:  # comm is cut at 15 characters
        target = target.rpartition("/")[2]
        name = target[:-len(" (deleted)")] if target.endswith(" (deleted)") else target
    return f"{name}[{pid}]"


def _processes(host):
    return sorted((p for p in host.list("/proc") if whole(p) is not None), key=whole)


def _mounts(host, numbers):
    """Mounts in every mount namespace, each namespace looked at once."""
    ours = host.link("/proc/self/ns/mnt")
    for point in mounted_on(host.read("/proc/self/mountinfo") or "", numbers):
        yield "mounted on " + point
    seen = {ours, None}
    for pid in _processes(host):
        namespace = host.link(f"/proc/{pid}/ns/mnt")
        if namespace in seen:
            continue
        seen.add(namespace)
        try:
            text = host.read(f"/proc/{pid}/mountinfo") or ""
        except HostUnreadable:
            continue
        for point in mounted_on(text, numbers):
            yield f"mounted on {point} for {_program(host, pid)}"


def _open_files(host, numbers):
    """Processes that have the device open, our own excepted."""
    looked, ours = 0, host.link("/proc/self")
    for pid in _processes(host):
        if pid == ours:
            continue
        folder = f"/proc/{pid}/fd"
        for fd in _under_proc(host, folder):
            looked += 1
            path = f"{folder}/{fd}"
            if (host.link(path) or "").startswith("/dev/") and _is(host, path, numbers):
                yield _program(host, pid)
                break
        if looked > _FILES_LIMIT or host.deadline.reached:
            return


def holders(host, major, minor):
    """Who holds the block device MAJOR:MINOR open, as a tuple of short words for a reason.

    E.g. "LV vg0/lv0", "mounted on /srv", "swap", "qemu-system-x86[4711]"; () when
    nobody is found (a holder within the kernel may leave no trace).
    """
    numbers = _with_partitions(host, major, minor)
    return tuple(dict.fromkeys(
        word for search in (_devices_above, _mounts, _swaps, _loops, _targets, _open_files)
        for word in search(host, numbers)))
