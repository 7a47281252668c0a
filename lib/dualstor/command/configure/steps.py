# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person does on the nodes, in order, each with its reason. Pure.

``dualstor configure --apply --steps`` (take.py) can do most of it.
"""

from dualstor.command.configure import uses
from dualstor.command.configure.model import FULL_SYNC
from dualstor.command.configure.pacemaker import BASE, GROUP, USES
from dualstor.command.configure.render import corosync
from dualstor.recipes import Step

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Iterable, Iterator, Tuple

    from dualstor.command.configure.model import DrbdAnswers, LvmAnswers, Pair

    Commands = Tuple[Tuple[str, ...], ...]

#: How each rendering of the Pacemaker configuration is loaded from its file.
LOADERS = {
    "pcs": ("sh",),
    "crm": ("crm", "configure", "load", "update"),
    "cib": ("cibadmin", "--modify", "--allow-create", "--xml-file"),
}

_SUFFIXES = {"pcs": "pcs.sh", "crm": "crm", "cib": "xml"}


def part_file(part: str, form: str) -> str:
    """The name of the file of a part of the Pacemaker configuration."""
    return f"pacemaker-{part}.{_SUFFIXES[form]}"


def loading(part: str, form: str) -> "tuple[str, ...]":
    """The command that loads a part."""
    return LOADERS[form] + (part_file(part, form),)


def _services(pair: "Pair") -> "tuple[tuple[str, ...], ...]":
    """The commands that start the cluster on a node."""
    if pair.generation.engine == "cman":
        return (("service", "cman", "start"), ("service", "pacemaker", "start"))
    return (("systemctl", "start", "corosync", "pacemaker"),)


def _boot(pair: "Pair") -> "tuple[tuple[str, ...], ...]":
    """The commands that keep the init system from starting what Pacemaker starts."""
    if pair.generation.engine == "cman":
        return (("chkconfig", "drbd", "off"), ("chkconfig", "clvmd", "off"))
    units = ("dlm", "lvmlockd", "lvmlocks") if pair.generation.locking == "lvmlockd" else \
        ("dlm", "lvm2-clvmd", "lvm2-cluster-activation")
    return (("systemctl", "disable", "--now", "drbd") + units,)


def _first_sync(drbd: "DrbdAnswers") -> "Commands":
    """The commands that make both disks UpToDate."""
    if drbd.first_sync == FULL_SYNC:
        primary = ("drbdadm", "--", "--overwrite-data-of-peer", "primary", drbd.resource) \
            if drbd.version == "8.3" else ("drbdadm", "primary", "--force", drbd.resource)
        return (primary, ("drbdadm", "secondary", drbd.resource))
    if drbd.version == "8.3":
        return (("drbdadm", "--", "--clear-bitmap", "new-current-uuid", drbd.resource),)
    return (("drbdadm", "new-current-uuid", "--clear-bitmap", drbd.resource + "/0"),)


#: {name of a step: the commands that it has for each DRBD resource}.
OF_RESOURCES: "dict[str, Callable[[DrbdAnswers], Commands]]" = {
    "create-md": lambda drbd: (("drbdadm", "create-md", drbd.resource),),
    "up": lambda drbd: (("drbdadm", "up", drbd.resource),),
    "connected": lambda drbd: (("drbdadm", "cstate", drbd.resource),),
    "first-sync": _first_sync,
    "up-to-date": lambda drbd: (("drbdadm", "dstate", drbd.resource),),
}


def _creating_group(group: "LvmAnswers", pair: "Pair") -> "Commands":
    """The command that makes a volume group."""
    how = ("--shared",) if pair.generation.locking == "lvmlockd" else ("-c", "y")
    return (("vgcreate", *how, group.vg, *(drbd.device for drbd in pair.below(group))),)


def _creating_volume(group: "LvmAnswers", pair: "Pair") -> "Commands":
    """The command that makes the first LV, inactive; LVM 2.02 requires -Zn with that."""
    if group.lv is None:
        return ()
    size = group.size or ""
    zero = () if pair.generation.locking == "lvmlockd" else ("-Zn",)
    return (("lvcreate", "-an", *zero, "-l" if "%" in size else "-L", size, "-n", group.lv,
             group.vg),)


#: {name of a step: the commands that it has for each volume group}.
OF_GROUPS: "dict[str, Callable[[LvmAnswers, Pair], Commands]]" = {
    "vgcreate": _creating_group, "lvcreate": _creating_volume}


def _of_resources(name: str, resources: "Iterable[DrbdAnswers]") -> "Commands":
    return tuple(words for drbd in resources for words in OF_RESOURCES[name](drbd))


def _of_groups(name: str, pair: "Pair") -> "Commands":
    return tuple(words for group in pair.groups for words in OF_GROUPS[name](group, pair))


def _sync_steps(pair: "Pair", first: str) -> "Iterator[Step]":
    full = [drbd for drbd in pair.resources if drbd.first_sync == FULL_SYNC]
    skipped = [drbd for drbd in pair.resources if drbd.first_sync != FULL_SYNC]
    if full:
        yield Step((first,), _of_resources("first-sync", full),
                   "Two new disks are Inconsistent and DRBD cannot know which one counts. This "
                   f"makes the one of {first} authoritative; it is copied to the other node, whose "
                   "contents are lost.", "first-sync")
    if skipped:
        yield Step((first,), _of_resources("first-sync", skipped),
                   "Declares that both disks are equal, so that nothing is copied. Right only for "
                   "disks whose contents may be destroyed: blocks that were never written may "
                   "differ.", "first-sync")


def steps(pair: "Pair", form: str) -> "tuple[Step, ...]":
    """The Steps from two bare nodes to a running stack.

    :param form: "pcs", "crm" or "cib": how the Pacemaker configuration is loaded
    """
    both = tuple(node.name for node in pair.nodes)
    first, second = both
    several = len(pair.groups) > 1
    found: "list[Step]" = []
    if pair.generation.engine == "corosync":
        key = corosync.KEY
        found.append(Step(
            (first,), (("corosync-keygen",), ("scp", "-p", key, f"{second}:{key}")),
            "corosync encrypts its traffic with this key: who can speak corosync can fence. "
            "Both nodes need the same one, readable by root only."))
    found += [
        Step(both, _boot(pair),
             "Pacemaker starts and stops these in the right order; the init system would do it "
             "in the wrong one. A service that is not there needs no disabling."),
        Step(both, (("modprobe", "drbd"),), "drbdadm needs the kernel module.", "module"),
        Step(both, _of_resources("create-md", pair.resources),
             "Writes DRBD's metadata to the end of the disk. It asks when it finds a file system "
             "or other data there: say yes only if that may be destroyed.", "create-md"),
        Step(both, _of_resources("up", pair.resources), "The nodes connect.", "up"),
        Step(both, _of_resources("connected", pair.resources),
             "Wait until this says Connected: promoting two nodes that were never connected makes "
             "a split brain.", "connected"),
    ]
    found += _sync_steps(pair, first)
    found += [
        Step(both, _of_resources("up-to-date", pair.resources),
             "Wait until this says UpToDate/UpToDate: only then may both become Primary. "
             "`dualstor status` shows how long a resync will take.", "up-to-date"),
        Step(both, _services(pair),
             "Both nodes at about the same time: the first start waits for both, or fences the "
             "one that does not join.", "cluster"),
        Step((first,), (loading(BASE, form),),
             "Fencing, DRBD and locking, on one node: the cluster copies it to the other.", BASE),
        Step((first,), (("crm_resource", "--wait"),),
             "Returns when both nodes are promoted and the lock daemons run; the volume group "
             "can be made only then.", "settled"),
        Step((first,), _of_groups("vgcreate", pair),
             "On one node: the other sees it through DRBD. The lock type is written into it.",
             "vgcreate"),
    ]
    if _of_groups("lvcreate", pair):
        found.append(Step((first,), _of_groups("lvcreate", pair),
                          "Inactive, as lvcreate would activate it exclusively; the cluster "
                          "activates it on both nodes.", "lvcreate"))
    found += [
        Step((first,), (loading(GROUP, form),),
             "The volume groups as resources." if several else "The volume group as a resource.",
             GROUP),
        Step((first,), (("crm_resource", "--wait"), ("dualstor", "status")),
             f"{'Each' if several else 'The'} volume group is active on both nodes, and the last "
             "line of the screen says so.", "settled")]
    if pair.uses:
        found += uses.steps(pair)
        found.append(Step((first,), (loading(USES, form), ("crm_resource", "--wait"),
                                     ("crm_mon", "-1")),
                          "What stands on the LVs, as resources; the last command shows where "
                          "they run."))
    found += [
        Step(both, (("dualstor", "check"),), "Checks that nothing was forgotten.")]
    return tuple(found)
