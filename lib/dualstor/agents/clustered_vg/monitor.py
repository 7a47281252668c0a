# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on monitor: the kernel's truth first, then LVM where it may be asked.

What LVM cannot be asked counts as it was remembered, and a new LV that cannot be picked up is
told but is never a failure. While the headers of LVM's metadata are as they were when all was
well, LVM has nothing new to tell and is not asked: only locks can have changed. Monitors of several
VGs look at the same moment, so they take turns to ask LVM: many at once would take so long that
none of them gets to the end.
"""

from dualstor.action.steps import Do, Finish
from dualstor.agents.clustered_vg import locking
from dualstor.agents.clustered_vg import plan as planning
from dualstor.agents.clustered_vg.seen import CLVMD, LVMLOCKD, Remembered, refuse
from dualstor.agents.clustered_vg.start import accepted, how
from dualstor.ocf.codes import ExitCode


def decide(request, parameters, facts):
    """The next step of monitor."""
    if request.probe:
        return _probe(request, parameters, facts)
    remembered = facts.remembered
    if not facts.active and not (remembered and _locked(facts, remembered)):
        return _not_started(request, parameters)
    if remembered and facts.active and not _locked(facts, remembered):
        return refuse(
            request, parameters, ExitCode.ERR_GENERIC,
            "its LVs are active but their lockspace is gone, so other nodes may take the locks: the "
            "lock daemon ended behind our back; look at the clvmd resource")
    return _volumes(request, parameters, facts)


def _not_started(request, parameters):
    return refuse(request, parameters, ExitCode.NOT_RUNNING,
                  "not started on this node: none of its LVs is active")


def _probe(request, parameters, facts):
    """Whether anything of the VG is here that start may have left, be it well or not."""
    if facts.present or facts.remembered and _locked(facts, facts.remembered):
        return Finish(ExitCode.SUCCESS)
    return _not_started(request, parameters)


def _locked(facts, remembered):
    """Whether the lockspace is there that start has used."""
    return facts.lockspaces.group if remembered.locking == LVMLOCKD else facts.lockspaces.clvmd


def _kind(facts):
    if facts.remembered:
        return facts.remembered.locking
    return LVMLOCKD if facts.lockspaces.group else CLVMD


def _volumes(request, parameters, facts):
    remembered = facts.remembered or Remembered(locking=_kind(facts))
    usable = planning.usable_ids(facts.active)
    lost = tuple(name for identity, name in remembered.volumes if identity not in usable)
    if not (parameters.pick_up_new_lvs or lost or facts.remembered is None):
        return _healthy(request, parameters, facts, well=())
    if not lost and _nothing_new(request, parameters, facts):
        return _healthy(request, parameters, facts, well=facts.unchanged)
    urgent = lost or facts.remembered is None or request.level >= 10
    if not (urgent or facts.turn):
        return _healthy(request, parameters, facts)     # what is new waits for the next monitor
    unasked = _why_not_asked(parameters, facts)
    if unasked is not None:
        return _as_remembered(request, parameters, facts, lost, unasked)
    plan = planning.plan(facts.volumes.volumes, parameters.activation_mode == "exclusive")
    return _pick_up(request, parameters, facts, plan) \
        or _verdict(request, parameters, facts, plan, remembered)


def _nothing_new(request, parameters, facts):
    """Whether LVM's metadata and the locks are as they were when all was well."""
    if request.level > 0 or facts.remembered is None or facts.unchanged is None:
        return False
    if how(parameters, _kind(facts)) != "-asy":
        return True
    exclusive = facts.exclusive     # the kernel's word: one program at a time can ask lvmlockd
    if exclusive is None and facts.modes.answered:
        exclusive = facts.modes.exclusive()
    return exclusive is not None and not exclusive & facts.remembered.ids


def _why_not_asked(parameters, facts):
    """Why LVM cannot tell the LVs now, as text; None when it has told them."""
    obstacle = locking.obstacle(facts)
    if obstacle:
        return obstacle.why
    if _kind(facts) == LVMLOCKD and not facts.modes.answered:
        return facts.modes.says
    return None if facts.volumes.outcome.ok else facts.volumes.outcome.says


def _as_remembered(request, parameters, facts, lost, unasked):
    """The verdict when only the remembered list can tell what should be active."""
    if not lost:
        return _healthy(request, parameters, facts)
    text = (f"{planning.listed(parameters.vgname, lost)} should be active and is not, and LVM "
            f"cannot be asked about it ({unasked})")
    if facts.active and request.degraded_known:
        return refuse(request, parameters, ExitCode.DEGRADED, text)
    return refuse(request, parameters, ExitCode.ERR_GENERIC,
                         text + "; look at `dmsetup info -c` and the system log")


def _pick_up(request, parameters, facts, plan):
    """The deed that makes LVs active or shared, once in a monitor; None when there is none."""
    if not parameters.pick_up_new_lvs:
        return None
    option = how(parameters, _kind(facts))
    usable = planning.usable_ids(facts.active)
    if option == "-asy" and not facts.done("make_shared"):
        exclusive = facts.modes.exclusive()
        names = planning.names(v for v in plan.wanted if v.id in usable and v.id in exclusive)
        if names:
            return Do("make_shared", (option,) + names)
    names = planning.names(v for v in plan.wanted if v.id not in usable)
    if names and not facts.done("pick_up"):
        return Do("pick_up", (option,) + names)
    return None


def _verdict(request, parameters, facts, plan, remembered):
    vg = parameters.vgname
    usable = planning.usable_ids(facts.active)
    lost = planning.names(v for v in plan.wanted
                          if v.id not in usable and v.id in remembered.ids)
    if lost:
        tried = facts.last("pick_up")
        return refuse(
            request, parameters, ExitCode.ERR_GENERIC,
            "%s is no longer active here%s: look at `dmsetup info -c` and the system log" % (
                planning.listed(vg, lost),
                f" and could not be activated ({tried.says})" if tried else ""))
    now = remembered.but(volumes=tuple((v.id, v.name) for v in plan.wanted if v.id in usable))
    if set(now.volumes) != set(remembered.volumes) or facts.remembered is None:
        if not facts.done("remember"):
            return Do("remember", (now.to_text(), ""))
    return _healthy(request, parameters, facts, _pick_up_trouble(parameters, facts, plan, usable),
                    _well(parameters, facts, plan, usable))


def _well(parameters, facts, plan, usable):
    """What the answer stands on when nothing is left to be done; None when something is."""
    if any(v.id not in usable for v in plan.wanted) or plan.elsewhere:
        return None
    if not parameters.pick_up_new_lvs:
        return ()
    shared = how(parameters, _kind(facts)) == "-asy"
    if shared and facts.modes.exclusive() & {v.id for v in plan.wanted}:
        return None
    return facts.headers


def _pick_up_trouble(parameters, facts, plan, usable):
    """What to tell of LVs that could not be picked up; "" for nothing.

    One that is exclusive on another node is no trouble: that node's monitor
    shares it, and the next monitor here picks it up.
    """
    for deed, text in (("make_shared", "could not be made shared"),
                       ("pick_up", "could not be activated here")):
        done = facts.done(deed)
        if not done or accepted(done[-1].outcome):
            continue
        names = done[-1].args[1:]
        if deed == "pick_up":
            inactive = planning.names(v for v in plan.wanted if v.id not in usable)
            names = tuple(n for n in inactive if n in names)
        if names:
            return (f"{planning.listed(parameters.vgname, names)} is new and {text} "
                    f"({done[-1].outcome.says}): run `lvchange {done[-1].args[0]} "
                    f"{parameters.vgname}/{names[0]}` on this node")
    return ""


def _healthy(request, parameters, facts, trouble="", well=None):
    """The verdict on a VG whose expected LVs are all active; *well* is what to keep, if any."""
    if request.level >= 10:
        unread = sorted({v.lv for v in facts.active if v.usable} - {lv for lv, _ in facts.reads})
        if unread and facts.held_back and not facts.done("warn"):
            return Do("warn", (
                f"{planning.listed(parameters.vgname, unread)}: not read, as DRBD holds the I/O of "
                f"{' and '.join(facts.held_back)} back: see `drbdadm status`",))
        failed = [(lv, problem) for lv, problem in facts.reads if problem]
        if failed:
            return refuse(
                request, parameters, ExitCode.ERR_GENERIC,
                "%s/%s cannot be read (%s)%s: look at `drbdadm status` and `dmesg`" % (
                    parameters.vgname, failed[0][0], failed[0][1],
                    f", nor can {len(failed) - 1} more" if len(failed) > 1 else ""))
    if trouble and request.degraded_known:
        return refuse(request, parameters, ExitCode.DEGRADED, trouble)
    if trouble and (trouble,) not in [d.args for d in facts.done("warn")]:
        return Do("warn", (trouble,))
    return Finish(ExitCode.SUCCESS, well=None if trouble or facts.history else well)
