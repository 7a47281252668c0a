# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor status``: the command line."""

import argparse
import time

from dualstor.command.codes import ExitStatus
from dualstor.command.status import advice, document, observe, peer, screen
from dualstor.command.status.advised import ERROR, UNSEEN, WARNING
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.record import fraction

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.console import Console
    from dualstor.command.status.advised import Advice
    from dualstor.command.status.report import Report

SUMMARY = "show what is going on, and what to do now"

DESCRIPTION = """\
One screen for the pair: cluster and quorum, fencing, DRBD with a resync's progress, the lock
daemon and its lockspaces, logical volumes with their lock mode, resources on both nodes, and at
the end what to do now. Works from either node, also when Pacemaker is down. What does not answer
in time is shown as such; the rest is shown anyway. LVM is asked only if it would get its locks at
once."""

_GRACE = 2.0          # seconds between a part's deadline and giving up on its thread
_LEAST, _MOST = 1.0, 3600.0     # seconds that an option takes: neither a busy loop nor forever
_PEER_TIMES = 4       # the other node may have parts that do not answer, and LVM after them


def seconds(text: str) -> float:
    """The value of an option with SECONDS, brought within bounds.

    :raises argparse.ArgumentTypeError: it is no number
    """
    number = fraction(text)
    if number is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return min(max(_LEAST, number), _MOST)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``status`` takes."""
    parser.add_argument("--watch", action="store_true", help="refresh until interrupted")
    parser.add_argument("--interval", metavar="SECONDS", type=seconds, default=2.0,
                        help="between two refreshes of --watch (2)")
    parser.add_argument("--wait", metavar="SECONDS", type=seconds, default=observe.PART_TIME,
                        help="how long each part may take to answer, on a busy host "
                             f"({observe.PART_TIME:g})")
    parser.add_argument("--peer", metavar="HOST",
                        help="also ask the other node, over ssh: shows its lock modes, and "
                             "what to do about DRBD for the state that both are in")


def host(seconds: float) -> Host:
    """A Host with *seconds* for work."""
    return Host(Deadline(seconds + 2.0))


def _code(advices: "tuple[Advice, ...]") -> ExitStatus:
    severities = {each.severity for each in advices}
    for severity, code in ((ERROR, ExitStatus.ERROR), (WARNING, ExitStatus.WARNING),
                           (UNSEEN, ExitStatus.INCOMPLETE)):
        if severity in severities:
            return code
    return ExitStatus.OK


def here(wait: float, count: bool = False, locks: bool = True) -> "Report":
    """The Report of this node.

    :param wait: seconds that each part may take
    :param count: as observe.look; ``locks``, too
    """
    return observe.look(lambda: host(wait), seconds=wait + _GRACE, count=count, locks=locks)


def look(arguments: argparse.Namespace) -> "Report":
    """The Report that is asked for, with the other node's own document if that is.

    :param arguments: with ``wait`` and ``peer``
    """
    wait = arguments.wait
    report = here(wait)
    if arguments.peer:
        report = report.but(peer=peer.ask(
            host(_PEER_TIMES * wait), arguments.peer,
            # an older dualstor does not know the option
            () if wait == observe.PART_TIME else ("--wait", f"{wait:g}")))
    return report


def run(arguments: argparse.Namespace, console: "Console") -> ExitStatus:
    """Show the status once, or again and again.

    :returns: ExitStatus, by the most severe advice
    :raises DualstorError: --peer is no host
    """
    if arguments.peer:
        peer.argv(arguments.peer)
    while True:
        report = look(arguments)
        advices = advice.advise(report)
        if arguments.watch:
            console.clear()
        screen.show(console, report, advices)
        console.document(document.document(report, advices))
        if not arguments.watch:
            return _code(advices)
        time.sleep(arguments.interval)
