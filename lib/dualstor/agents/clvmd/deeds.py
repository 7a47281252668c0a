# SPDX-License-Identifier: GPL-2.0-or-later
"""What clvmd does on its host: functions of the agent that return their outcome."""

from dualstor import log
from dualstor.agents.clvmd import options, seen
from dualstor.errors import ToolMissing
from dualstor.host.deadline import Share
from dualstor.kernel import process
from dualstor.tools import lockdaemon

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Tuple

    from typing_extensions import Protocol

    from dualstor.host.host import Host

    class Agent(Protocol):
        """What deeds use of the agent."""

        host: Host
        case: seen.Case
        memory: Tuple[str, str]

        def see_exclusive(self) -> "frozenset[str] | None": ...

_ASK_TIME = Share(8.0)       # for a round trip
_LEAVE_TIME = Share(15.0)   # for lvmlockctl --stop-lockspaces


def ask_time(host: "Host") -> float:
    """Seconds for a round trip, and never all that is left: what follows needs some, too."""
    remaining = host.deadline.remaining
    return min(_ASK_TIME.of(remaining), remaining / 2)


def launch(agent: "Agent", daemon: str) -> "seen.Attempt":
    """Start the daemon."""
    words = (agent.case.parameters.daemon_options or "").split()
    if options.unadmitted(daemon, agent.case.parameters.daemon_options):  # a stop continues without
        words = []
    code, says = lockdaemon.launch(agent.host, daemon, words, agent.case.parameters.cluster_engine,
                                   agent.case.parameters.daemon_timeout)
    return seen.Attempt(code=code, says=says)


def launch_mirror_log(agent: "Agent") -> "seen.Attempt":
    """Start cmirrord."""
    try:
        code, says = lockdaemon.launch_mirror_log(agent.host,
                                                  agent.host.deadline.remaining / 3)
    except ToolMissing as problem:
        return seen.Attempt(code=None, says=str(problem), missing=True)
    return seen.Attempt(code=code, says=says)


def refresh(agent: "Agent") -> "seen.Attempt":
    """Have clvmd of every node read its configuration again."""
    code, says, peer = lockdaemon.refresh(agent.host, agent.host.deadline.remaining / 2)
    return seen.Attempt(code=code, says=says, peer=peer)


def restart(agent: "Agent", _pid: int) -> "seen.Attempt":
    """Have clvmd replace itself."""
    before = agent.see_exclusive()
    code, says = lockdaemon.restart(agent.host, ask_time(agent.host))
    return seen.Attempt(code=code, says=says, exclusive=before)


def warn(agent: "Agent", text: str) -> None:
    """Write a warning into the system log."""
    log.warning("%s", text)


def remember(agent: "Agent", daemon: "process.Process") -> None:
    """Keep which process is ours."""
    agent.host.remember(process.to_text(agent.host, daemon), *agent.memory)


def forget(agent: "Agent") -> None:
    """Drop what start has left."""
    agent.host.forget(*agent.memory)


def stop_lockspaces(agent: "Agent") -> "seen.Attempt":
    """Make lvmlockd leave its lockspaces."""
    remaining = agent.host.deadline.remaining
    code, says = lockdaemon.stop_lockspaces(
        agent.host, min(_LEAVE_TIME.of(remaining), remaining / 3))
    return seen.Attempt(code=code, says=says)


def leave(agent: "Agent", *names: str) -> "seen.Attempt":
    """Have the kernel leave the lockspaces of an lvmlockd that has died."""
    code: "int | None" = 0
    says = ""
    for name in names:
        remaining = agent.host.deadline.remaining
        code, says = lockdaemon.leave(
            agent.host, name, min(_LEAVE_TIME.of(remaining), remaining / 4))
        if code != 0:
            break
    return seen.Attempt(code=code, says=says)


def signal(agent: "Agent", pid: int, start_time: int, number: int) -> None:
    """Send a signal to the process, unless its number is another one's by now."""
    now = process.look(agent.host, pid)
    if now is None or now.start_time != start_time:
        return
    if number == 9:
        log.warning("%s (pid %d) does not end: killing it", now.program, pid)
    agent.host.kill(pid, number)
