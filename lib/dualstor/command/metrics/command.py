# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor metrics``: the command line."""

import time

from dualstor.command import atomic
from dualstor.command.codes import ExitStatus
from dualstor.command.metrics import exposition, families, measure
from dualstor.command.status import advice, observe
from dualstor.command.status import command as status

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from dualstor.command.console import Console

SUMMARY = "print the state of the pair as metrics for Prometheus"

DESCRIPTION = """\
Looks as dualstor status does and prints what it sees as metrics, for the textfile collector of
Prometheus' node_exporter. A part that does not answer in time is shown as such, and its metrics
are missing; nothing waits for it. docs/metrics.md lists them, docs/monitoring has rules for alerts
and units for systemd."""


def add_arguments(parser: "ArgumentParser") -> None:
    """What ``metrics`` takes."""
    parser.add_argument("--wait", metavar="SECONDS", type=status.seconds,
                        default=observe.PART_TIME,
                        help="how long each part may take to answer, on a busy host "
                             f"({observe.PART_TIME:g})")
    parser.add_argument("--output", metavar="FILE",
                        help="write to FILE, all at once or not at all, instead of printing")


def run(arguments: "Namespace", console: "Console") -> ExitStatus:
    """Look once and write the metrics.

    :returns: OK, whatever was seen: that is in the metrics
    :raises DualstorError: the file cannot be written
    """
    began = time.monotonic()
    report = status.here(arguments.wait, count=True)
    samples = measure.measure(report, advice.advise(report), round(time.monotonic() - began, 3),
                              round(time.time(), 3))
    text = exposition.render(samples)
    if arguments.output:
        atomic.write(arguments.output, text)
    else:
        console.raw(text)
    console.document({"output": arguments.output, "metrics": [
        {"name": each.name, "value": each.value,
         "labels": dict(zip(families.FAMILIES[each.name].keys, each.labels))}
        for each in samples]})
    return ExitStatus.OK
