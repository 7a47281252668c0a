# SPDX-License-Identifier: GPL-2.0-or-later
"""The step that is named when the cluster does not get healthy by itself: `dualstor status` says what to type, and it is typed."""
import json
import re
import shlex

from ..errors import LabError
from ..faults.scenarios.disks import typed

_QUOTED = re.compile(r"`([^`]+)`")
PROGRAMS = ("crm_resource", "drbdadm", "dualstor", "lvchange", "vgchange", "dmsetup", "stonith_admin", "crm_attribute")


def commands(text):
    """Returns the commands in backticks in a sentence, each as a list of words; a placeholder in capitals makes it none."""
    found = []
    for quoted in _QUOTED.findall(text):
        try:
            words = shlex.split(quoted)
        except ValueError:
            continue
        if words and words[0] in PROGRAMS and not any(re.fullmatch(r"[A-Z]{2,}(/[A-Z]+)?", word) for word in words[1:]):
            found.append(words)
    return found


def named(document):
    """Returns (parts to type, commands to type) of a `dualstor status --json` document: those of the most urgent advice with any."""
    for each in document.get("advice", ()):
        if each.get("parts"):
            return each["parts"], []
        found = commands(each.get("do", ""))
        if found:
            return [], found
    return [], []


def follow(stage):
    """Types what `dualstor status` names on each node in turn; returns it as texts, [] when it names nothing."""
    done = []
    for node in stage.lab.nodes:
        try:
            document = json.loads(node.run(["dualstor", "status", "--json", "--wait", "20"], 90).stdout)
            parts, words = named(document)
            if parts:
                typed(stage, parts, f"the writes of {stage.two.name} are to be lost")
                done += [f"{node.name}: {part['title']}" for part in parts]
            for command in words:
                node.run(command, 90)
                done.append(f"{node.name}: {' '.join(command)}")
        except (LabError, ValueError) as error:
            stage.mark(f"{node.name}: no advice could be followed: {str(error)[:100]}")
        if done:
            stage.mark(f"typed: {'; '.join(done)}"[:200])
            break
    return done
