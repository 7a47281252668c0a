# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor recover``: the command line."""

import argparse

from dualstor.command.codes import ExitStatus
from dualstor.command.recover import document, finding, parted, screen
from dualstor.command.status import command as status
from dualstor.command.status import observe, peer
from dualstor.command.status.advised import ERROR, WARNING
from dualstor.command.status.report import Silent
from dualstor.errors import DualstorError
from dualstor.kernel import drbd
from dualstor.tools import hold

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from dualstor.command.console import Console
    from dualstor.command.recover.finding import Finding
    from dualstor.command.status.report import Report

SUMMARY = "say what happened to the pair, what each node has, and what can be done; heal it"

DESCRIPTION = """\
Reads both nodes as dualstor status does and says what happened, the most urgent first: a split
brain, a copy that came back alone, a fencing that did not succeed, lockspaces without their daemon,
an old copy, a replaced disk, a constraint that was left. For each it prints what is known, and the
steps that end it: on which node, the command, why, and until where it can be undone. It changes
nothing, with one exception: with RESOURCE and without --plan it lifts the hold of an earlier
recover of that resource that has died before it had changed anything.

Of a split brain of DRBD 8.4, with RESOURCE and --peer, it shows which LVs each side has changed
since they parted, and what it costs if either node wins. With --winner, on the node that is to win,
the split brain is healed: LVs that only the other node has written are copied over, and compared,
before its copy is discarded. Each step is shown before, with the one after which nothing can be
undone. After an interruption the same command continues, and --undo undoes it."""


def add_arguments(parser: "ArgumentParser") -> None:
    """What ``recover`` takes."""
    parser.add_argument("resource", metavar="RESOURCE", nargs="?",
                        help="the DRBD resource; all if none is given")
    parser.add_argument("--peer", metavar="HOST",
                        help="also ask the other node, over ssh: what both have is compared, and "
                             "fewer steps are printed")
    parser.add_argument("--plan", action="store_true",
                        help="change nothing at all, not even the hold of a recover that has died")
    parser.add_argument("--winner", metavar="NODE",
                        help="heal the split brain: keep the copy of this node, which gets what "
                             "only the other one has written; to be typed on that node")
    parser.add_argument("--keep-both", action="store_true",
                        help="with --winner: of LVs that both have written, the other version "
                             "becomes a new LV")
    parser.add_argument("--undo", action="store_true",
                        help="undo a healing that was interrupted, if that is still possible")
    parser.add_argument("--yes", action="store_true",
                        help="with --winner or --undo: do not ask")
    parser.add_argument("--wait", metavar="SECONDS", type=status.seconds,
                        default=observe.PART_TIME,
                        help="how long each part may take to answer, on a busy host "
                             f"({observe.PART_TIME:g})")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)   # recover/link.py


def _wrong(arguments: "Namespace", heals: bool) -> str:
    """What is wrong with the options; "" for nothing."""
    if not heals and (arguments.keep_both or arguments.yes):
        return "--keep-both and --yes are for --winner"
    if heals and not (arguments.resource and arguments.peer):
        return "--winner and --undo need RESOURCE and --peer"
    if heals and arguments.plan or arguments.winner and arguments.undo:
        return "only one of --plan, --winner and --undo can be given"
    return ""


def _checked(report: "Report", resource: "str | None") -> None:
    """:raises DualstorError: there is no such resource."""
    if resource is None or isinstance(report.drbd, Silent):
        return
    names = [name for name, _ in report.drbd.resources]
    if resource not in names:
        raise DualstorError(f"DRBD {resource} is not configured on {report.node} (there is "
                            f"{', '.join(names) or 'none'})")


def _lift(report: "Report", arguments: "Namespace", console: "Console") -> "Report":
    """Lift the hold of a dead recover of the resource that is asked for: the Report without it."""
    kept = []
    for each in report.holds:
        if each.resource != arguments.resource or not each.dead or each.begun or arguments.plan:
            kept.append(each)
            continue
        hold.lift(status.host(arguments.wait), each)
        console.error(f"lifted the hold on DRBD {each.resource} of a recover that has died; it "
                      "had changed nothing")
    return report.but(holds=tuple(kept))


def _code(report: "Report", findings: "tuple[Finding, ...]") -> ExitStatus:
    severities = {each.severity for each in findings}
    if ERROR in severities:
        return ExitStatus.ERROR
    if WARNING in severities:
        return ExitStatus.WARNING
    silent = any(isinstance(part, Silent) for part in (report.drbd, report.locking, report.peer))
    return ExitStatus.INCOMPLETE if silent else ExitStatus.OK


def run(arguments: "Namespace", console: "Console") -> ExitStatus:
    """Look and print.

    :returns: ExitStatus, by the most severe finding
    :raises DualstorError: --peer is no host, or there can be no such resource
    """
    if arguments.serve:
        from dualstor.recover import serve
        serve.main()
        return ExitStatus.OK
    if arguments.peer:
        peer.argv(arguments.peer)
    if arguments.resource is not None and not drbd.is_resource_name(arguments.resource):
        raise DualstorError(f"{arguments.resource!r} is no name of a DRBD resource")
    heals = bool(arguments.winner or arguments.undo)
    wrong = _wrong(arguments, heals)
    if wrong:
        console.error(wrong)
        return ExitStatus.USAGE
    report = status.look(arguments)
    _checked(report, arguments.resource)
    if heals:
        from dualstor.command.recover import healing
        return healing.run(arguments, console, report)
    report = _lift(report, arguments, console)
    findings = finding.find(report, arguments.resource)
    apart = parted.look(report, findings, arguments)
    screen.show(console, report, findings, arguments.resource, apart, arguments.peer or "")
    console.document(document.document(report, findings, arguments.resource, apart))
    return _code(report, findings)
