# SPDX-License-Identifier: GPL-2.0-or-later
"""Which pairs of kinds of faults have overlapped how often; kept over runs."""
import itertools
from collections import Counter

from .history import Fault

WANTED = 2


def key(one, other):
    """Returns the name of a pair; the order of its two does not matter."""
    return "+".join(sorted((one, other)))


def pairs(faults):
    """Returns Counter of the pairs of different kinds among faults that overlapped.

    faults: of a history, or what really happened (dictionaries with kind, begin, end).
    """
    plain = [(each.kind, each.begin, each.end) if isinstance(each, Fault) else (each["kind"], each["begin"], each["end"])
             for each in faults]  # fmt: skip
    return Counter(
        key(one[0], other[0])
        for one, other in itertools.combinations(plain, 2)
        if one[0] != other[0] and one[1] < other[2] and other[1] < one[2]
    )


def merged(earlier, found):
    """Returns {pair: count} with a Counter added."""
    total = Counter(earlier)
    total.update(found)
    return dict(sorted(total.items()))


def lacking(counts, names, impossible=frozenset()):
    """Returns the pairs that have overlapped less than twice, of kinds that may overlap."""
    every = {key(one, other) for one, other in itertools.combinations(names, 2)} - set(impossible)
    return sorted(pair for pair in every if counts.get(pair, 0) < WANTED)


def impossible(kinds, nodes=(1, 2)):
    """Returns the pairs of kinds that never overlap, whatever nodes they are on: both need the same thing.

    """
    found = set()
    for one, other in itertools.combinations(kinds, 2):
        needs = [
            [kind.apart(Fault(0, kind.name, node, 0.0, 1.0, {})) for node in (nodes if kind.where == "node" else (0,))]
            for kind in (one, other)
        ]
        if all(first & second for first in needs[0] for second in needs[1]):
            found.add(key(one.name, other.name))
    return found


def best(counts, seeds, make, names, impossible=frozenset()):
    """Returns the seed whose history has the most of the pairs that are still lacking; the first of several.

    make: seed -> History.
    """
    wanted = set(lacking(counts, names, impossible))
    return max(seeds, key=lambda seed: (len(wanted & set(pairs(make(seed).faults))), -seed))


def markdown(counts, names, impossible=frozenset()):
    """Returns the lines of a table: a row and a column for each kind, how often they overlapped in each cell."""
    lines = ["| | " + " | ".join(str(number) for number in range(1, len(names) + 1)) + " |", "|---|" + "---|" * len(names)]
    for row, one in enumerate(names, 1):
        cells = []
        for other in names[: row - 1]:
            pair = key(one, other)
            cells.append("×" if pair in impossible else str(counts.get(pair, 0) or "·"))
        lines.append(f"| {row} {one} | " + " | ".join(cells + [""] * (len(names) - row + 1)) + " |")
    return lines
