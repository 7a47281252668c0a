# SPDX-License-Identifier: GPL-2.0-or-later
"""What an argparse parser offers, as plain values, for completion and the manual."""

import argparse

from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from argparse import Action, ArgumentParser
    from typing import Callable, Sequence

#: What an option's metavar says of the words that complete it.
KINDS = {"FILE": "file", "DIR": "directory", "HOST": "host"}


class Option(Record):
    """One option or positional argument.

    ``names`` is () for a positional; ``metavar`` None for a flag; ``kind``: what completes
    its value, "file", "directory", "host" or None; ``words``: what completes it without being
    all that it may be.
    """

    names: "tuple[str, ...]"
    help: str
    metavar: "str | None" = None
    choices: "tuple[str, ...]" = ()
    repeatable: bool = False
    kind: "str | None" = None
    words: "tuple[str, ...]" = ()

    @property
    def takes_value(self) -> bool:
        """Whether a word follows it."""
        return self.metavar is not None


class Subcommand(Record):
    """One sub-command."""

    name: str
    summary: str
    description: str
    options: "tuple[Option, ...]"


_WORDS: "dict[Action, Callable[[], Sequence[str]]]" = {}


def completed_by(action: "Action", words: "Callable[[], Sequence[str]]") -> None:
    """Let completion offer words for an option's value."""
    _WORDS[action] = words


def _option(action: "Action") -> Option:
    metavar = None
    if action.nargs != 0:
        metavar = str(action.metavar or action.dest.upper())
    return Option(
        names=tuple(action.option_strings),
        help=" ".join((action.help or "").replace("%%", "%").split()),
        metavar=metavar,
        choices=tuple(str(choice) for choice in action.choices or ()),
        repeatable=isinstance(action, argparse._AppendAction),  # argparse has no public name
        kind=KINDS.get(metavar or ""),
        words=tuple(_WORDS[action]()) if action in _WORDS else ())


def options(parser: "ArgumentParser") -> "tuple[Option, ...]":
    """The Options of a parser, without its sub-commands and what only our own programs use."""
    return tuple(_option(action) for action in parser._actions
                 if not isinstance(action, argparse._SubParsersAction)
                 and action.help != argparse.SUPPRESS)


def subcommands(parser: "ArgumentParser") -> "tuple[Subcommand, ...]":
    """The Subcommands of a parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
            return tuple(Subcommand(name=name, summary=summaries.get(name, ""),
                                    description=sub.description or "", options=options(sub))
                         for name, sub in action.choices.items())
    return ()
