# SPDX-License-Identifier: GPL-2.0-or-later
"""clvmd and cmirrord of LVM 2.02, by version.

Options, texts and exit codes: LVM2 daemons/clvmd/{clvmd,refresh_clvmd,clvmd-command}.c of 2.02.84
and 2.02.188, daemons/cmirrord/clogd.c, and what they printed when they ran.
"""

from simulator import clustered, getopt, locking
from simulator.programs import program
from simulator.programs.lockd import spawn

_USAGE = """Usage: clvmd [options]
   -C       Sets debug level (from -d) on all clvmd instances clusterwide
   -d[<n>]  Set debug logging (0:none, 1:stderr (implies -f option), 2:syslog)
   -E<uuid> Take this lock uuid as exclusively locked resource (for restart)
   -f       Don't fork, run in the foreground
   -h       Show this help information
   -I<cmgr> Cluster manager (default: auto)
            Available cluster managers: %s
   -R       Tell all running clvmds in the cluster to reload their device cache
   -S       Restart clvmd, preserving exclusive locks
   -t<secs> Command timeout (default: 60 seconds)
   -T<secs> Startup timeout (default:  0 seconds)
   -V       Show version of clvmd
"""
_USAGE_84 = """Usage: clvmd [options]
   -V       Show version of clvmd
   -h       Show this help information
   -d[n]    Set debug logging (0:none, 1:stderr (implies -f option), 2:syslog)
   -f       Don't fork, run in the foreground
   -R       Tell all running clvmds in the cluster to reload their device cache
   -S       Restart clvmd, preserving exclusive locks
   -C       Sets debug level (from -d) on all clvmd instances clusterwide
   -t<secs> Command timeout (default 60 seconds)
   -T<secs> Startup timeout (default none)
   -I<cmgr> Cluster manager (default: auto)
            Available cluster managers: %s"""
_BUILDS = {True: "corosync cman openais ", False: "corosync singlenode "}
_BUILD_84 = "cman "
_RELEASED = {(2, 2, 84): "2.02.84(2) (2011-02-09)", (2, 2, 188): "2.02.188(2) (2021-05-07)"}


def _usage(call):
    if locking.version(call.node) < (2, 2, 89):
        return _USAGE_84 % _BUILD_84
    return _USAGE % _BUILDS[call.cluster.has_cman]


def _unreachable(call):
    return "No such file or directory" if locking.SOCKET["clvmd"] not in call.node.sockets \
        else "Connection refused"


def _running(call):
    """Whether somebody listens for a request of -R or -S; says so if not."""
    if locking.daemon(call.node, "clvmd") is None:
        call.err("connect() failed on local socket: %s" % _unreachable(call))
        return False
    return True


def _reads_hang(node):
    """Whether DRBD holds back the I/O of a device: clvmd reads from each."""
    return any(each.suspended and each.role == "Primary" for each in node.drbd.values())


def _refresh(call):
    """-R: a round trip through every node's clvmd; generator of the exit code."""
    if not _running(call):
        return 1
    locking.knock(call.cluster, call.node, locking.daemon(call.node, "clvmd"))
    while not locking.answers(call.cluster, call.node, "clvmd") or _reads_hang(call.node):
        yield 0.5
    lacking = clustered.lacking(call.cluster, call.node)
    if lacking is not None:
        call.write_err("clvmd not running on node %s" % lacking.name)
        return 1
    return 0


def _restart(call):
    """-S: the wish is sent; generator of the exit code."""
    if not _running(call):
        return 1
    process = locking.daemon(call.node, "clvmd")
    if locking.answers(call.cluster, call.node, "clvmd"):
        end = getattr(call, "end_process", None)
        if end:
            end(process.pid)
        make = getattr(call, "make_process", None)
        identity = make("clvmd", {}) if make else {}
        locking.replace(call.cluster, call.node, process, identity)
    yield 0.5
    return 0


class _Ended(Exception):
    """It ends while it reads its options: with an exit code, or to do what an option says."""

    def __init__(self, code, work=None):
        super().__init__(code)
        self.code, self.work = code, work


def _options(call):
    """The options as a dict; raises _Ended."""
    old = locking.version(call.node)
    debug = "d::" if old < (2, 2, 100) else "d:"
    try:
        found, _ = getopt.parse("clvmd", "Vhf%st:RST:CI:E:" % debug, call.args)
    except getopt.Refused:
        call.err(_usage(call))
        raise _Ended(0 if old < (2, 2, 86) else 2) from None
    values = {}
    for letter, value in found:
        if letter == "h":
            call.out(_usage(call))
            raise _Ended(0)
        if letter == "V":
            call.out("Cluster LVM daemon version: %s\nProtocol version:           0.2.1"
                     % _RELEASED.get(old, call.node.lvm_version))
            raise _Ended(0)
        if letter in "RS":
            raise _Ended(None, {"R": _refresh, "S": _restart}[letter])
        if letter in "tT" and not (value.isdigit() and int(value) > 0):
            call.err("%s timeout is invalid" % {"t": "command", "T": "startup"}[letter])
            call.err(_usage(call))
            raise _Ended(1)
        values[letter] = value
    return values


def _start(call, values):
    """Become a daemon; generator of the parent's exit code."""
    running = locking.daemon(call.node, "clvmd")
    if "d" in values:
        if running is not None:     # -d of a running one only sets its level
            while not locking.answers(call.cluster, call.node, "clvmd"):
                yield 0.5
            return 0
    if running is not None:
        call.err("clvmd failed in initialisation")
        return 1
    manager = values.get("I", "auto")
    suits = manager != ("cman" if not call.cluster.has_cman else "corosync")
    alone = manager == "singlenode" and manager in _BUILDS[call.cluster.has_cman].split()
    if not alone and not (locking.dlm_ready(call.node) and suits):
        call.node.sockets[locking.SOCKET["clvmd"]] = 0      # it leaves its socket behind
        call.err("clvmd could not connect to cluster manager\n"
                 "Consult syslog for more information")
        return 3
    process = spawn(call, "clvmd")
    process.ready = alone
    pid, end = str(process.pid), call.cluster.now + float(values.get("T") or 1e9)
    yield 0.3
    while True:
        process = call.node.processes.get(pid)
        if process is None:
            call.err("clvmd failed in initialisation")
            return 1
        if process.ready:
            return 0
        if call.cluster.now >= end:
            call.err("clvmd startup timed out")
            return 5
        yield 0.25


@program("clvmd")
def clvmd(call):
    """clvmd: starts the daemon and waits until it is ready; -R, -S, -V, -h."""
    yield 0.05
    try:
        values = _options(call)
    except _Ended as ended:
        return ended.code if ended.work is None else (yield from ended.work(call))
    return (yield from _start(call, values))


@program("cmirrord")
def cmirrord(call):
    """cmirrord: starts the daemon; it says nearly everything in the system log."""
    yield 0.2
    usage = "Usage: cmirrord [options]\n" \
            "   -f, --foreground    stay in the foreground, log to the terminal\n" \
            "   -h, --help          print this help"
    if call.flag("-h", "--help"):
        call.out(usage)
        return 0
    if call.args:
        if call.args[0].startswith("-"):
            call.err("cmirrord: invalid option -- '%s'" % call.args[0][1:2])
        call.err(usage)
        return 2
    if not call.node.engine:
        call.out("Unable to initialize checkpoint service\nHas the cluster infrastructure been started?")
    if not call.node.engine or locking.daemon(call.node, "cmirrord") is not None:
        return 1
    spawn(call, "cmirrord")
    return 0
