# SPDX-License-Identifier: GPL-2.0-or-later
"""What all runs so far came to: a JSON file for programs, which is added to, and a page for people."""
import json

from . import checkers, matrix
from .faults import KINDS

SCHEMA = "dualstor.lab.nemesis/1"
EMPTY = {"schema": SCHEMA, "runs": [], "pairs": {}}


def read(path):
    """Returns the document of earlier runs, an empty one without a file."""
    return json.loads(path.read_text()) if path.exists() else dict(EMPTY)


def summary(record, found, when, suite):
    """Returns what is kept of one run. found: of checkers.validate."""
    return {
        "seed": record["history"]["seed"],
        "agents": record["history"]["agents"],
        "suite": suite,
        "when": when,
        "minutes": round(record["history"]["seconds"] / 60, 1),
        "faults": sum(1 for fault in record["faults"] if fault["applied"]),
        "deaths": len(record["deaths"]),
        "commands": len(record["work"]),
        "records": sum(last - first + 1 for place in record["owed"].values() for each in place.values() for first, last in each),
        "healthy": record["whole"]["seconds"],
        "steps": record["whole"]["steps"],
        "failed": {name: wrong[:3] for name, wrong in found.items() if wrong},
    }


def added(document, record, run):
    """Returns the document with a run and its pairs; pairs count with our agents only."""
    pairs = document["pairs"]
    if record["history"]["agents"] == "dualstor":
        pairs = matrix.merged(pairs, matrix.pairs([fault for fault in record["faults"] if fault["applied"]]))
    return {**document, "runs": [*document["runs"], run], "pairs": pairs}


def _row(run):
    failed = "<br>".join(f"{checkers.CHECKERS[name][0]}: {wrong[0][:160]}" for name, wrong in run["failed"].items())
    healthy = f"{run['healthy']:.0f} s" if run["healthy"] is not None else "after: " + "; ".join(run["steps"])[:120]
    cells = (run["seed"], run["agents"], run["suite"], run["when"], run["minutes"], run["faults"], run["deaths"], run["commands"],
             run["records"], healthy, failed or "all hold")  # fmt: skip
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def markdown(document):
    """Returns the page."""
    names = list(KINDS)
    impossible = matrix.impossible(list(KINDS.values()))
    lacking = matrix.lacking(document["pairs"], names, impossible)
    possible = len(names) * (len(names) - 1) // 2 - len(impossible)
    lines = [
        "<!-- Written by: lab/lab nemesis -->",
        "# Random faults on real machines",
        "",
        "`lab/lab nemesis --seed N --minutes M` plays random histories of faults and of ordinary work on the two machines of the"
        " lab, and validates each one. A seed always gives the same history; what the machines make of it differs.",
        "",
        "## What must hold",
        "",
        *(f"- {what}" for what, _ in checkers.CHECKERS.values()),
        "",
        "## Runs",
        "",
        f"{len(document['runs'])} histories, {sum(run['minutes'] for run in document['runs']) / 60:.1f} hours of faults.",
        "",
        "| seed | agents | suite | when (UTC) | minutes | faults | deaths | commands | records | healthy after | result |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *map(_row, document["runs"]),
        "",
        "## Pairs of faults that overlapped",
        "",
        f"Of {possible} pairs that can overlap, {possible - len(lacking)} have done so twice or more with our agents. × marks pairs"
        " that cannot, as both need the same thing.",
        "",
        *matrix.markdown(document["pairs"], names, impossible),
        "",
        "| kind | what happens | who may be fenced for it |",
        "|---|---|---|",
        *(f"| {kind.name} | {kind.title} | {kind.fences} |" for kind in KINDS.values()),
    ]
    return "\n".join(lines) + "\n"
