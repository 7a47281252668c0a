# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on monitor: the kernel's state first, then LVM where it may be asked.

Where LVM cannot be asked, what start remembered counts, and a new LV that cannot be picked up is
reported but never a failure. While the headers of LVM's metadata are those of the last healthy
answer, LVM knows nothing new and is not asked: only locks can have changed. Monitors of several
VGs run at the same moment, so they take turns to ask LVM: many at once would take so long that
none of them finishes.
"""

from dualstor.action.steps import PROPAGATE, Do, Finish
from dualstor.agents import heldback
from dualstor.agents.clustered_vg import checks, deeds, locking, reasons, seen, watching
from dualstor.agents.clustered_vg import plan as planning
from dualstor.agents.clustered_vg.seen import Remembered
from dualstor.agents.clustered_vg.start import accepted, how
from dualstor.errors import listed
from dualstor.kernel.locksocket import CLVMD, LVMLOCKD
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Iterable

    from dualstor.action.steps import Step
    from dualstor.agents.clustered_vg.plan import Plan
    from dualstor.agents.clustered_vg.seen import Case
    from dualstor.look.sights import Sight
    from dualstor.ocf.reason import Said
    from dualstor.tools.lvm import LogicalVolume


def decide(case: "Case") -> "Step":
    """The next step of monitor."""
    if case.request.probe:
        return _probe(case)
    remembered = case.remembered
    if not case.active and not (remembered and locked(case, remembered)):
        return _not_started(case)
    if remembered and case.active and not locked(case, remembered):
        return case.refuse(ExitCode.ERR_GENERIC, reasons.LOCKSPACE_GONE)
    if case.hold:
        return _held(case)
    return case.remembered and watching.step(case) or _volumes(case)


def _not_started(case: "Case") -> "Finish":
    return case.refuse(ExitCode.NOT_RUNNING, reasons.NOT_STARTED)


def _held(case: "Case") -> "Do | Finish":
    """The verdict while `dualstor recover` works below the VG: nothing is done, nothing failed."""
    held = checks.held(case)
    assert held is not None     # else nobody would have asked
    if case.request.degraded_known:
        return case.refuse(ExitCode.DEGRADED, held)
    if held.reason is reasons.HELD_DEAD and not case.done(deeds.warn):
        return Do(deeds.warn, (held,))
    return Finish(ExitCode.SUCCESS)


def _probe(case: "Case") -> "Finish":
    """Whether anything of the VG is here that start may have left, healthy or not."""
    if case.present or case.remembered and locked(case, case.remembered):
        return Finish(ExitCode.SUCCESS)
    return _not_started(case)


def locked(case: "Case", remembered: "Remembered") -> bool:
    """Whether the lockspace is there that start has used."""
    return case.lockspaces.group if remembered.locking == LVMLOCKD else case.lockspaces.clvmd


def kind(case: "Case") -> str:
    """Who locks the VG, as far as it is known without LVM."""
    if case.remembered:
        return case.remembered.locking
    return LVMLOCKD if case.lockspaces.group else CLVMD


def _volumes(case: "Case") -> "Do | Finish":
    remembered = case.remembered or Remembered(locking=kind(case))
    usable = planning.usable_ids(case.active)
    lost = tuple(name for identity, name in remembered.volumes if identity not in usable)
    if not (case.parameters.pick_up_new_lvs or lost or case.remembered is None):
        return _healthy(case, well=())
    if not lost and _nothing_new(case):
        return _healthy(case, well=case.unchanged)
    urgent = lost or case.remembered is None or case.request.level >= 10
    if not (urgent or case.turn):
        return Finish(ExitCode.SUCCESS, looked=False)   # what is new waits for the next monitor
    unasked = why_not_asked(case)
    if unasked is not None:
        return _as_remembered(case, lost, unasked)
    plan = planning.plan(case.volumes.volumes, case.parameters.activation_mode == "exclusive")
    return pick_up(case, plan.wanted) or _verdict(case, plan, remembered)


def _nothing_new(case: "Case") -> bool:
    """Whether LVM's metadata and the locks are those of the last healthy answer."""
    if case.request.level > 0 or case.remembered is None or case.unchanged is None:
        return False
    if how(case, kind(case)) != "-asy":
        return True
    known = case.exclusive is not None or case.modes.answered
    return known and not case.alone & case.remembered.ids


def why_not_asked(case: "Case") -> "str | None":
    """Why LVM cannot list the LVs now, as text; None when it has listed them."""
    obstacle = locking.obstacle(case)
    if obstacle:
        return locking.cause(obstacle)
    if kind(case) == LVMLOCKD and not _answering(case):
        return case.modes.says
    return None if case.volumes.outcome.ok else case.volumes.outcome.says


def _answering(case: "Case") -> bool:
    """Whether lvmlockd may be expected to answer LVM; a round of the watcher is in a hurry, and
    does not have it prove that where the kernel knows its locks."""
    return case.request.action == PROPAGATE and case.exclusive is not None or case.modes.answered


def _as_remembered(case: "Case", lost: "tuple[str, ...]", unasked: str) -> "Do | Finish":
    """The verdict when only the remembered list says what should be active."""
    if not lost:
        return _healthy(case)
    degraded = case.active and case.request.degraded_known
    return case.refuse(ExitCode.DEGRADED if degraded else ExitCode.ERR_GENERIC,
                       reasons.LOST_UNASKED, lvs=listed(lost), says=unasked)


def pick_up(case: "Case", wanted: "Iterable[LogicalVolume]",
            of_new: "Callable[..., object]" = deeds.pick_up) -> "Do | None":
    """The deed that makes LVs active or shared, once in an action; None when there is none.

    :param wanted: the LVs that are to be
    :param of_new: the deed that activates those that are new
    """
    wanted = tuple(wanted)
    if not case.parameters.pick_up_new_lvs:
        return None
    option = how(case, kind(case))
    usable = planning.usable_ids(case.active)
    if option == "-asy" and not case.done(deeds.make_shared):
        names = planning.names(v for v in wanted if v.id in usable and v.id in case.alone)
        if names:
            return Do(deeds.make_shared, (option,) + names)
    expected = case.remembered.ids if case.remembered else frozenset()
    for deed, inactive in (
            (deeds.reactivate, [v for v in wanted if v.id not in usable and v.id in expected]),
            (of_new, [v for v in wanted if v.id not in usable and v.id not in expected])):
        if inactive and not case.done(deed):
            return Do(deed, (option,) + planning.names(inactive))
    return None


def _verdict(case: "Case", plan: "Plan", remembered: "Remembered") -> "Do | Finish":
    usable = planning.usable_ids(case.active)
    lost = planning.names(v for v in plan.wanted
                          if v.id not in usable and v.id in remembered.ids)
    if lost:
        tried = case.last(deeds.reactivate)
        if tried:
            return case.refuse(ExitCode.ERR_GENERIC, reasons.LOST_TRIED, lvs=listed(lost),
                               says=tried.says)
        return case.refuse(ExitCode.ERR_GENERIC, reasons.LOST, lvs=listed(lost))
    return remember(case, [v for v in plan.wanted if v.id in usable], remembered) or _healthy(
        case, _pick_up_trouble(case, plan, usable), _well(case, plan, usable))


def remember(case: "Case", expected: "Iterable[LogicalVolume]",
             remembered: "Remembered") -> "Do | None":
    """The deed that has later monitors expect these LVs to be active; None when they do."""
    now = remembered.but(volumes=tuple((v.id, v.name) for v in expected))
    if set(now.volumes) == set(remembered.volumes) and case.remembered is not None \
            or case.done(deeds.remember):
        return None
    return Do(deeds.remember, (now.to_text(), ""))


def _well(case: "Case", plan: "Plan", usable: "frozenset[str]") -> "tuple[Sight, ...] | None":
    """What the answer depends on when nothing is left to be done; None when something is."""
    if any(v.id not in usable for v in plan.wanted) or plan.elsewhere:
        return None
    if not case.parameters.pick_up_new_lvs:
        return ()
    shared = how(case, kind(case)) == "-asy"
    if shared and case.alone & {v.id for v in plan.wanted}:
        return None
    return case.headers


def _pick_up_trouble(case: "Case", plan: "Plan", usable: "frozenset[str]") -> "Said | None":
    """What to report of LVs that could not be picked up; None for nothing.

    One that is exclusive on another node is no trouble: that node's monitor
    shares it, and the next monitor here picks it up.
    """
    for deed, reason in ((deeds.make_shared, reasons.NEW_NOT_SHARED),
                         (deeds.pick_up, reasons.NEW_NOT_ACTIVE)):
        done = case.done(deed)
        if not done or accepted(done[-1].outcome):
            continue
        names = done[-1].args[1:]
        if deed is deeds.pick_up:
            inactive = planning.names(v for v in plan.wanted if v.id not in usable)
            names = tuple(n for n in inactive if n in names)
        if names:
            return case.say(reason, lvs=listed(names), says=done[-1].outcome.says,
                            option=done[-1].args[0])
    again = case.done(deeds.reactivate)     # who wanted them to be inactive learns why they are not
    return case.say(reasons.REACTIVATED, lvs=listed(again[-1].args[1:])) if again else None


def _healthy(case: "Case", trouble: "Said | None" = None,
             well: "tuple[Sight, ...] | None" = None) -> "Do | Finish":
    """The verdict on a VG whose expected LVs are all active; *well* is what to keep, if any."""
    if case.request.level >= 10:
        step = _not_read(case) or _unreadable(case)
        if step:
            return step
    if trouble and case.request.degraded_known:
        return case.refuse(ExitCode.DEGRADED, trouble)
    if trouble and (trouble,) not in [d.args for d in case.done(deeds.warn)]:
        return Do(deeds.warn, (trouble,))
    return Finish(ExitCode.SUCCESS, well=None if trouble or case.history else well)


def _not_read(case: "Case") -> "Do | None":
    """A warning, once, of active LVs that were not read; None when each was."""
    unread = sorted({v.lv for v in case.active if v.usable} - {lv for lv, _ in case.reads})
    if not unread or not case.held_back or case.done(deeds.warn):
        return None
    return Do(deeds.warn, (case.say(reasons.NOT_READ, lvs=listed(unread),
                                    devices=heldback.names(case)),))


def _unreadable(case: "Case") -> "Finish | None":
    """A refusal when reading an LV failed, else None."""
    failed = [(lv, problem) for lv, problem in case.reads if problem]
    if not failed:
        return None
    lv, says = failed[0]
    if says == seen.SUSPENDED:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.SUSPENDED,
                           lvs=listed(lv for lv, problem in failed if problem == says))
    more = f"; nor can {len(failed) - 1} more" if len(failed) > 1 else ""
    return case.refuse(ExitCode.ERR_GENERIC, reasons.UNREADABLE, lv=lv, says=f"{says}{more}")
