# SPDX-License-Identifier: GPL-2.0-or-later
"""One node of the lab: its machine and the commands in it."""
import base64
import shlex

from . import observe
from .agent import Agent
from .machine import Machine

BOOT = 300


class Node:
    """A node, by `lab.node(1)`."""

    def __init__(self, lab, number):
        self.lab = lab
        self.machine = Machine(lab.folder, number)
        self.number = number
        self.name = self.machine.name
        self.agent = Agent(
            self.machine.file("agent"), self.machine.file("agent.lock"), self.machine.alive, self.name
        )

    def __repr__(self):
        return f"<{self.name} of {self.lab.folder}>"

    @property
    def peer(self):
        """The other node."""
        return self.lab.node(3 - self.number)

    def alive(self):
        """Whether the machine runs."""
        return self.machine.alive()

    def run(self, command, timeout=60, stdin=None, check=False):
        """Runs a command in the guest; see Agent.run."""
        return self.agent.run(command, timeout, stdin, check)

    def ok(self, command, timeout=60, stdin=None):
        """Runs a command that must succeed, and returns its standard output."""
        return self.agent.run(command, timeout, stdin, check=True).stdout

    def push(self, path, content, mode=0o644):
        """Writes a file in the guest, with its directories. content: bytes."""
        quoted = shlex.quote(path)
        self.ok(
            f'mkdir -p "$(dirname {quoted})" && cat > {quoted}.lab-new && chmod {mode:o} {quoted}.lab-new'
            f" && mv {quoted}.lab-new {quoted}",
            stdin=content,
        )

    def pull(self, path):
        """Returns the bytes of a file in the guest."""
        return base64.b64decode(self.ok(["base64", "-w0", path]))

    def pull_tree(self, folder, pattern):
        """Returns a tar archive, as bytes, of the files below a directory whose name matches; paths are without the first /."""
        find = f"cd / && find {shlex.quote(folder)} -type f -name {shlex.quote(pattern)} -print0"
        return base64.b64decode(self.ok(f"{find} | tar --create --null --files-from=- | base64 -w0", 120))

    def kill(self):
        """Pulls the plug. Returns whether the machine was running."""
        return self.machine.kill() is not None

    def start(self, rejoin=True, wait=True):
        """Switches the machine on; a node that was formed joins its cluster by itself, unless rejoin is False."""
        self.lab.launch(self, append="" if rejoin else "lab.rejoin=no")
        if wait:
            self.wait()

    def wait(self, timeout=BOOT):
        """Waits until the guest agent answers."""
        self.agent.wait(timeout)
        self.lab.compile_product(self)

    def drbd(self):
        """Returns DRBD's state on this node as an observe.Drbd, or None when r0 is not configured."""
        return self.drbds()[0]

    def drbds(self, count=1):
        """Returns the same of r0, r1 and so on, as a list."""
        text = self.run(observe.DRBD_FILES).stdout
        if observe.drbd_incomplete(text):
            text = self.ok(observe.DRBD_ASKED)
        return [observe.drbd(text, minor) for minor in range(count)]

    def cluster(self, timeout=20):
        """Returns the cluster as this node sees it, an observe.Cluster. Raises LabError when Pacemaker does not answer."""
        text = self.ok("crm_mon -1 --inactive --output-as=xml", timeout)
        return observe.cluster(text)
