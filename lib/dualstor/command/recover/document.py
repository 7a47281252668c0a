# SPDX-License-Identifier: GPL-2.0-or-later
"""What recover found as the JSON document of ``dualstor recover --json``."""

from dualstor.command.recover import nodes, parted
from dualstor.command.status.document import plain
from dualstor.command.status.report import Silent

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Sequence

    from dualstor.command.recover.finding import Finding
    from dualstor.command.status.report import Report


def document(report: "Report", findings: "Sequence[Finding]",
             resource: "str | None" = None, apart: "parted.Apart | None" = None,
             healing: "dict[str, Any] | None" = None) -> "dict[str, Any]":
    """The JSON document, without its schema's name.

    :param apart: what both sides of a split brain have changed, if that was read
    :param healing: how one has ended
    """
    return {
        "node": report.node, "peer": report.other, "time": report.time,
        "peer_asked": isinstance(report.peer, dict),
        "peer_silent": report.peer.says if isinstance(report.peer, Silent) else None,
        "findings": plain(tuple(findings)),
        "resources": plain(tuple(nodes.resources(report, resource))),
        "volumes": plain(tuple(nodes.volumes(report))),
        "split_brain": parted.document(apart), "healing": healing}
