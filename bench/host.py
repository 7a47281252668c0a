# SPDX-License-Identifier: GPL-2.0-or-later
"""Monitors on this host, over the simulator's kernel files: no cluster, no root's rights needed."""

import contextlib
import os
import subprocess

from model import actions
from simulator import volumes, world
from simulator.stage import NODE, PYTHON, TREE, Stage, healthy
from simulator.state import DRBD_9

from bench import before as earlier
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


def of_full_looks(stage):
    """{label: command} of monitors that repeat no answer; the programs they run are simulated ones."""
    found = {}
    for agent in MONITOR:
        argv, environment = stage.call(agent, "monitor")
        del environment["OCF_RESOURCE_INSTANCE"]    # nobody's answer is kept
        found["%s full look" % agent] = _command(argv, environment)
    return found


def of_drbd_nine(stage):
    """{label: command} of the monitors of a healthy resource of DRBD 9: an answer repeated, and a full look."""
    label = "%s monitor, DRBD 9" % actions.DRBD
    looks = of_full_looks(stage)
    return {label: _command(*stage.call(actions.DRBD, "monitor")),
            "%s full look, DRBD 9" % actions.DRBD: looks["%s full look" % actions.DRBD]}


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
try:
    exec(compile(code, sys.argv[0], "exec"), {"__name__": "__main__", "__file__": sys.argv[0]})
except SystemExit as ended:
    told(ended.code or 0)
"""


def peak(argv, environment):
    """Peak of the memory of an agent's process in KiB, bare Python's for no agent."""
    done = subprocess.run([PYTHON, "-IS", "-c", _PEAK] + argv, env=environment, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return int(done.stderr.rpartition("peak ")[2])


def monitors(rounds, before=None):
    """Figures of the monitors, probes and meta-data, side by side.

    :param before: a revision of which the same is measured in the same rounds
    """
    stage, empty, nine = Stage(healthy()), Stage(world.reach("cluster-up")), Stage(healthy(_with_nine()))
    with contextlib.ExitStack() as stack:
        for each in (stage, empty, nine):
            stack.callback(each.close)
        for each in (stage, nine):
            each.settle()
        commands = dict(of_stage(stage), **of_probes(empty))
        commands.update(of_drbd_nine(nine))
        commands.update(of_full_looks(stage))
        if before:
            commands.update(("before: " + label, command) for label, command in
                            stack.enter_context(earlier.commands(before)).items() if label != BARE)
        figures = measure(commands, rounds)
        for label, command in commands.items():
            figures[label]["peak"] = peak([] if label == BARE else command["argv"],
                                          command["environment"])
        return figures


def _with_nine():
    """A cluster in which everything runs, on DRBD 9."""
    return world.reach("active", drbd_version=DRBD_9)


def instructions():
    """{label: instructions in user space} of bare Python, healthy monitors and meta-data.

    By valgrind's callgrind: the same on every run, however busy the machine; the kernel's part
    is not in it.
    """
    stage, nine = Stage(healthy()), Stage(healthy(_with_nine()))
    try:
        counts = {}
        for each, commands in ((stage, of_stage(stage)), (nine, of_drbd_nine(nine))):
            each.settle()
            for label, command in commands.items():
                for agent in actions.ACTIONS:   # an answer lasts a minute, less than two of these counts
                    each.run(agent, "monitor")
                counts[label] = _instructions(**command)
        return counts
    finally:
        stage.close()
        nine.close()


def _instructions(argv, environment):
    argv = argv if argv[0] == PYTHON else [PYTHON, "-I", "-S"] + argv
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"] + argv, env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return int(done.stderr.partition("Collected : ")[2].split()[0])


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
