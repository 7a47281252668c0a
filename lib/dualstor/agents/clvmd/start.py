# SPDX-License-Identifier: GPL-2.0-or-later
"""Deciding on start: lvm.conf, then quorum, fencing and dlm, then the daemon itself."""

from dualstor.action.steps import Do, Finish, Wait
from dualstor.agents import lvmversion
from dualstor.agents.clvmd import common, deeds, mirror, options
from dualstor.kernel.locksocket import CLVMD, LVMLOCKD
from dualstor.ocf.codes import ExitCode

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.action.steps import Done, Step
    from dualstor.agents.clvmd.seen import Attempt, Case

#: Packages with the daemons (Debian and Fedora; RHEL 6).
PACKAGES = {LVMLOCKD: "lvm2-lockd", CLVMD: "lvm2-cluster"}

_LVM_CONF = "/etc/lvm/lvm.conf"
_TRIES, _PAUSE = 3, 3.0      # of a start that found no cluster manager; seconds between

#: Exit codes of clvmd (LVM2 daemons/clvmd/clvmd.c, DFAIL_*).
_NO_CLUSTER, _TIMED_OUT = 3, 5
_CLVMD_CODES = {
    1: "it failed in its initialisation, or another clvmd holds its pid file",
    2: "it could not make its socket, or does not know an option",
    3: "it could not connect to the cluster manager or to dlm",
    4: "it lacks memory or root's rights",
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
    return waiting(case) or Wait(
        f"{found[0].program} (pid {found[0].pid}) to become ready",
        "look at `dlm_tool ls` and the system log of this node", 0.5)


def _failed(case: "Case", daemon: "str | None",
            done: "tuple[Done[Attempt], ...]") -> "Finish | Wait | None":
    """The step after a daemon was started and does not run; None to start it again."""
    attempt = done[-1].outcome
    if attempt.code is None:
        text = f"did not come up in time ({attempt.says})"
    elif attempt.code == 0:
        text = "ended right after its start"
    elif daemon == CLVMD and attempt.code in (_NO_CLUSTER, _TIMED_OUT) and len(done) < _TRIES:
        if case.elapsed - done[-1].at >= _PAUSE:
            return None
        return Wait(f"clvmd to find its cluster manager and dlm ({attempt.says})",
                    "look at `dlm_tool status` and the system log", 0.5)
    else:
        means = _CLVMD_CODES.get(attempt.code) if daemon == CLVMD else None
        text = f"failed: {means + '; it said: ' if means else ''}{attempt.says}"
    return case.refuse(ExitCode.ERR_GENERIC,
                         f"{daemon} {text}: look at the system log of this node")


def waiting(case: "Case") -> "Finish | Wait | None":
    """The step while the cluster is not ready for the daemon; None when it is."""
    if case.parameters.cluster_engine == common.SINGLENODE:
        return None
    quorum = case.quorum
    if quorum.engine is None:
        return case.refuse(ExitCode.ERR_INSTALLED,
                             f"no cluster engine is installed on this node ({quorum.says}): "
                             "install corosync or cman")
    if not quorum.running:
        return Wait(f"the membership of this node ({quorum.says})",
                    "start the cluster on this node")
    if quorum.quorate is not True:
        return Wait(f"quorum ({quorum.says})",
                    "start the other node, or look at the network between the nodes")
    if quorum.engine == "cman" and case.fence_domain:
        return Wait(case.fence_domain,
                    "mend the fencing, see `fence_tool ls` and `dualstor status`")
    dlm = case.dlm
    if dlm.pending:
        return Wait(f"dlm, which waits for {dlm.pending}",
                    "`dlm_tool ls` and `stonith_admin --history '*'` show more; fencing that fails "
                    "must be mended")
    if not dlm.ready:
        return Wait("dlm to be set up on this node",
                    "start the dlm resource and order it before this one")
    return None


def admissible(case: "Case", daemon: "str | None") -> "Finish | None":
    """A refusal of daemon_options that could hide the daemon from the agent, else None."""
    if daemon is None:
        return None
    wrong = options.unadmitted(daemon, case.parameters.daemon_options)
    if wrong is None:
        return None
    admitted = ", ".join(sorted(options.ADMITTED[daemon]))
    return case.refuse(ExitCode.ERR_CONFIGURED,
        f"daemon_options has {wrong[:60]!r}, with which {daemon} may not be supervised: take it "
        f"out, or use one of {admitted} (there are parameters for the "
        "cluster manager and the timeout)")


def settings(case: "Case") -> "Finish | None":
    """A refusal when lvm.conf of this host does not ask for the daemon's locks, else None."""
    daemon, found = kind(case), case.settings
    if daemon == CLVMD and not case.version.with_clvmd:
        return case.refuse(ExitCode.ERR_INSTALLED,
                             "this LVM has no clvmd: set daemon=lvmlockd or auto")
    if daemon == LVMLOCKD:
        wrong = [("use_lvmlockd = 1", found.use_lvmlockd == "1")]
    else:
        wrong = [("locking_type = 3", found.locking_type == "3"),
                 ("fallback_to_local_locking = 0", found.fallback == "0"),
                 ("use_lvmetad = 0", found.use_lvmetad in ("0", None))]
    lines = [line for line, right in wrong if not right]
    if not lines:
        return None
    also = ""
    if found.use_lvmetad not in ("0", None) and daemon == CLVMD and case.metadata_cache:
        also = f" (stop lvmetad, pid {case.metadata_cache[0].pid}, which sees this node alone)"
    return case.refuse(ExitCode.ERR_ARGS,    # the lines last: they must be shown
                         f"LVM is not set up for {daemon}{also}: in the global section of "
                         f"{_LVM_CONF} set {' and '.join(lines)}")
