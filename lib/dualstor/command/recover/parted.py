# SPDX-License-Identifier: GPL-2.0-or-later
"""Which LVs each side of a split brain has changed, and what each choice of winner costs."""

from dualstor.command.status import command as status
from dualstor.command.status.advised import SPLIT_BRAIN
from dualstor.command.status.report import Silent
from dualstor.errors import DualstorError
from dualstor.kernel import block, drbd
from dualstor.record import Record
from dualstor.recover import deeds, journal, link
from dualstor.recover import plan as plans
from dualstor.recover.differ import Refusal
from dualstor.tools import lvm

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any, Sequence

    from dualstor.command.console import Console
    from dualstor.command.recover.finding import Finding
    from dualstor.command.status.report import Report
    from dualstor.host.host import Host
    from dualstor.recover.differ import Choice, Row
    from dualstor.recover.plan import Plan
    from dualstor.recover.side import Side


#: Report.other, where its name is not known.
NOBODY = "peer"


class Apart(Record):
    """``plan``: None where ``why`` says why there is none."""

    plan: "Plan | None" = None
    why: str = ""


# -- reading ------------------------------------------------------------------------------------


def side(node: str, host: "str | None", resource: str, vg: str, winner: bool) -> "link.Link":
    """A node's side.

    :param host: how ssh reaches it; None: it is this one
    """
    argv = link.PROGRAM if host is None else link.remote(host)
    return link.Link(argv, node, resource, vg, winner, host=None if node == NOBODY else host)


def store(resource: str) -> "journal.Store":
    """What a healing keeps on this node."""
    return journal.Store(resource)


class NotShown(DualstorError):
    """LVM cannot show what is on a resource; ``fact`` and ``step``: as in a Refusal."""

    def __init__(self, fact: str, step: str) -> None:
        super().__init__(f"{fact}: {step}")
        self.fact, self.step = fact, step


def group(host: "Host", resource: str) -> str:
    """The name of the VG on a resource.

    :raises DualstorError: it has none, or several
    """
    kernel = drbd.read(host)
    minors = drbd.minors(host, resource, kernel) or ()
    if kernel is not None and not minors:
        raise NotShown(f"DRBD {resource} is not up on this node, so its LVs cannot be read here",
                       f"keep one copy as a whole: `dualstor recover {resource} --plan`")
    numbers = [(block.DRBD_MAJOR, minor) for _, minor in minors]
    if kernel is not None and any(each.role == "Secondary"
                                  for each in kernel.of(minor for _, minor in minors)):
        raise NotShown(f"DRBD {resource} is Secondary on this node, so LVM cannot read what is on "
                       "it", "the node on which it is Primary can win, and shows the table")
    answer = lvm.report(host, "pvs", ("pv_name", "vg_name"))
    found = sorted({vg for pv, vg in answer.rows if vg and host.device(pv) in numbers})
    if not answer.outcome.ok and not found:
        raise DualstorError(f"pvs: {answer.outcome.says}")
    if len(found) != 1:
        raise DualstorError(f"DRBD {resource} has {len(found)} volume groups on it that LVM shows "
                            f"here{': ' + ', '.join(found) if found else ''}; exactly one can be "
                            "compared")
    return found[0]


def refused(report: "Report") -> "str | None":
    """Why this node cannot be asked what is on its LVs; None when it can."""
    if isinstance(report.drbd, Silent):
        return f"DRBD could not be read: {report.drbd.says}"
    if not (report.drbd.version or "").startswith(deeds.MODULE):
        return (f"what each LV has changed is shown with DRBD 8.4 only; here is "
                f"{report.drbd.version or 'one of unknown version'}, with which it was not tried")
    if not isinstance(report.listed, tuple):
        return "LVM was not asked: it would have to wait for its locks, see `dualstor status`"
    return None


def look(report: "Report", findings: "Sequence[Finding]", arguments: "Namespace") -> "Apart | None":
    """What both sides have changed; None where that was not asked or there is no split brain."""
    resource = arguments.resource
    if not (resource and arguments.peer) or not any(
            each.kind == SPLIT_BRAIN and each.resource == resource for each in findings):
        return None
    why = refused(report)
    if why:
        return Apart(why=why)
    try:
        kept = store(resource)
        begun = kept.journal()
        if begun is not None and not begun.end:
            return Apart(why=f"a healing with {begun.winner} as winner was begun and has not ended")
        vg = group(status.host(arguments.wait), resource)
        here = side(report.node, None, resource, vg, False)
        there = side(report.other, arguments.peer, resource, vg, False)
        try:
            return Apart(plan=plans.read(here, there, resource, vg, store=kept))
        finally:
            close(here, there)
    except DualstorError as problem:
        return Apart(why=str(problem))


def close(*sides: "Side") -> None:
    """End the sessions."""
    for each in sides:
        end = getattr(each, "close", None)
        if end is not None:
            end()


# -- the screen ---------------------------------------------------------------------------------


def amount(size: int) -> str:
    """Bytes in a unit that shows all that counts: "348 KiB", "2.5 GiB"."""
    value, unit = size / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f}".replace(".0", "") + " " + unit


def _open(plan: "Plan", row: "Row") -> str:
    found = [f"{node}: {who or 'open'}" for node in plan.nodes
             for who in [plan.users.get(node, {}).get(row.name)] if who is not None]
    return "; ".join(found) or "-"


def _named(rows: "Sequence[Row]", side_number: int) -> str:
    return ", ".join(f"{row.name} ({amount(row.changed[side_number])})" for row in rows)


def command(plan: "Plan", winner: str, here: str, peer: str) -> str:
    """The command that heals with that winner, as it is typed there.

    :param here: the node that prints it
    :param peer: how that reaches the other one
    """
    loser = next(each for each in plan.nodes if each != winner)
    host = peer if winner == here else loser
    return f"dualstor recover {plan.resource} --peer {host} --winner {winner}"


def cost(console: "Console", plan: "Plan", each: "Choice") -> None:
    """What one choice copies, loses and keeps."""
    other = plan.nodes.index(each.loser)
    if each.carried:
        console.line(f"   {each.winner} gets from {each.loser}: {_named(each.carried, other)}")
    if each.lost:
        console.line(f"   lost as LVs: what {each.loser} wrote to {_named(each.lost, other)}; "
                     "it is kept as a file of blocks, with --keep-both as new LVs, too", "warning")
    else:
        console.line("   no LV loses anything")
    console.line(f"   kept on {each.winner} in {journal.PLACE}/{plan.resource}: "
                 f"{amount(each.room)}")


def _choice(console: "Console", plan: "Plan", each: "Choice", here: str, peer: str) -> None:
    console.line()
    console.line(f"If {each.winner} wins" + (" (recommended: less is lost, or less is to be copied)"
                                             if each.recommended else "") + ":",
                 "good" if each.recommended else None)
    cost(console, plan, each)
    for refusal in each.refusals:
        console.line(f"   not as it is now: {refusal.fact}: {refusal.step}", "error")
    console.line(f"   {each.winner}: `{command(plan, each.winner, here, peer)}`")


def table(console: "Console", plan: "Plan") -> None:
    """Which LVs have changed where."""
    found = plan.found
    if found is None:
        return
    one, two = plan.nodes
    if found.rows:
        console.table(
            ("LV", f"changed on {one}", f"on {two}", "on both", "mounted or open where"),
            [(f"{plan.vg}/{row.name}", amount(row.changed[0]), amount(row.changed[1]),
              amount(row.common), _open(plan, row)) for row in found.rows])
    else:
        console.line(f"No LV of {plan.vg} differs.")
    for what, sizes in (("LVM's metadata", found.metadata), ("free space", found.free)):
        if any(sizes):
            console.line(f"{what}: {amount(sizes[0])} changed on {one}, {amount(sizes[1])} on "
                         f"{two}")
    for each in (refusal for refusals in plan.stale.values() for refusal in refusals):
        console.line(f"As of the last time that DRBD wrote its bitmap: {each.fact}. More may have "
                     "changed than this shows", "warning")


def choices(console: "Console", plan: "Plan", here: str, peer: str) -> None:
    """What each choice of winner costs."""
    if plan.stale:
        console.line("What each choice costs is only known once DRBD has written its bitmap, which "
                     "needs a disconnect. With --winner that is done first, and the table is shown "
                     "again before you are asked:")
        for node in plan.nodes:
            console.line(f"   {node}: `{command(plan, node, here, peer)}`")
        for refusal in plan.found.refusals if plan.found else ():
            console.line(f"   not as it is now: {refusal.fact}: {refusal.step}", "error")
        return
    for each in plan.choices:
        _choice(console, plan, each, here, peer)


def show(console: "Console", apart: Apart, here: str, peer: str) -> None:
    """What both sides have changed, and the choices."""
    console.heading("What each side has changed since they parted")
    plan = apart.plan
    if plan is None:
        console.line(f"Not known: {apart.why}", "warning")
        return
    for each in plan.refusals:
        console.line(f"Not known: {each.fact}: {each.step}", "warning")
    table(console, plan)
    if plan.found is not None:
        console.heading("Healed without loss, or with less: one node's copy is kept, and gets what "
                        "only the other one wrote")
        choices(console, plan, here, peer)


# -- the document -------------------------------------------------------------------------------


def _refusals(found: "Sequence[Refusal]") -> "list[dict[str, str]]":
    return [{"fact": each.fact, "step": each.step} for each in found]


def _row(plan: "Plan", row: "Row") -> "dict[str, Any]":
    return {"lv": row.name, "size": row.size, "changed": dict(zip(plan.nodes, row.changed)),
            "common": row.common,
            "open": {node: plan.users.get(node, {}).get(row.name) for node in plan.nodes}}


def _chosen(each: "Choice") -> "dict[str, Any]":
    return {"winner": each.winner, "loser": each.loser, "recommended": each.recommended,
            "carried": [row.name for row in each.carried], "lost": [row.name for row in each.lost],
            "copied": each.copied, "room": each.room, "refusals": _refusals(each.refusals)}


def document(apart: "Apart | None") -> "dict[str, Any] | None":
    """The same as JSON values; sizes are bytes."""
    if apart is None:
        return None
    plan = apart.plan
    if plan is None or plan.found is None:
        why = apart.why or (f"{plan.refusals[0].fact}: {plan.refusals[0].step}"
                            if plan and plan.refusals else "")
        return {"why_not": why, "vg": None, "current": None, "rows": [], "metadata": {},
                "free": {}, "choices": []}
    found = plan.found
    return {"why_not": None, "vg": plan.vg, "current": not plan.stale,
            "rows": [_row(plan, row) for row in found.rows],
            "metadata": dict(zip(plan.nodes, found.metadata)),
            "free": dict(zip(plan.nodes, found.free)),
            "choices": [] if plan.stale else [_chosen(each) for each in plan.choices]}
