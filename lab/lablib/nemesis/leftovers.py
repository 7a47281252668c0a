# SPDX-License-Identifier: GPL-2.0-or-later
"""What is there on a node: compared before and after a history, it shows what was left behind."""
import re
import time

from ..errors import LabError

# In the guest: a section for each kind of thing, a line for each thing.
SCRIPT = r"""
echo '== processes'
ps -e -o pid= -o args= | grep -v '\[.*\]$'
echo '== devices'; dmsetup ls 2>/dev/null | grep -v '^No devices' | cut -f1
echo '== mounts'; cut -d' ' -f2 /proc/mounts
echo '== files'; find /run /tmp /var/lock/ -xdev \( -name '*dualstor*' -o -path '*/lock/*' -o -path '*/lvm/*' \) -not -type d 2>/dev/null
echo '== attributes'; cibadmin --query --scope status 2>/dev/null | grep -o '<nvpair [^>]*' | grep -o ' name="[^"]*"' | cut -d'"' -f2
"""
# What a look itself needs, and what comes and goes in a healthy cluster.
OWN = re.compile(r"^(/usr/bin/timeout|timeout|/bin/sh -c|sh -c|ps |grep |qemu-ga|sleep |sed )")
# Pacemaker's records of failures, which stay until a cleanup, and the nodes' own.
RECORDS = re.compile(r"^(fail-count|last-failure|shutdown|probe_complete|standby|terminate)")
SAMPLES, PAUSE = 3, 4.0


def parsed(text):
    """Returns {kind: set of things} of what SCRIPT printed."""
    found, kind = {}, None
    for line in text.splitlines():
        if line.startswith("== "):
            kind = line[3:]
            found[kind] = set()
        elif kind and line.strip():
            found[kind].add(line.strip())
    return found


def lasting(samples):
    """Returns {kind: sorted list of things} that are in all samples, without what differs from process to process.

    A monitor that runs in one sample has ended in the next one.
    """
    kinds = {kind for sample in samples for kind in sample}
    found = {}
    for kind in kinds:
        things = set.intersection(*(sample.get(kind, set()) for sample in samples))
        if kind == "processes":
            lines = (thing.partition(" ")[2] for thing in things)
            things = {re.sub(r"\d+", "N", " ".join(line.split()[:4])) for line in lines if not OWN.match(line)}
        elif kind == "files":
            things = {re.sub(r"\d+", "N", thing) for thing in things}
        elif kind == "attributes":
            things = {thing for thing in things if not RECORDS.match(thing)}
        found[kind] = sorted(things)
    return found


def look(node, sleep=time.sleep):
    """Returns what is on a node, as lasting does; {} when it does not answer."""
    samples = []
    try:
        for number in range(SAMPLES):
            if number:
                sleep(PAUSE)
            samples.append(parsed(node.run(SCRIPT, 60).stdout))
    except LabError:
        return {}
    return lasting(samples)


def more(before, after):
    """Returns {kind: [things]} of what is there after and was not before."""
    found = {kind: sorted(set(things) - set(before.get(kind, ()))) for kind, things in after.items()}
    return {kind: things for kind, things in found.items() if things}
