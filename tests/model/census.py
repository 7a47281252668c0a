# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run of the model has tried, to be told at its end."""

from collections import Counter


class Census:
    """Counts of sequences, actions, faults and events."""

    def __init__(self):
        self.sequences = 0
        self.actions = Counter()        # (agent, action, exit code)
        self.struck = Counter()         # (kind of fault, program)
        self.events = Counter()         # name of what happened
        self.turns = Counter()          # results of the watchers' rounds
        self.cut = Counter()            # (signal, action): actions that were ended in the middle
        self.variables = Counter()      # variables of the caller that were odd
        self.handlers = Counter()       # exit codes of DRBD's handler
        self.fencings = Counter()       # requests to fence, by how the device was and what it did
        self.healings = Counter()       # runs of recover, and how healings ended
        self.defects = []

    def add(self, other):
        """Take in what another run has tried."""
        self.sequences += other.sequences
        for name in ("actions", "struck", "events", "turns", "cut", "variables",
                     "handlers", "fencings", "healings"):
            getattr(self, name).update(getattr(other, name))
        self.defects += other.defects

    @property
    def kinds(self):
        """Faults met, by kind."""
        return _summed(self.struck, 0)

    @property
    def programs(self):
        """Faults met, by program."""
        return _summed(self.struck, 1)

    def report(self):
        """All of it as text."""
        lines = ["sequences            %d" % self.sequences,
                 "actions              %d" % sum(self.actions.values()),
                 "faults met           %d" % sum(self.struck.values()),
                 "events               %d" % sum(self.events.values()),
                 "actions cut short    %d" % sum(self.cut.values()),
                 "odd variables        %d" % sum(self.variables.values())]
        for title, counts in (
                ("faults by kind", self.kinds), ("faults by command", self.programs),
                ("exit codes", _summed(self.actions, 2)), ("actions by agent and action", Counter(
                    {"%s %s" % key: n for key, n in _summed(self.actions, slice(2)).items()})),
                ("handlers of DRBD, by exit code", self.handlers),
                ("requests to fence", self.fencings), ("healings", self.healings), ("events", self.events),
                ("turns of watchers", self.turns), ("cut short", Counter(
                    {"%s in %s" % key: n for key, n in self.cut.items()}))):
            lines.append("\n" + title)
            lines += ["  %8d  %s" % (number, key) for key, number in counts.most_common()]
        lines.append("\ndefects              %d" % len(self.defects))
        lines += ["  " + line for defect in self.defects for line in defect.splitlines()]
        return "\n".join(lines)


def _summed(counts, part):
    """Counts added up by one part of their key."""
    found = Counter()
    for key, number in counts.items():
        found[key[part]] += number
    return found
