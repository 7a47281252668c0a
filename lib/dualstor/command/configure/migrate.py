# SPDX-License-Identifier: GPL-2.0-or-later
"""How to migrate a volume group from clvmd (``c``) to lvmlockd (``s``). Pure, and for a person.

Source: lvmlockd(8), on changing a clvm/clustered VG to a shared one. All of it stops: an LV
that is active anywhere while the lock type changes has two writers and no lock.
"""

from dualstor.errors import DualstorError
from dualstor.recipes import Step

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.configure.model import DrbdAnswers, Pair


def _below(pair: "Pair", vg: str) -> "tuple[DrbdAnswers, ...]":
    """The DRBD resources below *vg*: with one alone there is no doubt which one that is."""
    for group in pair.groups:
        if group.vg == vg:
            return pair.below(group)
    if len(pair.resources) > 1:
        raise DualstorError(f"--migrate {vg}: the answers have no such volume group, so which DRBD "
                            "resources it is on is not known")
    return pair.resources


def steps(pair: "Pair", vg: str) -> "tuple[Step, ...]":
    """The Steps for *vg*.

    :param pair: the Pair as it is to be afterwards, of the generation "lvmlockd"
    :raises DualstorError: the answers have several DRBD resources, and not this volume group
    """
    both = tuple(node.name for node in pair.nodes)
    first = both[0]
    clone, below = vg + "-clone", _below(pair, vg)
    devices = ",".join(f'"a|^{drbd.device}$|"' for drbd in below)
    return (
        Step((first,), (("vgcfgbackup", "-f", f"/root/{vg}.before", vg),),
             "Saves the VG metadata; vgcfgrestore restores it. It is no backup of the data: have "
             "one elsewhere."),
        Step(both, (("lsof", "+c0", f"/dev/{vg}"), ("dmsetup", "info", "-c")),
             "Stop whatever uses its LVs on both nodes: virtual machines, file systems, exports. "
             "The column Open of each LV must be 0."),
        Step((first,), (("crm_resource", "--resource", clone, "--meta", "--set-parameter",
                         "target-role", "--parameter-value", "Stopped"),
                        ("crm_resource", "--wait")),
             "The cluster deactivates the volume group on both nodes and keeps it inactive."),
        Step(both, (("dmsetup", "ls"),),
             f"No device of {vg} may be listed on either node. An LV that is still active would be "
             "written without a lock from here on."),
        Step((first,), (("crm_mon", "-1"), *(("drbdadm", "status", drbd.resource)
                                              for drbd in below)),
             "DRBD must be UpToDate on both nodes, so that either can take over if this fails."),
        Step((first,), (("vgchange", "-cn", "--config", "global{locking_type=0}", vg),),
             "On one node only, with LVM 2.02 still installed: the volume group is no longer "
             "clustered. Without locking, as clvmd locks what is being changed: nothing else may "
             "run an LVM command meanwhile, on either node. (If the new LVM is installed already: "
             f"vgchange --lock-type none --lock-opt force {vg}, and skip the next step.)"),
        Step(both, (("crm_node", "-n"),),
             "Stop the cluster on both nodes, install LVM 2.03 with lvmlockd, and dualstor's "
             "configuration for the generation lvmlockd (`dualstor configure --apply`); start "
             "the cluster. clvmd and lvmlockd must never run at the same time."),
        Step((first,), (("vgs", "-o", "+vg_lock_type", "--config",
                         f'devices{{filter=[{devices},"r|.*|"]}}', vg),),
             "DRBD must be Primary here and lvmlockd must run. The sixth letter of Attr is - : "
             "neither clustered nor shared."),
        Step((first,), (("vgchange", "--lock-type", "dlm", vg),),
             "The volume group is locked by lvmlockd from now on."),
        Step(both, (("vgchange", "--lockstart", vg),),
             "Both nodes join its lockspace: this proves that locking works before an LV is "
             "active."),
        Step((first,), (("vgs", "-o", "+vg_lock_type", vg),),
             "Attr ends in s and the lock type is dlm."),
        Step((first,), (("crm_resource", "--resource", clone, "--meta", "--delete-parameter",
                         "target-role"), ("crm_resource", "--wait")),
             "The cluster activates the LVs on both nodes again."),
        Step(both, (("dualstor", "status"),), "All is active on both nodes, with the mode sh."),
    )
