# SPDX-License-Identifier: GPL-2.0-or-later
"""What may go wrong with one program: the same list in process and with real programs.

A fault is a dict, so that it is stored with the state: ``program`` (a name or
"*"), ``kind`` (see KINDS), ``node`` (a name or ""), ``times`` (how often it
strikes, -1 for ever), ``match`` (words that the arguments must hold), and
``code``, ``text``, ``seconds`` where the kind has use for them.
"""

ABSENT, NOT_EXECUTABLE, BAD_FORMAT = "absent", "not-executable", "bad-format"
HANG, HANG_HARD, HANG_AFTER, UNKILLABLE = "hang", "hang-hard", "hang-after", "unkillable"
EXIT, KILLED = "exit", "killed"
EMPTY, PARTIAL, GARBAGE, NOISE, FLOOD = "empty", "partial", "garbage", "noise", "flood"
SLOW, GRANDCHILD, DRIP = "slow", "grandchild", "drip"

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
    PARTIAL: "does its work, but half of its output is lost",
    GARBAGE: "does nothing, prints bytes that mean nothing, exit code 0",
    NOISE: "does its work, with warnings on stderr",
    FLOOD: "prints without end for a while",
    SLOW: "does its work after some seconds",
    GRANDCHILD: "does its work, but leaves a child that holds the pipes",
    DRIP: "prints a byte now and then, for ever",
}

NOISE_TEXT = ("  WARNING: Device for PV qJMs5C not found or rejected by a filter.\n"
              "File descriptor 9 (/dev/null) leaked on invocation. Parent PID 1: init\n")
GARBAGE_BYTES = b"\xff\xfe\x00 Gar\xc3bage \x80\n{[,;\n"


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
