# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on start: locks, lockspace, activation, and the proof by device-mapper."""

from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents import lvmversion
from dualstor.agents.clustered_vg import checks, deeds, locking
from dualstor.agents.clustered_vg import plan as planning
from dualstor.agents.clustered_vg.seen import Remembered
from dualstor.kernel.locksocket import CLVMD, LVMLOCKD
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:

    from dualstor.action.steps import Step
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
        return Finish(ExitCode.SUCCESS)
    refusal = checks.exclusive_clone(case) \
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
    if obstacle is None:
        return None
    if obstacle.recovery:   # usually for lack of quorum
        obstacle = locking.membership(case.quorum) or obstacle
    if obstacle.passes:
        return Wait(f"{obstacle.what}, to start VG {case.parameters.vgname}", obstacle.hint)
    return case.refuse(ExitCode.ERR_GENERIC,
                  f"{obstacle.why}: {obstacle.hint}")


def _lockspace(case: "Case", kind: str) -> "Step | None":
    """The step to a lockspace that is up; None when it is, or when there is none to start."""
    vg = case.parameters.vgname
    outcome = case.last(deeds.start_locking)
    if kind != LVMLOCKD or (case.lockspaces.group and outcome is None):
        return None
    if outcome is None:
        return Do(deeds.start_locking)
    if outcome.ok and case.lockspaces.group:
        return None
    if outcome.transient:
        return case.again(Do(deeds.start_locking), _PAUSE, Wait(
            f"the lockspace of VG {vg} ({outcome.says})",
            "`lvmlockctl --info` shows what holds it up", _PAUSE))
    if outcome.ok:
        return case.refuse(ExitCode.ERR_ARGS,
            f"`vgchange --lockstart {vg}` made no dlm lockspace: look whether its lock type is dlm "
            f"(`vgs -o+locktype {vg}`) and activation/lock_start_list in lvm.conf admits it")
    return case.refuse(ExitCode.ERR_GENERIC,
        f"its lockspace could not be started ({outcome.says}): look at `dlm_tool ls` and "
        "lvmlockd's lines in the system log")


def _activation(case: "Case", kind: str) -> "Step":
    vg, exclusive = case.parameters.vgname, case.parameters.activation_mode == "exclusive"
    report = case.volumes
    if not report.outcome.ok:
        if report.outcome.transient:
            return Wait(f"LVM's lock on VG {vg} ({report.outcome.says})",
                        "`lvmlockctl --info` and `dlm_tool ls` show who holds it", _PAUSE)
        return case.refuse(ExitCode.ERR_GENERIC,
                             f"its LVs could not be listed ({report.outcome.says}): run `lvs {vg}`")
    plan = planning.plan(report.volumes, exclusive)
    expected, others, kept = plan.wanted, plan.elsewhere, ""
    if plan.wanted:
        args = (how(case, kind),) + planning.names(plan.wanted)
        done = case.done(deeds.activate)
        if not done or not set(args) <= set(done[-1].args):
            return Do(deeds.activate, args)
        outcome = done[-1].outcome
        if outcome.transient or (not outcome.ok and outcome.kinds & {"no volume"}):
            return case.again(Do(deeds.activate, args), _PAUSE, Wait(
                f"LVM's lock on VG {vg} ({outcome.says})",
                "`lvmlockctl --info` and `dlm_tool ls` show who holds it", _PAUSE))
        usable = planning.usable_ids(case.active)
        inactive = tuple(v for v in plan.wanted if v.id not in usable)
        foreign = planning.elsewhere(vg, outcome, planning.names(inactive))
        failure = _failure(case, outcome, inactive, foreign, exclusive)
        if failure:
            return failure
        theirs = frozenset(foreign)
        expected = tuple(v for v in plan.wanted if v.name not in theirs)
        others += foreign
        kept = outcome.says if "other mode" in outcome.kinds else ""
    remembered = Remembered(locking=kind, volumes=tuple((v.id, v.name) for v in expected))
    return Do(deeds.remember, (remembered.to_text(), _warning(vg, plan, others, kept)))


def _failure(case: "Case", outcome: "LvmOutcome", inactive: "tuple[LogicalVolume, ...]",
             foreign: "tuple[str, ...]", exclusive: bool) -> "Finish | None":
    """A refusal when the activation was not good enough, else None."""
    vg = case.parameters.vgname
    if foreign and exclusive:
        return case.refuse(ExitCode.ERR_GENERIC,
            f"{planning.listed(vg, foreign)} is active on another node: deactivate it there "
            f"(`lvchange -aln {vg}/{foreign[0]}`), then clean up this resource")
    if "elsewhere" in outcome.kinds and not foreign:
        return case.refuse(ExitCode.ERR_GENERIC,
            f"an LV is active here without a lock, which another node has ({outcome.says}): end "
            "its use on one of the nodes and deactivate it there with `lvchange -aln`")
    if exclusive and "other mode" in outcome.kinds:
        return case.refuse(ExitCode.ERR_GENERIC,
            f"an LV is active on this node already, but not exclusively ({outcome.says}): end its "
            f"use, run `vgchange -aln {vg}` on this node, then clean up this resource")
    theirs = frozenset(foreign)
    lacking = tuple(v.name for v in inactive if v.name not in theirs)
    if not accepted(outcome) or (exclusive and not outcome.ok):
        hint = "look at `dlm_tool ls` and `lvmlockctl --info`" if outcome.hung \
            else f"`lvs -a -o+lv_active {vg}` shows their state"
        return case.refuse(ExitCode.ERR_GENERIC,
                           f"its LVs could not be activated ({outcome.says}); {hint}")
    if lacking:
        return case.refuse(ExitCode.ERR_GENERIC,
            f"{planning.listed(vg, lacking)} did not become active here though LVM reports no "
            "error: look at `dmsetup info -c` and activation/volume_list in lvm.conf")
    return None


def _warning(vg: str, plan: "Plan", others: "tuple[str, ...]", kept: str) -> str:
    """What an administrator should know of a start that went well; "" for nothing.

    :param kept: what clvmd said of an LV that is exclusively active here and stays so
    """
    parts = []
    if plan.unshareable:
        parts.append(f"{planning.listed(vg, plan.unshareable)} cannot be active on several nodes "
                     "and is left alone: give it to a resource of its own")
    if others:
        parts.append(f"{planning.listed(vg, others)} is exclusively active on another node; it "
                     "becomes active here once it is shared there")
    if kept:
        parts.append(f"an LV of VG {vg} is exclusively active here, so other nodes cannot use it "
                     f"({kept}): deactivate it with `lvchange -aln` when it is not in use, the "
                     "next monitor shares it")
    return "; ".join(parts)
