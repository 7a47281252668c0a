# SPDX-License-Identifier: GPL-2.0-or-later
"""cman_tool and ccs_config_validate of cman 3.2.

Texts, order and exit codes: cluster STABLE3 cman/cman_tool/main.c, cman/daemon/commands.c,
config/tools/xml/ccs_config_validate.in, and what they printed when they ran.
"""

from simulator import getopt, locking, membership
from simulator.programs import program

_OPTIONS = "m:n:v:e:2p:c:i:N:t:o:k:F:C:VAPwfqazhXD::Sd::r::"
_OPERATIONS = ("join", "leave", "expected", "votes", "kill", "version", "wait", "status", "nodes",
               "services", "debug")
_JOIN_SECONDS = 2.0
_NO_TIME = " " * 19


class _Die(Exception):
    """The program ends with "NAME: TEXT" on stderr and exit code 1."""


def up(call):
    """Whether cman answers on this node."""
    return call.node.engine and call.cluster.has_cman


def _need(call):
    if not up(call):
        raise _Die("Cannot open connection to cman, is it running ?")


def _number(letter, text):
    try:
        value = int(text)
    except ValueError:
        raise _Die("argument to %s (%s) is not an integer" % (letter, text)) from None
    if value < 0:
        raise _Die("argument to %s cannot be negative" % letter)
    return value


# -- what it shows --------------------------------------------------------------------------------

def _ports(node):
    return [0] + ([11] if "clvmd" in node.lockspaces else [])


def _subsystems(node):
    return 1 + 2 * node.cman.fence_daemon + 2 * node.dlm_controld + ("clvmd" in node.lockspaces)


def _status(call):
    node, cluster = call.node, call.cluster
    quorate, votes = membership.quorate(cluster, node), membership.votes(cluster, node)
    lines = ["Version: 6.2.0", "Config Version: %d" % node.cman.config_version,
             "Cluster Name: alpha", "Cluster Id: 3169", "Cluster Member: Yes",
             "Cluster Generation: 8", "Membership state: %s" % node.cman.state,
             "Nodes: %d" % len(node.members),
             "Expected votes: %d" % membership.expected(cluster)]
    if cluster.quorum_disk:
        lines.append("Quorum device votes: %d" % cluster.quorum_disk)
    lines += ["Total votes: %d" % votes, "Node votes: %d" % node.cman.votes,
              "Quorum: %d %s" % (membership.needed(cluster), " " if quorate else "Activity blocked"),
              "Active subsystems: %d" % _subsystems(node),
              "Flags:%s " % "".join(" " + flag for flag in (
                  ["2node"] * cluster.two_node + node.cman.flags
                  + ["DisallowedNodes"] * bool(node.cman.disallowed))),
              "Ports Bound: %s " % "".join("%d " % port for port in _ports(node)),
              "Node name: %s" % node.name, "Node ID: %d" % node.id,
              "Multicast addresses: 239.192.12.109 ", "Node addresses: %s " % node.address]
    if node.cman.disallowed:
        lines.append("Disallowed nodes: %s" % "".join(
            cluster.node_by_id(number).name + " " for number in node.cman.disallowed))
    for line in lines:
        call.out(line)


def _letter(call, other):
    if other.id in call.node.cman.disallowed:
        return "d"
    return "M" if other.id in call.node.members else "X"


_WORDS = {"M": "Member", "X": "Dead", "d": "Disallowed"}


def _node_rows(call):
    """(id, letter, incarnation, joined, name, votes, addresses) of disk and nodes, by id."""
    rows = []
    if call.cluster.quorum_disk:
        rows.append((0, "M", 0, "2026-11-24 05:11:02", "/dev/sdc1", call.cluster.quorum_disk, ()))
    for other in call.cluster.nodes.values():
        letter = _letter(call, other)
        known = letter != "X" or call.node.joined_once      # a node that has gone has no address
        rows.append((other.id, letter, 4 * other.id if known else 0,
                     _NO_TIME if letter == "X" else "2026-11-24 05:10:55", other.name,
                     other.cman.votes, (other.address,) if letter != "X" else ()))
    return rows


def _nodes(call, only, fields, addresses):
    disallowed = len(call.node.cman.disallowed)
    if disallowed:
        call.out("NOTE: There are %d disallowed nodes,\n"
                 "      members list may seem inconsistent across the cluster" % disallowed)
    if fields is None:
        call.out("Node  Sts   Inc   Joined               Name")
    for number, letter, incarnation, joined, name, votes, where in _node_rows(call):
        if only and name not in only:
            continue
        if fields is None:
            call.out("%4u   %c  %5d   %s  %s" % (number, letter, incarnation, joined, name))
            if addresses and where:
                call.out("       Addresses: %s " % " ".join(where))
            continue
        values = {"id": number, "name": name, "type": letter, "votes": votes,
                  "exp": membership.expected(call.cluster), "state": _WORDS[letter],
                  "addr": ",".join(where)}
        call.out("".join("%s " % values[f] for f in fields.split(",") if f in values))


# -- what it does ---------------------------------------------------------------------------------

def _wait(call, quorum, timeout):
    """Generator; the exit code."""
    end = call.cluster.now + timeout if timeout else None
    while (quorum and not membership.quorate(call.cluster, call.node)) or not up(call):
        if end is not None and call.cluster.now >= end:
            call.err("Timed-out waiting for cluster")
            return 2
        yield 0.2
    return 0


def _valid(call, how, what):
    """Validate cluster.conf as -D says."""
    problem = call.cluster.conf_problem
    if how != "none" and problem:
        call.out("%s\nConfiguration fails to validate" % problem)
        if how != "warn":
            raise _Die("Not %s, configuration is not valid%s" % (
                what, "\n" if what == "joining" else ""))


def _join(call, how, waits, quorum, timeout):
    if timeout and not (waits or quorum):
        raise _Die("timeout is only appropriate with wait")
    _valid(call, how, "joining")
    if up(call):
        raise _Die("Node is already active")
    yield _JOIN_SECONDS
    membership.start_engine(call.cluster, call.node, fence_daemon=False)
    call.node.cman.config_version = call.cluster.conf_version
    return (yield from _wait(call, quorum, timeout)) if waits or quorum else 0


def _leave(call, force, waits, timeout):
    busy = _subsystems(call.node) > 1
    if busy and not force:
        if not waits:
            raise _Die("Error leaving cluster: Device or resource busy")
        if not timeout:
            while up(call):     # it waits for cman to go, which nobody told it to
                yield 0.5
        yield timeout
        call.err("Timed-out waiting for cluster")
        return 2
    yield 0.5
    clvmd = locking.daemon(call.node, "clvmd")
    if clvmd is not None:       # cman's clvmd ends with the cluster
        locking.end(call.cluster, call.node, clvmd, clean=True)
    call.node.lockspaces.clear()
    membership.stop_engine(call.cluster, call.node)
    return 0


def _reload(call, how, sync):
    version = call.cluster.conf_version
    if how != "none":
        _valid(call, how, "reloading")
        if version <= call.node.cman.config_version:
            raise _Die("Not reloading, config version older or equal the running config")
    if sync:
        call.err("sh: 1: /usr/bin/ccs_sync: not found")
        raise _Die("ccs_sync failed.\nIf you have distributed the config file yourself, "
                   "try re-running with -S\n")
    for node in call.cluster.nodes.values():
        if node.id in call.node.members:
            node.cman.config_version = version


def _expected(call, number):
    needed = (1 if call.cluster.two_node else number // 2 + 1) if number else 0
    if not needed or needed > membership.votes(call.cluster, call.node):
        raise _Die("can't set expected votes: Invalid argument")
    call.cluster.expected_votes = number


def _kill(call, names):
    if not names:
        raise _Die("No node name specified\n")
    _need(call)
    for name in names:
        victim = call.cluster.nodes.get(name)
        if victim is None:
            call.err("Can't kill node %s : No such file or directory" % name)
        elif victim.id not in call.node.members:
            call.err("kill node failed: Invalid argument")
        else:
            membership.lose_engine(call.cluster, victim)


def _options(call):
    """(operation, words besides it, letters with their values) of the command line."""
    found, words = getopt.parse(call.name, _OPTIONS, call.args)
    values, names = {}, []
    for letter, value in found:
        if letter in "vepNt":
            value = _number(letter, value)
        if letter == "D":
            value = {"F": "fail", "W": "warn", "N": "none"}.get((value or "N")[0].upper())
            if value is None:
                raise _Die("invalid option to -D, it should be 'force', 'warn' or 'none'\n")
        if letter == "r" and value:
            call.err("Warning: specifying a version for the -r flag is deprecated and no longer used")
        if letter == "n":
            names.append(value)
        values[letter] = value
    operation, others = None, []
    for word in words:
        if word in _OPERATIONS:
            if operation:
                raise _Die("can't specify two operations")
            operation = word
        elif word in ("remove", "force"):
            others.append(word)
        elif "r" in values and operation == "version" and word.isdigit():
            call.err("Warning: specifying a version for the -r flag is deprecated and no longer used")
        else:
            raise _Die("unknown option %s" % word)
    if operation is None:
        raise _Die("no operation specified")
    return operation, others, values, names


def _work(call):
    operation, others, values, names = _options(call)
    timeout, how = values.get("t", 0), values.get("D", "fail")
    if operation == "services":
        from simulator.programs.groups import services
        yield from services(call)
        return 0
    if operation == "join":
        return (yield from _join(call, how, "w" in values, "q" in values, timeout))
    if operation == "kill":
        _kill(call, names)
        return 0
    _need(call)
    if operation == "status":
        _status(call)
    elif operation == "nodes":
        _nodes(call, names, values.get("F"), "a" in values)
    elif operation == "version":
        if "r" in values:
            _reload(call, how, "S" not in values)
        else:
            call.out("6.2.0 config %d" % call.node.cman.config_version)
    elif operation == "wait":
        return (yield from _wait(call, "q" in values, timeout))
    elif operation == "leave":
        return (yield from _leave(call, "force" in others, "w" in values, timeout))
    elif operation == "expected":
        _expected(call, values.get("e", 0))
    elif operation == "votes":
        call.node.cman.votes = values.get("v", 0)
    return 0


@program("cman_tool")
def cman_tool(call):
    """cman_tool."""
    yield 0.02
    try:
        return (yield from _work(call))
    except getopt.Refused as refusal:
        call.err("%s\nPlease use '-h' for usage." % refusal)
    except _Die as death:
        call.err("%s: %s" % (call.name, death))
    return 1


@program("ccs_config_validate")
def ccs_config_validate(call):
    """Whether cluster.conf is what the schema says."""
    yield 0.3
    if call.value("-f") is None and call.cluster.conf_problem == "missing":
        call.out("")
        call.err("I/O warning : failed to load external entity \"/etc/cluster/cluster.conf\"\n"
                 "Unable to get the configuration")
        return 255
    problem, quiet = call.cluster.conf_problem, call.flag("-q")
    if problem:
        call.out("%s\nConfiguration fails to validate" % problem)
        return 3
    if not quiet:
        call.out("Configuration validates")
    return 0
