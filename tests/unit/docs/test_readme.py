# SPDX-License-Identifier: GPL-2.0-or-later
"""README.md: its figures were measured, its screen is one of status, its test command runs."""

import json
import os
import re
import sys

from dualstor.agents.catalogue import NAMES as AGENTS
from sourcetree import TREE
from unit.docs import markdown

sys.path.append(TREE)

from bench import report  # noqa: E402

PAGE = "README.md"
HEADING = "## Compared with the stock agents"


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
    found = {"one monitor of each of the three, CPU time": [f"{cpu:.0f} ms" for cpu, _ in sums],
             "processes that these start": [f"{started:.0f}" for _, started in sums]}
    whole = figures("lab-operations.json")
    for cell, name in (("start of the whole stack",) * 2, ("stop of the whole stack",) * 2,
                       ("stall of writes after a crash", "stall after a crash")):
        found[cell] = [" / ".join(f"{seconds:.1f} s" for seconds in whole[each][name])
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
    assert {row[0] for row in rows} == {f"`ocf:dualstor:{name}`" for name in AGENTS}


def test_its_test_command_is_the_one_that_runs():
    text = markdown.read(PAGE)
    (block,) = markdown.blocks(markdown.section(text, "## Test it"))
    assert block.text == "make test\n"
    assert markdown.read(".ci/run").rstrip().endswith("exec " + block.text.strip())


def test_its_screen_is_that_of_a_split_brain_shortened():
    """Lines are left out, and what follows ``[...]`` in a line."""
    (block,) = markdown.blocks(markdown.read(PAGE), "text", "screen")
    lines = iter(markdown.read("docs/screens/split-brain.txt").splitlines())
    for shown in block.text.splitlines():
        begin, cut, _ = shown.partition("[...]")
        if begin.strip():
            assert any(line.startswith(begin) if cut else line == begin for line in lines), shown


def test_its_stalls_are_those_of_the_table_of_faults():
    table, text = markdown.read("docs/faults/faults.md"), " ".join(markdown.read(PAGE).split())
    for scenario, words in (("replication-cut", "the replication link"),
                            ("cluster-cut", "the cluster link"), ("both-cut", "both")):
        (row,) = re.findall(rf"^\| \*\*{scenario}\*\*.*$", table, re.MULTILINE)
        stall = re.search(r"stall ([\d.]+ s) \(", row).group(1)
        assert f"{stall} for {words}" in text


def test_its_number_of_scenarios_that_ended_as_expected_is_that_of_the_table():
    with open(os.path.join(TREE, "docs", "faults", "faults.json"), encoding="utf-8") as stream:
        ended = [result["ok"] for result in json.load(stream)["results"]
                 if result["agents"] == "dualstor"]
    assert all(ended)
    (row,) = re.findall(r"^\| Debian 12: .*$", markdown.read(PAGE), re.MULTILINE)
    assert row.endswith(f"| all {len(ended)} as expected |")


def test_it_says_how_many_instructions_of_an_idle_python_a_monitor_takes():
    counted = [float(share) for share in re.findall(
        r"^[a-z-]+ monitor(?:, DRBD 9)? +\d+ +([\d.]+)$", markdown.read("docs/performance.md"),
        re.MULTILINE)]
    assert len(counted) == 4
    words = f"{min(counted):.2f} to {max(counted):.2f} times the instructions"
    assert all(words in markdown.read(page) for page in (PAGE, "docs/performance.md"))
