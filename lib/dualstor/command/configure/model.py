# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair of nodes as one immutable value, from which every file and command is rendered."""

from dualstor.command.configure.generations import BY_NAME
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.configure.generations import Generation

#: How the two copies begin: one is copied over the other, or both count as equal.
FULL_SYNC, SKIP_SYNC = "full", "skip"


class Node(Record):
    """A node. ``address`` is the cluster's, ``replication`` DRBD's."""

    name: str
    address: str
    replication: str


class Fence(Record):
    """The device that fences ``node``: an agent and its options, (name, value) pairs.

    ``delay``: seconds that it waits. In a fence race the node with the longer one survives.
    """

    node: str
    agent: str
    options: "tuple[tuple[str, str], ...]" = ()
    delay: int = 0


class DrbdAnswers(Record):
    """A DRBD resource; ``version`` ("8.3", "8.4", "9") decides how its file is written.

    ``disks``: its backing device on each node, in the order of the nodes.
    """

    resource: str
    version: str
    disks: "tuple[str, ...]"
    minor: int = 0
    port: int = 7788
    first_sync: str = FULL_SYNC

    @property
    def device(self) -> str:
        """The device that LVM gets."""
        return f"/dev/drbd{self.minor}"


class LvmAnswers(Record):
    """A volume group on the devices of ``resources``, and a first LV.

    ``lv`` and ``size`` are None when none is wanted.
    """

    vg: str
    resources: "tuple[str, ...]"
    lv: "str | None" = None
    size: "str | None" = None


#: What a volume is used for: a file system on both nodes, one on a node at a time, a guest.
GFS2, FILESYSTEM, VM = "gfs2", "filesystem", "vm"


class Disk(Record):
    """An LV of a use, and its size."""

    vg: str
    lv: str
    size: str

    @property
    def name(self) -> str:
        """As LVM's commands take it."""
        return f"{self.vg}/{self.lv}"

    @property
    def device(self) -> str:
        """Its device."""
        return f"/dev/{self.vg}/{self.lv}"


class Use(Record):
    """What stands on one LV or, for a virtual machine, on several.

    ``name``: the cluster's id of it. ``filesystem``: "gfs2", "xfs" or "ext4", at ``mountpoint``.
    ``config``: the file of a virtual machine's libvirt domain; ``transport``: how it migrates.
    """

    kind: str
    name: str
    disks: "tuple[Disk, ...]"
    filesystem: str = ""
    mountpoint: str = ""
    config: str = ""
    transport: str = ""

    @property
    def device(self) -> str:
        """The device of its first LV."""
        return self.disks[0].device

    @property
    def groups(self) -> "tuple[str, ...]":
        """The volume groups of its LVs, each once."""
        return tuple(sorted({disk.vg for disk in self.disks}))


class Alerts(Record):
    """That the cluster calls dualstor's alert agent; ``mail``: to whom, () for the log alone."""

    mail: "tuple[str, ...]" = ()


class Pair(Record):
    """The whole pair. ``properties``: further cluster properties, (name, value) pairs.

    ``resources`` are DRBD's, ``groups`` the volume groups on them.
    ``alerts``: None where the cluster calls no agent of ours.
    """

    cluster: str
    generation_name: str
    nodes: "tuple[Node, ...]"
    resources: "tuple[DrbdAnswers, ...]"
    groups: "tuple[LvmAnswers, ...]"
    fences: "tuple[Fence, ...]"
    properties: "tuple[tuple[str, str], ...]" = ()
    uses: "tuple[Use, ...]" = ()
    alerts: "Alerts | None" = None

    @property
    def generation(self) -> "Generation":
        """The Generation."""
        return BY_NAME[self.generation_name]

    @property
    def disks(self) -> "tuple[str, ...]":
        """The backing devices of both nodes, each once."""
        return tuple(sorted({disk for resource in self.resources for disk in resource.disks}))

    def below(self, group: LvmAnswers) -> "tuple[DrbdAnswers, ...]":
        """The DRBD resources that a volume group is on."""
        return tuple(each for each in self.resources if each.resource in group.resources)
