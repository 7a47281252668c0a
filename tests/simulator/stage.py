# SPDX-License-Identifier: GPL-2.0-or-later
"""A healthy simulated node on this host, on which the agents run as the programs they are.

The node's kernel files lie below a folder; each agent is an executable that differs from the
one in ocf/ by that folder, and by a driver that is a file.
"""

import os
import shutil
import subprocess
import tempfile

from dualstor.agents.catalogue import load
from dualstor.host.files import Files
from dualstor.look import sights, well
from dualstor.main import perform
from model import actions
from paper import kept
from simulator import dmlist, path, watcher, world
from simulator.host import Simulation

NODE = "node1"
TREE = os.path.dirname(path.LIBRARY)
PYTHON = "/usr/bin/python3"

_STUB = """#!%(python)s -IS
import sys

sys.path[:0] = (%(library)r,)

from dualstor.host.files import Files  # noqa: E402
from dualstor.script import run  # noqa: E402


def ioctl(self, name, request, data):   # as device-mapper's driver would
    with open(self.file(name), "rb") as stream:
        listed = stream.read()
    if 312 + len(listed) > len(data):
        data[29] = 1
    else:
        data[12:16] = (312 + len(listed)).to_bytes(4, sys.byteorder)
        data[312:312 + len(listed)] = listed
    return True


def make_host(deadline):
    from dualstor.host.host import Host

    class FileHost(Host):
        def device(self, name):     # device nodes are files that tell their numbers
            words = (self.read(name) or "").partition("\\n")[0].split()
            return tuple(map(int, words[2].split(":"))) if words[:2] == ["block", "device"] else None

        def leave_behind(self, name, arguments):
            pass

    return FileHost(deadline, %(root)r, (%(programs)r,))


Files.ioctl = ioctl
Files.lock_holder = lambda self, *name: %(watcher)r     # a process of the simulation
Files.lock_text = lambda self, *name: "%%.2f" %% self.uptime()
run(%(name)r, Files(%(root)r), make_host)
"""


def healthy(cluster=None):
    """A cluster in which the first monitors have had their look, in this process."""
    simulation = Simulation(cluster or world.reach("active"))
    for agent, action in ((actions.DRBD, "start"), (actions.DRBD, "promote"),
                          (actions.DRBD, "monitor"), (actions.DRBD, "monitor"),
                          (actions.GROUP, "start"),
                          (actions.GROUP, "monitor"), (actions.GROUP, "monitor")):
        actions.act(simulation, agent, action, NODE)
    return simulation.cluster


class Stage:
    """A simulated pair in which everything runs; ``close`` ends it.

    :param cluster: simulator.state.Cluster
    :param python: the interpreter of the agents
    """

    def __init__(self, cluster, python=PYTHON):
        self.python = python
        files = cluster.nodes[NODE].files
        answers = {name: files.pop(name) for name in list(files) if name.startswith(kept("well"))}
        watching = watcher.of(cluster.nodes[NODE], "vg0")
        self.watcher = watching and os.getpid()     # one that lives as long
        if watching:
            answers = {name: text.replace("process\t%d\t" % watching.pid, "process\t%d\t" % self.watcher)
                       for name, text in answers.items()}
        self.folder = tempfile.mkdtemp(prefix="bench", dir="/tmp")   # short: sockets lie below it
        self.lab = path.Lab(self.folder, cluster)
        self.home = os.path.join(self.folder, NODE)
        if watching:
            watching.pid, watching.start_time = self.watcher, path.start_time(self.watcher)
            with self.lab.state() as now:
                now.nodes[NODE].processes[str(self.watcher)] = watching
        for name in actions.ACTIONS:
            self._install(name)
        for name, text in answers.items():
            self._keep(name, well.from_text(text))

    def _keep(self, name, answer):
        """Have an answer of the simulation stand on the files, devices and clock of this stage."""
        files = Files(self.home + "/root")
        files.ioctl = lambda name, _, data: dmlist.answer_from(files.file(name), data)
        seen = sights.see(files, [sight[:2] for sight in answer.sights])
        if seen is not None:
            with open(files.file(name), "w", encoding="utf-8") as stream:
                stream.write(well.to_text(well.Well(answer.code, answer.reason, files.uptime(), answer.asked, seen)))

    def _install(self, name):
        place = os.path.join(self.home, name)
        with open(place, "w", encoding="utf-8") as stream:
            stream.write(_STUB % {"python": self.python, "library": path.LIBRARY, "name": name,
                                  "root": self.home + "/root", "programs": self.home + "/bin",
                                  "watcher": self.watcher})
        os.chmod(place, 0o755)

    def call(self, agent, action, **parameters):
        """(argument list, environment) of an action of an agent, as execd would start it."""
        word = "monitor" if action == "probe" else action
        return ([os.path.join(self.home, agent), word],
                actions.environ(agent, action, NODE, **parameters))

    def run(self, agent, action, **parameters):
        """Run an action to its end; returns subprocess.CompletedProcess."""
        argv, environment = self.call(agent, action, **parameters)
        return subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, check=False,
                              capture_output=True, text=True)

    def settle(self):
        """Let the daemon's start leave what monitors go by; its process is a real one."""
        perform(load(actions.DAEMON), "start", actions.environ(actions.DAEMON, "start", NODE),
                lambda deadline: self.lab.host(NODE, deadline))

    def close(self):
        """End the daemons and remove the files."""
        self.lab.close()
        shutil.rmtree(self.folder, ignore_errors=True)
