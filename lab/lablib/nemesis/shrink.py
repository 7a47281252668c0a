# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a failing history short: delta debugging over its faults, then over its work."""


def ddmin(items, fails):
    """Returns a part of a list for which `fails` still holds, and of which no single item can be left out.

    items: a list for which it holds; fails: called with a list. Zeller and Hildebrandt's algorithm of 2002, with each part
    asked only once.
    """
    known = {}

    def asked(part):
        key = tuple(part)
        if key not in known:
            known[key] = fails([items[index] for index in part])
        return known[key]

    left, pieces = list(range(len(items))), 2
    while len(left) >= 1:
        size = max(1, -(-len(left) // pieces))
        parts = [left[start : start + size] for start in range(0, len(left), size)]
        smaller = next((part for part in parts if len(part) < len(left) and asked(part)), None)
        if smaller is not None:
            left, pieces = smaller, 2
            continue
        rests = ([index for index in left if index not in part] for part in parts)
        smaller = next((rest for rest in rests if asked(rest)), None)
        if smaller is not None:
            left, pieces = smaller, max(2, len(parts) - 1)
        elif size == 1:
            break
        else:
            pieces = min(len(left), 2 * pieces)
    return [items[index] for index in left]


def shrink(history, fails):
    """Returns a shorter History for which `fails` (called with a History) still holds."""
    if fails(history._replace(work=())):
        history = history._replace(work=())
    history = history._replace(faults=tuple(ddmin(list(history.faults), lambda faults: fails(history._replace(faults=tuple(faults))))))
    if history.work:
        history = history._replace(work=tuple(ddmin(list(history.work), lambda work: fails(history._replace(work=tuple(work))))))
    return ended(history)


def ended(history):
    """Returns a History that lasts no longer than its faults and its work."""
    last = max([fault.end for fault in history.faults] + [work.at for work in history.work] + [0.0])
    return history._replace(seconds=min(history.seconds, round(last + 1)))
