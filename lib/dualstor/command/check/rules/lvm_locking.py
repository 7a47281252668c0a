# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's locking in lvm.conf: the types of LVM 2.02, and what it falls back to."""

from dualstor.command.check.rules.registry import ERROR, PAIR, WARNING, found, rule
from dualstor.command.check.view.seen import Irrelevant

_TYPE = "global/locking_type"
_TO_3 = "set `locking_type = 3` in the global section of {file} on both hosts"


@rule("LVM-SYNTAX", ERROR, "lvm.conf can be read",
      why="LVM's commands fail with a file that they cannot read, also at boot.",
      fix="correct the line, then `lvm dumpconfig` until it is silent")
def syntax(host):
    for problem in host.lvm.problems:
        yield found(problem.where, problem.text)


def _type(host):
    """The Setting of locking_type; of LVM 2.02 only, and when lvmlockd does not lock."""
    if not host.lvm.old:
        raise Irrelevant()
    return host.lvm.setting(_TYPE)


@rule("LVM-LOCKING-TYPE-0", ERROR, "locking_type is not 0: locks are not switched off",
      why="With 0 LVM takes no locks at all: two commands at once destroy the metadata.", fix=_TO_3)
def type_0(host):
    setting = _type(host)
    if setting.value == "0":
        yield found(setting.where, "locking_type = 0 disables all locking",
                    file=setting.where.source)


@rule("LVM-LOCKING-TYPE-1", ERROR, "locking_type is not 1: locks reach the other host",
      why="1 locks by files on this host and knows nothing of the other: changes from both "
          "destroy the metadata.", fix=_TO_3)
def type_1(host):
    setting = _type(host)
    if setting.value == "1" and not host.lvm.is_on("global/use_lvmlockd"):
        yield found(setting.where, f"locking_type = 1{'' if setting.given else ' (the default)'} "
                                   "locks on this host only", file=setting.where.source)


@rule("LVM-LOCKING-TYPE-2", WARNING, "locking_type is not 2: the locking is LVM's own",
      why="2 leaves locking to a foreign library; clvmd's is built in since 2.02 and is what the "
          "agents know.", fix=_TO_3)
def type_2(host):
    setting = _type(host)
    if setting.value == "2":
        yield found(setting.where, "locking_type = 2 uses an external library",
                    file=setting.where.source)


@rule("LVM-LOCKING-TYPE-3", ERROR, "locking_type 3 is used with an LVM that has clvmd",
      why="LVM 2.03 has no clvmd: it ignores the setting and uses local locks.",
      fix="take `locking_type` out of {file} and set `use_lvmlockd = 1` in the global section")
def type_3(host):
    setting = host.lvm.setting(_TYPE)
    if setting.given and setting.value == "3" and not host.lvm.old:
        yield found(setting.where, "locking_type = 3, but this LVM (2.03 or later) has no clvmd",
                    file=setting.where.source)


@rule("LVM-LOCKING-TYPE-4", ERROR, "locking_type is not 4: metadata may be changed here",
      why="4 is read-only: no LV can be made or resized from this host, and new ones of the other "
          "do not appear.", fix=_TO_3)
def type_4(host):
    setting = _type(host)
    if setting.value == "4":
        yield found(setting.where, "locking_type = 4 forbids all changes",
                    file=setting.where.source)


@rule("LVM-LOCKING-TYPE-UNKNOWN", ERROR, "locking_type is one that LVM knows",
      why="LVM refuses every command with a type that it does not know.", fix=_TO_3)
def type_unknown(host):
    setting = _type(host)
    if setting.value not in ("0", "1", "2", "3", "4"):
        yield found(setting.where, f"locking_type = {setting.value}",
                    file=setting.where.source)


@rule("LVM-LOCKING-LIBRARY", ERROR, "the library of locking_type 2 is there",
      why="Without its library LVM falls back to whatever is allowed, or refuses every command.",
      fix="set `locking_library` in {file} to the library's full path, or use `locking_type = 3`")
def library(host):
    setting = _type(host)
    if setting.value != "2":
        return
    named = host.lvm.setting("global/locking_library")
    if named.value is None:
        yield found(setting.where, "locking_type = 2 without locking_library",
                    file=setting.where.source)
    elif str(named.value).startswith("/") and host.kind(named.value) in ("", "directory"):
        yield found(named.where, f"{named.value} is not there", file=named.where.source)


def _cluster_locked(host):
    return _type(host).value in ("2", "3")


@rule("LVM-FALLBACK-LOCAL", ERROR, "LVM does not fall back to local locks",
      why="When clvmd is away LVM goes on with local locks, and both hosts change the metadata "
          "unseen by each other.",
      fix="set `fallback_to_local_locking = 0` in the global section of {file}")
def fallback_local(host):
    setting = host.lvm.setting("global/fallback_to_local_locking")
    if _cluster_locked(host) and setting.value != "0":
        yield found(setting.where, "fallback_to_local_locking is "
                                   f"1{'' if setting.given else ' (the default)'}", file=setting.where.source)


@rule("LVM-FALLBACK-CLUSTERED", WARNING, "LVM does not fall back from one cluster lock to another",
      why="One host may lock by the library and the other by clvmd: these do not see each other.",
      fix="set `fallback_to_clustered_locking = 0` in the global section of {file}")
def fallback_clustered(host):
    setting = host.lvm.setting("global/fallback_to_clustered_locking")
    if _type(host).value == "2" and setting.value != "0":
        yield found(setting.where, "locking_type = 2 with fallback_to_clustered_locking",
                    file=setting.where.source)


@rule("LVM-ONE-SIDED", ERROR, "both hosts lock LVM in the same way",
      why="A host that locks in another way does not see the locks of the first; LVs that it makes "
          "do not appear there.",
      fix="give `{setting}` the same value in the global section of lvm.conf on both hosts",
      scope=PAIR)
def one_sided(cluster):
    first, second = cluster.hosts[:2]
    for name in (_TYPE, "global/use_lvmlockd"):
        mine, theirs = first.lvm.setting(name), second.lvm.setting(name)
        if mine.value != theirs.value:
            key = name.partition("/")[2]
            yield found(mine.where, f"{key} is {mine.value} on {first.name} and {theirs.value} on "
                                    f"{second.name}", setting=key)
