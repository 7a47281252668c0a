# SPDX-License-Identifier: GPL-2.0-or-later
"""How a VG is on both nodes: LVM's metadata, this kernel, and what the nodes have published."""

from dualstor.agents.clustered_vg import published
from dualstor.errors import DualstorError
from dualstor.kernel import block
from dualstor.record import Record
from dualstor.tools import cib, drbdadm, lvm, pacemaker
from dualstor.volumes.results import Refused

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.agents.clustered_vg.published import Published
    from dualstor.host.host import Host

_QUESTION = 20.0    # seconds for one question to LVM


class Nodes(Record):
    """The nodes of the cluster: ``own``, those that are ``up`` (with it), and those that are down.

    ``said``: what each has published of the VG.
    """

    own: str
    up: "tuple[str, ...]"
    down: "tuple[str, ...]"
    said: "dict[str, Published]"

    def behind(self, sequence: "int | None") -> "tuple[str, ...]":
        """The nodes that have not taken over LVM's metadata of that number yet."""
        return tuple(node for node in self.up if sequence is not None
                     and (self.sequence(node) is None or (self.sequence(node) or 0) < sequence))

    def sequence(self, node: str) -> "int | None":
        """The number of LVM's metadata that a node has taken over; None: it has not said."""
        found = self.said.get(node)
        return found.sequence if found else None


def nodes(host: "Host", vg: str, own: "str | None" = None) -> Nodes:
    """The Nodes now.

    :param own: this node's name, if it is known
    :raises Refused: the cluster does not answer
    """
    try:
        seen = cib.states(cib.ask(host))
        said = published.ask(host, vg)
        own = own or pacemaker.local_node(host)
    except DualstorError as problem:
        raise Refused(f"the cluster does not answer here ({problem}): start it first") from problem
    up = tuple(name for name, state in seen.items() if state == cib.UP)
    unsure = [name for name, state in seen.items() if state == cib.UNSURE and name != own]
    if own not in up:
        raise Refused(f"{own} is not online in the cluster: start it first")
    if unsure:
        raise Refused(f"{' and '.join(unsure)} is neither up nor known to be down: "
                      "see `dualstor status`, usually it is to be fenced")
    return Nodes(own=own, up=up, down=tuple(name for name in seen if name not in up), said=said)


def again(host: "Host", vg: str, known: Nodes) -> Nodes:
    """*known* with what its nodes have published since: which nodes there are is not asked again.

    :raises Refused: the cluster does not answer any more
    """
    try:
        return known.but(said=published.ask(host, vg))
    except DualstorError as problem:
        raise Refused(f"the cluster does not answer here ({problem})") from problem


def volumes(host: "Host", vg: str, version: "tuple[int, ...]") -> "lvm.VolumesReport":
    """The VG's LVs as LVM, of this version, has them, in a report that is ok.

    :raises Refused: LVM does not list them
    """
    report = lvm.volumes(host, vg, version, _QUESTION)
    if not report.outcome.ok:
        raise Refused(f"LVM does not list the LVs of {vg}: {report.outcome.says}")
    return report


def unreplicated(host: "Host", vg: str) -> "tuple[str, ...]":
    """The DRBD devices of the VG that are not connected to their peer, e.g. ("drbd0",).

    While the peer is alive, too, it could change LVM's metadata at the same time: the nodes'
    locks do not hold the two copies together.

    :raises Refused: it is not known
    """
    report = lvm.group(host, vg, _QUESTION)
    if report.group is None:
        raise Refused(f"LVM does not see the volume group {vg}: {report.outcome.says}")
    wanted = {minor for device in report.devices for number in [host.device(device.name)]
              if number for minor in block.drbd_minors(host, *number)}
    try:
        states = [drbdadm.resource_state(host, name) for name in drbdadm.resources(host)]
    except DualstorError as problem:
        raise Refused(f"DRBD's state is not known: {problem}") from problem
    connected = {volume.minor for state in states if state and state.connected
                 for volume in state.volumes}
    return tuple(f"drbd{minor}" for minor in sorted(wanted - connected))
