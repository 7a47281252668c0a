# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on a round of the watcher: what LVM's metadata say now becomes true on this node.

Not an action of the cluster manager, but under the same rules: LVM is asked last, and only where
its locks are granted. Nothing is changed while a person or the cluster wants the resource left
alone, and an LV that was active and is not any more is left to the next monitor, which reports it.
What is real is then published for the other nodes.
"""

from dualstor.action.steps import Do, Finish
from dualstor.agents.clustered_vg import deeds, monitor, reasons
from dualstor.agents.clustered_vg import plan as planning
from dualstor.agents.clustered_vg.published import Published
from dualstor.errors import listed
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step
    from dualstor.agents.clustered_vg.plan import Plan
    from dualstor.agents.clustered_vg.seen import Case, Remembered
    from dualstor.ocf.reason import Said
    from dualstor.tools.lvm import LogicalVolume

_SECTOR = 512       # bytes


def decide(case: "Case") -> "Step":
    """The next step."""
    remembered = case.remembered
    if remembered is None or not monitor.locked(case, remembered) or not case.turn:
        return Finish(ExitCode.SUCCESS)     # not started, or others ask LVM: later
    unasked = monitor.why_not_asked(case)
    if unasked is not None:
        return _unasked(case, remembered, unasked)
    plan = planning.plan(case.volumes.volumes, case.parameters.activation_mode == "exclusive")
    deed = _change(case, plan, remembered)
    if deed is not None and not case.standing:
        return deed
    kept = [v for v in plan.wanted if v.id in remembered.ids or v.id in
            planning.usable_ids(case.active)]
    return monitor.remember(case, kept, remembered) or _told(
        case, _real(case, plan), case.say(reasons.LEFT_ALONE, says=case.standing) if deed
        else _trouble(case, plan, remembered), left=deed is not None)


def _change(case: "Case", plan: "Plan", remembered: "Remembered") -> "Do | None":
    """What is to be done next to the LVs; None for nothing."""
    idle = {lv for lv, words in case.held if not words} if plan.leaving else set()
    leaving = planning.names(v for v in plan.leaving if v.name in idle)
    if leaving and not case.done(deeds.deactivate):
        return Do(deeds.deactivate, leaving)
    usable = planning.usable_ids(case.active)
    wanted = [v for v in plan.wanted if v.id in usable or v.id not in remembered.ids]
    return monitor.pick_up(case, wanted, deeds.pick_up_when_shared) or _refresh(case, plan)


def _stale(case: "Case", plan: "Plan") -> "tuple[str, ...]":
    """Names of the active LVs that have another size in LVM's metadata."""
    sizes = {v.lv_id: v.size for v in case.active if v.usable and v.size is not None}
    return planning.names(v for v in plan.wanted
                          if v.id in sizes and v.size and v.size != sizes[v.id] * _SECTOR)


def _refresh(case: "Case", plan: "Plan") -> "Do | None":
    """Take over the sizes of LVs that were changed elsewhere."""
    names = _stale(case, plan)
    return Do(deeds.refresh, names) if names and not case.done(deeds.refresh) else None


def _inactive(case: "Case", volumes: "tuple[LogicalVolume, ...]") -> "tuple[str, ...]":
    usable = planning.usable_ids(case.active)
    return planning.names(v for v in volumes if v.id not in usable)


def _staying(case: "Case", plan: "Plan") -> "tuple[str, ...]":
    """Names of LVs that are to be inactive and are not."""
    inactive = set(_inactive(case, plan.leaving))
    return tuple(v.name for v in plan.leaving if v.name not in inactive)


def _trouble(case: "Case", plan: "Plan", remembered: "Remembered") -> "Said | None":
    """Why this round has to be repeated; None when all is as it should be."""
    new = _inactive(case, tuple(v for v in plan.wanted if v.id not in remembered.ids))
    tried = case.last(deeds.pick_up_when_shared)
    if new and tried:
        return case.say(reasons.NOT_YET_ACTIVE, lvs=listed(new), says=tried.says)
    staying = _staying(case, plan)
    if staying:
        return case.say(reasons.NOT_YET_INACTIVE, lvs=listed(staying))
    for done in (case.last(deeds.make_shared), case.last(deeds.refresh)):
        if done is not None and not done.ok:
            return case.say(reasons.NOT_TAKEN_OVER, says=done.says)
    left = case.done(deeds.make_shared) and planning.names(
        v for v in plan.wanted if v.id in case.alone)
    return case.say(reasons.NOT_TAKEN_OVER, says=f"{listed(left)} is still exclusive here") \
        if left else None


def _real(case: "Case", plan: "Plan") -> "Published":
    """What is to be published."""
    usable = planning.usable_ids(case.active)
    exclusive = case.alone if case.lockspaces.group else frozenset()
    holders = {lv: words[0] for lv, words in case.held if words} if plan.leaving else {}
    return case.clock.but(
        sequence=case.volumes.sequence, wanted=len(plan.wanted),
        active=sum(v.id in usable for v in plan.wanted),
        exclusive=len(exclusive),
        lacking=_inactive(case, plan.wanted) + plan.elsewhere + _stale(case, plan),
        open=tuple((name, holders.get(name, "")) for name in _staying(case, plan)))


def _unasked(case: "Case", remembered: "Remembered", says: str) -> "Step":
    """The end of a round in which LVM could not be asked."""
    usable = planning.usable_ids(case.active)
    real = case.clock.but(
        wanted=len(remembered.volumes), active=len(usable & remembered.ids),
        lacking=tuple(name for identity, name in remembered.volumes if identity not in usable))
    return _told(case, real, case.say(reasons.NOT_TAKEN_OVER, says=says), left=False)


def _told(case: "Case", real: "Published", trouble: "Said | None", left: bool) -> "Step":
    """Publish what is real, then end.

    :param left: whether nothing more is to be done until something changes
    """
    if not case.done(deeds.publish):
        return Do(deeds.publish, (real.to_text(),))
    refused = case.last(deeds.publish)
    if refused and not trouble:
        trouble, left = case.say(reasons.NOT_PUBLISHED, says=refused), False
    if trouble and not left or case.headers is None:
        return Finish(ExitCode.SUCCESS, trouble)
    devices = ("devices", case.parameters.vgname, case.present)
    return Finish(ExitCode.SUCCESS, trouble, (devices,) + case.headers,
                  whole=not (trouble or real.lacking or real.exclusive))
