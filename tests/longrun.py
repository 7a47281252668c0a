# SPDX-License-Identifier: GPL-2.0-or-later
"""``--long``: the lab's tests that take minutes each, and the page that lists their last results."""

import os
import time

from sourcetree import TREE

PAGE = os.path.join(TREE, "docs", "lab-long.md")
_HEAD = """\
<!-- Written by: make lab-long -->
# Long tests of the lab

`make test` plays a choice of the lab's tests. These take minutes each; `make lab-long` plays them, and writes their results
here. `make lab-long TESTS='-k moving'` plays some of them.

| test | result | minutes | when (UTC) |
|---|---|---|---|
"""


def is_long(item):
    """Whether a test is none of ``make test``."""
    return item.get_closest_marker("long") is not None


def rows(text):
    """{test: row} of the page's table."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("`"):
            found[cells[0]] = cells
    return found


def page(text, results, now):
    """The page with new results in the place of the old ones.

    :param text: the page so far
    :param results: {node id: (outcome, seconds)}
    :param now: text, when that was
    """
    known = rows(text)
    for name, (outcome, seconds) in results.items():
        known[f"`{name}`"] = [f"`{name}`", outcome, f"{seconds / 60:.1f}", now]
    return _HEAD + "".join(f"| {' | '.join(known[name])} |\n" for name in sorted(known))


class Results:
    """Takes in what happens, and writes the page at the end."""

    def __init__(self):
        self._seconds, self._failed = {}, set()

    def pytest_runtest_logreport(self, report):
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self):
        if not self._seconds:
            return
        try:
            with open(PAGE, encoding="utf-8") as stream:
                before = stream.read()
        except FileNotFoundError:
            before = ""
        results = {name: ("failed" if name in self._failed else "passed", seconds)
                   for name, seconds in self._seconds.items()}
        with open(PAGE, "w", encoding="utf-8") as stream:
            stream.write(page(before, results, time.strftime("%Y-%m-%d", time.gmtime())))
