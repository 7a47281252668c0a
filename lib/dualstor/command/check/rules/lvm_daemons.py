# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's daemons: lvmlockd, clvmd, and lvmetad, which works with neither."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view.seen import Irrelevant

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView

_LOCKD, _METAD = "global/use_lvmlockd", "global/use_lvmetad"


def _clvmd(host: "HostView") -> bool:
    """Whether this host is configured for clvmd."""
    return host.lvm.old and host.lvm.setting("global/locking_type").value == "3"


@rule("LVM-LVMETAD", ERROR, "lvmetad is off if clvmd locks",
      why="lvmetad answers from its cache and does not see what the other host has changed.",
      fix="set `use_lvmetad = 0` in the global section of {file} and stop lvm2-lvmetad")
def lvmetad(host: "HostView") -> "Findings":
    setting = host.lvm.setting(_METAD)
    if _clvmd(host) and setting.value == "1":
        yield found(setting.where, "use_lvmetad = 1 with locking_type = 3")


@rule("LVM-BOTH-DAEMONS", ERROR, "LVM is configured for clvmd or lvmlockd, not for both",
      why="Neither sees the other's locks, so each permits what the other forbids.",
      fix="set `use_lvmlockd = 0` in {file} for clvmd, or `locking_type = 1` for lvmlockd")
def both(host: "HostView") -> "Findings":
    setting = host.lvm.setting(_LOCKD)
    if _clvmd(host) and setting.value == "1":
        yield found(setting.where, "use_lvmlockd = 1 and locking_type = 3")


def _running(host: "HostView") -> "dict[str, str]":
    """{name: command line} of the daemons that run."""
    lines = host.output("daemons").split("\n")
    return {line.split()[0].rpartition("/")[2]: line for line in lines if line.split()}


@rule("LVM-BOTH-RUNNING", ERROR, "clvmd and lvmlockd do not both run",
      why="Neither sees the other's locks, so each permits what the other forbids.",
      fix="deactivate the VGs on this host, then stop the daemon that lvm.conf does not select")
def both_running(host: "HostView") -> "Findings":
    running = _running(host)
    if "clvmd" in running and "lvmlockd" in running:
        yield found(Where("/proc"), "clvmd and lvmlockd both run")


@rule("LVM-LVMLOCKD", ERROR, "LVM uses lvmlockd",
      why="Without lvmlockd, LVM 2.03 locks on this host only: changes from both hosts destroy the "
          "metadata.",
      fix="set `use_lvmlockd = 1` in the global section of {file} on both hosts")
def lvmlockd(host: "HostView") -> "Findings":
    if host.lvm.old:
        raise Irrelevant()
    setting = host.lvm.setting(_LOCKD)
    if setting.value != "1":
        yield found(setting.where, f"use_lvmlockd is {setting.value}{setting.origin}")


_TEST = ("-T", "--test")
_MANAGER = ("-g", "--gl-type")


@rule("LVM-LVMLOCKD-MODE", ERROR, "lvmlockd uses dlm and is not in test mode",
      why="In test mode it grants every lock to everybody; with sanlock it does not lock the "
          "shared VGs on DRBD.",
      fix="stop lvmlockd and let the clvmd resource start it without {option}")
def mode(host: "HostView") -> "Findings":
    words = _running(host).get("lvmlockd", "").split()
    for word, following in zip(words, words[1:] + [""]):
        if word in _TEST:
            yield found(Where("/proc"), "lvmlockd runs in test mode", option=word)
        if (word in _MANAGER and following == "sanlock") or word == "--gl-type=sanlock":
            yield found(Where("/proc"), "lvmlockd runs with sanlock", option=word)


@rule("LVM-SYSTEM-ID", WARNING, "new VGs get no system ID",
      why="A VG with the system ID of one host is invisible on the other.",
      fix="set `system_id_source = \"none\"` in the global section of {file}")
def system_id(host: "HostView") -> "Findings":
    setting = host.lvm.setting("global/system_id_source")
    if setting.value not in (None, "none"):
        yield found(setting.where, f"system_id_source is {setting.value}")
