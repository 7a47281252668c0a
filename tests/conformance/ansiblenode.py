# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs that the Ansible role runs on a node of a simulated pair, beyond those of the simulator.

``install`` puts them into the node's directory of programs. The configuration of the cluster is a
file for the real cibadmin, which merges the parts; the agents, started as processes in the order of
the configuration, are the real ones, too.
"""

import json
import os
import subprocess
import sys

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LIBRARY = os.path.join(os.path.dirname(_TESTS), "lib")
_PROGRAM = """#!{python} -S
import sys
sys.path[:0] = {folders!r}
from conformance import ansiblenode
sys.exit(ansiblenode.main({folder!r}, {node!r}))
"""


def install(lab, node):
    """Put the programs onto the PATH of a node of a ``simulator.path.Lab``."""
    script = os.path.join(lab.folder, node, "program")
    with open(script, "w", encoding="utf-8") as stream:
        stream.write(_PROGRAM.format(
            python=sys.executable, folder=lab.folder, node=node,
            folders=[_TESTS, _LIBRARY] + [each for each in sys.path if "site-packages" in each]))
    os.chmod(script, 0o755)
    for name in PROGRAMS:
        path = os.path.join(lab.folder, node, "bin", name)
        if os.path.lexists(path):
            os.unlink(path)
        os.symlink("../program", path)


def main(folder, node):
    """The program that argv[0] names; returns its exit code."""
    name = os.path.basename(sys.argv[0])
    home = os.path.join(folder, node)
    with open(os.path.join(folder, "typed"), "a", encoding="utf-8") as stream:
        stream.write(" ".join([node, name] + sys.argv[1:]) + "\n")
    return PROGRAMS[name](folder, home, node, sys.argv[1:]) or 0


def _dualstor(folder, home, node, words):
    """The command on this node's host; its files are in a directory that the simulator leaves alone."""
    from dualstor.command import main as command
    from dualstor.command.configure import command as configure
    from dualstor.host.host import Host
    from simulator import path
    if words[0] in ("status", "check"):
        print("%s of a simulated pair" % words[0])
        return 0
    files = os.path.join(home, "files")
    configure.Host = lambda deadline, root="/": path.host_of(folder, node, deadline) \
        if root == "/" else Host(deadline, root=root, path=(os.path.join(home, "bin"),))
    return command.main(words + (["--root", files] if words[0] == "configure" else []))


def _systemctl(folder, home, node, words):
    """systemd with the units of units.json: {name: [UnitFileState, ActiveState]}."""
    from simulator import path, world
    if words == ["start", "corosync", "pacemaker"]:
        with path.locked(folder) as cluster:
            world.start_cluster(cluster, cluster.nodes[node])
        return 0
    if words == ["is-system-running"]:
        print("running")
        return 0
    with open(home + "/units.json", encoding="utf-8") as stream:
        units = json.load(stream)
    verb, name = words[0], next(word for word in words[1:] if not word.startswith("-"))
    if verb == "show":
        print("LoadState=%s\nUnitFileState=%s\nActiveState=%s" % (
            "loaded" if name in units else "not-found", *units.get(name, ("", "inactive"))))
    elif verb == "is-enabled":
        print(units[name][0])
        return 1 if units[name][0] == "disabled" else 0
    elif verb in ("enable", "disable"):
        assert units[name][0] != "static"
        units[name][0] = verb + "d"
    else:
        assert verb == "stop"
        units[name][1] = "inactive"
    with open(home + "/units.json", "w", encoding="utf-8") as stream:
        json.dump(units, stream)
    return 0


def _cibadmin(folder, home, node, words):
    from simulator import multicall, path
    if "--local" in words:      # an agent asks
        return multicall.main(folder, node)
    with path.locked(folder) as cluster:
        if not cluster.nodes[node].pacemaker:
            return 102
    words = [home + "/root" + word if word.startswith("/run/") else word for word in words]
    return subprocess.run(["/usr/sbin/cibadmin", *words], check=False, env=dict(
        os.environ, CIB_file=os.path.join(folder, "cib.xml"))).returncode


def _crm_resource(folder, _, node, words):
    """With --wait: what Pacemaker does of what it has not done yet, on both nodes."""
    from model import actions
    from simulator import multicall, path
    if words != ["--wait"]:
        return multicall.main(folder, node)
    with open(os.path.join(folder, "cib.xml"), encoding="utf-8") as stream:
        configured = stream.read()
    there = path.Lab.__new__(path.Lab)
    there.folder = folder
    for agent in (actions.DRBD, actions.DAEMON, actions.GROUP):
        mark = os.path.join(folder, "started-" + agent)
        if 'type="%s"' % agent not in configured or os.path.exists(mark):
            continue
        for action in ("start", "promote") if agent == actions.DRBD else ("start",):
            for each in ("node1", "node2"):
                subprocess.run(there.agent_command(each, agent, action), check=True, env=dict(
                    os.environ, **actions.environ(agent, action, each)))
        with open(mark, "w", encoding="utf-8"):
            pass
    return 0


def _corosync_keygen(_, __, ___, words):
    with open(words[words.index("-k") + 1], "wb") as stream:
        stream.write(os.urandom(256))


def _wipefs(_, home, __, words):
    assert "--all" not in words and "-a" not in words
    try:
        with open(home + "/signatures" + words[-1], encoding="utf-8") as stream:
            print(stream.read(), end="")
    except FileNotFoundError:
        pass


def _firewall_cmd(_, home, __, words):
    """firewalld, with the open ports in a file: "now PORT" or "later PORT"."""
    if words == ["--state"]:
        return 0
    when, (verb, _, port) = words[0], words[1].partition("=")
    assert when in ("--permanent", "--quiet"), words
    with open(home + "/ports", "a+", encoding="utf-8") as stream:
        stream.seek(0)
        if verb == "--query-port":
            assert when == "--permanent"
            return 0 if "later %s\n" % port in stream else 1
        assert verb == "--add-port", words
        stream.write("%s %s\n" % ("later" if when == "--permanent" else "now", port))
    return 0


PROGRAMS = {"dualstor": _dualstor, "firewall-cmd": _firewall_cmd, "systemctl": _systemctl,
            "cibadmin": _cibadmin, "crm_resource": _crm_resource,
            "corosync-keygen": _corosync_keygen, "wipefs": _wipefs}
