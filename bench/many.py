# SPDX-License-Identifier: GPL-2.0-or-later
"""What an action costs by the number of pairs of a DRBD resource and a VG: commands, files, lines of Python."""

from manypairs import GENERATIONS, played

COUNTS = (1, 32)


def measure():
    """[{agent, action, special, counts: {number of pairs: [commands, files, lines]}}] of each generation, by its name."""
    found = {}
    for generation, drbd in GENERATIONS:
        played(1, generation, drbd)     # what is imported or compiled once is
        rounds = [played(count, generation, drbd) for count in COUNTS]
        found["%s, DRBD %s" % (generation, drbd)] = [
            {"agent": agent, "action": action, "special": special,
             "counts": {str(count): [each[number][3].commands, each[number][3].files, each[number][3].lines]
                        for count, each in zip(COUNTS, rounds)}}
            for number, (agent, action, special, _) in enumerate(rounds[0])]
    return found


def table(found):
    """Lines of a table for each generation."""
    for name, rows in found.items():
        yield "%s:" % name
        yield ""
        yield "| action of one instance | commands, 1 and 32 pairs | files read | lines, 1 | 32 | times |"
        yield "|---|---|---|---|---|---|"
        for row in rows:
            one, many = (row["counts"][str(count)] for count in COUNTS)
            words = "`%s` %s" % (row["agent"], ", ".join(filter(None, (row["action"], row["special"]))))
            yield "| %s | %d, %d | %d, %d | %d | %d | %.2f |" % (
                words, one[0], many[0], one[1], many[1], one[2], many[2], many[2] / one[2])
        yield ""
