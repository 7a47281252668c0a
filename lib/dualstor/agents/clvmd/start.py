# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on start: lvm.conf, then quorum, fencing and dlm, then the daemon itself."""

from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents import lvmversion
from dualstor.agents.clvmd import common, deeds, mirror, options, reasons
from dualstor.kernel.locksocket import CLVMD, LVMLOCKD
from dualstor.ocf.codes import ExitCode
from dualstor.tools.quorum import CMAN

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Done, Step
    from dualstor.agents.clvmd.seen import Attempt, Case

#: Packages with the daemons (Debian and Fedora; RHEL 6).
PACKAGES = {LVMLOCKD: "lvm2-lockd", CLVMD: "lvm2-cluster"}

_TRIES, _PAUSE = 3, 3.0      # of a start that found no cluster manager; seconds between

#: Exit codes of clvmd (LVM2 daemons/clvmd/clvmd.c, DFAIL_*).
_NO_CLUSTER, _TIMED_OUT = 3, 5
_CLVMD_CODES = {
    1: reasons.INITIALISATION, 2: reasons.SOCKET, _NO_CLUSTER: reasons.NO_CLUSTER,
    4: reasons.RIGHTS,
}


def kind(case: "Case") -> "str | None":
    """Which daemon is to run, None when that is not known. Checks the kernel first."""
    if case.parameters.daemon != "auto":
        return case.parameters.daemon
    present = common.running(case)
    if present is not None:
        return present
    if case.version.number is None:
        return None
    return CLVMD if case.version.with_clvmd else LVMLOCKD


def decide(case: "Case") -> "Step":
    """The next step of start."""
    if common.processes(case):
        return _started(case)
    daemon = kind(case)
    refusal = admissible(case, daemon) or lvmversion.refusal(case) or settings(case)
    if refusal:
        return refusal
    done = case.done(deeds.launch)
    if done:
        step = _failed(case, daemon, done)
        if step:
            return step
    return waiting(case) or mirror.start(case, daemon) or Do(deeds.launch, (daemon,))


def _started(case: "Case") -> "Step":
    """The daemon runs: until it is ready, wait; then remember it."""
    found = common.processes(case)
    step = common.ailment(case)
    joining = found[0].program == CLVMD and CLVMD in case.recovering
    if step is None and not joining:
        if case.remembered is None or case.remembered.pid != found[0].pid \
                or case.remembered.start_time != found[0].start_time:
            if not case.done(deeds.remember):
                return Do(deeds.remember, found[:1])
        return Finish(ExitCode.SUCCESS)
    if isinstance(step, Finish) and (len(found) > 1 or found[0].state in ("Z", "T", "t")):
        return step
    return waiting(case) or case.wait(reasons.NOT_READY, daemon=found[0].program, pid=found[0].pid)


def _failed(case: "Case", daemon: "str | None",
            done: "tuple[Done[Attempt], ...]") -> "Finish | Wait | None":
    """The step after a daemon was started and does not run; None to start it again."""
    attempt = done[-1].outcome
    again = daemon == CLVMD and attempt.code in (_NO_CLUSTER, _TIMED_OUT) and len(done) < _TRIES
    if again and case.elapsed - done[-1].at >= _PAUSE:
        return None
    if attempt.code is None:
        reason = reasons.START_HUNG
    elif attempt.code == 0:
        reason = reasons.ENDED_AT_ONCE
    else:
        codes = _CLVMD_CODES if daemon == CLVMD else {}
        reason = codes.get(attempt.code, reasons.START_FAILED)
    said = case.say(reason, daemon=daemon, says=attempt.says)
    return Wait(said) if again else case.refuse(ExitCode.ERR_GENERIC, said)


def waiting(case: "Case") -> "Finish | Wait | None":
    """The step while the cluster is not ready for the daemon; None when it is."""
    if case.parameters.cluster_engine == common.SINGLENODE:
        return None
    quorum = case.quorum
    if quorum.engine is None:
        return case.refuse(ExitCode.ERR_INSTALLED, reasons.NO_ENGINE, says=quorum.says)
    if not quorum.running:
        return case.wait(reasons.NO_MEMBERSHIP, says=quorum.says)
    if quorum.quorate is None:
        return case.wait(reasons.QUORUM_UNKNOWN, says=quorum.says)
    if not quorum.quorate:
        return case.wait(reasons.NO_QUORUM, says=quorum.says)
    if quorum.engine == CMAN and case.fence_domain:
        return Wait(case.fence_domain)
    dlm = case.dlm
    if dlm.pending:
        return case.wait(reasons.DLM_WAITS, state=dlm.pending)
    if not dlm.ready:
        return case.wait(reasons.NO_CMAN_DLM if quorum.engine == CMAN else reasons.NO_DLM)
    return None


def admissible(case: "Case", daemon: "str | None") -> "Finish | None":
    """A refusal of daemon_options that could hide the daemon from the agent, else None."""
    if daemon is None:
        return None
    wrong = options.unadmitted(daemon, case.parameters.daemon_options)
    if wrong is None:
        return None
    return case.refuse(ExitCode.ERR_CONFIGURED, reasons.OPTION, daemon=daemon,
                       says=repr(wrong[:60]))


def admissible_for_any(case: "Case", daemons: "tuple[str, ...]") -> "Finish | None":
    """A refusal of daemon_options that none of *daemons* may have, else None."""
    refusals = [admissible(case, daemon) for daemon in daemons]
    return None if None in refusals else refusals[-1]


def settings(case: "Case") -> "Finish | None":
    """A refusal when lvm.conf of this host does not ask for the daemon's locks, else None."""
    daemon, found = kind(case), case.settings
    if daemon == CLVMD and not case.version.with_clvmd:
        return case.refuse(ExitCode.ERR_INSTALLED, reasons.NO_CLVMD, version=case.version)
    if daemon == LVMLOCKD:
        wrong = [("use_lvmlockd = 1", found.use_lvmlockd == "1")]
    else:
        wrong = [("locking_type = 3", found.locking_type == "3"),
                 ("fallback_to_local_locking = 0", found.fallback == "0"),
                 ("use_lvmetad = 0", found.use_lvmetad in ("0", None))]
    lines = ", ".join(line for line, right in wrong if not right)
    if not lines:
        return None
    if found.use_lvmetad not in ("0", None) and daemon == CLVMD and case.metadata_cache:
        return case.refuse(ExitCode.ERR_ARGS, reasons.LVMETAD, lines=lines,
                           pid=case.metadata_cache[0].pid)
    return case.refuse(ExitCode.ERR_ARGS, reasons.SETTINGS, daemon=daemon, lines=lines)
