# SPDX-License-Identifier: GPL-2.0-or-later
"""LVM's locking in lvm.conf: the types of LVM 2.02, and its fallbacks."""

from dualstor.command.check.rules.registry import ERROR, PAIR, WARNING, found, rule
from dualstor.command.check.view.seen import Irrelevant

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cluster import ClusterView
    from dualstor.command.check.view.host import HostView
    from dualstor.command.check.view.lvm import Setting

_TYPE = "global/locking_type"
_TO_3 = "set `locking_type = 3` in the global section of {file} on both hosts"


@rule("LVM-SYNTAX", ERROR, "lvm.conf can be parsed",
      why="LVM commands fail on a file that they cannot parse, also at boot.",
      fix="fix the line; `lvm dumpconfig` must report no error")
def syntax(host: "HostView") -> "Findings":
    for problem in host.lvm.problems:
        yield found(problem.where, problem.text)


def _type(host: "HostView") -> "Setting":
    """The Setting of locking_type.

    :raises Irrelevant: this LVM has no clvmd
    """
    if not host.lvm.old:
        raise Irrelevant()
    return host.lvm.setting(_TYPE)


@rule("LVM-LOCKING-TYPE-0", ERROR, "locking_type is not 0, which disables locking",
      why="With 0 LVM takes no locks: two commands at the same time destroy the metadata.",
      fix=_TO_3)
def type_0(host: "HostView") -> "Findings":
    setting = _type(host)
    if setting.value == "0":
        yield found(setting.where, "locking_type = 0 disables all locking")


@rule("LVM-LOCKING-TYPE-1", ERROR, "locking_type is not 1, which locks on one host only",
      why="Type 1 uses lock files on this host: changes from both hosts destroy the metadata.",
      fix=_TO_3)
def type_1(host: "HostView") -> "Findings":
    setting = _type(host)
    if setting.value == "1" and not host.lvm.is_on("global/use_lvmlockd"):
        yield found(setting.where, f"locking_type = 1{setting.origin} locks on this host only")


@rule("LVM-LOCKING-TYPE-2", WARNING, "locking_type is not 2, which is an external library",
      why="Type 2 leaves locking to a library; type 3 (clvmd) is built in since 2.02, and the "
          "agents support only that.", fix=_TO_3)
def type_2(host: "HostView") -> "Findings":
    setting = _type(host)
    if setting.value == "2":
        yield found(setting.where, "locking_type = 2 uses an external library")


@rule("LVM-LOCKING-TYPE-3", ERROR, "locking_type is 3 only if LVM has clvmd",
      why="LVM 2.03 has no clvmd: it ignores the setting and uses local locks.",
      fix="remove `locking_type` from {file} and set `use_lvmlockd = 1` in the global section")
def type_3(host: "HostView") -> "Findings":
    setting = host.lvm.setting(_TYPE)
    if setting.given and setting.value == "3" and not host.lvm.old:
        yield found(setting.where, "locking_type = 3, but this LVM (2.03 or later) has no clvmd")


@rule("LVM-LOCKING-TYPE-4", ERROR, "locking_type is not 4, which is read-only",
      why="With type 4 this host cannot make or resize an LV, and new LVs of the other host do not "
          "appear here.", fix=_TO_3)
def type_4(host: "HostView") -> "Findings":
    setting = _type(host)
    if setting.value == "4":
        yield found(setting.where, "locking_type = 4 forbids all changes")


@rule("LVM-LOCKING-TYPE-UNKNOWN", ERROR, "locking_type is one that LVM knows",
      why="With an unknown type LVM refuses every command.", fix=_TO_3)
def type_unknown(host: "HostView") -> "Findings":
    setting = _type(host)
    if setting.value not in ("0", "1", "2", "3", "4"):
        yield found(setting.where, f"locking_type = {setting.value}")


@rule("LVM-LOCKING-LIBRARY", ERROR, "the library of locking_type 2 exists",
      why="Without it LVM falls back to whatever is allowed, or refuses every command.",
      fix="set `locking_library` in {file} to the library's full path, or use `locking_type = 3`")
def library(host: "HostView") -> "Findings":
    setting = _type(host)
    if setting.value != "2":
        return
    named = host.lvm.setting("global/locking_library")
    if named.value is None:
        yield found(setting.where, "locking_type = 2 without locking_library")
    elif str(named.value).startswith("/") and host.kind(str(named.value)) in ("", "directory"):
        yield found(named.where, f"{named.value} does not exist")


@rule("LVM-FALLBACK-LOCAL", ERROR, "LVM does not fall back to local locks",
      why="When clvmd is gone, LVM continues with local locks, and both hosts change the metadata "
          "without seeing each other.",
      fix="set `fallback_to_local_locking = 0` in the global section of {file}")
def fallback_local(host: "HostView") -> "Findings":
    setting = host.lvm.setting("global/fallback_to_local_locking")
    if _type(host).value in ("2", "3") and setting.value != "0":
        yield found(setting.where, f"fallback_to_local_locking is 1{setting.origin}")


@rule("LVM-FALLBACK-CLUSTERED", WARNING,
      "LVM does not fall back from one kind of cluster lock to another",
      why="One host may lock through the library and the other through clvmd: neither sees the "
          "other's locks.",
      fix="set `fallback_to_clustered_locking = 0` in the global section of {file}")
def fallback_clustered(host: "HostView") -> "Findings":
    setting = host.lvm.setting("global/fallback_to_clustered_locking")
    if _type(host).value == "2" and setting.value != "0":
        yield found(setting.where, "locking_type = 2 with fallback_to_clustered_locking")


@rule("LVM-ONE-SIDED", ERROR, "both hosts lock LVM in the same way",
      why="A host that locks in another way does not see the other's locks, and its new LVs do not "
          "appear there.",
      fix="give `{setting}` the same value in the global section of lvm.conf on both hosts",
      scope=PAIR)
def one_sided(cluster: "ClusterView") -> "Findings":
    first, second = cluster.hosts[:2]
    for name in (_TYPE, "global/use_lvmlockd"):
        mine, theirs = first.lvm.setting(name), second.lvm.setting(name)
        if mine.value != theirs.value:
            key = name.partition("/")[2]
            yield found(mine.where, f"{key} is {mine.value} on {first.name} and {theirs.value} on "
                                    f"{second.name}", setting=key)
