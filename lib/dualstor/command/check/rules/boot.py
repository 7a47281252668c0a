# SPDX-License-Identifier: GPL-2.0-or-later
"""How a host boots and shuts down: Pacemaker stops before what its resources need."""

import posixpath
import re

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view.units import PACEMAKER
from dualstor.kernel import devmapper
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView

#: Units that start or stop what Pacemaker's resources are.
_OURS = ("drbd.service", "dlm.service", "lvmlockd.service", "lvmlocks.service",
         "lvm2-lvmlockd.service", "lvm2-lvmlocks.service", "lvm2-clvmd.service",
         "lvm2-cluster-activation.service", "clvm.service", "clvmd.service")
_DRBD_INSTANCE = re.compile(r"drbd@.+\.(service|target)\Z")

#: What takes something away from resources that still run: what, and which kind of unit it is.
_TAKEN = (
    ("blk-availability.service", "deactivates the VGs"),
    ("drbd.service", "takes DRBD down"),
    ("drbd-graceful-down.service", "takes DRBD down"),
    ("drbd-graceful-disconnect.service", "disconnects DRBD"),
    ("dlm.service", "stops dlm"),
    ("lvmlocks.service", "stops the lockspaces"),
    ("lvmlockd.service", "stops the lock daemon"),
    ("corosync.service", "stops the membership"),
)
#: Those of them that do so without being enabled: they start by themselves, or with Pacemaker.
_ALWAYS = ("corosync.service", "drbd-graceful-down.service", "drbd-graceful-disconnect.service")


@rule("BOOT-ENABLED", WARNING, "what Pacemaker starts is started by nobody else",
      why="At boot it is started without the cluster's order, at a shutdown it is stopped while "
          "resources still use it, and a stop that fails has the node fenced.",
      fix="`systemctl disable {unit}`: Pacemaker starts it")
def enabled(host: "HostView") -> "Findings":
    host.units.need()
    for unit, where in sorted(host.units.enabled.items()):
        if (unit in _OURS or _DRBD_INSTANCE.match(unit)) and not host.units.masked(unit):
            yield found(where, f"{unit} is enabled", unit=unit)


@rule("BOOT-ORDER", WARNING, "at a shutdown Pacemaker stops first",
      why="What its resources need is taken away from them while they run: a stop fails, and the "
          "node is fenced.",
      fix="install the package resource-agents-dualstor, which has a drop-in for it; or a line "
          "`After={unit}` in the section [Unit] of "
          "/etc/systemd/system/pacemaker.service.d/order.conf, then `systemctl daemon-reload`")
def order(host: "HostView") -> "Findings":
    where, units = host.units.need(), host.units
    earlier = units.after(PACEMAKER)
    for unit, what in _TAKEN:
        runs = units.there(unit) if unit in _ALWAYS else unit in units.enabled
        if runs and not units.masked(unit) and unit not in earlier:
            yield found(where, f"{unit} {what} at a shutdown, and nothing says that Pacemaker "
                        "stops before it", unit=unit)


_TIME = re.compile(r"([0-9]+)\s*(ms|msec|s|sec|m|min|minutes?|h|hr|hours?)?(?=\s|[0-9]|\Z)")
_UNITS = {"ms": 0.001, "msec": 0.001, "": 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0,
          "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hr": 3600.0, "hour": 3600.0,
          "hours": 3600.0}
_ENOUGH = 600.0     # seconds; our agents' stops have 120 s each, a guest's has 180


def span(text: str) -> "float | None":
    """Seconds in a time span of systemd (systemd.time(7)); None: infinity, or not understood."""
    seconds = 0.0
    for number, unit in _TIME.findall(text):
        seconds += (whole(number) or 0) * _UNITS[unit]
    return seconds if _TIME.sub("", text).strip() == "" and text.strip() else None


@rule("BOOT-STOP-TIME", WARNING, "Pacemaker has the time to stop its resources",
      why="When its time has expired systemd stops what the resources need, while they still run.",
      fix="remove {name} from {file}, then `systemctl daemon-reload`: Pacemaker's own unit gives "
          "30 minutes and kills nothing")
def stop_time(host: "HostView") -> "Findings":
    host.units.need()
    set_to = host.units.last(PACEMAKER, "Service", "TimeoutStopSec")
    seconds = span(set_to.value) if set_to else None
    if set_to is not None and seconds is not None and 0 < seconds < _ENOUGH:
        yield found(set_to.where, f"TimeoutStopSec={set_to.value}: Pacemaker may need "
                    f"{_ENOUGH:g} s", name="TimeoutStopSec")
    kill = host.units.last(PACEMAKER, "Service", "SendSIGKILL")
    if kill is not None and kill.value.lower() not in ("no", "false", "off", "0"):
        yield found(kill.where, f"SendSIGKILL={kill.value}: Pacemaker is killed while it stops",
                    name="SendSIGKILL")


_OFF = ("0", "off", "", "infinity")
_SBD = ("/etc/sysconfig/sbd", "/etc/default/sbd")
_DEVICE = re.compile(r"^[ \t]*SBD_WATCHDOG_DEV=[\"']?([^\"'\s]+)", re.MULTILINE)


@rule("BOOT-WATCHDOG", ERROR, "SBD has its watchdog for itself",
      why="A watchdog can be opened once: if systemd has it, SBD does not start, and nothing "
          "resets a node that should fence itself.",
      fix="remove RuntimeWatchdogSec from {file}, or set WatchdogDevice there to another device; "
          "then reboot")
def watchdog(host: "HostView") -> "Findings":
    host.units.need()
    taken = host.units.manager("RuntimeWatchdogSec")
    if taken is None or taken.value in _OFF or "sbd.service" not in host.units.enabled:
        return
    own = host.units.manager("WatchdogDevice")
    device = own.value if own else "/dev/watchdog"
    text = "\n".join(filter(None, (host.text(path) for path in _SBD)))
    sbd = (_DEVICE.findall(text) or ["/dev/watchdog"])[-1]
    if {device, sbd} <= {"/dev/watchdog", "/dev/watchdog0"} or device == sbd:
        yield found(taken.where, f"RuntimeWatchdogSec={taken.value} takes {device}, which SBD "
                    "needs")


def _mounts(host: "HostView") -> "Iterator[tuple[str, str, Where]]":
    """(device, mount point, Where) of the lines of fstab that are mounted at boot."""
    for number, line in enumerate((host.text("/etc/fstab") or "").split("\n"), 1):
        words = line.partition("#")[0].split()
        if len(words) >= 4 and "noauto" not in words[3].split(","):
            yield words[0], words[1], Where("/etc/fstab", number)


@rule("BOOT-FSTAB", ERROR, "what is on the shared storage is mounted by the cluster",
      why="The init system mounts it before the storage is there, and unmounts it after Pacemaker "
          "has tried to stop the VG, which fails while it is mounted and has the node fenced.",
      fix="remove the line from /etc/fstab, or give it the option noauto, and let Pacemaker mount "
          "it with ocf:heartbeat:Filesystem")
def fstab(host: "HostView") -> "Findings":
    for device, directory, where in _mounts(host):
        lv = devmapper.named_by(device)
        drbd = posixpath.dirname(device) == "/dev" and device.startswith("/dev/drbd")
        if drbd or device.startswith("/dev/drbd/") or (
                lv is not None and lv[0] in host.lvm.groups):
            yield found(where, f"{device} is mounted on {directory} at boot")
