# SPDX-License-Identifier: GPL-2.0-or-later
"""cman_tool of cman 3, its commands: wait, join, leave, votes, kill, a new configuration.

Exit codes: cluster STABLE3 cman/cman_tool/main.c: 1 with "cman_tool: TEXT" on stderr for what
failed, 2 for a wait that timed out. ``kill`` ends with 0 always: only its stderr shows a failure.
"""

from dualstor.errors import ParseError, ToolError
from dualstor.host.deadline import QUERY
from dualstor.kernel import dlm
from dualstor.record import Record
from dualstor.tools import cman, fence_tool

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host

_TIMED_OUT = 2
_BUSY = "Device or resource busy"
_ALREADY = "already active"
_INVALID = "configuration is not valid"
_NO_NEWER = "older or equal the running config"
_KILL_FAILED = ("Can't kill node", "kill node failed")


class CmanOutcome(Record):
    """How a command ended; ``says`` is one line."""

    ok: bool
    says: str = ""
    running: bool = True          # False: there is no cman on this node
    timed_out: bool = False
    busy: "tuple[str, ...]" = ()  # leave: what still uses the cluster, as words
    already: bool = False         # join: this node is a member; reload: this configuration runs
    invalid: bool = False         # join, reload: cluster.conf does not validate


def _do(host: "Host", argv: "tuple[str, ...]", timeout: float,
        silent_failures: "tuple[str, ...]" = ()) -> "CmanOutcome":
    """Run a command: its CmanOutcome."""
    completed = host.run(("cman_tool",) + argv, timeout)
    said = completed.stderr
    failed = not completed.ok or any(text in said for text in silent_failures)
    return CmanOutcome(ok=not failed, says="" if not failed else completed.complaint(),
                   running=cman.NOT_RUNNING not in said,
                   timed_out=completed.returncode == _TIMED_OUT,
                   already=_ALREADY in said or _NO_NEWER in said, invalid=_INVALID in said)


def wait(host: "Host", seconds: float, quorum: bool = True) -> "CmanOutcome":
    """Wait until this node is a member, and for quorum. A CmanOutcome.

    It does not wait for cman itself to be started: that fails at once.

    :raises ToolMissing, ToolHung: as Host.run
    """
    options = ("-q",) if quorum else ()
    return _do(host, ("-t", str(int(seconds))) + options + ("wait",), seconds + QUERY)


def join(host: "Host", seconds: float, validation: str = "fail") -> "CmanOutcome":
    """Join the cluster and wait for membership. A CmanOutcome; ``already``: it was a member.

    :param validation: what to do with a cluster.conf that does not validate: "fail", "warn", "none"
    """
    return _do(host, ("-t", str(int(seconds)), "-w", "-D" + validation, "join"),
               seconds + QUERY)


def leave(host: "Host", timeout: float, remove: bool = False) -> "CmanOutcome":
    """Leave the cluster; never by force. A CmanOutcome; ``busy`` names what still uses the cluster.

    :param remove: the other nodes count this one's votes no longer
    """
    outcome = _do(host, ("leave", "remove") if remove else ("leave",), timeout)
    if outcome.ok or _BUSY not in outcome.says:
        return outcome
    names = users(host)
    return outcome.but(busy=names, says=f"{outcome.says}: in use by {', '.join(names)}")


def users(host: "Host") -> "tuple[str, ...]":
    """What keeps this node from leaving the cluster, as a tuple of words; cman itself names none.

    Each must be stopped by its own means: fenced with ``fence_tool leave``, clvmd by its resource.
    """
    found = [f"dlm lockspace {name}" for name in dlm.lockspaces(host)]
    try:
        if fence_tool.ls(host) is not None:
            found.append("fenced (fence domain)")
        status = cman.status(host)
    except (ToolError, ParseError):
        return tuple(found) or ("an unknown subsystem",)
    ports = [port for port in status.ports if port]   # 0 is cman's own
    found += [f"clvmd (port {p})" if p == cman.CLVMD_PORT else f"port {p}" for p in ports]
    return tuple(found) or (f"one of {status.subsystems} subsystems",)


def expected(host: "Host", votes: int, timeout: float = QUERY) -> "CmanOutcome":
    """Set the votes the cluster expects. A CmanOutcome; refused when quorum would be lost."""
    return _do(host, ("expected", "-e", str(votes)), timeout)


def set_votes(host: "Host", number: int, timeout: float = QUERY) -> "CmanOutcome":
    """Set the votes of this node. A CmanOutcome."""
    return _do(host, ("votes", "-v", str(number)), timeout)


def kill(host: "Host", node: str, timeout: float = QUERY) -> "CmanOutcome":
    """Make a node leave at once. A CmanOutcome."""
    return _do(host, ("kill", "-n", node), timeout, _KILL_FAILED)


def reload(host: "Host", timeout: float, distribute: bool = False) -> "CmanOutcome":
    """Have all nodes take the new cluster.conf, of cman 3.1 and later. A CmanOutcome.

    :param distribute: send the file to the other nodes first (with ccs_sync, which needs ricci)
    """
    return _do(host, ("version", "-r") if distribute else ("version", "-r", "-S"), timeout)
