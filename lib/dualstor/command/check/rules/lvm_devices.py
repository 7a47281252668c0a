# SPDX-License-Identifier: GPL-2.0-or-later
"""Which devices LVM sees: the DRBD device and never its backing device."""

from dualstor.command.check.parsers import lvmfilter
from dualstor.command.check.parsers.dmregex import Malformed
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view.lvm import DEVICES, GLOBAL_FILTER
from dualstor.command.check.view.seen import Irrelevant, Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.drbd import Disk
    from dualstor.command.check.view.host import HostView
    from dualstor.command.check.view.lvm import Setting

_FILTERS = ("devices/filter", "devices/global_filter")
_LINE = "set `{name} = [ \"a|^/dev/drbd.*|\", \"r|.*|\" ]` in the devices section of {file}, " \
        "with an \"a\" pattern before the last for each PV of the host's own"


def _filters(host: "HostView") -> "list[tuple[str, Setting]]":
    """(name, Setting) of the filters that this LVM has.

    :raises Irrelevant: a devices file is used instead
    """
    if host.lvm.uses_devices_file:
        raise Irrelevant()
    known = host.lvm.version is None or host.lvm.version >= GLOBAL_FILTER
    return [(name, host.lvm.setting(name)) for name in _FILTERS[:1 + known]]


def _passes(setting: "Setting", *names: str) -> bool:
    """Whether a filter accepts a device.

    :raises Unavailable: LVM refuses the filter, which LVM-FILTER-SYNTAX reports
    """
    try:
        return setting.value is None or lvmfilter.passes(setting.entries, names)
    except Malformed as problem:
        raise Unavailable(f"{setting.where}: LVM refuses the filter: {problem}") from problem


def _is_seen(host: "HostView", disk: "Disk") -> bool:
    """Whether LVM would take a backing device for a PV that its filters accept.

    :raises Unavailable: it would not if the device is an LV, which is not known
    """
    if host.lvm.scans_lvs:
        return True
    lv = host.is_lv(disk.names)
    if lv is None:
        raise Unavailable(f"{disk.lower}: whether it is an LV is not in the tree")
    return not lv


@rule("LVM-FILTER-SYNTAX", ERROR, "LVM accepts the patterns of its filters",
      why="With a filter that it does not understand LVM refuses every command, also at boot.",
      fix="write each pattern of {name} in {file} as \"a|REGEX|\" or \"r|REGEX|\"; `pvs` must "
          "report no error")
def patterns(host: "HostView") -> "Findings":
    for name in _FILTERS:
        setting = host.lvm.setting(name)
        key = name.partition("/")[2]
        if setting.value == ():
            yield found(setting.where, f"{key} is empty", name=key)
        for pattern in setting.entries:
            problem = lvmfilter.problem(pattern)
            if problem is not None:
                yield found(setting.where, f"the pattern {pattern[:60]} of {key}: {problem}",
                            name=key)


@rule("LVM-FILTER", ERROR, "LVM does not see DRBD's backing device",
      why="LVM takes the backing device for the PV, as both have the same label: what it writes "
          "there is not replicated, and the copies diverge.", fix=_LINE)
def lower(host: "HostView") -> "Findings":
    filters = _filters(host)
    for disk in host.disks:
        if all(_passes(setting, *disk.names) for _, setting in filters) and _is_seen(host, disk):
            name, setting = filters[-1]
            yield found(setting.where, f"no filter rejects {disk.lower}, the backing device of "
                                       f"{disk.upper}", name=name.partition("/")[2])


@rule("LVM-GLOBAL-FILTER", WARNING, "global_filter hides DRBD's backing device from LVM's daemons",
      why="udev, pvscan and lvmetad ignore filter and activate the VG on the backing device.",
      fix=_LINE)
def global_filter(host: "HostView") -> "Findings":
    filters = dict(_filters(host))
    name = _FILTERS[1]
    if name not in filters:
        raise Irrelevant()
    for disk in host.disks:
        hidden = not _passes(filters[_FILTERS[0]], *disk.names)
        if hidden and _passes(filters[name], *disk.names) and _is_seen(host, disk):
            yield found(filters[name].where, f"only filter rejects {disk.lower}",
                        name="global_filter")


def _upper_names(disk: "Disk") -> "tuple[str, ...]":
    """The names of a DRBD device: its own, and those of DRBD's udev rules."""
    resource = f"/dev/drbd/by-res/{disk.resource.name}"
    return (disk.upper, resource, f"{resource}/0",
            f"/dev/drbd/by-disk/{disk.lower.partition('/dev/')[2]}")


@rule("LVM-FILTER-DRBD", ERROR, "LVM sees the DRBD device",
      why="The VG is on it: without the device LVM does not find the VG.",
      fix="put `\"a|^/dev/drbd.*|\"` first in {name} in the devices section of {file}")
def upper(host: "HostView") -> "Findings":
    for disk in host.disks:
        for name, setting in _filters(host):
            if not _passes(setting, *_upper_names(disk)):
                yield found(setting.where, f"{name} rejects {disk.upper}",
                            name=name.partition("/")[2])


@rule("LVM-DEVICES-FILE", ERROR,
      "the devices file lists the DRBD device and not its backing device",
      why="With a devices file LVM sees exactly what is listed in it, whatever the filters say.",
      fix="`lvmdevices --adddev {upper}` and `lvmdevices --deldev {lower}`")
def devices_file(host: "HostView") -> "Findings":
    if not host.lvm.uses_devices_file:
        raise Irrelevant()
    listed = host.lvm.device_names
    for disk in host.disks:
        for name in [name for name in disk.names if name in listed]:
            yield found(listed[name], f"{name}, the backing device of {disk.upper}, is listed",
                        lower=name, upper=disk.upper)
        if disk.upper not in listed:
            yield found(Where(DEVICES), f"{disk.upper} is not listed", lower=disk.lower,
                        upper=disk.upper)


@rule("LVM-WRITE-CACHE", WARNING, "LVM keeps no list of devices across reboots",
      why="An old list still names the backing device after a new filter hides it.",
      fix="set `write_cache_state = 0` in the devices section of {file} and remove "
          "/etc/lvm/cache/.cache")
def write_cache(host: "HostView") -> "Findings":
    if not host.lvm.old:
        raise Irrelevant()
    setting = host.lvm.setting("devices/write_cache_state")
    if setting.value != "0":
        yield found(setting.where, f"write_cache_state is 1{setting.origin}")


@rule("LVM-CACHE-FILE", WARNING, "LVM's list of devices does not name the backing device",
      why="LVM trusts the list and opens the backing device instead of the DRBD device.",
      fix="remove /etc/lvm/cache/.cache, then `vgscan` once the cluster runs")
def cache_file(host: "HostView") -> "Findings":
    text = host.text("/etc/lvm/cache/.cache")
    if text is None:
        return
    for disk in host.disks:
        for number, line in enumerate(text.split("\n"), 1):
            if any(f'"{name}"' in line for name in disk.names):
                yield found(Where("/etc/lvm/cache/.cache", number), f"it names {disk.lower}")


@rule("LVM-PV-BELOW", ERROR, "no PV is on the backing device",
      why="What LVM writes there is not replicated, and the copies diverge.",
      fix="hide {disk} from LVM (see LVM-FILTER), then `pvscan --cache`")
def pv_below(host: "HostView") -> "Findings":
    rows = host.lvm.rows("pvs")
    for disk in host.disks:
        for row in rows:
            if row["pv_name"] in disk.names and row["vg_name"]:
                yield found(Where("pvs"),
                            f"LVM uses {disk.lower}, the backing device of {disk.upper}, for VG "
                            f"{row['vg_name']}", disk=disk.lower)
