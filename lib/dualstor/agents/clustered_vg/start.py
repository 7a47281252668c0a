# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on start: locks, lockspace, activation, and the proof by device-mapper."""

from dualstor.action.steps import Do, Finish
from dualstor.agents import lvmversion
from dualstor.agents.clustered_vg import checks, deeds, locking, reasons, watching
from dualstor.agents.clustered_vg import plan as planning
from dualstor.agents.clustered_vg.seen import Remembered
from dualstor.errors import listed
from dualstor.kernel.locksocket import CLVMD, LVMLOCKD
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Step, Wait
    from dualstor.agents.clustered_vg.plan import Plan
    from dualstor.agents.clustered_vg.seen import Case
    from dualstor.tools.lvm import LogicalVolume, LvmOutcome

#: Option of lvchange that activates on this node, by who locks the VG.
_SHARED = {LVMLOCKD: "-asy", CLVMD: "-aly"}
_EXCLUSIVE = "-aey"

_PAUSE = 1.0  # seconds before a command is run again
#: Kinds of message of an LV that another lock keeps as it is: on another node, or here.
_LOCKED = frozenset(("elsewhere", "other mode"))
#: Kinds of message that do not spoil an activation.
_HARMLESS = _LOCKED | {"consequence", "warning", "unlocked reading"}


def how(case: "Case", kind: str) -> str:
    """The option that activates as the parameters ask for, in a VG that *kind* locks."""
    return _EXCLUSIVE if case.parameters.activation_mode == "exclusive" else _SHARED[kind]


def accepted(outcome: "LvmOutcome") -> bool:
    """Whether an activation did what it could: an LV that another node has locked is not ours."""
    return outcome.ok or bool(outcome.kinds & _LOCKED and not outcome.kinds - _HARMLESS)


def decide(case: "Case") -> "Step":
    """The next step of start."""
    if case.done(deeds.remember):
        return watching.step(case, fresh=True) or Finish(ExitCode.SUCCESS)
    refusal = checks.exclusive_clone(case) \
        or checks.refused(case) \
        or lvmversion.refusal(case) \
        or _locks(case) \
        or checks.group(case)
    if refusal:
        return refusal
    kind = locking.kind(case.group.group)
    assert kind is not None     # else checks.group would have refused
    return _lockspace(case, kind) or _activation(case, kind)


def _locks(case: "Case") -> "Finish | Wait | None":
    obstacle = locking.obstacle(case)
    if locking.recovers(obstacle):  # usually for lack of quorum
        return locking.membership(case) or obstacle
    return obstacle


def _lockspace(case: "Case", kind: str) -> "Step | None":
    """The step to a lockspace that is up; None when it is, or when there is none to start."""
    outcome = case.last(deeds.start_locking)
    if kind != LVMLOCKD or (case.lockspaces.group and outcome is None):
        return None
    if outcome is None:
        return Do(deeds.start_locking)
    if outcome.ok and case.lockspaces.group:
        return None
    if outcome.transient:
        return case.again(Do(deeds.start_locking), _PAUSE,
                          case.wait(reasons.NOT_LOCKED, _PAUSE, says=outcome.says))
    if outcome.ok:
        return case.refuse(ExitCode.ERR_ARGS, reasons.NO_LOCKSPACE)
    return case.refuse(ExitCode.ERR_GENERIC, reasons.NOT_LOCKED, says=outcome.says)


def _activation(case: "Case", kind: str) -> "Step":
    exclusive = case.parameters.activation_mode == "exclusive"
    report = case.volumes
    if not report.outcome.ok:
        if report.outcome.transient:
            return case.wait(reasons.LOCK_HELD, _PAUSE, says=report.outcome.says)
        return case.refuse(ExitCode.ERR_GENERIC, reasons.NOT_LISTED, says=report.outcome.says)
    plan = planning.plan(report.volumes, exclusive)
    expected, others, kept = plan.wanted, plan.elsewhere, ""
    if plan.wanted:
        args = (how(case, kind),) + planning.names(plan.wanted)
        done = case.done(deeds.activate)
        if not done or not set(args) <= set(done[-1].args):
            return Do(deeds.activate, args)
        outcome = done[-1].outcome
        if outcome.transient or (not outcome.ok and outcome.kinds & {"no volume"}):
            reason = reasons.LOCK_HELD if outcome.transient else reasons.NOT_ACTIVATED
            return case.again(Do(deeds.activate, args), _PAUSE,
                              case.wait(reason, _PAUSE, says=outcome.says))
        usable = planning.usable_ids(case.active)
        inactive = tuple(v for v in plan.wanted if v.id not in usable)
        foreign = planning.elsewhere(case.parameters.vgname, outcome,
                                     planning.names(inactive))
        failure = _failure(case, outcome, inactive, foreign, exclusive)
        if failure:
            return failure
        theirs = frozenset(foreign)
        expected = tuple(v for v in plan.wanted if v.name not in theirs)
        others += foreign
        kept = outcome.says if "other mode" in outcome.kinds else ""
    remembered = Remembered(locking=kind, volumes=tuple((v.id, v.name) for v in expected))
    return Do(deeds.remember, (remembered.to_text(), _warning(case, plan, others, kept)))


def _failure(case: "Case", outcome: "LvmOutcome", inactive: "tuple[LogicalVolume, ...]",
             foreign: "tuple[str, ...]", exclusive: bool) -> "Finish | None":
    """A refusal when the activation was not good enough, else None."""
    if foreign and exclusive:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.ELSEWHERE, lvs=listed(foreign))
    if "elsewhere" in outcome.kinds and not foreign:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.LOCKED_ELSEWHERE, says=outcome.says)
    if exclusive and "other mode" in outcome.kinds:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.NOT_EXCLUSIVE, says=outcome.says)
    theirs = frozenset(foreign)
    lacking = tuple(v.name for v in inactive if v.name not in theirs)
    if not accepted(outcome) or (exclusive and not outcome.ok):
        return case.refuse(ExitCode.ERR_GENERIC, reasons.ACTIVATION_HANGS if outcome.hung
                           else reasons.NOT_ACTIVATED, says=outcome.says)
    if lacking:
        return case.refuse(ExitCode.ERR_GENERIC, reasons.NOT_IN_KERNEL, lvs=listed(lacking))
    return None


def _warning(case: "Case", plan: "Plan", others: "tuple[str, ...]", kept: str) -> str:
    """What an administrator should know of a start that went well; "" for nothing.

    :param kept: what clvmd said of an LV that is exclusively active here and stays so
    """
    parts = []
    if plan.unshareable:
        parts.append(case.say(reasons.UNSHAREABLE, lvs=listed(plan.unshareable)))
    if others:
        parts.append(case.say(reasons.EXCLUSIVE_ELSEWHERE, lvs=listed(others)))
    if kept:
        parts.append(case.say(reasons.EXCLUSIVE_HERE, says=kept))
    return "; ".join(parts)
