# SPDX-License-Identifier: GPL-2.0-or-later
"""Histories that failed once, shrunk: each file in `found/` is a fault scenario, which `lab/lab faults NAME` plays.

A file is a dictionary with name, title, fencing (see faults/scenario.py), stall, writers, and the history.
"""
import json
from pathlib import Path

from ..faults import scenario
from . import conductor, history
from .faults import EITHER, ITSELF, KINDS

FOLDER = Path(__file__).parent / "found"


def fencing(wanted):
    """Returns how much fencing a history allows, in the words of faults/scenario.py."""
    causes = {(KINDS[fault.kind].fences, fault.node) for fault in wanted.faults}
    nodes = {node for fences, node in causes if fences == ITSELF}
    if not nodes and not any(fences == EITHER for fences, _ in causes):
        return scenario.NOBODY
    if len(nodes) == 1 and not any(fences == EITHER for fences, _ in causes):
        return {1: scenario.NODE1, 2: scenario.NODE2}[nodes.pop()]
    return scenario.ONE


def document(name, title, wanted):
    """Returns a History as what a scenario file holds."""
    return {"name": name, "title": title, "fencing": fencing(wanted), "history": history.to_json(wanted)}


def write(name, title, wanted, folder=FOLDER):
    """Writes a scenario file; returns its path."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document(name, title, wanted), indent=1) + "\n")
    return path


def register(folder=FOLDER):
    """Registers every file as a scenario; returns their names."""
    names = []
    for path in sorted(folder.glob("*.json")):
        about = json.loads(path.read_text())
        wanted = history.from_json(about["history"])
        add = scenario.scenario(about["name"], about["title"], about["fencing"], only=wanted.agents)
        add(lambda stage, wanted=wanted: conductor.replay(stage, wanted))
        names.append(about["name"])
    return names
