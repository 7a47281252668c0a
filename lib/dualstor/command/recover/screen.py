# SPDX-License-Identifier: GPL-2.0-or-later
"""What recover prints: what happened, what each node has, what can be done."""

from dualstor import recipes
from dualstor.command.recover import nodes, parted
from dualstor.command.status.advised import ERROR
from dualstor.command.status.report import Silent

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Sequence

    from dualstor.command.console import Console
    from dualstor.command.recover.finding import Finding
    from dualstor.command.status.report import Report

NOT_KNOWN = "?"


def _up(has: nodes.Has) -> str:
    if has.up is None:
        return NOT_KNOWN
    return has.role or NOT_KNOWN if has.up else "not up"


def _nodes(console: "Console", report: "Report", resource: "str | None") -> None:
    console.heading("What each node has")
    if isinstance(report.drbd, Silent):
        console.line(f"DRBD could not be read: {report.drbd.says}", "warning")
    rows = [(each.resource, each.node, _up(each), "/".join(each.disks) or NOT_KNOWN,
             each.connection or NOT_KNOWN,
             NOT_KNOWN if each.changed is None else f"{each.changed} KiB",
             (each.generation or NOT_KNOWN)[:8]) for each in nodes.resources(report, resource)]
    if rows:
        console.table(("DRBD", "node", "role", "disk", "connection", "changed", "generation"), rows)
    active = [(each.name, each.node, NOT_KNOWN if each.opened is None else
               ", ".join(each.opened) or "-") for each in nodes.volumes(report)]
    if active:
        console.line()
        console.table(("active LV", "node", "open by"), active)
    if isinstance(report.peer, Silent):
        console.line(f"--peer: {report.peer.says}", "warning")
    elif report.peer is None:
        console.line(f"{NOT_KNOWN}: {report.other} was not asked; dualstor recover --peer "
                     f"{report.other}", "dim")


def show(console: "Console", report: "Report", findings: "Sequence[Finding]",
         resource: "str | None" = None, apart: "parted.Apart | None" = None,
         peer: str = "") -> None:
    """Print it all; changes nothing.

    :param apart: what both sides of a split brain have changed, if that was read
    :param peer: how the other node was reached
    """
    console.line(f"{report.node}, {report.time}", "title")
    console.heading("What happened")
    if not findings:
        console.line("Nothing that has to be recovered.", "good")
    for number, each in enumerate(findings, 1):
        style = "error" if each.severity == ERROR else "warning"
        console.pieces((f"{number}. {each.node}: ", None), (f"{each.what}.", style))
        for fact in each.known:
            console.line(f"   - {fact}.")
    _nodes(console, report, resource)
    if apart is not None:
        parted.show(console, apart, report.node, peer)
    if not findings:
        return
    console.heading("What can be done")
    for number, each in enumerate(findings, 1):
        do = each.do or f"{each.node}: {each.what}"
        console.line(f"{number}. {do[:1].upper() if each.do else do[:1]}{do[1:]}"
                     f"{':' if each.stages else '.'}")
        for line in recipes.lines(each.stages, undoing=True):
            console.line(f"   {line}")
