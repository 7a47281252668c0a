# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's daemons: lvmlockd, clvmd, and lvmetad, which goes with neither."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view.seen import Irrelevant

_LOCKD, _METAD = "global/use_lvmlockd", "global/use_lvmetad"


def _clvmd(host):
    """Whether this host is to lock by clvmd."""
    return host.lvm.old and host.lvm.setting("global/locking_type").value == "3"


@rule("LVM-LVMETAD", ERROR, "lvmetad is off where clvmd locks",
      why="lvmetad answers from its memory and does not see what the other host has changed.",
      fix="set `use_lvmetad = 0` in the global section of {file} and stop lvm2-lvmetad")
def lvmetad(host):
    setting = host.lvm.setting(_METAD)
    if _clvmd(host) and setting.value == "1":
        yield found(setting.where, "use_lvmetad = 1 with locking_type = 3",
                    file=setting.where.source)


@rule("LVM-BOTH-DAEMONS", ERROR, "either clvmd or lvmlockd locks, not both",
      why="Locks of one are not seen by the other, so each lets through what the other forbids.",
      fix="set `use_lvmlockd = 0` in {file} for clvmd, or `locking_type = 1` for lvmlockd")
def both(host):
    setting = host.lvm.setting(_LOCKD)
    if _clvmd(host) and setting.value == "1":
        yield found(setting.where, "use_lvmlockd = 1 and locking_type = 3",
                    file=setting.where.source)


def _running(host):
    """{name: command line} of the daemons that run."""
    lines = host.output("daemons").split("\n")
    return {line.split()[0].rpartition("/")[2]: line for line in lines if line.split()}


@rule("LVM-BOTH-RUNNING", ERROR, "not both lock daemons run",
      why="Locks of one are not seen by the other, so each lets through what the other forbids.",
      fix="deactivate the VGs on this host, then stop the daemon that lvm.conf does not ask for")
def both_running(host):
    running = _running(host)
    if "clvmd" in running and "lvmlockd" in running:
        yield found(Where("/proc"), "clvmd and lvmlockd both run")


@rule("LVM-LVMLOCKD", ERROR, "LVM asks lvmlockd for locks",
      why="LVM 2.03 without lvmlockd locks on this host only: changes from both destroy the "
          "metadata.",
      fix="set `use_lvmlockd = 1` in the global section of {file} on both hosts")
def lvmlockd(host):
    if host.lvm.old:
        raise Irrelevant()
    setting = host.lvm.setting(_LOCKD)
    if setting.value != "1":
        yield found(setting.where, "use_lvmlockd is "
                                   f"{setting.value}{'' if setting.given else ' (the default)'}", file=setting.where.source)


_TEST = ("-T", "--test")
_MANAGER = ("-g", "--gl-type")


@rule("LVM-LVMLOCKD-MODE", ERROR, "lvmlockd runs for real, with dlm",
      why="In test mode it grants every lock to everybody; with sanlock it locks other VGs than "
          "the shared ones on DRBD.",
      fix="stop lvmlockd and let the clvmd resource start it without {option}")
def mode(host):
    words = _running(host).get("lvmlockd", "").split()
    for word, following in zip(words, words[1:] + [""]):
        if word in _TEST:
            yield found(Where("/proc"), "lvmlockd runs in test mode", option=word)
        if (word in _MANAGER and following == "sanlock") or word == "--gl-type=sanlock":
            yield found(Where("/proc"), "lvmlockd runs with sanlock", option=word)


@rule("LVM-SYSTEM-ID", WARNING, "new VGs get no system ID",
      why="A VG with the system ID of one host is invisible on the other.",
      fix="set `system_id_source = \"none\"` in the global section of {file}")
def system_id(host):
    setting = host.lvm.setting("global/system_id_source")
    if setting.value not in (None, "none"):
        yield found(setting.where, f"system_id_source is {setting.value}",
                    file=setting.where.source)
