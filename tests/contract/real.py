# SPDX-License-Identifier: GPL-2.0-or-later
"""Which transcripts can be played with the programs of this machine, and why not the others.

Only what is played counts. So a case is chosen or named with the reason why it is not; among the
reasons are that it is about another version, and that it would leave the machine in another
state than the next case begins in.
"""

import re
import shutil
import subprocess

from dualstor.record import Record

#: Programs of LVM, which differ from version to version; those of the cluster do not.
OF_LVM = ("clvmd", "cmirrord", "lvm")

OTHER_SITUATION = "about another situation"
OTHER_LVM = "about another version of LVM"
OTHER_ENGINE = "about another cluster engine"
BOTH_NODES = "has commands for the other node"
CHANGES = "would change this machine, and there is no --reset"

_RESET_TIME = 600.0     # seconds


class Machine(Record):
    """What this machine is, and the state in which it is said to be."""

    situation: str
    given: tuple = ()       # as of a transcript: changes to the situation
    lvm: str = ""           # its version, as the transcripts write it
    engine: str = "cman"
    node: str = "node1"
    reset: object = None    # a command of the shell that restores the situation, or None


def machine(situation, lvm=None, engine=None, node=None, reset=None):
    """The Machine for "SITUATION" or "SITUATION; CHANGE; CHANGE"; what is not given is found out.

    :raises ValueError: the version of LVM is neither given nor found
    """
    first, *given = [part.strip() for part in situation.split(";")]
    lvm = lvm or version(_said("lvm", "version"))
    if lvm is None:
        raise ValueError("no `lvm version` here: give --real-lvm")
    if engine is None:
        engine = "cman" if shutil.which("cman_tool", path="/usr/sbin:/sbin:/usr/bin:/bin") \
            else "corosync"
    return Machine(situation=first, given=tuple(sorted(given)), lvm=lvm, engine=engine,
                   node=node or "node1", reset=reset)


def version(text):
    """"2.02.188" of what ``lvm version`` says; None: it says none."""
    found = re.search(r"LVM version: +([0-9]+\.[0-9]+\.[0-9]+)", text)
    return found.group(1) if found else None


def _said(*argv):
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60,
                              universal_newlines=True, check=False)
        return done.stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def obstacle(case, where, changes):
    """Why a Case is not played on a Machine; None: it is.

    :param changes: function of a Case: whether it leaves the machine in another state
    """
    if (case.situation, tuple(sorted(case.given))) != (where.situation, where.given):
        return OTHER_SITUATION
    if case.program in OF_LVM and case.lvm != where.lvm:
        return OTHER_LVM
    if case.engine != where.engine:
        return OTHER_ENGINE
    if any(command.node != where.node for command in case.commands):
        return BOTH_NODES
    if where.reset is None and changes(case):
        return CHANGES
    return None


def choose(cases, where, changes):
    """([Cases to be played], [(Case, why not)])."""
    played, others = [], []
    for case in cases:
        why = obstacle(case, where, changes)
        if why is None:
            played.append(case)
        else:
            others.append((case, why))
    return played, others


def restore(where):
    """Bring the machine into its situation, by the user's own command.

    :raises RuntimeError: that failed
    """
    if where.reset is None:
        return
    done = subprocess.run(where.reset, shell=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_RESET_TIME,
                          universal_newlines=True, check=False)
    if done.returncode:
        raise RuntimeError(f"--reset {where.reset!r} ended with {done.returncode}: {done.stdout}")
