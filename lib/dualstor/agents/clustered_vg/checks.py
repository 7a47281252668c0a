# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be right before the VG is started: each refusal names the next step."""

from dualstor.agents import lvmversion
from dualstor.agents.clustered_vg import locking, reasons
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Finish, Wait
    from dualstor.agents.clustered_vg.seen import Case
    from dualstor.ocf.reason import Said


def held(case: "Case") -> "Said | None":
    """Why nothing is to be done now, as `dualstor recover` works below the VG; else None."""
    if case.hold is None:
        return None
    return case.say(reasons.HELD_DEAD if case.hold.dead else reasons.HELD,
                    drbd=case.hold.resource)


def refused(case: "Case") -> "Finish | None":
    """A refusal while `dualstor recover` works below the VG, else None."""
    why = held(case)
    return case.refuse(ExitCode.ERR_GENERIC, why) if why else None


def exclusive_clone(case: "Case") -> "Finish | None":
    """A refusal of exclusive activation in a clone, else None."""
    if case.parameters.activation_mode == "exclusive" and case.request.in_cluster \
            and (case.request.clone_max or 0) > 1:
        return case.refuse(ExitCode.ERR_CONFIGURED, reasons.EXCLUSIVE_CLONE)
    return None


def settings(case: "Case") -> "Finish | None":
    """A refusal when this host's LVM is set up without cluster locks, else None."""
    found = case.settings
    if found.use_lvmlockd == "1":
        return None
    if not case.version.with_clvmd:
        return case.refuse(ExitCode.ERR_ARGS, reasons.NO_CLUSTER_LOCKS)
    if found.locking_type == "3":
        return None
    return case.refuse(ExitCode.ERR_ARGS, reasons.NO_CLUSTER_LOCKS_CLVMD)


def _invisible(case: "Case") -> "Finish | Wait":
    """The step when LVM does not show the VG: a refusal, or a Wait."""
    outcome = case.group.outcome
    kinds, says = outcome.kinds, outcome.says
    if outcome.hung:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.LVM_HANGS, says=says)
    if outcome.missing:
        return case.refuse(ExitCode.ERR_INSTALLED, lvmversion.NO_LVM, says=says)
    if "local locking" in kinds or ("no daemon" in kinds and "clustered" in kinds):
        return case.refuse(ExitCode.ERR_ARGS, reasons.FELL_BACK)
    if "clustered" in kinds and not case.version.with_clvmd:
        return case.refuse(ExitCode.ERR_CONFIGURED, reasons.CLUSTERED, version=case.version)
    if "clustered" in kinds:
        return case.refuse(ExitCode.ERR_ARGS, reasons.SKIPPED)
    if outcome.transient:
        return case.wait(reasons.LOCK_HELD, 1.0, says=says)
    if "no daemon" in kinds:
        return settings(case) \
            or case.refuse(ExitCode.ERR_GENERIC, reasons.DAEMON_SERVES_NOBODY, says=says)
    if "foreign" in kinds:
        return case.refuse(ExitCode.ERR_CONFIGURED, reasons.SYSTEM_ID, says=says)
    if "exported" in kinds:
        return case.refuse(ExitCode.ERR_CONFIGURED, reasons.EXPORTED)
    return case.refuse(ExitCode.ERR_GENERIC, reasons.NOT_FOUND, says=says)


def _backing(case: "Case", lower: "list[str]", upper: "list[str]") -> "Finish":
    """The refusal while LVM sees the backing devices *lower* of the DRBD devices *upper*."""
    reason = reasons.BELOW_FILTER
    rejects = ", ".join(f"\"r|^{d}$|\"" for d in lower)
    command = f"{case.settings.filter_name} = [ \"a|^/dev/drbd|\", {rejects} ]"
    if case.settings.use_devicesfile == "1":
        reason = reasons.BELOW_LISTED
        command = "; ".join([f"lvmdevices --deldev {d}" for d in lower]
                            + [f"lvmdevices --adddev {d}" for d in upper])
    return case.refuse(ExitCode.ERR_ARGS, reason, devices=", ".join(lower), command=command)


def devices(case: "Case") -> "Finish | None":
    """A refusal when a PV is not on DRBD, or LVM sees it twice; else None."""
    wrong = [d for d in case.devices if not d.drbd and not d.missing]
    if not wrong:
        return None
    lower = sorted({d.name for d in wrong if d.above or d.duplicate})
    upper = sorted({d.above for d in wrong if d.above}
                   | {d.name for d in case.devices if d.drbd})
    if lower:
        return _backing(case, lower, upper)
    return case.refuse(ExitCode.ERR_ARGS, reasons.NOT_DRBD, device=wrong[0].name)


def group(case: "Case") -> "Finish | Wait | None":
    """The step when the VG must not be started: a refusal or a Wait; None when it may be.

    To be asked only when locks are granted.
    """
    found = case.group.group
    if found is None or "local locking" in case.group.outcome.kinds:
        return _invisible(case)
    kind = locking.kind(found)
    if kind is None:
        return case.refuse(ExitCode.ERR_CONFIGURED, reasons.NOT_CLUSTERED
                           if case.version.with_clvmd else reasons.NOT_SHARED)
    if kind not in case.daemons.accepting:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.OTHER_DAEMON,
                           daemon=kind, running=" and ".join(case.daemons.accepting))
    if found.exported:
        return case.refuse(ExitCode.ERR_CONFIGURED, reasons.EXPORTED)
    refusal = devices(case)
    if refusal:
        return refusal
    missing = [d.name for d in case.devices if d.missing]
    if (found.partial or missing) and not case.parameters.partial_activation:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.PV_MISSING)
    return None
