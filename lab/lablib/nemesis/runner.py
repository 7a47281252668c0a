# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays histories one after the other, validates them, and writes down the results."""
import json
import time
from pathlib import Path

from .. import cib, paths
from ..faults import picture, timeline
from ..faults.stage import Stage
from . import checkers, conductor, faults, found, history, matrix, report, shrink, work

# Seconds of one history; longer campaigns are several, each on a freshly formed cluster.
LENGTH = 180
OUTPUT = paths.PROJECT / "docs" / "faults"
# A campaign that wants what has not overlapped yet chooses each history from so many seeds.
CHOICE = 40


def histories(seed, minutes, agents="dualstor", kinds=()):
    """Yields the Histories of a campaign: seeds from `seed` on, until their minutes are used up."""
    chosen, left = faults.choose(kinds), round(minutes * 60)
    while left > 0:
        seconds = min(left, LENGTH)
        yield history.make(seed, seconds, chosen, work.PLANS[agents], agents)
        seed, left = seed + 1, left - seconds


def covering(seed, minutes, document, agents="dualstor", kinds=()):
    """Yields the same number of Histories, of those seeds from `seed` on that have the most pairs that are lacking so far."""
    chosen, counts = faults.choose(kinds), dict(document["pairs"])
    impossible, names = matrix.impossible(chosen), [kind.name for kind in chosen]

    def make(number):
        return history.make(number, LENGTH, chosen, work.PLANS[agents], agents)

    for _ in range(max(1, round(minutes * 60 / LENGTH))):
        best = matrix.best(counts, range(seed, seed + CHOICE), make, names, impossible)
        yield make(best)
        counts = matrix.merged(counts, matrix.pairs(make(best).faults))
        seed += CHOICE


def play(lab, wanted):
    """Plays one History on a freshly formed cluster; returns (record, what the checkers found, Timeline)."""
    stage = Stage(lab, cib.SETS[wanted.agents])
    lab.fencing_is("")
    try:
        stage.set()
        work.prepare(stage)
        for line in history.story(wanted):
            lab.progress.note(f"    {line}")
        record = conductor.play(stage, wanted)
        story = timeline.collect(stage, f"Seed {wanted.seed} ({wanted.agents} agents)")
    finally:
        stage.close()
    return record, checkers.validate(record), story


def run(lab, wanted, output=OUTPUT, kept=None):
    """Plays Histories; returns the summaries of the runs.

    output: directory of nemesis.json and nemesis.md, which are added to; None: nothing is written. kept: directory of the
    records and pictures, by default in the lab's run directory.
    """
    kept = Path(kept or lab.folder / "nemesis")
    kept.mkdir(parents=True, exist_ok=True)
    runs = []
    for each in wanted:
        with lab.progress.step(f"seed {each.seed}, {each.seconds} s, {each.agents} agents"):
            record, wrong, story = play(lab, each)
        name = f"{each.seed}-{each.agents}"
        (kept / f"{name}.json").write_text(json.dumps({**record, "wrong": wrong}, indent=1) + "\n")
        (kept / f"{name}.svg").write_text(picture.draw(story))
        runs.append(report.summary(record, wrong, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), lab.suite))
        for checker in checkers.failed(wrong):
            for text in wrong[checker][:5]:
                lab.progress.note(f"    not so: {checkers.CHECKERS[checker][0]}: {text}")
        if output is not None:
            _write(Path(output), record, runs[-1])
    return runs


def earlier(output):
    """Returns the document of earlier runs in a directory."""
    return report.read(Path(output) / "nemesis.json")


def _write(output, record, run):
    output.mkdir(parents=True, exist_ok=True)
    document = report.added(earlier(output), record, run)
    (output / "nemesis.json").write_text(json.dumps(document, indent=1) + "\n")
    (output / "nemesis.md").write_text(report.markdown(document))


def make_short(lab, wanted, name, folder=found.FOLDER):
    """Shrinks a History that fails, by playing parts of it, and writes it as a scenario; returns (path, History).

    A part counts as failing if a checker fails that failed with the whole. Returns (None, the History) when it does not fail.
    """
    record, wrong, _ = play(lab, wanted)
    before = set(checkers.failed(wrong))
    if not before:
        return None, wanted

    def fails(part):
        with lab.progress.step(f"{len(part.faults)} faults, {len(part.work)} commands"):
            _, now, _ = play(lab, part)
        return bool(before & set(checkers.failed(now)))

    short = shrink.shrink(wanted, fails)
    title = ", ".join(faults.KINDS[fault.kind].title for fault in short.faults)
    return found.write(name, title, short, folder), short
