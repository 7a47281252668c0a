# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on the LVs: a GFS2 on both nodes, a file system on one at a time, a guest. Pure.

Timeouts are those that the agents suggest, except where a comment says why they are longer.
Sources: metadata of ocf:heartbeat:Filesystem, LVM-activate and VirtualDomain; mkfs.gfs2(8);
virsh(1).
"""

from dualstor.command.configure.model import FILESYSTEM, GFS2, VM
from dualstor.command.configure.parts import (
    Alone,
    Clone,
    Colocation,
    Operation,
    Order,
    Part,
    Primitive,
)
from dualstor.recipes import Step

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.configure.model import Pair, Use

#: On which libvirt the guests run.
HYPERVISOR = "qemu:///system"

#: The mount of a GFS2 waits until the journal of a lost node is replayed, after its fencing.
_GFS2_START = "120s"

#: Else Pacemaker moves it back when a node returns: a migration, or an outage for nothing.
_STAYS = ("resource-stickiness", "100")


# -- the cluster's configuration ------------------------------------------------------


def _filesystem(identity: str, use: "Use", start: str, options: str) -> Primitive:
    return Primitive(
        id=identity, standard="ocf", provider="heartbeat", type="Filesystem",
        parameters=(("device", use.device), ("directory", use.mountpoint),
                    ("fstype", use.filesystem), ("options", options)),
        operations=(Operation("start", start), Operation("stop", "60s"),
                    Operation("monitor", "40s", interval="20s")))


def _gfs2(use: "Use", _pair: "Pair") -> Part:
    return Part(clones=(Clone(
        members=(_filesystem(use.name, use, _GFS2_START, "noatime"),),
        meta=(("interleave", "true"),)),))


def _one_at_a_time(use: "Use", pair: "Pair") -> Part:
    activation = Primitive(
        id=use.name + "-lv", standard="ocf", provider="heartbeat", type="LVM-activate",
        parameters=(("vgname", use.disks[0].vg), ("lvname", use.disks[0].lv),
                    ("vg_access_mode", pair.generation.locking),
                    ("activation_mode", "exclusive")),
        meta=(_STAYS,),
        operations=(Operation("start", "90s"), Operation("stop", "90s"),
                    Operation("monitor", "90s", interval="30s")))
    mounted = _filesystem(use.name + "-fs", use, "60s", "noatime").but(meta=(_STAYS,))
    return Part(alone=(Alone(members=(activation, mounted), group=use.name),))


def _guest(use: "Use", _pair: "Pair") -> Part:
    """A guest that migrates live; its stop gives the guest time to shut down by itself."""
    return Part(alone=(Alone(members=(Primitive(
        id=use.name, standard="ocf", provider="heartbeat", type="VirtualDomain",
        parameters=(("config", use.config), ("hypervisor", HYPERVISOR),
                    ("migration_transport", use.transport)),
        meta=(("allow-migrate", "true"), _STAYS),
        operations=(Operation("start", "120s"), Operation("stop", "180s"),
                    Operation("monitor", "30s", interval="30s"),
                    Operation("migrate_to", "600s"), Operation("migrate_from", "120s"))),)),))


_PARTS = {GFS2: _gfs2, FILESYSTEM: _one_at_a_time, VM: _guest}


def _constrained(made: Part, use: "Use") -> Part:
    """*made* after the clones of its VGs, and only where these run."""
    identity = (made.clones or made.alone)[0].id
    return made + Part(
        orders=tuple(Order(id=f"{use.name}-after-{vg}", first=vg + "-clone",
                           first_action="start", then=identity) for vg in use.groups),
        colocations=tuple(Colocation(id=f"{use.name}-with-{vg}", resource=identity,
                                     other=vg + "-clone") for vg in use.groups))


def part(pair: "Pair") -> Part:
    """The Part of all uses."""
    whole = Part()
    for use in pair.uses:
        whole += _constrained(_PARTS[use.kind](use, pair), use)
    return whole


# -- the steps ------------------------------------------------------------------------


def _creating(use: "Use") -> "tuple[tuple[str, ...], ...]":
    """The commands that make its LVs."""
    alone = ("--exclusive",) if use.kind == FILESYSTEM else ()
    return tuple(("dualstor", "volume", "create", disk.name, "-L", disk.size, *alone)
                 for disk in use.disks)


def _directory(use: "Use", both: "tuple[str, ...]") -> Step:
    return Step(both, (("mkdir", "-p", use.mountpoint),),
                f"{use.name}: the mount point is a directory of each node.")


def _gfs2_steps(use: "Use", pair: "Pair", both: "tuple[str, ...]") -> "Iterator[Step]":
    device = use.device
    yield Step(both[:1], _creating(use), f"{use.name}: an LV that is active on both.")
    yield Step(both[:1], (("mkfs.gfs2", "-p", "lock_dlm", "-t", f"{pair.cluster}:{use.name}",
                           "-j", str(len(both)), device),),
               f"On one node. The name before the colon is the cluster's: with another one no node "
               f"mounts it. A journal for each node. Destroys what is on {device}.")
    yield _directory(use, both)


def _one_at_a_time_steps(use: "Use", _pair: "Pair",
                         both: "tuple[str, ...]") -> "Iterator[Step]":
    device, vg = use.device, use.disks[0].vg
    yield Step(both[:1], _creating(use),
               f"{use.name}: an LV of one node at a time. Its tag dualstor.exclusive keeps "
               f"{vg}-clone from activating it on both, where mounting it twice destroys it.")
    yield Step(both[:1], ((f"mkfs.{use.filesystem}", device),
                          ("lvchange", "-aln", use.disks[0].name)),
               f"On the same node. Destroys what is on {device}. Then it is deactivated: from now "
               "on the cluster activates it.")
    yield _directory(use, both)


def _guest_steps(use: "Use", pair: "Pair", both: "tuple[str, ...]") -> "Iterator[Step]":
    first, second = both
    devices = " and ".join(disk.device for disk in use.disks)
    init = ("chkconfig", "libvirt-guests", "off") if pair.generation.engine == "cman" else \
        ("systemctl", "disable", "--now", "libvirt-guests")
    yield Step(both, (init,),
               f"{use.name}: libvirt-guests starts and stops guests by itself, also those of the "
               "cluster. libvirt's own daemon has to be enabled.")
    yield Step((first,), _creating(use),
               f"{use.name}: active on both nodes, as a live migration has it open on both. Never "
               "exclusive: the migration would fail.")
    yield Step((first,), (),
               f"Write the libvirt domain {use.name} to {use.config}, not to /etc/libvirt, and do "
               f"not define it: VirtualDomain starts it from this file. Its disk: {devices}, "
               "<disk type='block'> with <driver name='qemu' type='raw' cache='none' "
               "io='native'/>. With another cache a node may read what the other has replaced.")
    yield Step((first,), (("scp", "-p", use.config, f"{second}:{use.config}"),),
               "The same file on both nodes.")
    for here, other in ((first, second), (second, first)):
        yield Step((here,), (("virsh", "--connect", f"qemu+{use.transport}://{other}/system",
                              "list", "--all"),),
                   f"Has to work without a password: so {here} migrates guests to {other}. It "
                   f"must not list {use.name}.")


_STEPS = {GFS2: _gfs2_steps, FILESYSTEM: _one_at_a_time_steps, VM: _guest_steps}


def steps(pair: "Pair") -> "tuple[Step, ...]":
    """What a person does before the cluster gets the uses; no program may make a file system."""
    both = tuple(node.name for node in pair.nodes)
    return tuple(step for use in pair.uses for step in _STEPS[use.kind](use, pair, both))
