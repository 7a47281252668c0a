# SPDX-License-Identifier: GPL-2.0-or-later
"""What an argparse parser offers, as plain values: completion and the manual read these."""

import argparse

from dualstor.record import Record

#: What an option's metavar says of the words that complete it.
KINDS = {"FILE": "file", "DIR": "directory", "HOST": "host"}


class Option(Record):
    """One option or positional argument.

    ``names`` is () for a positional; ``metavar`` None for a flag; ``kind`` tells what
    completes its value: "file", "directory", "host", or None.
    """

    names: tuple
    help: str
    metavar: str = None
    choices: tuple = ()
    repeatable: bool = False
    kind: str = None

    @property
    def long(self):
        """The spelled-out name."""
        return self.names[-1] if self.names else self.metavar

    @property
    def takes_value(self):
        """Whether a word follows it."""
        return self.metavar is not None


class Subcommand(Record):
    """One sub-command."""

    name: str
    summary: str
    description: str
    options: tuple


def _option(action):
    metavar = None
    if action.nargs != 0:
        metavar = action.metavar or action.dest.upper()
    return Option(
        names=tuple(action.option_strings),
        help=" ".join((action.help or "").replace("%%", "%").split()),
        metavar=metavar,
        choices=tuple(str(choice) for choice in action.choices or ()),
        repeatable=isinstance(action, argparse._AppendAction),  # argparse has no public name
        kind=KINDS.get(metavar))


def options(parser):
    """The options of a parser, sub-commands left out, as a tuple of Option."""
    return tuple(_option(action) for action in parser._actions
                 if not isinstance(action, argparse._SubParsersAction))


def subcommands(parser):
    """The sub-commands of a parser as a tuple of Subcommand."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help for choice in action._choices_actions}
            return tuple(Subcommand(name=name, summary=summaries.get(name, ""),
                                    description=sub.description or "", options=options(sub))
                         for name, sub in action.choices.items())
    return ()
