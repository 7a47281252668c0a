# SPDX-License-Identifier: GPL-2.0-or-later
"""Monitors on this host, over the simulator's kernel files: no cluster, no root's rights needed."""

import os
import subprocess

from model import actions
from simulator import volumes, world
from simulator.stage import NODE, PYTHON, TREE, Stage, healthy

from bench.measure import measure

BARE = "bare python3 -I -S"
MONITOR = {agent: "%s monitor" % agent for agent in actions.ACTIONS}


def _command(argv, environment=None):
    return {"argv": list(argv), "environment": environment or {"PATH": "/usr/sbin:/usr/bin"}}


def bare():
    """{label: command} of the floor."""
    return {BARE: _command((PYTHON, "-I", "-S", "-c", "pass"))}


def of_stage(stage):
    """{label: command} of what Pacemaker runs most on a node where all is well."""
    found = bare()
    for agent, label in MONITOR.items():
        found[label] = _command(*stage.call(agent, "monitor"))
    for agent in MONITOR:
        found["%s meta-data" % agent] = _command(
            (os.path.join(TREE, "ocf", agent), "meta-data"))
    return found


def of_probes(stage):
    """{label: command} of probes on a node on which nothing runs."""
    return {"%s probe, absent" % agent: _command(*stage.call(agent, "probe")) for agent in MONITOR}


_PEAK = """
import posix, sys
def told(code, end=posix._exit):
    with open("/proc/self/status") as stream:
        peak = [line for line in stream if line.startswith("VmHWM")][0]
    posix.write(2, ("peak " + peak.split()[1]).encode())
    end(code)
posix._exit = told
sys.argv[1:] or told(0)
del sys.argv[0]
with open(sys.argv[0]) as stream:
    code = stream.read()
exec(compile(code, sys.argv[0], "exec"), {"__name__": "__main__", "__file__": sys.argv[0]})
"""


def peak(argv, environment):
    """Peak of the memory of an agent's process in KiB, bare Python's for no agent."""
    done = subprocess.run([PYTHON, "-IS", "-c", _PEAK] + argv, env=environment, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return int(done.stderr.rpartition("peak ")[2])


def monitors(rounds):
    """Figures of the monitors, probes and meta-data, side by side."""
    stage, empty = Stage(healthy()), Stage(world.reach("cluster-up"))
    try:
        stage.settle()
        commands = dict(of_stage(stage), **of_probes(empty))
        figures = measure(commands, rounds)
        for label, command in commands.items():
            figures[label]["peak"] = peak([] if label == BARE else command["argv"],
                                          command["environment"])
        return figures
    finally:
        stage.close()
        empty.close()


def many(lvs, groups):
    """A healthy pair whose VG vg0 has *lvs* LVs, beside *groups* - 1 other VGs with one each."""
    cluster = world.reach("active")
    node = cluster.nodes[NODE]
    while len(cluster.groups["vg0"].volumes) < lvs:
        number = len(cluster.groups["vg0"].volumes)
        volumes.create_volume(cluster, cluster.groups["vg0"], "many%d" % number, mib=4)
    for number in range(1, groups):
        group = volumes.create_group(cluster, "other%d" % number)
        volumes.create_volume(cluster, group, "lv0", mib=4)
    for group in cluster.groups.values():
        for volume in group.volumes.values():
            if not any(m.vg == group.name and m.lv == volume.name
                       for m in node.mappings.values()):
                volumes.map_volume(cluster, node, group, volume)
    return cluster


def growth(rounds, counts=(1, 10, 100, 1000)):
    """{"lvs": {count: figures}, "groups": {count: figures}} of a level-0 monitor of one VG."""
    found = {"lvs": {}, "groups": {}}
    for kind in found:
        stages = {}
        try:
            for count in counts if kind == "lvs" else counts[:3]:
                stages[count] = Stage(
                    healthy(many(count, 1) if kind == "lvs" else many(1, count)))
            commands = bare()
            for count, stage in stages.items():
                commands["%d" % count] = _command(*stage.call(actions.GROUP, "monitor"))
            found[kind] = measure(commands, rounds)
        finally:
            for stage in stages.values():
                stage.close()
    return found
