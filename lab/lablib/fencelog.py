# SPDX-License-Identifier: GPL-2.0-or-later
"""What was fenced, and how the fence device is: the files by which the fencing process and the lab talk."""
import json
from pathlib import Path

LOG = "fenced.jsonl"
# While this file is in the run directory, the fence device is not healthy; it holds one of MODES.
MODE = "fencing-mode"
# It refuses all requests about power; does what it is asked for some seconds later; refuses only the first request for each
# machine.
MODES = REFUSES, SLOW, SECOND = ("refuses", "is slow", "works the second time")
# How slow.
SECONDS = 12.0


def mode(run):
    """Returns how the fence device of a run directory is: "" while it works, else one of MODES."""
    try:
        return Path(run, MODE).read_text()
    except OSError:
        return ""


def set_mode(run, text):
    """Lets it work ("") or be one of MODES from now on."""
    path = Path(run, MODE)
    if text:
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(path)
    else:
        path.unlink(missing_ok=True)


def events(run):
    """Returns the records of a run directory's fenced.jsonl, oldest first."""
    try:
        return [json.loads(line) for line in Path(run, LOG).read_text().splitlines()]
    except OSError:
        return []
