# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of bench.losses as tables and as a picture."""

from bench import report
from bench.losses import CRASH, CUT, KINDS, OURS, SETS, chosen, stalls

_LOSS = {CRASH: "a node loses its power", CUT: "the replication link is cut"}


def _played(rounds, boots=False):
    return [name for name in SETS if any(chosen(rounds, name, kind, boots) for kind in KINDS)]


def _numbers(values):
    return " ".join("%.1f" % value for value in sorted(values))


def stall_table(rounds):
    """Lines of a table of the stall: medians, and each round."""
    yield "| handler, times | loss | median | rounds (s) | requests, deaths per loss | left writing alone while the peer lives |"
    yield "|---|---|---|---|---|---|"
    for name in _played(rounds):
        for kind in KINDS:
            found = chosen(rounds, name, kind)
            if found:
                values = [each["stall"] for each in found]
                yield "| %s | %s | %.1f s | %s | %s, %s | %s |" % (
                    SETS[name].title, _LOSS[kind], report.median(values), _numbers(values),
                    _range(len(each["requests"]) for each in found), _range(each["deaths"] for each in found),
                    sum(kind == CUT and not each["deaths"] for each in found) or "")


def _range(numbers):
    values = sorted(numbers)
    return "%d" % values[0] if values[0] == values[-1] else "%d to %d" % (values[0], values[-1])


def ratios(rounds):
    """Lines: our handler with the written times, compared with each other set."""
    for name in _played(rounds):
        for kind in KINDS:
            ours, theirs = stalls(rounds, OURS, kind), stalls(rounds, name, kind)
            if name != OURS and ours and theirs:
                yield "%s, %s: %.1f s / %.1f s = %.2f" % (
                    SETS[name].title, _LOSS[kind], report.median(ours), report.median(theirs),
                    report.median(ours) / report.median(theirs))


def death_table(rounds):
    """Lines of a table of deaths per loss, of machines that boot at once."""
    yield "| handler, times | loss | losses | with at most one death | requests per loss | deaths per loss |"
    yield "|---|---|---|---|---|---|"
    for name in _played(rounds, boots=True):
        for kind in KINDS:
            found = chosen(rounds, name, kind, boots=True)
            if found:
                yield "| %s | %s | %d | %d | %s | %s |" % (
                    SETS[name].title, _LOSS[kind], len(found), sum(each["deaths"] <= 1 for each in found),
                    _range(len(each["requests"]) for each in found), _range(each["deaths"] for each in found))


def picture(rounds):
    """The SVG of the medians."""
    return report.bars("Writes stand still, seconds (median)", [
        ("%s, %s" % (name, {CRASH: "node killed", CUT: "link cut"}[kind]), report.median(stalls(rounds, name, kind)),
         "ours" if SETS[name].handler == SETS[OURS].handler else "stock")
        for kind in KINDS for name in _played(rounds) if stalls(rounds, name, kind)], "s")
