# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be right before the VG is started: each refusal names the next step."""

from dualstor.action.steps import Wait
from dualstor.agents.clustered_vg import locking
from dualstor.kernel.locksocket import LVMLOCKD
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Finish
    from dualstor.agents.clustered_vg.seen import Case

_LVM_CONF = "/etc/lvm/lvm.conf"


def exclusive_clone(case: "Case") -> "Finish | None":
    """A refusal of exclusive activation in a clone, else None."""
    if case.parameters.activation_mode == "exclusive" and case.request.in_cluster \
            and (case.request.clone_max or 0) > 1:
        return case.refuse(ExitCode.ERR_CONFIGURED,
                      "activation_mode=exclusive cannot be cloned: set activation_mode=shared, "
                      "or take the resource out of its clone")
    return None


def settings(case: "Case") -> "Finish | None":
    """A refusal when this host's LVM is set up without cluster locks, else None."""
    found = case.settings
    if found.use_lvmlockd == "1":
        return None
    if not case.version.with_clvmd:
        line = "use_lvmlockd = 1"
    elif found.locking_type == "3":
        return None
    else:
        line = "locking_type = 3 (for clvmd) or use_lvmlockd = 1"
    return case.refuse(ExitCode.ERR_ARGS,
                  f"LVM on this node does not lock across the cluster: set {line} in the global "
                  f"section of {_LVM_CONF}")


def _invisible(case: "Case") -> "Finish | Wait":
    """The step when LVM does not show the VG: a refusal, or a Wait."""
    vg, outcome = case.parameters.vgname, case.group.outcome
    kinds = outcome.kinds
    if outcome.hung:
        return case.refuse(ExitCode.ERR_GENERIC,
                      f"{outcome.says}; locks are not granted or a disk hangs: look at `dlm_tool "
                      "ls` and `drbdadm status`")
    if outcome.missing:
        return case.refuse(ExitCode.ERR_INSTALLED,
                      f"{outcome.says}: install lvm2")
    if "local locking" in kinds or ("no daemon" in kinds and "clustered" in kinds):
        return case.refuse(ExitCode.ERR_ARGS,
                      "LVM fell back to local locking, as its lock daemon did not answer: look at "
                      f"the clvmd resource, set fallback_to_local_locking = 0 in {_LVM_CONF}")
    if "clustered" in kinds and not case.version.with_clvmd:
        return case.refuse(ExitCode.ERR_CONFIGURED,
                      f"it is clustered for clvmd, which LVM {case.version} no longer has: "
                      "convert it as `dualstor check` tells")
    if "clustered" in kinds:
        return case.refuse(ExitCode.ERR_ARGS,
                      f"LVM skips it as it is clustered: set locking_type = 3 in {_LVM_CONF}")
    if outcome.transient:
        return Wait(f"LVM's lock on VG {vg} ({outcome.says})",
                    "`lvmlockctl --info` and `dlm_tool ls` show who holds it", 1.0)
    if "no daemon" in kinds:
        return settings(case) or case.refuse(ExitCode.ERR_GENERIC,
                      f"the lock daemon does not serve LVM ({outcome.says}): look at the clvmd "
                      "resource on this node")
    if "foreign" in kinds:
        return case.refuse(ExitCode.ERR_CONFIGURED,
                      f"it has the system ID of one host ({outcome.says}): make it shared on that "
                      "host, `dualstor status` tells how")
    if "exported" in kinds:
        return _exported(case)
    return case.refuse(ExitCode.ERR_GENERIC,
                  f"LVM does not see it ({outcome.says}): look whether its DRBD device is Primary "
                  "here (`drbdadm role all`) and passes LVM's filter (`pvs -a`)")


def _exported(case: "Case") -> "Finish":
    return case.refuse(ExitCode.ERR_CONFIGURED,
                  f"it is exported: run `vgimport {case.parameters.vgname}`")


def _unlocked(case: "Case") -> "Finish":
    vg = case.parameters.vgname
    with_clvmd = case.version.with_clvmd
    return case.refuse(ExitCode.ERR_CONFIGURED,
                  f"it is not {'clustered' if with_clvmd else 'shared'}, so nothing keeps two "
                  "nodes from changing it at once: run "
                  f"`vgchange {'-c y' if with_clvmd else '--lock-type dlm'} {vg}`")


def _hide(case: "Case", lower: "list[str]", upper: "list[str]") -> str:
    """What to set so that LVM does not see the disks *lower* but the DRBD devices *upper*."""
    if case.settings.use_devicesfile == "1":
        commands = [f"lvmdevices --deldev {d}" for d in lower] \
            + [f"lvmdevices --adddev {d}" for d in upper]
        return "run " + " and ".join(f"`{c}`" for c in commands)
    rejects = ", ".join(f"\"r|^{d}$|\"" for d in lower)
    return (f"set `{case.settings.filter_name} = [ \"a|^/dev/drbd|\", {rejects} ]` in the devices "
            f"section of {_LVM_CONF}")


def devices(case: "Case") -> "Finish | None":
    """A refusal when a PV is not on DRBD, or LVM sees it twice; else None."""
    wrong = [d for d in case.devices if not d.drbd and not d.missing]
    if not wrong:
        return None
    lower = sorted({d.name for d in wrong if d.above or d.duplicate})
    upper = sorted({d.above for d in wrong if d.above}
                   | {d.name for d in case.devices if d.drbd})
    if lower:
        return case.refuse(ExitCode.ERR_ARGS,
                      f"LVM sees {', '.join(lower)}, the disk below "
                      f"{', '.join(upper) or 'a DRBD device'}: what it writes there is not "
                      f"replicated; {_hide(case, lower, upper)}")
    return case.refuse(ExitCode.ERR_ARGS,
                  f"its PV {wrong[0].name} is not a DRBD device, so the other node does not have "
                  "what is written there: run `dualstor status` before any command of LVM")


def group(case: "Case") -> "Finish | Wait | None":
    """The step when the VG must not be started: a refusal or a Wait; None when it may be.

    To be asked only when locks are granted.
    """
    found = case.group.group
    if found is None or "local locking" in case.group.outcome.kinds:
        return _invisible(case)
    kind = locking.kind(found)
    if kind is None:
        return _unlocked(case)
    if kind not in case.daemons.accepting:
        return case.refuse(ExitCode.ERR_GENERIC,
                      f"it is {'shared' if kind == LVMLOCKD else 'clustered'} and needs {kind}, "
                      f"but {' and '.join(case.daemons.accepting)} runs here: set the parameter "
                      f"daemon={kind} of the clvmd resource")
    if found.exported:
        return _exported(case)
    refusal = devices(case)
    if refusal:
        return refusal
    missing = [d.name for d in case.devices if d.missing]
    if (found.partial or missing) and not case.parameters.partial_activation:
        return case.refuse(ExitCode.ERR_GENERIC,
                      "a physical volume is missing: look at `pvs -a` and `drbdadm status`")
    return None
