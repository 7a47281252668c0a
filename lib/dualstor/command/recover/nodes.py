# SPDX-License-Identifier: GPL-2.0-or-later
"""What each node has, as this node and the other one's own document say. Pure."""

from dualstor.command.status import peer, screen
from dualstor.command.status.report import Silent
from dualstor.kernel import drbd
from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.status.report import Copy, Report
    from dualstor.kernel.drbd import KnownState


class Has(Record):
    """A resource on a node. ``up``: None where that is not known; the rest is DRBD's words.

    ``changed``: KiB that are marked as changed without the peer; None: not known.
    """

    node: str
    resource: str
    up: "bool | None" = None
    role: "str | None" = None
    disks: "tuple[str, ...]" = ()
    connection: "str | None" = None
    changed: "int | None" = None
    generation: "str | None" = None


class Volume(Record):
    """An LV that is active on a node; ``opened``: who has it open, None: not known."""

    node: str
    name: str
    opened: "tuple[str, ...] | None" = None


def _has(node: str, name: str, state: "KnownState", copy: "Copy | None") -> Has:
    found = Has(node=node, resource=name)
    if copy is not None:
        found = found.but(
            changed=sum(kib for _, kib in copy.out_of_sync) if copy.out_of_sync else None,
            generation=copy.generation.current if copy.generation else None)
    if isinstance(state, drbd.Unknown):
        return found
    if state is None:
        return found.but(up=False)
    return found.but(up=True, role=state.role, disks=tuple(v.dstate for v in state.volumes),
                     connection=" ".join(each.cstate for each in state.peers) or None)


def resources(report: "Report", resource: "str | None" = None) -> "Iterator[Has]":
    """What both nodes have of each resource, or of one; nothing where DRBD could not be read."""
    if isinstance(report.drbd, Silent):
        return
    for name, state in report.drbd.resources:
        if resource in (None, name):
            known = drbd.UNKNOWN if isinstance(state, Silent) else state
            yield _has(report.node, name, known, report.drbd.copy_of(name))
            yield _has(report.other, name, peer.resource_state(report.peer, name),
                       peer.copy_of(report.peer, name))


def volumes(report: "Report") -> "Iterator[Volume]":
    """The LVs that are active on either node."""
    opened = None if isinstance(report.opened, Silent) else dict(report.opened)
    for vg, lv, identity, state, _ in screen.volumes(report):
        if state != "-":
            yield Volume(node=report.node, name=f"{vg}/{lv}",
                         opened=None if opened is None else opened.get(identity))
    for name, state, users in peer.volumes(report.peer):
        if state != "-":
            yield Volume(node=report.other, name=name, opened=users)
