# SPDX-License-Identifier: GPL-2.0-or-later
"""What may go wrong with one program: the same list in process and with real programs.

A fault is a dict, so that it is stored with the state: ``program`` (a name or
"*"), ``kind`` (see KINDS), ``node`` (a name or ""), ``times`` (how often it
strikes, -1 for ever), ``match`` (words that the arguments must hold), and
``code``, ``text``, ``seconds`` where the kind has use for them.
"""

import re

ABSENT, NOT_EXECUTABLE, BAD_FORMAT = "absent", "not-executable", "bad-format"
HANG, HANG_HARD, HANG_AFTER, UNKILLABLE = "hang", "hang-hard", "hang-after", "unkillable"
EXIT, KILLED = "exit", "killed"
EMPTY, PARTIAL, CLOSED, GARBAGE = "empty", "partial", "closed", "garbage"
NOISE, MIXED, FOREIGN = "noise", "mixed", "foreign"
FLOOD, FLOOD_ERRORS, DRIP = "flood", "flood-errors", "drip"
SLOW, LATE, GRANDCHILD = "slow", "late", "grandchild"

#: kind -> what it is.
KINDS = {
    ABSENT: "the program is not installed",
    NOT_EXECUTABLE: "it has no x bit",
    BAD_FORMAT: "the kernel cannot execute it",
    HANG: "never ends by itself, does nothing",
    HANG_HARD: "as hang, and ignores SIGTERM",
    HANG_AFTER: "does its work, then never ends",
    UNKILLABLE: "waits in the kernel: not even SIGKILL ends it",
    EXIT: "does nothing, says text and exits with code",
    KILLED: "is killed by the signal code before it does anything",
    EMPTY: "says nothing, does nothing, exit code 0",
    PARTIAL: "does its work, but half of its output is lost: a report or a JSON text is cut off",
    CLOSED: "closes stdout at once, does its work, exit code 0",
    GARBAGE: "does nothing, prints bytes that mean nothing, exit code 0",
    NOISE: "does its work, with warnings on stderr",
    MIXED: "does its work, with warnings on stdout, before and among what belongs there",
    FOREIGN: "does its work, but in another language: decimal commas, strange words on stderr",
    FLOOD: "prints 100 MiB on stdout, does nothing",
    FLOOD_ERRORS: "does its work, and prints 100 MiB on stderr alone",
    SLOW: "does its work after some seconds",
    LATE: "does its work just before its time is over",
    GRANDCHILD: "does its work, but leaves a child that holds the pipes",
    DRIP: "prints a byte a second, for ever",
}

#: What the program's own work comes before, or is not done at all.
INSTEAD = (EXIT, KILLED, EMPTY, GARBAGE, FLOOD)
FLOOD_BYTES = 100 << 20

NOISE_TEXT = ("  WARNING: Device for PV qJMs5C not found or rejected by a filter.\n"
              "File descriptor 9 (/dev/null) leaked on invocation. Parent PID 1: init\n")
FOREIGN_TEXT = "  Befehl nicht ausgef\u00fchrt: Ger\u00e4t oder Ressource belegt\n"
GARBAGE_BYTES = b"\xff\xfe\x00 Gar\xc3bage \x80\n{[,;\n"


def spoil(kind, stdout, stderr):
    """(stdout, stderr) of a program as *kind* changes what it says."""
    if kind == PARTIAL:
        return stdout[:len(stdout) // 2], stderr
    if kind == CLOSED:
        return "", stderr
    if kind == NOISE:
        return stdout, NOISE_TEXT + stderr
    if kind == MIXED:
        head, newline, tail = stdout.partition("\n")
        return NOISE_TEXT + head + newline + (NOISE_TEXT if tail else "") + tail, stderr
    if kind == FOREIGN:
        return re.sub(r"(\d)\.(\d)", r"\1,\2", stdout), FOREIGN_TEXT if stderr else ""
    return stdout, stderr


def fault(program, kind, node="", times=-1, match="", code=1, text="", seconds=1.0):
    """A fault, see the module's text."""
    if kind not in KINDS:
        raise ValueError(kind)
    return {"program": program, "kind": kind, "node": node, "times": times, "match": match,
            "code": code, "text": text, "seconds": seconds}


def find(cluster, node_name, name, arguments, kinds=None):
    """The fault that strikes this run, counted; None when none does."""
    for each in cluster.faults:
        if each["times"] == 0 or each["program"] not in (name, "*") or \
                each["node"] not in (node_name, "") or \
                (kinds is not None and each["kind"] not in kinds):
            continue
        if each["match"] and each["match"] not in " ".join(arguments):
            continue
        if each["times"] > 0:
            each["times"] -= 1
        return each
    return None
