# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays each scenario with one set of agents after the other, and writes down the results."""
import json
import time
from pathlib import Path

from .. import cib
from ..errors import LabError
from . import picture, scenarios, table, timeline, verdict
from .stage import Stage


def choose(names):
    """Returns the scenarios of these names, all for none. Raises LabError for a name that is not known."""
    known = scenarios.every()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise LabError(f"there is no scenario {', '.join(unknown)}: there are {', '.join(known)}")
    return [known[name] for name in names] if names else list(known.values())


def play(lab, each, agents):
    """Plays one scenario; returns (its result as a dictionary, its Timeline)."""
    stage = Stage(lab, agents)
    began = time.monotonic()
    try:
        stage.set()
        lab.progress.note(f"{each.name}, {agents.name} agents: {each.title}")
        with stage.checked("the story went as expected"):
            each.act(stage)
        stage.ended = time.time()
        told = stage.ended - stage.began
        with stage.checked("everything could be checked"):
            verdict.settle(stage)
        figures = verdict.judge(stage, each)
        stage.ended = time.time()
        story = timeline.collect(stage, f"{each.title} ({agents.name} agents)")
        result = {
            "scenario": each.name,
            "title": each.title,
            "agents": agents.name,
            "allowed": each.fencing,
            "limit": each.stall,
            "ok": all(check.ok for check in stage.checks) and not figures["late"],
            "checks": [check._asdict() for check in stage.checks],
            "marks": [{"at": round(mark.time - stage.began, 1), "text": mark.text} for mark in stage.marks],
            "story": round(told, 1),
            "listed": verdict.trouble(stage),
            "seconds": round(time.monotonic() - began, 1),
            **figures,
        }
    finally:
        stage.close()
    return result, story


def run(lab, names=(), sets=("dualstor", "stock"), output=None):
    """Plays the scenarios of these names (all for none) with these sets of agents.

    output: directory for faults.md, faults.json and one SVG for each; their results of other scenarios stay. By default
    nothing is written. Returns the results, in the order in which they were played.
    """
    chosen = choose(names)
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    folder = Path(output) if output else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    results = []
    for each in chosen:
        for name in sets:
            if each.only not in (None, name):
                continue
            with lab.progress.step(f"{each.name}, {name} agents"):
                result, story = play(lab, each, cib.SETS[name])
            result["run"] = began
            results.append(result)
            if folder:
                (folder / f"{each.name}-{name}.svg").write_text(picture.draw(story))
                _write(folder, result, lab.options().text())
    return results


def _write(folder, result, machines):
    """Puts one result into the directory's table."""
    path = folder / "faults.json"
    earlier = json.loads(path.read_text())["results"] if path.exists() else []
    results = table.merged(earlier, result, list(scenarios.every()))
    about = {"machines": f"Two machines, {machines}", "seconds": round(sum(each["seconds"] for each in results))}
    path.write_text(table.as_json(results, about))
    (folder / "faults.md").write_text(table.markdown(results, about))
