# SPDX-License-Identifier: GPL-2.0-or-later
"""What clvmd does on its host: functions of the agent; what they return, ``decide`` judges."""

from dualstor import log
from dualstor.agents.clvmd import options, seen
from dualstor.errors import ToolMissing
from dualstor.kernel import process
from dualstor.tools import lockdaemon

_LEAVE_TIME = 15.0     # seconds for lvmlockctl --stop-lockspaces


def launch(agent, daemon):
    """Start the daemon."""
    words = (agent.parameters.daemon_options or "").split()
    if options.unadmitted(daemon, agent.parameters.daemon_options):  # a stop goes on without
        words = []
    code, says = lockdaemon.launch(agent.host, daemon, words, agent.parameters.cluster_engine,
                                   agent.parameters.daemon_timeout)
    return seen.Attempt(code=code, says=says)


def launch_mirror_log(agent):
    """Start cmirrord."""
    try:
        code, says = lockdaemon.launch_mirror_log(agent.host,
                                                  agent.host.deadline.remaining / 3)
    except ToolMissing as problem:
        return seen.Attempt(code=None, says=problem.reason, missing=True)
    return seen.Attempt(code=code, says=says)


def refresh(agent):
    """Have clvmd of every node read its configuration anew."""
    code, says, peer = lockdaemon.refresh(agent.host, agent.host.deadline.remaining / 2)
    return seen.Attempt(code=code, says=says, peer=peer)


def restart(agent, _pid):
    """Have clvmd replace itself."""
    before = agent.see_exclusive()
    code, says = lockdaemon.restart(agent.host, min(agent.ASK_TIME, agent.host.deadline.remaining / 2))
    return seen.Attempt(code=code, says=says, exclusive=before)


def warn(agent, text):
    """Tell the administrator in the system log."""
    log.warning("%s", text)


def remember(agent, daemon):
    """Keep which process is ours."""
    agent.host.remember(process.to_text(agent.host, daemon), *agent.memory)


def forget(agent):
    """Drop what start has left."""
    agent.host.forget(*agent.memory)


def stop_lockspaces(agent):
    """Make lvmlockd leave its lockspaces."""
    code, says = lockdaemon.stop_lockspaces(
        agent.host, min(_LEAVE_TIME, agent.host.deadline.remaining / 3))
    return seen.Attempt(code=code, says=says)


def signal(agent, pid, start_time, number):
    """Send a signal to the process, unless its number is another one's by now."""
    now = process.look(agent.host, pid)
    if now is None or now.start_time != start_time:
        return
    if number == 9:
        log.warning("%s (pid %d) does not end: killing it", now.program, pid)
    agent.host.kill(pid, number)
