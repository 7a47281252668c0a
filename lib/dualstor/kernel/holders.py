# SPDX-License-Identifier: GPL-2.0-or-later
"""Who holds a block device open: for the reason of a stop or demote that cannot continue.

Only /sys and /proc are read, and files of a process are checked only if they
are in /dev: nothing here waits for a dead file system or a dead disk.
Formats: proc_pid_mountinfo(5), proc_swaps(5); Linux Documentation/ABI (sysfs-block).
"""

from dualstor.errors import HostUnreadable
from dualstor.kernel import devmapper
from dualstor.record import whole

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Container, Iterable, Iterator

    from dualstor.host.host import Host

_FILES_LIMIT = 100000  # open files checked before the search is given up


def _readable(host: "Host", directory: str) -> "tuple[str, ...]":
    """Names in a directory; () if we may not read it."""
    try:
        return host.list(directory)
    except HostUnreadable:
        return ()


def _with_partitions(host: "Host", major: int, minor: int) -> "set[str]":
    """"MAJOR:MINOR" of the device and of its partitions."""
    directory = f"/sys/dev/block/{major}:{minor}"
    numbers = {f"{major}:{minor}"}
    for name in host.list(directory):
        if host.exists(f"{directory}/{name}/partition"):
            numbers.add((host.read(f"{directory}/{name}/dev") or "").strip())
    return numbers


def _word_for(host: "Host", kernel_name: str) -> str:
    """What to call the stacked device *kernel_name*: "LV vg0/lv0"."""
    name = (host.read(f"/sys/block/{kernel_name}/dm/name") or "").strip()
    uuid = host.read(f"/sys/block/{kernel_name}/dm/uuid") or ""
    words = devmapper.split_name(name) if uuid.startswith("LVM-") else None
    if words:
        return f"LV {words[0]}/{words[1]}"
    return f"device-mapper {name}" if name else kernel_name


def _devices_above(host: "Host", numbers: "Iterable[str]") -> "Iterator[str]":
    for number in sorted(numbers):
        for name in host.list(f"/sys/dev/block/{number}/holders"):
            yield _word_for(host, name)


def stacked(host: "Host", major: int, minor: int) -> "tuple[str, ...]":
    """What is on the block device MAJOR:MINOR, in words as of ``holders``: "LV vg0/lv0".

    Such a device does not go away by itself, unlike a program that reads a device for a moment.
    """
    return tuple(_devices_above(host, _with_partitions(host, major, minor)))


def _is(host: "Host", path: str, numbers: "Container[str]") -> bool:
    """Whether *path* is a node of one of the devices."""
    device = host.device(path)
    return device is not None and f"{device[0]}:{device[1]}" in numbers


def _loops(host: "Host", numbers: "Container[str]") -> "Iterator[str]":
    for name in host.list("/sys/block"):
        if name.startswith("loop"):
            backing = (host.read(f"/sys/block/{name}/loop/backing_file") or "").strip()
            if backing.startswith("/dev/") and _is(host, backing, numbers):
                yield "/dev/" + name


def _targets(host: "Host", numbers: "Container[str]") -> "Iterator[str]":
    """The kernel's SCSI target (LIO), which exports block devices from within the kernel."""
    root = "/sys/kernel/config/target/core"
    for adapter in _readable(host, root):
        if adapter.startswith("iblock_"):
            for name in _readable(host, f"{root}/{adapter}"):
                path = (host.read(f"{root}/{adapter}/{name}/udev_path") or "").strip()
                if path and _is(host, path, numbers):
                    yield f"iSCSI/SCSI target {name}"


def _swaps(host: "Host", numbers: "Container[str]") -> "Iterator[str]":
    for line in (host.read("/proc/swaps") or "").splitlines()[1:]:
        if line.startswith("/") and _is(host, line.split()[0], numbers):
            yield "swap"


def _unescape(text: str) -> str:
    """mountinfo writes blank, tab, newline and backslash as octal."""
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text


def mounted_on(text: str, numbers: "Container[str]") -> "Iterator[str]":
    """Mount points in the text of a mountinfo file whose device is one of *numbers*.

    :param numbers: "MAJOR:MINOR" strings
    """
    for line in text.splitlines():
        fields = line.split()
        if len(fields) > 4 and fields[2] in numbers:
            yield _unescape(fields[4])


def _program(host: "Host", pid: str) -> str:
    name = (host.read(f"/proc/{pid}/comm") or "").strip() or "process"
    target = host.link(f"/proc/{pid}/exe")
    if target:  # comm is cut at 15 characters
        target = target.rpartition("/")[2]
        name = target[:-len(" (deleted)")] if target.endswith(" (deleted)") else target
    return f"{name}[{pid}]"


def _processes(host: "Host") -> "list[str]":
    return sorted((p for p in host.list("/proc") if whole(p) is not None),
                  key=lambda pid: whole(pid) or 0)


def _mounts(host: "Host", numbers: "Container[str]") -> "Iterator[str]":
    """Mounts in every mount namespace, each read once."""
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


def _open_files(host: "Host", numbers: "Container[str]") -> "Iterator[tuple[str, str]]":
    """(number of a device, process that has it open), except our own process."""
    looked, ours = 0, host.link("/proc/self")
    for pid in _processes(host):
        if pid == ours:
            continue
        directory, told = f"/proc/{pid}/fd", set()
        for fd in _readable(host, directory):
            looked += 1
            path = f"{directory}/{fd}"
            if not (host.link(path) or "").startswith("/dev/"):
                continue
            device = host.device(path)
            number = f"{device[0]}:{device[1]}" if device else ""
            if number in numbers and number not in told:
                told.add(number)
                yield number, _program(host, pid)
        if looked > _FILES_LIMIT or host.deadline.reached:
            return


def _without_files(host: "Host", numbers: "set[str]") -> "Iterator[str]":
    """Who holds the devices open, but for processes."""
    for search in (_devices_above, _mounts, _swaps, _loops, _targets):
        yield from search(host, numbers)


def holders(host: "Host", major: int, minor: int) -> "tuple[str, ...]":
    """Who holds the block device MAJOR:MINOR open, in short words for a reason.

    E.g. "LV vg0/lv0", "mounted on /srv", "swap", "qemu-system-x86[4711]"; () when
    nobody is found (a holder within the kernel may leave no trace).
    """
    (found,) = of_each(host, ((major, minor),))
    return found


def of_each(host: "Host",
            devices: "Iterable[tuple[int, int]]") -> "tuple[tuple[str, ...], ...]":
    """As ``holders`` for each of several devices; open files are searched only once."""
    numbers = [_with_partitions(host, *device) for device in devices]
    words = [list(_without_files(host, each)) for each in numbers]
    for number, word in _open_files(host, frozenset().union(*numbers)):
        for known, found in zip(numbers, words):
            if number in known:
                found.append(word)
    return tuple(tuple(dict.fromkeys(found)) for found in words)
