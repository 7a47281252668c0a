# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays each scenario with one set of agents after the other, and writes down what came of it."""
import time
from pathlib import Path

from .. import cib
from ..errors import LabError
from . import picture, scenario, table, timeline, verdict
from .stage import Stage


def choose(names):
    """Returns the scenarios of these names, all for none. Raises LabError for a name that is not known."""
    known = scenario.every()
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
            "ok": all(check.ok for check in stage.checks),
            "checks": [check._asdict() for check in stage.checks],
            "marks": [{"at": round(mark.time - stage.began, 1), "text": mark.text} for mark in stage.marks],
            "listed": verdict.trouble(stage),
            "seconds": round(time.monotonic() - began, 1),
            **figures,
        }
    finally:
        stage.close()
    return result, story


def run(lab, names=(), sets=("dualstor", "stock"), output=None):
    """Plays the scenarios of these names (all for none) with these sets of agents.

    output: folder for faults.md, faults.json and one SVG for each; by default nothing is written.
    Returns the results, in the order of the scenarios.
    """
    began = time.monotonic()
    chosen = choose(names)
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
            results.append(result)
            if folder:
                (folder / f"{each.name}-{name}.svg").write_text(picture.draw(story))
                _write(folder, results, chosen, lab, time.monotonic() - began, sets)
    return results


def _write(folder, results, chosen, lab, seconds, sets):
    order = {each.name: index for index, each in enumerate(chosen)}
    ordered = sorted(results, key=lambda result: order[result["scenario"]])
    words = ["lab/lab faults", *(["--agents " + sets[0]] if len(sets) == 1 else []), *sorted(order, key=order.get)]
    about = {
        "machines": f"Two machines, {lab.options().text()}",
        "seconds": seconds,
        "command": " ".join(words if len(order) < len(scenario.every()) else words[:-len(order)]),
    }
    (folder / "faults.json").write_text(table.as_json(ordered, about))
    (folder / "faults.md").write_text(table.markdown(ordered, about))
