# SPDX-License-Identifier: GPL-2.0-or-later
"""Which devices LVM sees: the DRBD device and never the disk below it."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view.lvm import DEVICES, GLOBAL_FILTER, passes
from dualstor.command.check.view.seen import Irrelevant

_FILTERS = ("devices/filter", "devices/global_filter")
_LINE = "set `{name} = [ \"a|^/dev/drbd.*|\", \"r|.*|\" ]` in the devices section of {file}, " \
        "with an \"a\" pattern before the last for each PV of the host's own"


def _filters(host):
    """(name, Setting) of the filters that this LVM knows; none where a devices file rules."""
    if host.lvm.uses_devices_file:
        raise Irrelevant()
    known = host.lvm.version is None or host.lvm.version >= GLOBAL_FILTER
    return [(name, host.lvm.setting(name)) for name in _FILTERS[:1 + known]]


def _lets(setting, names):
    return setting.value is None or passes(setting.value, names)


@rule("LVM-FILTER", ERROR, "LVM does not see the disk below DRBD",
      why="LVM takes the disk for the PV, which has the same label: what it writes there is not "
          "replicated, and the copies differ.", fix=_LINE)
def lower(host):
    filters = _filters(host)
    for disk in host.disks:
        if all(_lets(setting, disk.names) for _, setting in filters):
            name, setting = filters[-1]
            yield found(setting.where, f"no filter keeps LVM from {disk.lower}, the disk below "
                                       f"{disk.upper}", name=name.partition("/")[2],
                        file=setting.where.source)


@rule("LVM-GLOBAL-FILTER", WARNING, "global_filter keeps LVM's daemons from the disk below DRBD",
      why="udev, pvscan and lvmetad take no notice of filter and activate the VG on the disk "
          "below.",
      fix=_LINE)
def global_filter(host):
    filters = dict(_filters(host))
    name = _FILTERS[1]
    if name not in filters:
        raise Irrelevant()
    for disk in host.disks:
        if _lets(filters[name], disk.names) and not _lets(filters[_FILTERS[0]], disk.names):
            yield found(filters[name].where, f"only filter rejects {disk.lower}",
                        name="global_filter", file=filters[name].where.source)


@rule("LVM-FILTER-DRBD", ERROR, "LVM sees the DRBD device",
      why="The VG lies on it: without the device LVM does not find the VG.",
      fix="put `\"a|^/dev/drbd.*|\"` first in {name} in the devices section of {file}")
def upper(host):
    for disk in host.disks:
        for name, setting in _filters(host):
            if not _lets(setting, (disk.upper,)):
                yield found(setting.where, f"{name} rejects {disk.upper}",
                            name=name.partition("/")[2], file=setting.where.source)


@rule("LVM-DEVICES-FILE", ERROR, "the devices file lists the DRBD device and not the disk below",
      why="With a devices file the filters are void for what it lists: LVM sees what is in it, and "
          "nothing else.",
      fix="`lvmdevices --adddev {upper}` and `lvmdevices --deldev {lower}`")
def devices_file(host):
    if not host.lvm.uses_devices_file:
        raise Irrelevant()
    listed = host.lvm.device_names
    for disk in host.disks:
        for name in [name for name in disk.names if name in listed]:
            yield found(listed[name], f"{name}, the disk below {disk.upper}, is listed",
                        lower=name, upper=disk.upper)
        if disk.upper not in listed:
            yield found(Where(DEVICES), f"{disk.upper} is not listed", lower=disk.lower,
                        upper=disk.upper)


@rule("LVM-WRITE-CACHE", WARNING, "LVM keeps no list of devices over a reboot",
      why="The list of old still names the disk below DRBD when a new filter hides it.",
      fix="set `write_cache_state = 0` in the devices section of {file} and remove "
          "/etc/lvm/cache/.cache")
def write_cache(host):
    if not host.lvm.old:
        raise Irrelevant()
    setting = host.lvm.setting("devices/write_cache_state")
    if setting.value != "0":
        yield found(setting.where, "write_cache_state is "
                                   f"1{'' if setting.given else ' (the default)'}", file=setting.where.source)


@rule("LVM-CACHE-FILE", WARNING, "LVM's list of devices does not name the disk below DRBD",
      why="LVM trusts the list and opens the disk below in place of the DRBD device.",
      fix="remove /etc/lvm/cache/.cache, then `vgscan` once the cluster runs")
def cache_file(host):
    text = host.text("/etc/lvm/cache/.cache")
    if text is None:
        return
    for disk in host.disks:
        for number, line in enumerate(text.split("\n"), 1):
            if any(f"\"{name}\"" in line for name in disk.names):
                yield found(Where("/etc/lvm/cache/.cache", number), f"it names {disk.lower}")


@rule("LVM-PV-BELOW", ERROR, "no PV is on the disk below DRBD",
      why="What LVM writes there is not replicated, and the copies differ.",
      fix="hide {disk} from LVM (see LVM-FILTER), then `pvscan --cache`")
def pv_below(host):
    rows = host.lvm.rows("pvs")
    for disk in host.disks:
        for row in rows:
            if row["pv_name"] in disk.names and row["vg_name"]:
                yield found(Where("pvs"), f"LVM uses {disk.lower}, the disk below {disk.upper}, "
                                          f"for VG {row['vg_name']}", disk=disk.lower)
