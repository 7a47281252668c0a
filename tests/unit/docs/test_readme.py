# SPDX-License-Identifier: GPL-2.0-or-later
"""README.md: its figures are those that were measured, its test command is the one that runs."""

import json
import os
import sys

from dualstor.agents.catalogue import NAMES as AGENTS
from sourcetree import TREE
from unit.docs import markdown

sys.path.append(TREE)

from bench import report  # noqa: E402

PAGE = "README.md"
HEADING = "## Against the stock agents"


def figures(name):
    with open(os.path.join(TREE, "docs", "bench", name), encoding="utf-8") as stream:
        return json.load(stream)


def measured():
    """{first cell: (ours, stock)} of the table of figures."""
    monitors = {label: row for label, row in figures("lab-monitors.json")["one"].items()
                if label.endswith(" monitor")}
    assert len(monitors) == 6
    sums = []
    for stock in (False, True):
        rows = [row for label, row in monitors.items() if label.startswith("ocf:") == stock]
        sums.append((sum(report.median(row["cpu"]) for row in rows) * 1e3,
                     sum(report.started(row) for row in rows)))
    found = {"one monitor of each of the three, CPU time": ["%.0f ms" % cpu for cpu, _ in sums],
             "processes that these start": ["%d" % started for _, started in sums]}
    whole = figures("lab-operations.json")
    for cell, name in (("start of the whole stack",) * 2, ("stop of the whole stack",) * 2,
                       ("stall of writes after a crash", "stall after a crash")):
        found[cell] = [" / ".join("%.1f s" % seconds for seconds in whole[each][name])
                       for each in ("dualstor", "stock")]
    return found


def test_its_figures_are_those_that_were_measured():
    """Rewrite them with DUALSTOR_GOLDEN=1 and look at the difference."""
    text = markdown.read(PAGE)
    wanted = ["| %s | %s | %s |" % ((cell,) + tuple(values)) for cell, values in measured().items()]
    if os.environ.get("DUALSTOR_GOLDEN"):
        lines = text.splitlines(True)
        for line in wanted:
            begin = line[:line.index("|", 2) + 1]
            (at,) = [i for i, there in enumerate(lines) if there.startswith(begin)]
            lines[at] = line + "\n"
        text = "".join(lines)
        with open(os.path.join(TREE, PAGE), "w", encoding="utf-8") as stream:
            stream.write(text)
    assert ["| " + " | ".join(row) + " |" for row in markdown.rows(text, HEADING)] == wanted


def test_each_agent_is_named_with_what_it_replaces():
    rows = markdown.rows(markdown.read(PAGE), "![the stack")
    assert {row[0] for row in rows} == {"`ocf:dualstor:%s`" % name for name in AGENTS}


def test_its_test_command_is_the_one_that_runs():
    text = markdown.read(PAGE)
    (block,) = markdown.blocks(text[text.index("## Test it"):text.index("## Run it")])
    assert block.text == "make test\n"
    assert markdown.read(".ci/run").rstrip().endswith("exec " + block.text.strip())
