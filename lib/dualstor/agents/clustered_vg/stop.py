# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on stop: nothing active in the kernel is success, whatever else is broken.

LVM deactivates where its locks are granted; where they are not, and for what
LVM could not do, device-mapper removes what nobody has open.
"""

from dualstor.action.steps import Do, Finish
from dualstor.agents.clustered_vg import deeds, locking, reasons
from dualstor.errors import listed
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
    if case.watcher and not case.done(deeds.stop_watcher):
        return Do(deeds.stop_watcher)
    if not case.active:
        return _end_of_locking(case)
    obstacle = None if _hung(case) else locking.obstacle(case)
    if obstacle and locking.recovers(obstacle) and not case.history \
            and case.elapsed < _RECOVERY_PATIENCE:
        return obstacle
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
        return _held(case)
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
        return case.wait(reasons.STILL_OPEN, _PAUSE)
    return _held(case)


def _held(case: "Case") -> "Finish":
    """The refusal that names an LV that could not be deactivated and who holds it."""
    held = [(lv, words) for lv, words in case.held if words]
    if held:
        (first, holders), *others = [(lv, ", ".join(words[:3])) for lv, words in held]
        holders = "; ".join([holders] + [f"LV {lv} by {words}" for lv, words in others[:2]])
        if len(others) > 2:
            holders += f"; and {len(others) - 2} more LVs"
        return case.refuse(ExitCode.ERR_GENERIC, reasons.IN_USE, lv=first, holders=holders)
    says = [d.outcome.says for d in case.history if getattr(d.outcome, "says", "")]
    return case.refuse(ExitCode.ERR_GENERIC, reasons.STAYS_ACTIVE,
                       lvs=listed(sorted({v.lv for v in case.active})),
                       says=says[-1] if says else "no tool said why")


def _end_of_locking(case: "Case") -> "Step":
    """Leave the VG's lockspace, so that lvmlockd can end; what is left of it is no failure."""
    if not case.lockspaces.group:
        return _end(case)
    if _hung(case):
        return _end(case, "a command hung")
    obstacle = locking.obstacle(case)
    if obstacle:
        return _end(case, locking.cause(obstacle))
    done = case.done(deeds.stop_locking)
    if not done:
        return Do(deeds.stop_locking)
    outcome = done[-1].outcome
    if "locks remain" in outcome.kinds and not case.done(deeds.release):
        return Do(deeds.release)
    if "locks remain" in outcome.kinds and len(done) == 1:
        return Do(deeds.stop_locking)
    if outcome.ok and case.elapsed - done[-1].at < _LEAVING:
        return case.wait(reasons.LEAVING)
    return _end(case, outcome.says)


def _end(case: "Case", trouble: str = "") -> "Do | Finish":
    warning = trouble and case.say(reasons.LOCKSPACE_LEFT, says=trouble)
    if (case.remembered or warning) and not case.done(deeds.forget):
        return Do(deeds.forget, (warning,))
    return Finish(ExitCode.SUCCESS)
