# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on stop: nothing active in the kernel is success, whatever else is broken.

LVM deactivates where its locks are granted; where they are not, and for what
LVM could not do, device-mapper removes what nobody has open.
"""

from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents.clustered_vg import locking
from dualstor.agents.clustered_vg.seen import refuse
from dualstor.ocf.codes import ExitCode

_TRIES, _PAUSE = 5, 1.0     # of what is left; seconds between (udev opens LVs for a moment)
_RECOVERY_PATIENCE = 10.0   # seconds for dlm to recover before LVM is done without
_LEAVING = 5.0              # seconds for the lockspace to go

#: Kinds of message of an LV that is simply in use: nothing that dmsetup could mend.
_IN_USE = frozenset(("open", "consequence", "warning", "unlocked reading"))


def decide(request, parameters, facts):
    """The next step of stop."""
    if not facts.active:
        return _end_of_locking(facts)
    obstacle = None if _hung(facts) else locking.obstacle(facts)
    if obstacle and obstacle.recovery and not facts.history \
            and facts.elapsed < _RECOVERY_PATIENCE:
        return Wait(f"{obstacle.what}, before VG {parameters.vgname} is deactivated",
                    obstacle.hint)
    if _hung(facts) or obstacle:
        return _without_locks(request, parameters, facts)
    return _with_locks(request, parameters, facts)


def _hung(facts):
    return any(d.outcome.hung for d in facts.history
               if d.deed in ("deactivate_group", "deactivate", "stop_locking", "release"))


def _names(facts):
    """Names of the active LVs that LVM can be told to deactivate."""
    return tuple(sorted({v.lv for v in facts.active if not v.layer}))


def _with_locks(request, parameters, facts):
    if not facts.done("deactivate_group"):
        return Do("deactivate_group")
    names = _names(facts)
    if names and not facts.done("deactivate"):
        return Do("deactivate", names)
    last = facts.last("deactivate")
    if last is None or last.ok or last.kinds - _IN_USE:
        if not facts.done("remove_devices"):
            return Do("remove_devices")
    elif any(words for _, words in facts.held):  # LVM has tried for 5 s (retry_deactivation)
        return refuse(request, parameters, ExitCode.ERR_GENERIC,
                      _who_holds(parameters.vgname, facts))
    return _again(request, parameters, facts, Do("deactivate", names) if names
                  else Do("remove_devices"))


def _without_locks(request, parameters, facts):
    if not facts.done("remove_devices"):
        return Do("remove_devices")
    return _again(request, parameters, facts, Do("remove_devices"))


def _again(request, parameters, facts, deed):
    """Another try, but not at once and not for ever."""
    done = facts.done("deactivate") + facts.done("remove_devices")
    if len(done) < _TRIES:
        if facts.elapsed - max(d.at for d in done) >= _PAUSE:
            return deed
        return Wait(f"the LVs of VG {parameters.vgname} to be closed",
                    "`dmsetup info -c` shows which are open", _PAUSE)
    return refuse(request, parameters, ExitCode.ERR_GENERIC, _who_holds(parameters.vgname, facts))


def _who_holds(vg, facts):
    """Which LVs could not be deactivated and who holds them, with the next step."""
    held = [(lv, words) for lv, words in facts.held if words]
    if held:
        shown = "; ".join(f"{vg}/{lv} is held open by {', '.join(words[:3])}"
                          for lv, words in held[:3])
        more = "" if len(held) <= 3 else f" and {len(held) - 3} more LVs are held"
        return f"{shown}{more}: end that use, then clean up this resource"
    names = ", ".join(f"{vg}/{lv}" for lv in sorted({v.lv for v in facts.active})[:3])
    says = [d.outcome.says for d in facts.history if getattr(d.outcome, "says", "")]
    return (f"{names} stays active ({says[-1] if says else 'no tool said why'}): look at `dmsetup "
            "info -c` and `dmsetup ls --tree`")


def _end_of_locking(facts):
    """Leave the VG's lockspace, so that lvmlockd can end; what is left of it is no failure."""
    if not facts.lockspaces.group:
        return _end(facts)
    if _hung(facts):
        return _end(facts, "a command hung")
    obstacle = locking.obstacle(facts)
    if obstacle:
        return _end(facts, obstacle.why)
    done = facts.done("stop_locking")
    if not done:
        return Do("stop_locking")
    outcome = done[-1].outcome
    if "locks remain" in outcome.kinds and not facts.done("release"):
        return Do("release")
    if "locks remain" in outcome.kinds and len(done) == 1:
        return Do("stop_locking")
    if outcome.ok and facts.elapsed - done[-1].at < _LEAVING:
        return Wait("the lockspace to go", "`dlm_tool ls` shows it", 0.5)
    return _end(facts, outcome.says)


def _end(facts, trouble=""):
    warning = trouble and f"no LV is active, but its lockspace is left: {trouble}"
    if (facts.remembered or warning) and not facts.done("forget"):
        return Do("forget", (warning,))
    return Finish(ExitCode.SUCCESS)
