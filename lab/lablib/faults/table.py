# SPDX-License-Identifier: GPL-2.0-or-later
"""The results of scenarios as a table: Markdown for people, JSON for programs."""
import json

SCHEMA = "dualstor.lab.faults/1"
_APART = "†"


def as_json(results, about):
    """Returns the results as JSON text; `about` describes the run as a whole."""
    return json.dumps({"schema": SCHEMA, **about, "results": results}, indent=1) + "\n"


def merged(earlier, result, order):
    """Returns earlier results with one in the place of its like, in the order of the scenarios' names; unknown ones go."""
    key = (result["scenario"], result["agents"])
    kept = [each for each in earlier if (each["scenario"], each["agents"]) != key and each["scenario"] in order]
    return sorted([*kept, result], key=lambda each: (order.index(each["scenario"]), each["agents"]))


def _apart(results):
    """Whether results of one scenario do not come from one run."""
    return len({result.get("run", number) for number, result in enumerate(results)}) > 1


def _stall(result, name):
    seconds = f"{result['stall'][name]} s"
    return f"**{seconds}** ({name})" if name in result.get("late", ()) else f"{seconds} ({name})"


def _cell(result):
    if result is None:
        return "–"
    failed = [check for check in result["checks"] if not check["ok"]]
    parts = ["as expected" if not failed else f"**{len(failed)} of {len(result['checks'])} checks failed**"]
    parts.append("fenced: " + (", ".join(result["fenced"]) or "nobody"))
    if result["stall"]:
        parts.append("stall " + ", ".join(_stall(result, name) for name in sorted(result["stall"])))
    parts.append("[{0} s]({1}-{2}.svg)".format(round(result["story"]), result["scenario"], result["agents"]))
    parts += [f"{check['name']}: {check['detail']}"[:300].replace("|", "\\|").replace("\n", " ") for check in failed[:4]]
    return "<br>".join(parts)


def markdown(results, about):
    """Returns the table as Markdown text: a line for each scenario, a column for each set of agents."""
    names = list(dict.fromkeys(result["scenario"] for result in results))
    sets = list(dict.fromkeys(result["agents"] for result in results))
    found = {(result["scenario"], result["agents"]): result for result in results}
    lines = [
        "# Faults and their results",
        "",
        f"{about['machines']}; {about['seconds']} s in all. Both sets of a scenario were played one after the other in one run of"
        f" `lab/lab faults NAME` (all: `make faults`), except for those with {_APART}, which had a run each. The seconds are"
        " from the damage until the cluster is healthy again; they lead to a picture of what happened when.",
        "",
        "| scenario | allowed | " + " | ".join(sets) + " |",
        "|---|---|" + "---|" * len(sets),
    ]
    for name in names:
        first = next(found[name, each] for each in sets if (name, each) in found)
        allowed = f"fencing: {first['allowed']}" + (f"<br>stall {first['limit']} s" if first["limit"] is not None else "")
        mark = f" {_APART}" if _apart([found[name, each] for each in sets if (name, each) in found]) else ""
        title = f"**{name}**{mark}: {first['title']}"
        lines.append(f"| {title} | {allowed} | " + " | ".join(_cell(found.get((name, each))) for each in sets) + " |")
    return "\n".join(lines) + "\n"
