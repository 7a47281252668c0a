# SPDX-License-Identifier: GPL-2.0-or-later
"""What a pair of nodes is to be, as one immutable value: every file and command is rendered from it."""

from dualstor.command.configure.generations import BY_NAME
from dualstor.record import Record

#: Where the two copies begin: one is written over the other, or both count as alike.
FULL_SYNC, SKIP_SYNC = "full", "skip"


class Node(Record):
    """A node. ``address`` is the cluster's, ``replication`` DRBD's; ``disk`` lies below DRBD."""

    name: str
    address: str
    replication: str
    disk: str


class Fence(Record):
    """The fence device that kills ``node``: an agent and its options, (name, value) pairs.

    ``delay``: seconds that it holds back. The node whose device has the longer one wins
    when both nodes shoot at once.
    """

    node: str
    agent: str
    options: tuple = ()
    delay: int = 0


class Drbd(Record):
    """The DRBD resource; ``version`` ("8.3", "8.4", "9") decides how its file is written."""

    resource: str
    version: str
    minor: int = 0
    port: int = 7788
    first_sync: str = FULL_SYNC

    @property
    def device(self):
        """The device that LVM gets."""
        return f"/dev/drbd{self.minor}"


class Lvm(Record):
    """The volume group, and a first LV: ``lv`` and ``size`` are None when none is wanted."""

    vg: str
    lv: str = None
    size: str = None


class Pair(Record):
    """The whole pair. ``properties``: further cluster properties, (name, value) pairs."""

    cluster: str
    generation_name: str
    nodes: tuple
    drbd: Drbd
    lvm: Lvm
    fences: tuple
    properties: tuple = ()

    @property
    def generation(self):
        """The Generation."""
        return BY_NAME[self.generation_name]

    @property
    def disks(self):
        """The disks below DRBD on either node, each once."""
        return tuple(sorted({node.disk for node in self.nodes}))
