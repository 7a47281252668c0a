# SPDX-License-Identifier: GPL-2.0-or-later
"""Operations on the LVs of one VG, each of which returns when it is true on every node that is up.

A change that LVM refuses while an LV is active elsewhere goes by tags: they are in the VG's own
metadata, which are replicated and locked already. The watchers of clustered-vg do what the tags
say, each on its own node, and publish what is real.
"""

import functools

from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG, LEAVING_TAG, is_group_name
from dualstor.errors import DualstorError, ToolError
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.kernel import devmapper, holders
from dualstor.tools import lvm, lvmlock
from dualstor.volumes import view
from dualstor.volumes.results import (
    ACTIVE,
    INACTIVE,
    UNKNOWN,
    Done,
    NodeView,
    Refused,
    Unfinished,
    Volume,
)

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, TypeVar

    from dualstor.kernel.devmapper import MappedVolume
    from dualstor.tools.lvm import LogicalVolume

    Operation = TypeVar("Operation", bound=Callable[..., Done])

_COMMAND = 30.0     # seconds for one command of LVM
_PAUSE = 0.3        # seconds, at least, between reads of what the nodes have published
_PATIENCE = 2.0     # seconds for one who has an LV open: udev opens each for a moment
_MEMBERS = 10.0     # seconds after which a node may have come or gone
_LAST = 3.0         # seconds that are too short for one more look
_RETRY = 0.5        # seconds before a command that met a lock is run again
_AGAIN = "the same command again continues from here"


def _operation(work: "Operation") -> "Operation":
    """Have an operation that fails after its first change say what that was, as Unfinished."""
    @functools.wraps(work)
    def run(self: "Volumes", *arguments: "Any", **named: "Any") -> Done:
        self.did = ""
        try:
            return work(self, *arguments, **named)
        except Unfinished:
            raise
        except DualstorError as problem:
            if not self.did:
                raise
            raise Unfinished(self.did, f"{problem}; {_AGAIN}") from problem
    return run      # type: ignore[return-value]    # what wraps returns has the same arguments


class Volumes:
    """The LVs of the volume group *vg*.

    :param vg: its name
    :param timeout: seconds for each operation
    :param host: this host with a Deadline; None for one with *timeout*
    :param progress: called with a line about what is waited for, if it changes
    :raises ValueError: that is no name of a volume group

    ``did``: what the operation under way, or the last one, has changed by now; "" for nothing.
    """

    def __init__(self, vg: str, timeout: float = 60.0, host: "Host | None" = None,
                 progress: "Callable[[str], None] | None" = None) -> None:
        if not is_group_name(vg):
            raise ValueError(f"{vg!r} is no name of a volume group")
        self.vg = vg
        self._timeout, self._given = timeout, host
        self._host = host or Host(Deadline(timeout))
        self._progress, self._shown = progress, ""
        self.did = ""
        self._version: "tuple[int, ...] | None" = None
        self._nodes: "view.Nodes | None" = None
        self._asked = 0.0       # the deadline's remaining seconds when the nodes were asked for
        self._took = 0.0        # seconds that the last look took

    # -- operations -----------------------------------------------------------------------

    @_operation
    def create(self, name: str, size: str, exclusive: bool = False,
               options: "Iterable[str]" = ()) -> "Done":
        """Make an LV.

        :param size: as ``lvcreate -L`` takes it, e.g. "8G"
        :param exclusive: for this node only, with the tag that has the agents leave it alone
        :param options: further options of lvcreate
        :raises Refused, Unfinished: see dualstor.volumes
        """
        self._begin()
        there = self._find(name)
        did = f"{self._full(name)} is {'there already' if there else 'made'}"
        if there is None:
            # clvmd would activate it on both nodes; lvmlockd has this mode by itself
            alone = ("--addtag", EXCLUSIVE_TAG, "-aey") if exclusive else ()
            self._lvm(("lvcreate", "--yes", "-L", size, "-n", name) + alone + tuple(options)
                      + (self.vg,), did)
            if not exclusive and not self._clvmd():
                # lvcreate leaves it exclusive, also to the other nodes' agents
                self._lvm(("lvchange", "-asy", self._full(name)), did)
        elif exclusive != (EXCLUSIVE_TAG in there.tags):
            raise Refused(f"{self._full(name)} is there already, and is "
                          f"{'shared' if exclusive else 'exclusive'}")
        return self._done(name, did, self._everywhere(did, [name], own_only=exclusive))

    @_operation
    def grow(self, name: str, size: str) -> "Done":
        """Make an LV larger, also while it is in use.

        :param size: as ``lvextend -L`` takes it: "+4G" by that much, "12G" to that
        """
        self._begin()
        found = self._known(name)
        option = () if self._clvmd() else ("--lockopt", "shupdate")
        self._lvm(("lvextend",) + option + ("-L", size, self._full(name)),
                  f"{self._full(name)} has grown", enough="same size")
        report = self._listed()
        large = next((v.size for v in report.volumes if v.name == name), found.size)
        did = f"{self._full(name)} is {large} bytes"
        return self._done(name, did, self._everywhere(
            did, [name], own_only=EXCLUSIVE_TAG in found.tags, sequence=report.sequence))

    @_operation
    def rename(self, name: str, new: str) -> "Done":
        """Give an LV another name; it must not be in use on any node."""
        self._begin()
        found = self._find(name)
        if found is None and self._find(new) is None:
            self._known(name)
        did = f"{self._full(name)} is {self._full(new)}"
        if found is not None:
            self._take_out(name, found)
            self._lvm(("lvrename", self.vg, name, new), did)
        self._untag(new, LEAVING_TAG, did)
        return self._done(new, did, self._everywhere(
            did, [new], own_only=EXCLUSIVE_TAG in self._known(new).tags))

    @_operation
    def remove(self, name: str) -> "Done":
        """Remove an LV and what is in it; it must not be in use on any node."""
        nodes = self._begin()
        found = self._find(name)
        did = f"{self._full(name)} is {'gone already' if found is None else 'removed'}"
        if found is not None:
            nodes = self._take_out(name, found)
            self._lvm(("lvremove", "--yes", self._full(name)), did)
        return self._done(name, did, nodes)

    @_operation
    def exclusive(self, name: str) -> "Done":
        """Keep an LV for this node; it must not be in use on any: locks change when it is inactive.

        The agents leave it alone from then on.
        """
        nodes = self._begin()
        found = self._known(name)
        self._take_out(name, found)
        did = f"{self._full(name)} is exclusive on {nodes.own}"
        if EXCLUSIVE_TAG not in found.tags:
            self._lvm(("lvchange", "--addtag", EXCLUSIVE_TAG, self._full(name)),
                      f"{self._full(name)} has the tag {EXCLUSIVE_TAG}")
        self._untag(name, LEAVING_TAG, f"{self._full(name)} is inactive")
        self._lvm(("lvchange", "-aey", self._full(name)), did)
        return self._done(name, did, self._everywhere(did, [name], own_only=True))

    @_operation
    def share(self, name: str) -> "Done":
        """Have an LV active on all nodes again."""
        self._begin()
        self._known(name)
        did = f"{self._full(name)} is shared"
        self._untag(name, EXCLUSIVE_TAG, did)
        return self._done(name, did, self._everywhere(did, [name]))

    def wait(self, name: str) -> "Done":
        """Wait until an LV is as it should be on all nodes."""
        self._begin(changing=False)
        own_only = EXCLUSIVE_TAG in self._known(name).tags
        did = f"{self._full(name)} is there"
        return self._done(name, did, self._everywhere(did, [name], own_only))

    def volumes(self) -> "tuple[Volume, ...]":
        """The LVs of the VG, with how each is on each node."""
        nodes = self._begin(changing=False)
        report = self._listed()
        mapped = {v.lv: v for v in devmapper.of_group(self._host, self.vg) if not v.layer}
        try:
            modes = dict(lvmlock.modes(self._host, self.vg))
        except ToolError:
            modes = None
        return tuple(Volume(name=each.name, size=each.size, tags=each.tags, nodes=tuple(
            self._here(each, mapped.get(each.name), modes, nodes.own) if node == nodes.own
            else _there(each, node, nodes) for node in nodes.up)) for each in report.volumes)

    # -- steps ------------------------------------------------------------------------------

    def _begin(self, changing: bool = True) -> "view.Nodes":
        """Start the clock of an operation.

        :raises Refused: it must not be begun now
        """
        if self._given is None:
            self._host = Host(Deadline(self._timeout))
        nodes = self._members()
        if changing and len(nodes.up) > 1:
            cut = view.unreplicated(self._host, self.vg)
            if cut:
                raise Refused(
                    f"{' and '.join(cut)} has no connection to its peer, which is up, too: both "
                    f"could change the metadata of {self.vg}. See `dualstor status`")
        return nodes

    def _members(self) -> "view.Nodes":
        """The nodes of the cluster, asked now."""
        self._asked = self._host.deadline.remaining
        self._nodes = view.nodes(self._host, self.vg, self._nodes.own if self._nodes else None)
        return self._nodes

    def _find(self, name: str) -> "LogicalVolume | None":
        return next((v for v in self._listed().volumes if v.name == name), None)

    def _known(self, name: str) -> "LogicalVolume":
        found = self._find(name)
        if found is None:
            raise Refused(f"there is no LV {self._full(name)}")
        return found

    def _full(self, name: str) -> str:
        return f"{self.vg}/{name}"

    def _listed(self) -> "lvm.VolumesReport":
        return view.volumes(self._host, self.vg, self._lvm_version())

    def _lvm_version(self) -> "tuple[int, ...]":
        if self._version is None:
            self._version = lvm.version(self._host)
        return self._version

    def _clvmd(self) -> bool:
        return self._lvm_version() < lvm.WITH_LVMLOCKD

    def _lvm(self, argv: "tuple[str, ...]", did: str, enough: str = "") -> None:
        """Run a command of LVM, again while another one has the lock.

        :param did: what is true once it has succeeded
        :param enough: the kind of a message that there was nothing left to do
        :raises Refused: it failed
        """
        while self._host.deadline.remaining >= _RETRY:
            before, self.did = self.did, self.did or f"`{' '.join(argv)}` was ended in mid-work"
            outcome = lvm.command(self._host, argv, _COMMAND)
            if outcome.ok or enough in outcome.kinds:
                self.did = did
                return
            if not outcome.hung:
                self.did = before
            if not outcome.transient and not outcome.kinds & {"elsewhere", "incompatible"}:
                raise Refused(f"`{' '.join(argv)}`: {outcome.says}")
            self._show(outcome.says)
            self._host.sleep(_RETRY)
        raise Refused(f"no time is left for `{' '.join(argv)}`"
                      + (f" ({self._shown})" if self._shown else ""))

    def _untag(self, name: str, tag: str, did: str) -> None:
        """Take a tag away from an LV that has it.

        :param did: what is true once it is gone
        """
        if tag in self._known(name).tags:
            self._lvm(("lvchange", "--deltag", tag, self._full(name)), did)

    def _take_out(self, name: str, found: "LogicalVolume") -> "view.Nodes":
        """Have the LV inactive on all nodes, which are returned.

        :raises Refused: it is in use; nothing has changed then
        """
        leaves = f"{self._full(name)} has the tag {LEAVING_TAG}: the nodes deactivate it"
        if LEAVING_TAG not in found.tags:
            self._lvm(("lvchange", "--addtag", LEAVING_TAG, self._full(name)), leaves)
        try:
            return self._inactive(name)
        except Refused:
            self._untag(name, LEAVING_TAG, leaves)
            self.did = ""
            raise

    def _inactive(self, name: str) -> "view.Nodes":
        """Wait until the LV is inactive on all nodes, which are returned.

        :raises Refused: somebody has it open
        :raises Unfinished: a node does not say
        """
        sequence = self._listed().sequence
        patience = self._host.deadline.remaining - _PATIENCE
        did = f"{self._full(name)} is to become inactive"
        while True:
            nodes = self._look(did)
            used = [(node, dict(nodes.said[node].open)) for node in nodes.up if node in nodes.said]
            held = [f"{node} by {open_[name] or 'somebody'}" for node, open_ in used
                    if name in open_]
            behind = nodes.behind(sequence)
            if held and not behind and self._host.deadline.remaining < patience:
                raise Refused(f"{self._full(name)} is in use on {' and on '.join(held)}")
            if not behind and not held:
                return nodes
            self._pause(did, behind or nodes.up)

    def _everywhere(self, did: str, names: "list[str]", own_only: bool = False,
                    sequence: "int | None" = None) -> "view.Nodes":
        """Wait until all nodes have taken over the metadata as they are now, and have *names*.

        :param own_only: whether it is of no concern to the others: nothing is waited for
        :param sequence: the number of the metadata now, if it is known
        :raises Unfinished: the time expired
        """
        if own_only and self._nodes is not None:
            return self._nodes
        sequence = sequence or self._listed().sequence
        while True:
            nodes = self._look(did)
            left = sorted(set(nodes.behind(sequence)) | {
                node for node in nodes.up if node in nodes.said
                and set(names) & set(nodes.said[node].lacking)})
            if not left:
                return nodes
            self._pause(did, left)

    def _look(self, did: str) -> "view.Nodes":
        """The nodes now, after *did*.

        :raises Unfinished: the cluster does not answer any more
        """
        began = self._host.deadline.remaining
        try:
            if self._nodes is None or self._asked - began > _MEMBERS:
                return self._members()
            return view.again(self._host, self.vg, self._nodes)
        except Refused as problem:
            late = self._host.deadline.remaining < _RETRY
            raise Unfinished(did, f"{'no time is left to ask the nodes' if late else problem}; "
                                  f"{_AGAIN}") from problem
        finally:
            self._took = began - self._host.deadline.remaining

    def _pause(self, did: str, left: "Iterable[str]") -> None:
        """Wait for the nodes that are *left*.

        :raises Unfinished: the time expired
        """
        text = f"not yet on {' and '.join(left)}"
        if self._host.deadline.remaining < _LAST:
            raise Unfinished(did, f"{text}: see `dualstor status` there; {_AGAIN}")
        self._show(text)
        # A host that is slow to answer has something else to do, and we wait for just that.
        self._host.sleep(max(_PAUSE, self._took))

    def _show(self, text: str) -> None:
        if self._progress is not None and text != self._shown:
            self._progress(text)
        self._shown = text

    def _done(self, name: str, did: str, nodes: "view.Nodes") -> "Done":
        return Done(volume=self._full(name), did=did, nodes=nodes.up, absent=nodes.down)

    def _here(self, volume: "LogicalVolume", mapped: "MappedVolume | None",
              modes: "dict[str, str] | None", node: str) -> "NodeView":
        held = holders.holders(self._host, mapped.major, mapped.minor) if mapped else ()
        return NodeView(node=node, state=ACTIVE if mapped and mapped.usable else INACTIVE,
                        mode=None if modes is None else modes.get(volume.id, ""), holders=held)


def _there(volume: "LogicalVolume", node: str, nodes: "view.Nodes") -> "NodeView":
    """How an LV is on another node, by what that has published."""
    said = nodes.said.get(node)
    if said is None or said.sequence is None or EXCLUSIVE_TAG in volume.tags:
        return NodeView(node=node, state=UNKNOWN)
    return NodeView(node=node, state=INACTIVE if volume.name in said.lacking else ACTIVE)
