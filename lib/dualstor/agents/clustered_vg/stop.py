# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on stop: nothing active in the kernel is success, whatever else is broken.

LVM deactivates where its locks are granted; where they are not, and for what
LVM could not do, device-mapper removes what nobody has open.
"""

from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents.clustered_vg import deeds, locking
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step
    from dualstor.agents.clustered_vg.seen import Case

_TRIES, _PAUSE = 5, 1.0     # of what is left; seconds between (udev opens LVs for a moment)
_RECOVERY_PATIENCE = 10.0   # seconds for dlm to recover until LVM is not used
_LEAVING = 5.0              # seconds for the lockspace to go

#: Kinds of message of an LV that is simply in use: nothing that dmsetup could fix.
_IN_USE = frozenset(("open", "consequence", "warning", "unlocked reading"))


def decide(case: "Case") -> "Step":
    """The next step of stop."""
    if not case.active:
        return _end_of_locking(case)
    obstacle = None if _hung(case) else locking.obstacle(case)
    if obstacle and obstacle.recovery and not case.history and case.elapsed < _RECOVERY_PATIENCE:
        return Wait(f"{obstacle.what}, before VG {case.parameters.vgname} is deactivated",
                    obstacle.hint)
    if _hung(case) or obstacle:
        return _without_locks(case)
    return _with_locks(case)


def _hung(case: "Case") -> bool:
    return any(d.outcome.hung for d in case.history
               if d.deed in (deeds.deactivate_group, deeds.deactivate, deeds.stop_locking,
                             deeds.release))


def _names(case: "Case") -> "tuple[str, ...]":
    """Names of the active LVs that LVM can deactivate."""
    return tuple(sorted({v.lv for v in case.active if not v.layer}))


def _with_locks(case: "Case") -> "Step":
    if not case.done(deeds.deactivate_group):
        return Do(deeds.deactivate_group)
    names = _names(case)
    if names and not case.done(deeds.deactivate):
        return Do(deeds.deactivate, names)
    last = case.last(deeds.deactivate)
    if last is None or last.ok or last.kinds - _IN_USE:
        if not case.done(deeds.remove_devices):
            return Do(deeds.remove_devices)
    elif any(words for _, words in case.held):  # LVM has tried for 5 s (retry_deactivation)
        return case.refuse(ExitCode.ERR_GENERIC, _who_holds(case.parameters.vgname, case))
    return _retry(case, Do(deeds.deactivate, names) if names else Do(deeds.remove_devices))


def _without_locks(case: "Case") -> "Step":
    if not case.done(deeds.remove_devices):
        return Do(deeds.remove_devices)
    return _retry(case, Do(deeds.remove_devices))


def _retry(case: "Case", deed: "Do") -> "Step":
    """Another try, but not at once and not forever."""
    done = case.done(deeds.deactivate) + case.done(deeds.remove_devices)
    if len(done) < _TRIES:
        if case.elapsed - max(d.at for d in done) >= _PAUSE:
            return deed
        return Wait(f"the LVs of VG {case.parameters.vgname} to be closed",
                    "`dmsetup info -c` shows which are open", _PAUSE)
    return case.refuse(ExitCode.ERR_GENERIC, _who_holds(case.parameters.vgname, case))


def _who_holds(vg: str, case: "Case") -> str:
    """Which LVs could not be deactivated and who holds them, with the next step."""
    held = [(lv, words) for lv, words in case.held if words]
    if held:
        shown = "; ".join(f"{vg}/{lv} is held open by {', '.join(words[:3])}"
                          for lv, words in held[:3])
        more = "" if len(held) <= 3 else f" and {len(held) - 3} more LVs are held"
        return f"{shown}{more}: end that use, then clean up this resource"
    names = ", ".join(f"{vg}/{lv}" for lv in sorted({v.lv for v in case.active})[:3])
    says = [d.outcome.says for d in case.history if getattr(d.outcome, "says", "")]
    return (f"{names} stays active ({says[-1] if says else 'no tool said why'}): look at `dmsetup "
            "info -c` and `dmsetup ls --tree`")


def _end_of_locking(case: "Case") -> "Step":
    """Leave the VG's lockspace, so that lvmlockd can end; what is left of it is no failure."""
    if not case.lockspaces.group:
        return _end(case)
    if _hung(case):
        return _end(case, "a command hung")
    obstacle = locking.obstacle(case)
    if obstacle:
        return _end(case, obstacle.why)
    done = case.done(deeds.stop_locking)
    if not done:
        return Do(deeds.stop_locking)
    outcome = done[-1].outcome
    if "locks remain" in outcome.kinds and not case.done(deeds.release):
        return Do(deeds.release)
    if "locks remain" in outcome.kinds and len(done) == 1:
        return Do(deeds.stop_locking)
    if outcome.ok and case.elapsed - done[-1].at < _LEAVING:
        return Wait("the lockspace to go", "`dlm_tool ls` shows it", 0.5)
    return _end(case, outcome.says)


def _end(case: "Case", trouble: str = "") -> "Do | Finish":
    warning = trouble and f"no LV is active, but its lockspace is left: {trouble}"
    if (case.remembered or warning) and not case.done(deeds.forget):
        return Do(deeds.forget, (warning,))
    return Finish(ExitCode.SUCCESS)
