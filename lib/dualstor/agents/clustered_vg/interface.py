# SPDX-License-Identifier: GPL-2.0-or-later
"""What clustered-vg looks like to the cluster manager and to an administrator."""

from dualstor.ocf import parameters
from dualstor.ocf.parameters import Action, Interface, Parameter

#: An LV with this tag is nobody's but its user's: never activated or converted by the agent.
EXCLUSIVE_TAG = "dualstor.exclusive"

#: An LV with this tag is to be inactive on every node, for a change that LVM refuses else.
LEAVING_TAG = "dualstor.leaving"

#: When a change of the VG's metadata is taken over by the other nodes.
AT_ONCE, BY_MONITOR = "at-once", "monitor"

_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+_.-")
_NAME_LIMIT = 127


def is_group_name(text: str) -> bool:
    """Whether LVM takes *text* for the name of a volume group (lvm(8), VALID NAMES)."""
    return (0 < len(text) <= _NAME_LIMIT and set(text) <= _NAME_LETTERS
            and not text.startswith("-") and text not in (".", ".."))


class Parameters(parameters.Parameters):
    """Their values, typed as INTERFACE declares them."""

    vgname: str
    activation_mode: str
    pick_up_new_lvs: bool
    propagation: str
    partial_activation: bool

    @property
    def watched(self) -> bool:
        """Whether a process waits for changes of the VG."""
        return self.pick_up_new_lvs and self.propagation == AT_ONCE \
            and self.activation_mode == "shared"


INTERFACE = Interface(
    name="clustered-vg",
    shortdesc="Activates a shared or clustered LVM volume group on DRBD on every node",
    longdesc="""\
Activates the logical volumes (LVs) of a volume group (VG) on this node, while other nodes do the
same. The VG is on DRBD devices that are Primary on every node, and it is locked by lvmlockd
("vgchange --lock-type dlm") or, with LVM 2.02, by clvmd ("vgchange -c y").

Run it as a clone with interleave=true, ordered after the clones of drbd-dualprimary (promoted)
and of clvmd, and colocated with them. One resource per VG.

An LV that is created while the resource runs becomes active on all nodes with their next
monitors, or within seconds (propagation, pick_up_new_lvs). An LV that only one node may use gets
the tag dualstor.exclusive ("lvcreate --addtag dualstor.exclusive ..."): the agent then leaves it
alone, except that stop deactivates it on its own node. LVs of types that cannot be shared (thin,
snapshots, cache, raid) are left alone as well; a warning names them.

The start is refused when LVM sees the backing device of a DRBD device instead of the DRBD device,
as writes would then bypass replication.""",
    parameters=(
        Parameter(
            name="vgname", required=True, unique_group="vg", pattern=is_group_name,
            shortdesc="Name of the volume group",
            longdesc="Name of the volume group. It must be shared (lvmlockd) or clustered "
                     "(clvmd)."),
        Parameter(
            name="activation_mode", type="select", options=("shared", "exclusive"),
            default="shared", shortdesc="Whether other nodes may use the LVs at the same time",
            longdesc="shared: LVs are active on every node on which the resource runs. exclusive: "
                     "LVs are active on one node only; not for a clone."),
        Parameter(
            name="pick_up_new_lvs", type="boolean", default=True, reloadable=True,
            shortdesc="Whether monitor activates LVs that are new",
            longdesc="Whether monitor activates LVs that were created after the start, on this "
                     "node or another, and makes an LV shared that lvcreate left exclusive on this "
                     "node. If false, this is left until the next start."),
        Parameter(
            name="propagation", type="select", options=(AT_ONCE, BY_MONITOR), default=AT_ONCE,
            reloadable=True, shortdesc="When a change of the VG is taken over",
            longdesc="When an LV that was created, grown or removed is taken over by this node. "
                     "at-once: a small process per VG waits for changes and needs a second or two; "
                     "start begins it, stop ends it, monitor replaces one that is dead. monitor: "
                     "monitors do it, each within one interval. Without effect if pick_up_new_lvs "
                     "is false."),
        Parameter(
            name="partial_activation", type="boolean", default=False,
            shortdesc="Whether to start a VG of which a physical volume is missing",
            longdesc="Whether to start although a physical volume of the VG is missing. LVs on "
                     "it return errors when they are read."),
    ),
    actions=(
        Action("start", timeout=90),
        Action("stop", timeout=90),
        Action("monitor", timeout=30, interval=20, depth=0),
        Action("monitor", timeout=60, interval=120, depth=10),
        Action("validate-all", timeout=20, depth=0),
        Action("validate-all", timeout=30, depth=10),
        Action("reload-agent", timeout=20),
        Action("meta-data", timeout=5),
    ),
    check_levels=(0, 10),
    clone=(("interleave", "true"),),
    values=Parameters)
