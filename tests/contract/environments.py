# SPDX-License-Identifier: GPL-2.0-or-later
"""The two places in which contract tests run: the simulator, and the lab's machines.

Both give ``host(name)``, a Host of a node, and ``settle()``, which lets pass
the time that the cluster needs. Both begin with DRBD Primary on both nodes and
the shared VG vg0 with the LV lv0 active on both.
"""

import base64
import errno
import json
import os
import time

from dualstor.errors import ToolHung, ToolMissing
from dualstor.host.deadline import Deadline
from dualstor.host.host import BUSY, Host
from dualstor.host.run import Completed
from simulator import kernelfiles, world
from simulator.host import Simulation
from simulator.kernelfiles import Block, Link

NODES = ("node1", "node2")
_COLLECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "collect.py")
_MAKE = {"text": str, "link": Link, "block": Block, "folder": lambda _: {}}
TIME = 120.0    # seconds for one command; emulated machines are slow


class Simulated:
    """Two simulated nodes."""

    def __init__(self):
        self._simulation = Simulation(world.reach("active"))

    def host(self, name):
        """A Host of the node."""
        return self._simulation.host(name, TIME)

    def settle(self):
        """Let time pass."""
        self._simulation.advance(10)


class GuestHost(Host):
    """A node of the lab: commands run in the guest, its kernel's files are copied from there.

    :param node: lablib Node
    """

    def __init__(self, node):
        super().__init__(Deadline(TIME))
        self._node = node
        self._tree = None

    def _at(self, name, follow=True):
        if self._tree is None:
            with open(_COLLECT, "rb") as script:
                seen = json.loads(self._node.ok(["python3", "-"], stdin=script.read()))
            self._tree = {}
            for path, (kind, value) in sorted(seen.items()):
                kernelfiles.put(self._tree, path, _MAKE[kind](value))
        return kernelfiles.resolve(self._tree, name, follow)

    def read(self, name):
        item = self._at(name)
        return str(item) if isinstance(item, str) else None

    def list(self, name):
        item = self._at(name)
        return tuple(sorted(item)) if isinstance(item, dict) else ()

    def link(self, name):
        item = self._at(name, follow=False)
        return str(item) if isinstance(item, Link) else None

    def exists(self, name):
        return self._at(name) is not None

    def device(self, name):
        item = self._at(name)
        return tuple(item) if isinstance(item, Block) else None

    def read_fresh(self, name, offset, length, seconds):
        script = ("import base64, os, sys; path, *numbers = sys.argv[1:]; disk = os.open(path, os.O_RDONLY);"
                  " os.posix_fadvise(disk, 0, 0, os.POSIX_FADV_DONTNEED); offset, length = map(int, numbers);"
                  " print(base64.b64encode(os.pread(disk, length, offset)).decode())")
        told = self._node.ok(["python3", "-c", script, name, str(offset), str(length)])
        return base64.b64decode(told)

    def run(self, argv, timeout=None, environment=None):
        settings = ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/drbd"]
        settings += ["{}={}".format(*item) for item in (environment or {}).items()]
        seconds = int(timeout or TIME)
        self._tree = None
        began = time.monotonic()
        done = self._node.run(["env"] + settings + ["timeout", "-k", "1", str(seconds)]
                              + list(argv), timeout=seconds + 30)
        if done.rc in (124, 137):
            raise ToolHung(argv, f"no answer in {seconds:.0f} s")
        if done.rc == 127:
            raise ToolMissing(argv, "not found")
        return Completed(argv=tuple(argv), returncode=done.rc, stdout=done.stdout,
                         stderr=done.stderr, seconds=time.monotonic() - began)

    def connect(self, name, timeout):
        script = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
        done = self._node.run(["python3", "-c", script, name])
        says = done.stderr.strip().rpartition("] ")[2]
        return None if done.rc == 0 else BUSY if says == os.strerror(errno.EAGAIN) else says


class Machines:
    """The lab's two machines with a cluster formed on them."""

    def __init__(self, lab):
        self._lab = lab

    def host(self, name):
        """A Host of the node."""
        return GuestHost(self._lab.node(name))

    def settle(self):
        """Nothing: the tools of the real cluster wait themselves."""
