# SPDX-License-Identifier: GPL-2.0-or-later
"""CPU time of each parser by the number of lines that it gets, up to what the runner keeps of an output."""

import time

from growing import PARSERS, grown

from dualstor.errors import ParseError
from dualstor.host.run import OUTPUT_LIMIT

from bench import report

COUNTS = (1000, 4000, 16000, 64000)
WHOLE = "4 MiB"


def _once(function, text):
    began = time.process_time()
    try:
        function(text)
    except ParseError:
        pass    # one that refuses a text that is too long has read it, too
    return time.process_time() - began


def measure(rounds, counts=COUNTS, names=None):
    """{parser: {count of lines, or WHOLE for as many as the runner keeps: seconds, each round's}}."""
    found = {}
    for name in names or sorted(PARSERS):
        rows = found[name] = {}
        for count in counts:
            function, text = grown(name, count)
            rows[str(count)] = [_once(function, text[:OUTPUT_LIMIT]) for _ in range(rounds)]
        ten, eleven = (len(grown(name, many)[1]) for many in (1000, 1100))
        function, text = grown(name, OUTPUT_LIMIT * 100 // (eleven - ten))
        rows[WHOLE] = [_once(function, text[:OUTPUT_LIMIT]) for _ in range(rounds)]
    return found


def table(found):
    """Lines of a table: milliseconds of CPU by the number of lines."""
    counts = list(next(iter(found.values())))
    yield "%-32s %s" % ("lines", " ".join("%9s" % count for count in counts))
    for name, rows in found.items():
        yield "%-32s %s" % (name, " ".join("%9.1f" % (report.median(rows[count]) * 1e3) for count in counts))
