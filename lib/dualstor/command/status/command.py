# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor status``: the command line."""

import argparse
import time

from dualstor.command.codes import ExitCode
from dualstor.command.status import advice, document, observe, peer, screen
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.record import fraction

SUMMARY = "show what is going on, and what to do now"

DESCRIPTION = """\
One screen for the pair: cluster and quorum, fencing, DRBD with a resync's progress, the lock
daemon and its lockspaces, logical volumes with their lock mode, resources on both nodes, and at
the end what to do now. Works from either node, also when Pacemaker is down. What does not answer
in time is shown as such, the rest nevertheless. LVM is asked only where it would get its locks
at once."""

_GRACE = 2.0          # seconds between a part's deadline and giving up on its thread
_LEAST, _MOST = 1.0, 3600.0     # seconds that an option takes: no host is hammered, none waited for for ever
_PEER_TIMES = 4       # the other node may have parts that do not answer, and LVM after them


def _seconds(text):
    """What an option with SECONDS means: a number, brought within bounds."""
    number = fraction(text)
    if number is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return min(max(_LEAST, number), _MOST)


def add_arguments(parser):
    """What ``status`` takes."""
    parser.add_argument("--watch", action="store_true", help="refresh until interrupted")
    parser.add_argument("--interval", metavar="SECONDS", type=_seconds, default=2.0,
                        help="between two looks of --watch (2)")
    parser.add_argument("--wait", metavar="SECONDS", type=_seconds, default=observe.PART_TIME,
                        help="how long each part may take to answer, on a busy host "
                             f"({observe.PART_TIME:g})")
    parser.add_argument("--peer", metavar="HOST",
                        help="also ask the other node, over ssh: shows its lock modes, and "
                             "what to do about DRBD for the state that both are in")


def _host(seconds):
    """A Host with *seconds* for work."""
    return Host(Deadline(seconds + 2.0))


def _code(advices):
    severities = {each.severity for each in advices}
    for severity, code in ((advice.ERROR, ExitCode.ERROR), (advice.WARNING, ExitCode.WARNING),
                           (advice.UNSEEN, ExitCode.INCOMPLETE)):
        if severity in severities:
            return code
    return ExitCode.OK


def _look(arguments):
    seconds = arguments.wait
    report = observe.look(lambda: _host(seconds), seconds=seconds + _GRACE)
    if arguments.peer:
        report = report.but(peer=peer.ask(
            _host(_PEER_TIMES * seconds), arguments.peer,
            # An older dualstor does not know the option.
            () if seconds == observe.PART_TIME else ("--wait", f"{seconds:g}")))
    return report


def run(arguments, console):
    """Show the status once, or again and again.

    :returns: ExitCode, by the most severe advice
    :raises DualstorError: --peer is no host
    """
    if arguments.peer:
        peer.argv(arguments.peer)
    while True:
        report = _look(arguments)
        advices = advice.advise(report)
        if arguments.watch:
            console.clear()
        screen.show(console, report, advices)
        console.document(document.document(report, advices))
        if not arguments.watch:
            return _code(advices)
        time.sleep(arguments.interval)
