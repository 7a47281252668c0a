# SPDX-License-Identifier: GPL-2.0-or-later
"""What drbd-dualprimary observes, where no wrapper has a type for it, and what a state means."""

from dualstor.action import steps
from dualstor.kernel import drbd
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.agents.drbd_dualprimary.interface import Parameters
    from dualstor.kernel.drbd import State, Volume
    from dualstor.ocf.reason import Said
    from dualstor.tools.drbdconf import Configuration
    from dualstor.tools.hold import Hold

#: Promotion scores, as administrators know them from ocf:linbit:drbd.
SCORE_WHOLE, SCORE_ALONE, SCORE_SERVED = 10000, 1000, 10

#: The score of a node that must not be promoted: none at all.
NO_SCORE = None


class Configured(Record):
    """Whether drbdadm knows the resource on this host; ``there`` is None when it cannot be asked.

    ``hung``: it did not answer in time, which is no matter of what is installed.
    """

    there: "bool | None"
    says: str = ""
    hung: bool = False


class PeerNode(Record):
    """What the cluster says of the peer: ``down`` is True only for "offline and clean".

    ``fenced``: whether dlm had it fenced since it was a member; None where dlm does not know it,
    or was not asked. A node that has left in good order is down, too, but may still write.
    """

    name: str
    down: "bool | None" = None
    fenced: "bool | None" = None


class Handler(Record):
    """The program of the fence-peer handler, and whether it can be run here."""

    program: str
    usable: bool


def score(state: "State | None") -> "int | None":
    """The promotion score that a state deserves; NO_SCORE for "do not promote".

    Never -INFINITY: that would move the resource away instead of leaving it
    Unpromoted until its disk is good.

    A Primary keeps a score as long as good data are within its reach, here or on
    the peer: without one the cluster would demote it, and stop all that runs on it.
    Whether it has failed is for monitor to say.

    :param state: kernel.drbd.State, or None when the resource is not up
    """
    if state is None:
        return NO_SCORE
    if state.primary:
        return SCORE_WHOLE if state.up_to_date else SCORE_SERVED if served(state) else NO_SCORE
    if state.standalone or not (state.up_to_date and state.quorate):
        return NO_SCORE
    known = [d for peer in state.peers for d in peer.dstates]
    if state.connected and known and "DUnknown" not in known:
        return SCORE_WHOLE
    return SCORE_ALONE


def settled(state: "State") -> bool:
    """Whether each side knows the state of the other's disks."""
    return state.connected and bool(state.peers) and all(
        d not in ("DUnknown", "Negotiating") for peer in state.peers for d in peer.dstates) \
        and not any(v.dstate in ("Negotiating", "Attaching") for v in state.volumes)


def diskless(state: "State") -> "tuple[Volume, ...]":
    """Volumes without a local disk."""
    return tuple(v for v in state.volumes if v.dstate in ("Diskless", "Failed", "Detaching"))


def served(state: "State") -> bool:
    """Whether a connected peer has good data for every volume."""
    return state.connected and any(
        peer.dstates and all(d == "UpToDate" for d in peer.dstates) for peer in state.peers)


def half_up(state: "State") -> bool:
    """Whether there is neither a disk nor a connection: `up` failed before it got to them."""
    return state.standalone and not state.primary and len(diskless(state)) == len(state.volumes)


def undecided(state: "State") -> bool:
    """Whether a volume is Consistent on all nodes, which are connected."""
    theirs = zip(*[peer.dstates for peer in state.peers if not peer.client])
    return state.connected and not resyncing(state) and any(
        set(dstates) | {volume.dstate} == {"Consistent"}
        for volume, dstates in zip(state.volumes, theirs))


def resyncing(state: "State") -> bool:
    """Whether a resync runs, waits or is about to begin."""
    return any(peer.cstate in drbd.RESYNCING for peer in state.peers) \
        or any(v.dstate == "Inconsistent" and v.resync is not None for v in state.volumes)


def words(state: "State") -> str:
    """The state in a few words for a reason, e.g. "Secondary, disk Inconsistent, SyncTarget"."""
    disks = "/".join(v.dstate for v in state.volumes) or "no volume"
    links = ", ".join(peer.cstate for peer in state.peers) or "no connection"
    return f"{state.role}, disk {disks}, {links}"


class Case(steps.Case):
    """What drbd-dualprimary decides on, and may observe for it."""

    if TYPE_CHECKING:
        parameters: Parameters

    # the kernel
    state: "State | None"                   # None: the resource is not configured in the kernel
    published: "int | str | None"           # the score that the cluster has, see published.py
    module: bool                            # whether the kernel has DRBD
    holders: "tuple[str, ...]"              # who holds the devices open
    stacked: "tuple[str, ...]"              # the devices on top of them
    refusal: "Said | None"                  # the exit reason of the last start
    patience: float                         # seconds into the action at which waiting ends
    generation: "int | None"                # 8 or 9, of the module that is loaded
    hold: "Hold | None"                     # that `dualstor recover` works on the resource
    # configuration and cluster
    configured: Configured
    configuration: "Configuration"          # the effective one
    handler: Handler
    fence_peer: "str | None"                # the handler's command, for monitor; None: not known
    confined: bool                          # whether SELinux may stop our fence-peer handler
    fencing_enabled: "bool | None"
    peer: PeerNode
    lost_peer: PeerNode                     # the same, for actions that do not fail without tools
    suspension: "tuple[str, ...] | None"    # why I/O is suspended; None: not known

    @property
    def names(self) -> "dict[str, str]":
        """As of any case: the DRBD resource."""
        name = self.parameters.drbd_resource
        return {"subject": f"DRBD {name}", "drbd": name}
