# SPDX-License-Identifier: GPL-2.0-or-later
"""The results of scenarios as a table: Markdown for people, JSON for programs."""
import json

SCHEMA = "dualstor.lab.faults/1"


def as_json(results, about):
    """Returns the results as JSON text; `about` tells of the run as a whole."""
    return json.dumps({"schema": SCHEMA, **about, "results": results}, indent=1) + "\n"


def _cell(result):
    if result is None:
        return "–"
    failed = [check for check in result["checks"] if not check["ok"]]
    parts = ["as expected" if not failed else f"**{len(failed)} of {len(result['checks'])} checks failed**"]
    parts.append("fenced: " + (", ".join(result["fenced"]) or "nobody"))
    if result["stall"]:
        parts.append("stall " + ", ".join(f"{seconds} s ({name})" for name, seconds in sorted(result["stall"].items())))
    parts += [f"{check['name']}: {check['detail']}"[:300].replace("|", "\\|").replace("\n", " ") for check in failed[:4]]
    return "<br>".join(parts)


def markdown(results, about):
    """Returns the two-column table as Markdown text."""
    names = list(dict.fromkeys(result["scenario"] for result in results))
    sets = list(dict.fromkeys(result["agents"] for result in results))
    found = {(result["scenario"], result["agents"]): result for result in results}
    lines = [
        "# Faults and what came of them",
        "",
        f"{about['machines']}; {about['seconds']:.0f} s in all. Repeat with `{about['command']}`.",
        "",
        "| scenario | allowed | " + " | ".join(sets) + " |",
        "|---|---|" + "---|" * len(sets),
    ]
    for name in names:
        first = next(found[name, each] for each in sets if (name, each) in found)
        allowed = f"fencing: {first['allowed']}" + (f"<br>stall {first['limit']} s" if first["limit"] is not None else "")
        title = f"**{name}**: {first['title']}"
        lines.append(f"| {title} | {allowed} | " + " | ".join(_cell(found.get((name, each))) for each in sets) + " |")
    return "\n".join(lines) + "\n"
