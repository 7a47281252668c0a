# SPDX-License-Identifier: GPL-2.0-or-later
"""What was fenced, and whether fencing works at all: the files by which the fencing process and the lab talk."""
import json
from pathlib import Path

LOG = "fenced.jsonl"
# While this file is in the run directory, requests about power fail: a fence device that does not work.
REFUSED = "fencing-refused"


def events(run):
    """Returns the records of a run directory's fenced.jsonl, oldest first."""
    try:
        return [json.loads(line) for line in Path(run, LOG).read_text().splitlines()]
    except OSError:
        return []
